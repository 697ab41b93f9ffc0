from datetime import timedelta

import pytest

from compensation.coupons import commands, queries
from compensation.coupons.commands import Basket, CouponNotUsable, SpendTooSmall, expire_due, redeem
from compensation.grants import commands as grants
from compensation.ledger import queries as ledger
from compensation.models import Coupon, CouponStatus, Unit
from config.common.errors import Invalid, KeyReused, NotFound
from config.common.models import Event
from tests.factories.compensation import MemberFactory
from tests.factories.money import AT, CouponTemplateFactory
from tests.threads import at_once, refused

pytestmark = [pytest.mark.django_db, pytest.mark.req("C5")]


ORDER = Basket.of(10_000)


def coupon_of(member, code="sorry-5", cause="test:1", **kwargs):
    template = CouponTemplateFactory(code=code, **kwargs)
    grant = grants.request(
        key=cause,
        cause=cause,
        member=member,
        content=grants.Content(kind="coupon", template=template),
        reason="x",
        actor=None,
        at=AT,
    )
    return grant.coupon


def worth(member):
    return ledger.balance(member, Unit.COUPON)


def test_redeeming_moves_the_value_out():
    member = MemberFactory()
    coupon = coupon_of(member)
    assert worth(member) == 500
    used = redeem(basket=ORDER, code=coupon.code.lower(), order_ref="A1", key="k", at=AT)
    coupon.refresh_from_db()
    assert (used.coupon_id, used.state, used.order_ref, used.redeemed_at) == (coupon.pk, "redeemed", "A1", AT)
    assert (coupon.status, coupon.redeemed_for, coupon.redeemed_at) == ("redeemed", "A1", AT)
    assert worth(member) == 0
    assert Event.objects.filter(kind="coupon.redeemed", subject_id=coupon.pk).count() == 1


def test_the_same_request_again_gives_the_same_answer():
    coupon = coupon_of(MemberFactory())
    first = redeem(basket=ORDER, code=coupon.code, order_ref="A1", key="k", at=AT)
    assert (
        redeem(basket=ORDER, code=coupon.code, order_ref="A1", key="k", at=AT + timedelta(days=400)) == first
    )
    with pytest.raises(KeyReused):
        redeem(basket=ORDER, code=coupon.code, order_ref="A2", key="k", at=AT)
    with pytest.raises(CouponNotUsable, match="已经使用"):
        redeem(basket=ORDER, code=coupon.code, order_ref="A1", key="k2", at=AT)


def test_bad_requests_are_refused_and_may_be_repeated_rightly():
    coupon = coupon_of(MemberFactory(), code="birthday-50", min_spend_fen=10_000)
    with pytest.raises(NotFound):
        redeem(basket=ORDER, code="0000-0000-0000", order_ref="A1", key="k", at=AT)
    with pytest.raises(NotFound):
        redeem(basket=ORDER, code="'; DROP TABLE", order_ref="A1", key="k", at=AT)
    with pytest.raises(Invalid):
        redeem(basket=ORDER, code=coupon.code, order_ref=" ", key="k", at=AT)
    with pytest.raises(Invalid):
        redeem(basket=ORDER, code=coupon.code, order_ref="A" * 65, key="k", at=AT)
    with pytest.raises(SpendTooSmall, match=r"100\.00"):
        redeem(basket=Basket.of(9_999), code=coupon.code, order_ref="A1", key="k", at=AT)
    assert redeem(basket=ORDER, code=coupon.code, order_ref="A1", key="k", at=AT).taken_fen == 5_000


def test_a_coupon_ends_at_its_moment_whenever_the_pass_comes():
    coupon = coupon_of(MemberFactory())
    with pytest.raises(CouponNotUsable, match="已过期"):
        redeem(basket=ORDER, code=coupon.code, order_ref="A1", key="k", at=coupon.expires_at)
    redeem(
        basket=ORDER,
        code=coupon.code,
        order_ref="A1",
        key="k",
        at=coupon.expires_at - timedelta(microseconds=1),
    )


def test_expiry_moves_the_value_out_once():
    member = MemberFactory()
    coupon = coupon_of(member)
    used = coupon_of(member, cause="test:2")
    redeem(basket=ORDER, code=used.code, order_ref="A1", key="k", at=AT)
    assert expire_due(at=coupon.expires_at - timedelta(seconds=1)) == 0
    assert expire_due(at=coupon.expires_at) == 1
    assert expire_due(at=coupon.expires_at) == 0
    coupon.refresh_from_db()
    assert coupon.status == CouponStatus.EXPIRED
    assert worth(member) == 0


def test_expiry_goes_in_steps():
    member = MemberFactory()
    for number in range(3):
        coupon_of(member, cause=f"test:{number}")
    later = AT + timedelta(days=60)
    assert [expire_due(at=later, limit=2) for _ in range(3)] == [2, 1, 0]


def test_wallet_shows_the_members_own():
    member = MemberFactory()
    mine, _other = coupon_of(member), coupon_of(MemberFactory(), cause="test:2")
    assert list(queries.wallet(member)) == [mine]
    assert list(queries.usable(member, AT)) == [mine]
    assert not queries.usable(member, mine.expires_at)


def test_revoking_takes_a_usable_coupon_back_once():
    member = MemberFactory()
    coupon = coupon_of(member)
    commands.revoke(coupon_id=coupon.pk, actor=None, at=AT)
    assert worth(member) == 0
    for call in (
        lambda: commands.revoke(coupon_id=coupon.pk, actor=None, at=AT),
        lambda: redeem(basket=ORDER, code=coupon.code, order_ref="A1", key="k", at=AT),
    ):
        with pytest.raises(CouponNotUsable, match="已被撤回"):
            call()


@pytest.mark.django_db(transaction=True)
def test_two_orders_at_once_use_a_coupon_once():
    member = MemberFactory()
    coupon = coupon_of(member)
    results = at_once(
        *[
            lambda n=n: redeem(basket=ORDER, code=coupon.code, order_ref=f"A{n}", key=f"k{n}", at=AT)
            for n in range(8)
        ]
    )
    assert [type(error) for error in refused(results)] == [CouponNotUsable] * 7
    assert worth(member) == 0


@pytest.mark.django_db(transaction=True)
def test_passes_at_once_expire_each_coupon_once():
    member = MemberFactory()
    for number in range(6):
        coupon_of(member, cause=f"test:{number}")
    results = at_once(*[lambda: expire_due(at=AT + timedelta(days=60)) for _ in range(4)])
    assert sum(results) == 6
    assert worth(member) == 0
    assert not Coupon.objects.filter(status=CouponStatus.ISSUED).exists()
