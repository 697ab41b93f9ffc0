"""Whatever happens to coupons, in whatever order: the value that was issued is all accounted for."""

from datetime import timedelta
from itertools import count

import pytest
from django.db import connection, transaction
from django.db.models import Sum
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, multiple, rule

from compensation.coupons import commands
from compensation.coupons.commands import Basket, Recipient
from compensation.ledger.check import differences
from compensation.models import LIVE_USE, Account, Coupon, CouponCount, CouponUse, Entry
from config.common.errors import DomainError
from tests.factories.compensation import MemberFactory
from tests.factories.coupons import make_template
from tests.factories.money import AT

HOUR = timedelta(hours=1)
order = st.sampled_from(["A1", "A2", "A3"])
baskets = st.builds(Basket.of, st.integers(0, 3_000), st.integers(0, 500))
KINDS = (
    {"value_fen": 500, "valid_days": 2, "member_limit": 3},
    {"value_fen": 900, "valid_days": 1, "min_spend_fen": 1_000, "stacking": "alone"},
    {"value_fen": 700, "valid_days": 3, "kind": "percent", "percent_off": 30, "total_limit": 4},
    {"value_fen": 300, "valid_days": 2, "kind": "shipping", "starts_after_days": 1},
)


class Till(RuleBasedStateMachine):
    """Two members, four kinds, three orders; every act on coupons, at moments that go on."""

    coupons = Bundle("coupons")

    @initialize()
    def begin(self):
        self.members = MemberFactory.create_batch(2)
        self.kinds = [make_template(**fields) for fields in KINDS]
        self.keys = (f"machine:{number}" for number in count())
        self.at = AT

    @rule(hours=st.integers(0, 14))
    def wait(self, hours):
        self.at += hours * HOUR + timedelta(minutes=10)

    @rule(target=coupons, kind=st.integers(0, 3), who=st.integers(0, 1))
    def give(self, kind, who):
        key = next(self.keys)
        done = self.do(
            commands.issue, template=self.kinds[kind], member=self.members[who], key=key, actor=None
        )
        return multiple() if done is None else done.pk

    @rule(target=coupons, kind=st.integers(0, 3), each=st.integers(1, 2))
    def give_to_all(self, kind, each):
        who = [Recipient(next(self.keys), member.pk) for member in self.members for _ in range(each)]
        new = self.do(commands.issue_many, template=self.kinds[kind], recipients=who, actor=None)
        keys = [one.key for one in who]
        found = Coupon.objects.filter(key__in=keys).values_list("pk", flat=True)
        assert len(found) == (new or 0)
        return multiple(*found)

    @rule(coupon=coupons, order=order, basket=baskets)
    def reserve(self, coupon, order, basket):
        use = self.do(commands.reserve, **self.asked(coupon, order), basket=basket)
        assert use is None or 0 < use.taken_fen <= basket.total_fen

    @rule(coupon=coupons, order=order, basket=st.none() | baskets)
    def redeem(self, coupon, order, basket):
        self.do(commands.redeem, **self.asked(coupon, order), basket=basket)

    @rule(coupon=coupons, order=order)
    def release(self, coupon, order):
        self.do(commands.release, **self.asked(coupon, order))

    @rule(coupon=coupons, order=order)
    def reverse(self, coupon, order):
        self.do(commands.reverse, **self.asked(coupon, order))

    @rule(coupon=coupons)
    def revoke(self, coupon):
        self.do(commands.revoke, coupon_id=coupon, actor=None)

    @rule()
    def sweep(self):
        commands.lapse_due(at=self.at)
        commands.expire_due(at=self.at)
        assert not Coupon.objects.filter(status="issued", expires_at__lte=self.at).exists()
        assert not CouponUse.objects.filter(state="reserved", reserved_until__lte=self.at).exists()

    @invariant()
    def the_books_agree(self):
        assert list(differences()) == []

    @invariant()
    def what_was_issued_is_all_accounted_for(self):
        """Issued less taken back = live + redeemed + expired, by the coupons and by the ledger."""
        by_status = {
            row["status"]: row["fen"]
            for row in Coupon.objects.order_by().values("status").annotate(fen=Sum("value_fen"))
        }
        live = by_status.get("issued", 0) + by_status.get("reserved", 0)
        redeemed, expired = by_status.get("redeemed", 0), by_status.get("expired", 0)
        used = CouponUse.objects.filter(state="redeemed").aggregate(fen=Sum("taken_fen"))["fen"] or 0
        ledger = {
            row["account__kind"]: row["fen"]
            for row in Entry.objects.filter(account__unit="coupon")
            .order_by()
            .values("account__kind")
            .annotate(fen=Sum("amount"))
        }
        assert ledger.get("member", 0) == live
        assert ledger.get("spent", 0) == used
        assert ledger.get("expired", 0) == expired + redeemed - used
        assert -ledger.get("issued", 0) == live + redeemed + expired
        for account in Account.objects.filter(kind="member", unit="coupon"):
            held = Coupon.objects.filter(member=account.member_id, status__in=["issued", "reserved"])
            assert account.balance == (held.aggregate(fen=Sum("value_fen"))["fen"] or 0)

    @invariant()
    def a_coupon_and_its_use_say_the_same(self):
        live = dict(CouponUse.objects.filter(state__in=LIVE_USE).values_list("coupon", "state"))
        said = Coupon.objects.filter(status__in=LIVE_USE).values_list("pk", "status")
        assert live == dict(said)

    @invariant()
    def limits_hold(self):
        for one in CouponCount.objects.select_related("template"):
            given = Coupon.objects.filter(template=one.template_id).exclude(status="revoked")
            if one.member_id:
                given = given.filter(member=one.member_id)
            limit = one.template.member_limit if one.member_id else one.template.total_limit
            assert given.count() == one.issued <= (limit or 10**9)

    def asked(self, coupon, order):
        return {"code": Coupon.objects.get(pk=coupon).code, "order_ref": order, "key": next(self.keys)}

    def do(self, act, **asked):
        try:
            with transaction.atomic():
                return act(**asked, at=self.at)
        except DomainError:
            return None


class InTransaction(Till):
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
@pytest.mark.req("C5")
def test_all_value_is_accounted_for_whatever_is_done():
    InTransaction.TestCase.settings = settings(
        max_examples=15, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
    )
    InTransaction.TestCase().runTest()
