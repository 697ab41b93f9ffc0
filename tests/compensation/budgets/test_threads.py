"""Budgets and caps on real threads: never one fen over, never one grant too few."""

from datetime import timedelta

import pytest

from compensation.budgets.check import differences
from compensation.grants.commands import Content, request
from compensation.models import Budget, Cap, CapCount, Grant, GrantStatus
from tests.factories.compensation import MemberFactory
from tests.factories.money import AT, CouponTemplateFactory, staff_with
from tests.threads import at_once, behind, refused

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.req("C9")]

DAY = timedelta(days=1)


def ask(member, actor, template, number):
    return request(
        key=f"k{number}",
        cause=f"case:{number}",
        member=member,
        content=Content(kind="coupon", template=template),
        reason="late",
        reason_code="late",
        department="service",
        actor=actor,
        at=AT,
    )


def in_turns(threads, each, call):
    """`threads` at once, each calling with numbers of its own."""

    def run(first):
        for number in range(first, threads * each, threads):
            call(number)

    return at_once(*[lambda first=first: run(first) for first in range(threads)])


def test_two_hundred_times_fifty_from_a_thousand_succeed_twenty_times():
    budget = Budget.objects.create(
        department="service", starts_at=AT - DAY, ends_at=AT + DAY, amount_fen=100_000
    )
    agent, template = staff_with(1_000_000), CouponTemplateFactory(code="sorry-50")
    members = MemberFactory.create_batch(200)
    results = in_turns(20, 10, lambda number: ask(members[number], agent, template, number))
    assert not refused(results)
    assert Grant.objects.filter(status=GrantStatus.CONFIRMED).count() == 20
    waiting = Grant.objects.filter(status=GrantStatus.REQUESTED)
    assert waiting.count() == 180
    assert set(waiting.values_list("rounds__because", flat=True)) == {"budget"}
    budget.refresh_from_db()
    assert (budget.reserved_fen, budget.spent_fen) == (0, 100_000)
    assert not list(differences())


@pytest.mark.parametrize("scope", ["agent", "member"])
def test_forty_times_thirty_under_a_cap_of_two_hundred_succeed_six_times(scope):
    Cap.objects.create(scope=scope, period="day", limit_fen=20_000)
    agent, template = staff_with(1_000_000), CouponTemplateFactory(code="sorry-30")
    members = MemberFactory.create_batch(40 if scope == "agent" else 1) * (1 if scope == "agent" else 40)
    results = in_turns(20, 2, lambda number: ask(members[number], agent, template, number))
    assert not refused(results)
    assert Grant.objects.filter(status=GrantStatus.CONFIRMED).count() == 6
    assert set(Grant.objects.filter(status="requested").values_list("rounds__because", flat=True)) == {"cap"}
    count = CapCount.objects.get()
    assert (count.used_fen, count.used_count, count.passed_fen) == (18_000, 6, 0)
    assert not list(differences())


def test_a_budget_whose_period_was_moved_while_one_waited_is_not_taken_from():
    period = {"starts_at": AT - DAY, "ends_at": AT + DAY, "amount_fen": 100_000}
    narrow, wide = Budget.objects.create(department="service", **period), Budget.objects.create(**period)
    agent, template = staff_with(1_000_000), CouponTemplateFactory()
    member = MemberFactory()
    grant = behind(
        lambda: Budget.objects.select_for_update(no_key=True).get(pk=narrow.pk),
        lambda: ask(member, agent, template, 1),
        lambda: Budget.objects.filter(pk=narrow.pk).update(ends_at=AT - timedelta(hours=1)),
    )
    assert grant.status == GrantStatus.CONFIRMED
    assert [Budget.objects.get(pk=one.pk).spent_fen for one in (narrow, wide)] == [0, 500]
    assert not list(differences())
