"""Everything that compensation does, in any order: the books, lines, budgets, caps and causes agree.

The parts have machines of their own that reach further into each; this one has them meet: grants of every
kind, their refunds at the gateway, points that come and go with orders, coupons at the till, time.
HOUSE_RUNS=500 with `pytest -s` goes on for longer and prints how often each thing was done.
"""

import os
from collections import Counter
from datetime import timedelta
from itertools import count

import pytest
from django.db import connection, transaction
from django.db.models import F, Sum
from hypothesis import HealthCheck, event, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from compensation.budgets import check as budgets
from compensation.coupons import ending, using
from compensation.coupons.rules import Basket, Item
from compensation.grants import commands as grants
from compensation.grants.rules import Content, Line
from compensation.ledger import check as books
from compensation.ledger.commands import InsufficientBalance, post
from compensation.ledger.expiry import expire_due
from compensation.ledger.rules import taken
from compensation.models import (
    LIVE,
    AccountKind,
    Budget,
    Cap,
    Coupon,
    CouponStatus,
    Earning,
    Entry,
    Grant,
    GrantKind,
    GrantStatus,
    Lot,
    OrderLine,
    OrderStatus,
    RefundLine,
    RefundOrder,
    RefundStatus,
    Unit,
)
from compensation.points import commands as points
from compensation.refunds import commands as refunds
from config.common.errors import DomainError
from tests.factories.compensation import MemberFactory
from tests.factories.money import AT, CouponTemplateFactory, PointsRuleFactory, staff_with
from tests.factories.points import a_yuan, rules
from tests.factories.refunds import make_order

DAY = timedelta(days=1)
STEPS = Counter()
"""How often each thing was done, over all runs."""

either = st.integers(0, 1)
kinds = st.sampled_from([kind for kind in GrantKind if kind != GrantKind.RESHIPMENT])


