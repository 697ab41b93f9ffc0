"""Whatever happens to grants, in whatever order: budgets and caps are the sums of their grants."""

from itertools import count

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from compensation.budgets import caps, commands
from compensation.budgets.check import differences
from compensation.grants import commands as grants
from compensation.models import Budget, Cap, Grant, GrantStatus
from config.common.errors import DomainError
from tests.compensation.budgets.test_commands import DAY, accept, ask, written
from tests.factories.compensation import MemberFactory
from tests.factories.money import AT, staff_with

yuan = st.sampled_from([5, 20, 50])
departments = st.sampled_from(["service", "x"])


class Money(RuleBasedStateMachine):
    """Two members, two agents, an approver, two budgets, three caps; time goes on."""

    @initialize()
    def begin(self):
        self.members = MemberFactory.create_batch(2)
        self.agents = [staff_with(3_000), staff_with(100_000)]
        self.approver = staff_with(1_000_000, approves=True)
        self.at = AT
        self.holders = count()
        for department in ("service", ""):
            Budget.objects.create(
                department=department, starts_at=AT - DAY, ends_at=AT + 30 * DAY, amount_fen=30_000
            )
        Cap.objects.create(scope="member", period="day", limit_fen=12_000)
        Cap.objects.create(scope="agent", period="week", limit_fen=20_000, limit_count=6)
        Cap.objects.create(scope="member", period="days", days=3, kind="coupon", limit_count=4)

    @rule(
        who=st.integers(0, 1), by=st.integers(0, 2), yuan=yuan, department=st.sampled_from(["service", "x"])
    )
    def ask(self, who, by, yuan, department):
        actor = (*self.agents, None)[by]
        ask(actor, yuan, member=self.members[who], department=department, at=self.at)

    def one(self, data, *statuses):
        found = list(Grant.objects.filter(status__in=statuses).order_by("pk"))
        return data.draw(st.sampled_from(found)) if found else None

    @rule(data=st.data(), verdict=st.sampled_from(["approve", "refuse", "withdraw"]))
    def decide(self, data, verdict):
        grant = self.one(data, GrantStatus.REQUESTED)
        if grant is None:
            return
        try:
            with transaction.atomic():
                if verdict == "approve":
                    accept(grant, self.approver)
                elif verdict == "refuse":
                    grants.refuse(grant_id=grant.pk, actor=self.approver, note="no", at=self.at)
                elif grant.requested_by:
                    grants.withdraw(grant_id=grant.pk, actor=grant.requested_by, at=self.at)
        except DomainError as error:
            assert error.code == "budget_empty"  # noqa: PT017 - nothing else may refuse it

    @rule(data=st.data())
    def take_back(self, data):
        grant = self.one(data, GrantStatus.CONFIRMED)
        if grant is not None and not grant.key.startswith("many"):
            grants.reverse(grant_id=grant.pk, actor=self.approver, note="x", at=self.at)

    @rule(number=st.integers(1, 4), how=st.sampled_from(["now", "held", "later"]))
    def batch(self, number, how):
        holder = f"batch:{next(self.holders)}"
        try:
            with transaction.atomic():
                if how == "held":
                    commands.hold(
                        holder=holder, department="service", reason_code="late", fen=2_000, at=self.at
                    )
                some = written(number, status="approved" if how == "later" else "confirmed")
                commands.reserve_many(
                    grants=some, at=self.at, spent=how != "later", holder=holder if how == "held" else ""
                )
        except DomainError as error:
            assert error.code == "budget_empty"  # noqa: PT017

    @rule(data=st.data(), fails=st.booleans())
    def go_on(self, data, fails):
        grant = self.one(data, GrantStatus.APPROVED)
        if grant is not None and fails:
            grants.fail(grant_id=grant.pk, reason="x", actor=None, at=self.at)
        elif grant is not None:
            grants.confirm(grant_id=grant.pk, actor=None, at=self.at)

    @rule(data=st.data(), fen=st.integers(0, 40_000))
    def change_limits(self, data, fen):
        cap = data.draw(st.sampled_from(list(Cap.objects.order_by("pk"))))
        cap.limit_fen = fen
        caps.save_cap(cap=cap, actor=None, at=self.at)

    @rule()
    def wait(self):
        self.at += DAY

    @invariant()
    def sums_agree(self):
        assert list(differences()) == []
        for one in Budget.objects.all():
            assert one.left_fen >= 0


class InTransaction(Money):
    """Each run on a database of its own: what it did is rolled back."""

    def __init__(self):
        super().__init__()
        self.block = transaction.atomic()
        self.block.__enter__()

    def teardown(self):
        transaction.set_rollback(True)
        self.block.__exit__(None, None, None)
        connection.close_if_unusable_or_obsolete()


@pytest.mark.django_db(transaction=True)
@pytest.mark.req("C9")
def test_budgets_and_caps_are_the_sums_of_their_grants():
    InTransaction.TestCase.settings = settings(
        max_examples=15, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
    )
    InTransaction.TestCase().runTest()