class House(RuleBasedStateMachine):
    """Two members with two orders of two lines each, an agent, an approver, two budgets, a cap."""

    @initialize()
    def begin(self):
        rules()
        PointsRuleFactory()
        a_yuan(1)
        self.at = AT
        self.members = MemberFactory.create_batch(2)
        self.orders = [make_order(3_000, 5_000, member=member) for member in self.members for _ in range(2)]
        self.agent = staff_with(5_000)
        self.approver = staff_with(1_000_000, approves=True)
        self.template = CouponTemplateFactory(code="sorry-20", is_active=True)
        Budget.objects.create(department="", starts_at=AT - DAY, ends_at=AT + 400 * DAY, amount_fen=40_000)
        Budget.objects.create(
            department="service", starts_at=AT - DAY, ends_at=AT + 400 * DAY, amount_fen=20_000
        )
        Cap.objects.create(scope="member", period="week", limit_fen=15_000)
        self.numbers = count()
        self.asked = None

    def do(self, what, command, *refusals, **arguments):
        """Do something whole or not at all; None where the house refused."""
        try:
            with transaction.atomic():
                result = command(**arguments)
        except (DomainError, *refusals) as error:
            STEPS[f"{what}: refused"] += 1
            event(f"{what}: {getattr(error, 'code', error)}")
            return None
        STEPS[what] += 1
        return result

    @rule(hours=st.sampled_from([1, 30, 24 * 8, 24 * 40]))
    def wait(self, hours):
        self.at += timedelta(hours=hours)

    @rule(which=st.integers(0, 3))
    def receive(self, which):
        order = self.orders[which]
        order.status = OrderStatus.DELIVERED
        order.save(update_fields=["status"])
        self.do("order received", points.order_received, order_id=order.pk, at=self.at)

    @rule(which=st.integers(0, 3), kind=kinds, fen=st.integers(1, 6_000), cause=st.integers(0, 5))
    def ask(self, which, kind, fen, cause):
        """An agent asks, or a rule does (cause 0), for a cause that may have something already."""
        order = self.orders[which]
        line = order.lines.order_by("pk")[fen % 2]
        content = {
            GrantKind.COUPON: Content(kind=kind, template=self.template),
            GrantKind.POINTS: Content(kind=kind, points=fen),
            GrantKind.GIFT: Content(kind=kind, gift="杯子", amount_fen=fen),
        }.get(kind) or Content(kind=kind, lines=[Line(order_line=line, amount_fen=fen)], amount_fen=fen)
        self.asked = {
            "key": f"house:{next(self.numbers)}",
            "cause": f"test:{cause}",
            "member": order.member,
            "order": order,
            "content": content,
            "reason": "late",
            "reason_code": "late",
            "department": "service" if fen % 3 else "",
            "evidence": 1,
            "actor": self.agent if cause else None,
        }
        if self.do(f"grant of {kind}", grants.request, at=self.at, **self.asked) is None:
            self.asked = None

    @precondition(lambda self: self.asked)
    @rule()
    def ask_again(self):
        """The same request once more gives the same grant and changes nothing."""
        before = self.picture()
        again = grants.request(at=self.at, **self.asked)
        assert again.key == self.asked["key"]
        assert self.picture() == before
        STEPS["request repeated"] += 1

    @rule(data=st.data(), verdict=st.sampled_from(["approve", "refuse", "withdraw"]))
    def decide(self, data, verdict):
        grant = self.one(data, Grant.objects.filter(status=GrantStatus.REQUESTED))
        if grant is None:
            return
        more = {"grant_id": grant.pk, "actor": self.approver, "at": self.at}
        if verdict == "approve":
            self.do("approval", grants.approve, content_hash=grant.content_hash, **more)
        elif verdict == "refuse":
            self.do("refusal", grants.refuse, note="no", **more)
        else:
            self.do("withdrawal", grants.withdraw, **{**more, "actor": self.agent})

    @rule(data=st.data())
    def reverse(self, data):
        grant = self.one(data, Grant.objects.filter(status__in=["executed", "confirmed"]))
        if grant is not None:
            self.do("reversal", grants.reverse, grant_id=grant.pk, actor=self.approver, note="x", at=self.at)

    @rule(data=st.data(), good=st.booleans())
    def parcel(self, data, good):
        """The shop sends a gift, or cannot."""
        sent = Grant.objects.filter(kind=GrantKind.GIFT, status__in=["approved", "executed"])
        grant = self.one(data, sent)
        if grant is None:
            return
        if good:
            self.do("gift sent", grants.confirm, grant_id=grant.pk, reference="T1", actor=None, at=self.at)
        else:
            self.do("gift failed", grants.fail, grant_id=grant.pk, reason="none left", actor=None, at=self.at)

    @rule(data=st.data(), said=st.sampled_from(["try", "accepted", "nothing", "paid", "paid", "failed"]))
    def gateway(self, data, said):
        """The gateway says something about a refund, whatever it said before."""
        refund = self.one(data, RefundOrder.objects.all())
        if refund is None:
            return
        others = self.points_of_others(refund.order_id)
        more = {"refund_id": refund.pk, "at": self.at}
        if said == "try":
            self.do("refund tried", refunds.begin_try, **more)
        elif said == "accepted" and refund.status != RefundStatus.CREATED:
            self.do("refund accepted", refunds.accepted, **more)
        elif said == "nothing" and refund.status != RefundStatus.CREATED:
            self.do("refund unanswered", refunds.unanswered, **more)
        elif said == "paid":
            self.do("refund paid", refunds.confirm, reference="G1", actor=None, **more)
        elif said == "failed":
            self.do("refund failed", refunds.fail, reason="closed", actor=None, **more)
        assert self.points_of_others(refund.order_id) == others

    @rule(who=either, amount=st.integers(1, 60))
    def spend(self, who, amount):
        moves = taken(Unit.POINTS, amount, member_id=self.members[who].pk, into=AccountKind.SPENT)
        key = f"spent:{next(self.numbers)}"
        self.do(
            "points spent", post, InsufficientBalance, key=key, kind="s", moves=moves, actor=None, at=self.at
        )

    @rule(
        data=st.data(),
        ref=st.sampled_from(["S1", "S2"]),
        what=st.sampled_from(["reserve", "redeem", "release", "reverse", "revoke"]),
    )
    def till(self, data, ref, what):
        coupon = self.one(data, Coupon.objects.all())
        if coupon is None:
            return
        if what == "revoke":
            self.do("coupon revoked", ending.revoke, coupon_id=coupon.pk, actor=self.approver, at=self.at)
            return
        more = {"code": coupon.code, "order_ref": ref, "key": f"till:{next(self.numbers)}", "at": self.at}
        if what in {"reserve", "redeem"}:
            more["basket"] = Basket(items=(Item(9_000),))
        self.do(f"coupon {what}", getattr(using, what), **more)

    @rule()
    def tidy(self):
        """What has ended, ends: reservations, coupons, points."""
        for work in (ending.lapse_due, ending.expire_due, expire_due):
            work(at=self.at)
        assert not Lot.objects.filter(remaining__gt=0, expires_at__lte=self.at).exists()

    def one(self, data, rows):
        found = list(rows.order_by("pk"))
        return data.draw(st.sampled_from(found)) if found else None

    def points_of_others(self, order_id):
        return sorted(Earning.objects.exclude(order=order_id).values_list("pk", "points", "taken_back"))

    def picture(self):
        counted = [model.objects.count() for model in (Grant, Entry, Coupon, RefundOrder, Lot)]
        return counted, list(Budget.objects.order_by("pk").values_list("reserved_fen", "spent_fen"))

    @invariant()
    def the_books_agree(self):
        assert list(books.differences()) == []

    @invariant()
    def budgets_and_caps_are_the_sums_of_their_grants(self):
        assert list(budgets.differences()) == []

    @invariant()
    def no_line_gives_back_more_than_was_paid(self):
        assert not OrderLine.objects.filter(refunded_fen__gt=F("paid_fen")).exists()
        held = RefundLine.objects.exclude(refund__status=RefundStatus.FAILED).order_by()
        by_line = dict(held.values_list("order_line").annotate(fen=Sum("amount_fen")))
        says = dict(OrderLine.objects.filter(refunded_fen__gt=0).values_list("pk", "refunded_fen"))
        assert says == {pk: fen for pk, fen in by_line.items() if fen}

    @invariant()
    def a_cause_has_one_live_grant(self):
        live = list(Grant.objects.filter(status__in=LIVE).values_list("cause", flat=True))
        assert len(live) == len(set(live))

    @invariant()
    def money_owed_is_that_of_open_refunds(self):
        owed = Entry.objects.filter(account__unit=Unit.MONEY, account__kind=AccountKind.MEMBER)
        still = RefundOrder.objects.filter(
            status__in=[RefundStatus.CREATED, RefundStatus.SENT, RefundStatus.UNKNOWN]
        )
        assert total(owed, "amount") == total(still, "amount_fen")

    @invariant()
    def coupons_held_are_worth_what_the_books_say(self):
        held = Coupon.objects.filter(status__in=[CouponStatus.ISSUED, CouponStatus.RESERVED])
        owed = Entry.objects.filter(account__unit=Unit.COUPON, account__kind=AccountKind.MEMBER)
        assert total(owed, "amount") == total(held, "value_fen")


def total(rows, field):
    return rows.aggregate(sum=Sum(field))["sum"] or 0


class InTransaction(House):
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
@pytest.mark.req("C4")
def test_all_agrees_whatever_is_done():
    InTransaction.TestCase.settings = settings(
        max_examples=int(os.environ.get("HOUSE_RUNS", "20")),
        stateful_step_count=40,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    InTransaction.TestCase().runTest()
    assert sum(STEPS.values()) > 100, STEPS  # most of what was tried was done, whichever it was
    print("\n".join(f"{n:6} {what}" for what, n in sorted(STEPS.items())))
