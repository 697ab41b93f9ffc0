"""Coupons on orders: reserved, redeemed, released, undone; whoever comes at once, one live use."""

import threading
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from compensation.coupons import commands
from compensation.coupons.commands import (
    AmountMissing,
    Basket,
    CouponDoesNotFit,
    CouponNotUsable,
    Item,
    NoSuchCoupon,
    NotRedeemed,
    NotReserved,
    SpendTooSmall,
)
from compensation.ledger import queries as ledger
from compensation.ledger.check import differences
from compensation.models import LIVE_USE, AccountKind, Coupon, CouponUse, Entry, Unit
from config.common.errors import Invalid, KeyReused
from config.common.models import Event
from tests.factories.compensation import MemberFactory
from tests.factories.coupons import give_coupon
from tests.factories.money import AT
from tests.threads import at_once, refused

pytestmark = [pytest.mark.django_db, pytest.mark.req("C5")]
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
ORDER = Basket.of(10_000, 800)


def reserve(coupon, order="A1", key=None, basket=ORDER, at=AT, **fields):
    return commands.reserve(
        code=coupon.code, order_ref=order, basket=basket, key=key or f"r:{order}:{at}", at=at, **fields
    )


def redeem(coupon, order="A1", key=None, basket=ORDER, at=AT, **fields):
    return commands.redeem(
        code=coupon.code, order_ref=order, basket=basket, key=key or f"d:{order}:{at}", at=at, **fields
    )


def release(coupon, order="A1", key=None, at=AT):
    return commands.release(code=coupon.code, order_ref=order, key=key or f"l:{order}:{at}", at=at)


def reverse(coupon, order="A1", key=None, at=AT):
    return commands.reverse(code=coupon.code, order_ref=order, key=key or f"u:{order}:{at}", at=at)


def status(coupon):
    return Coupon.objects.get(pk=coupon.pk).status


def house(kind):
    """What has come to a side of the house, in fen of coupons."""
    return sum(
        Entry.objects.filter(account__kind=kind, account__unit="coupon").values_list("amount", flat=True)
    )


def worth(coupon):
    return ledger.balance(coupon.member, Unit.COUPON)


def test_reserved_then_redeemed():
    coupon = give_coupon(MemberFactory())
    use = reserve(coupon)
    assert (use.state, use.taken_fen, use.reserved_until) == ("reserved", 500, AT + 30 * MINUTE)
    assert (status(coupon), worth(coupon)) == ("reserved", 500)
    done = redeem(coupon, at=AT + MINUTE, basket=None)  # what it was reserved for
    assert (done.pk, done.state, done.taken_fen, done.redeemed_at) == (use.pk, "redeemed", 500, AT + MINUTE)
    assert (status(coupon), worth(coupon), house(AccountKind.SPENT)) == ("redeemed", 0, 500)
    kinds = Event.objects.filter(subject_type="coupon").order_by("pk").values_list("kind", flat=True)
    assert list(kinds) == ["coupon.issued", "coupon.reserved", "coupon.redeemed"]


def test_what_is_not_used_up_lapses_with_it():
    coupon = give_coupon(MemberFactory(), kind="percent", percent_off=20, value_fen=5_000)
    assert redeem(coupon, basket=ORDER).taken_fen == 2_000
    assert (worth(coupon), house(AccountKind.SPENT), house(AccountKind.EXPIRED)) == (0, 2_000, 3_000)
    reverse(coupon)
    assert (worth(coupon), house(AccountKind.SPENT), house(AccountKind.EXPIRED)) == (5_000, 0, 0)


def test_a_reservation_for_the_same_order_reckons_anew():
    coupon = give_coupon(MemberFactory(), kind="percent", percent_off=10, value_fen=5_000)
    first = reserve(coupon)
    again = reserve(coupon, basket=Basket.of(20_000), at=AT + MINUTE)
    assert (again.pk, first.taken_fen, again.taken_fen) == (first.pk, 1_000, 2_000)
    assert again.reserved_until == AT + 31 * MINUTE
    assert redeem(coupon, basket=Basket.of(3_000)).taken_fen == 300


def test_another_order_does_not_get_a_reserved_coupon():
    coupon = give_coupon(MemberFactory())
    reserve(coupon)
    for call in (lambda: reserve(coupon, "A2"), lambda: redeem(coupon, "A2")):
        with pytest.raises(CouponNotUsable) as caught:
            call()
        assert caught.value.details["reason"] == "reserved"
    with pytest.raises(NotReserved):
        release(coupon, "A2")
    release(coupon)
    assert (status(coupon), worth(coupon)) == ("issued", 500)
    assert reserve(coupon, "A2").order_ref == "A2"


def test_only_what_stands_is_released_or_undone():
    coupon = give_coupon(MemberFactory())
    for call in (release, reverse):
        with pytest.raises((NotReserved, NotRedeemed)):
            call(coupon)
    reserve(coupon)
    with pytest.raises(NotRedeemed):
        reverse(coupon)
    redeem(coupon)
    with pytest.raises(NotReserved):
        release(coupon)
    with pytest.raises(NotRedeemed):
        reverse(coupon, "A2")
    reverse(coupon)
    with pytest.raises(NotRedeemed):
        reverse(coupon, key="again")
    assert (status(coupon), worth(coupon)) == ("issued", 500)
    assert redeem(coupon, "A2").state == "redeemed"
    assert not list(differences())


def test_a_reservation_ends_by_itself():
    coupon = give_coupon(MemberFactory())
    reserve(coupon)
    over = AT + 30 * MINUTE
    assert commands.lapse_due(at=over - timedelta(seconds=1)) == 0
    assert status(coupon) == "reserved"
    assert commands.lapse_due(at=over) == 1
    assert commands.lapse_due(at=over) == 0
    assert status(coupon) == "issued"
    assert CouponUse.objects.get().state == "lapsed"
    assert Event.objects.filter(kind="coupon.lapsed", subject_id=coupon.pk).count() == 1


def test_whether_a_reservation_stands_goes_by_its_time_not_by_the_sweep():
    coupon = give_coupon(MemberFactory())
    reserve(coupon)
    with pytest.raises(NotReserved):
        release(coupon, at=AT + 30 * MINUTE)
    assert reserve(coupon, "A2", at=AT + 30 * MINUTE).order_ref == "A2"
    assert [use.state for use in CouponUse.objects.order_by("pk")] == ["lapsed", "reserved"]


def test_what_is_reserved_does_not_expire():
    coupon = give_coupon(MemberFactory(), valid_days=1)
    late = coupon.expires_at - MINUTE
    reserve(coupon, at=late)
    assert commands.expire_due(at=coupon.expires_at + MINUTE) == 0
    assert redeem(coupon, at=coupon.expires_at + MINUTE).state == "redeemed"
    reverse(coupon, at=coupon.expires_at + 2 * MINUTE)
    with pytest.raises(CouponNotUsable) as caught:
        redeem(coupon, "A2", at=coupon.expires_at + 2 * MINUTE)
    assert caught.value.details["reason"] == "expired"
    assert commands.expire_due(at=coupon.expires_at + 2 * MINUTE) == 1
    assert (status(coupon), worth(coupon), house(AccountKind.EXPIRED)) == ("expired", 0, 500)
    assert not list(differences())


def test_reserved_again_and_again_a_coupon_does_not_outlive_its_end():
    coupon = give_coupon(MemberFactory())
    end, at = coupon.expires_at, coupon.expires_at - MINUTE
    first = reserve(coupon, at=at)
    assert first.reserved_until == at + 30 * MINUTE
    for minutes in (1, 20, 28):
        assert reserve(coupon, at=at + minutes * MINUTE).reserved_until == first.reserved_until
    with pytest.raises(CouponNotUsable):
        reserve(coupon, at=first.reserved_until)
    with pytest.raises(CouponNotUsable):
        redeem(coupon, at=end + 30 * MINUTE)


def test_a_coupon_counts_from_its_first_moment():
    coupon = give_coupon(MemberFactory(), starts_after_days=1)
    with pytest.raises(CouponNotUsable) as caught:
        reserve(coupon, at=AT + DAY - MINUTE)
    assert caught.value.details["reason"] == "not_yet"
    reserve(coupon, at=AT + DAY)


def test_what_does_not_fit_is_refused_with_the_reason():
    member = MemberFactory()
    tea = give_coupon(member, categories=["tea"], min_spend_fen=3_000)
    cups = Basket((Item(10_000, "cups"), Item(2_999, "tea")))
    with pytest.raises(SpendTooSmall, match=r"30\.00"):
        reserve(tea, basket=cups)
    with pytest.raises(CouponDoesNotFit) as caught:
        reserve(tea, basket=Basket.of(10_000))
    assert caught.value.details["reason"] == "not_for_these"
    with pytest.raises(CouponDoesNotFit) as caught:
        reserve(give_coupon(member, kind="shipping"), basket=Basket.of(10_000))
    assert caught.value.details["reason"] == "no_freight"
    assert not CouponUse.objects.exists()


def test_coupons_stand_together_on_an_order_as_their_terms_say():
    member = MemberFactory()
    one, other = (give_coupon(member) for _ in range(2))
    red, red2 = (give_coupon(member, stacking="group", stacking_group="red") for _ in range(2))
    alone = give_coupon(member, stacking="alone")
    for number, coupon in enumerate((one, other, red)):
        assert reserve(coupon, key=f"k{number}").taken_fen == 500
    for coupon, reason in ((red2, "same_group"), (alone, "alone")):
        with pytest.raises(CouponDoesNotFit) as caught:
            reserve(coupon, key="late")
        assert caught.value.details["reason"] == reason
    assert reserve(alone, "A2").taken_fen == 500
    with pytest.raises(CouponDoesNotFit):
        redeem(red2, "A2", basket=ORDER)
    release(one), release(other, key="lo"), release(red, key="lr")
    assert reserve(red2, key="after").state == "reserved"


def test_all_together_take_no_more_than_the_order():
    member = MemberFactory()
    small = Basket.of(800)
    taken = [reserve(give_coupon(member), key=f"k{n}", basket=small).taken_fen for n in range(2)]
    assert taken == [500, 300]
    with pytest.raises(CouponDoesNotFit) as caught:
        reserve(give_coupon(member), key="k3", basket=small)
    assert caught.value.details["reason"] == "nothing_left"


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"kind": "percent", "percent_off": 5},
        {"categories": ["tea"]},
        {"kind": "shipping"},
        {"min_spend_fen": 1},
    ],
)
def test_nothing_is_taken_off_an_order_that_nobody_has_seen(fields):
    coupon = give_coupon(MemberFactory(), **fields)
    with pytest.raises(AmountMissing):
        redeem(coupon, basket=None)
    assert (status(coupon), worth(coupon)) == ("issued", 500)


def test_reserved_for_one_order_says_nothing_of_another():
    coupon = give_coupon(MemberFactory())
    reserve(coupon, basket=Basket.of(300))
    with pytest.raises(CouponNotUsable):
        redeem(coupon, "A2", basket=None)
    assert redeem(coupon, basket=None).taken_fen == 300


def test_a_small_order_is_never_paid_for_with_more_than_it_comes_to():
    assert redeem(give_coupon(MemberFactory()), basket=Basket.of(300)).taken_fen == 300


def test_a_key_stands_for_one_request():
    coupon = give_coupon(MemberFactory())
    first = reserve(coupon, key="k")
    assert reserve(coupon, key="k", at=AT + DAY) == first
    with pytest.raises(KeyReused):
        reserve(coupon, key="k", basket=Basket.of(1))
    with pytest.raises(KeyReused):
        reserve(coupon, "A2", key="k")
    release(coupon, key="k")  # a key belongs to one kind of request
    assert release(coupon, key="k").state == "released"


@pytest.mark.parametrize("order", ["", " ", "A" * 65, "A\0"])
def test_an_order_has_a_number(order):
    coupon = give_coupon(MemberFactory())
    for call in (reserve, redeem, release, reverse):
        with pytest.raises(Invalid):
            call(coupon, order, key="k")


def test_a_coupon_of_somebody_else_is_none():
    coupon = give_coupon(MemberFactory())
    with pytest.raises(NoSuchCoupon):
        reserve(coupon, member_id=MemberFactory().pk)
    with pytest.raises(NoSuchCoupon):
        commands.reserve(code="'; --", order_ref="A1", basket=ORDER, key="k", at=AT)
    assert reserve(coupon, member_id=coupon.member_id).state == "reserved"


def test_what_is_reserved_is_not_taken_back():
    coupon = give_coupon(MemberFactory())
    reserve(coupon)
    with pytest.raises(CouponNotUsable) as caught:
        commands.revoke(coupon_id=coupon.pk, actor=None, at=AT + MINUTE)
    assert caught.value.details["reason"] == "reserved"
    commands.revoke(coupon_id=coupon.pk, actor=None, at=AT + 30 * MINUTE, reason="Mistake")
    coupon.refresh_from_db()
    assert (coupon.status, coupon.note, worth(coupon)) == ("revoked", "Mistake", 0)


def test_one_live_use_by_constraint():
    coupon = give_coupon(MemberFactory())
    reserve(coupon)
    with pytest.raises(IntegrityError, match="couponuse_one_live"), transaction.atomic():
        CouponUse.objects.create(coupon=coupon, order_ref="A2", state="redeemed", taken_fen=1, redeemed_at=AT)


def settled(coupon, *results):
    """Nothing but refusals that people understand; the books agree; at most one live use."""
    assert all(isinstance(error, (CouponNotUsable, NotReserved, NotRedeemed)) for error in refused(results))
    assert not list(differences())
    assert CouponUse.objects.filter(coupon=coupon, state__in=LIVE_USE).count() <= 1
    gone = house(AccountKind.SPENT) + house(AccountKind.EXPIRED)
    assert -house(AccountKind.ISSUED) == worth(coupon) + gone
    return status(coupon)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("call", [reserve, redeem])
def test_sixty_four_orders_at_once_use_a_coupon_once(call):
    coupon = give_coupon(MemberFactory())
    results = at_once(*[lambda n=n: call(coupon, f"A{n}") for n in range(64)])
    assert len(refused(results)) == 63
    assert settled(coupon, *results) == ("reserved" if call is reserve else "redeemed")
    assert CouponUse.objects.count() == 1
    assert worth(coupon) == (500 if call is reserve else 0)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("_turn", range(3))
def test_redeemed_or_expired(_turn):
    coupon = give_coupon(MemberFactory(), valid_days=1)
    last = coupon.expires_at - MINUTE
    results = at_once(
        *[lambda n=n: redeem(coupon, f"A{n}", at=last) for n in range(4)],
        *[lambda: commands.expire_due(at=coupon.expires_at) for _ in range(4)],
    )
    ended = settled(coupon, *results)
    expired = sum(one for one in results if isinstance(one, int))
    assert (ended, expired, len(refused(results))) in {("redeemed", 0, 3), ("expired", 1, 4)}
    assert worth(coupon) == 0


@pytest.mark.django_db(transaction=True)
def test_redeemed_or_taken_back():
    coupon = give_coupon(MemberFactory())
    results = at_once(
        *[lambda n=n: redeem(coupon, f"A{n}") for n in range(4)],
        *[lambda: commands.revoke(coupon_id=coupon.pk, actor=None, at=AT) for _ in range(4)],
    )
    assert settled(coupon, *results) in {"redeemed", "revoked"}
    assert len(refused(results)) == 7
    assert worth(coupon) == 0


@pytest.mark.django_db(transaction=True)
def test_reserved_against_released():
    coupon = give_coupon(MemberFactory())
    reserve(coupon, "A0")
    results = at_once(
        *[lambda n=n: reserve(coupon, f"B{n}") for n in range(6)],
        *[lambda n=n: release(coupon, "A0", key=f"l{n}") for n in range(3)],
        lambda: commands.lapse_due(at=AT + 29 * MINUTE),
    )
    ended = settled(coupon, *results)
    live = CouponUse.objects.filter(coupon=coupon, state="reserved").count()
    assert (ended, live) in {("issued", 0), ("reserved", 1)}
    assert CouponUse.objects.filter(state="released").count() == 1


@pytest.mark.django_db(transaction=True)
def test_redeemed_or_lapsed():
    coupon = give_coupon(MemberFactory())
    reserve(coupon)
    results = at_once(
        lambda: redeem(coupon, at=AT + 29 * MINUTE),
        *[lambda: commands.lapse_due(at=AT + 30 * MINUTE) for _ in range(5)],
    )
    assert settled(coupon, *results) == "redeemed"
    assert not refused(results)


@pytest.mark.django_db(transaction=True)
def test_undone_once():
    coupon = give_coupon(MemberFactory())
    redeem(coupon)
    results = at_once(*[lambda n=n: reverse(coupon, key=f"k{n}") for n in range(8)])
    assert len(refused(results)) == 7
    assert settled(coupon, *results) == "issued"
    assert worth(coupon) == 500


@pytest.mark.django_db(transaction=True)
def test_the_same_key_at_once():
    coupon = give_coupon(MemberFactory())
    results = at_once(*[lambda: redeem(coupon, key="k") for _ in range(16)])
    assert {use.pk for use in results} == {CouponUse.objects.get().pk}
    assert settled(coupon, *results) == "redeemed"


@pytest.mark.django_db(transaction=True)
def test_two_that_clash_come_at_once_for_one_order():
    member = MemberFactory()
    coupons = [give_coupon(member, stacking="alone") for _ in range(6)]
    results = at_once(*[lambda c=c, n=n: reserve(c, key=f"k{n}") for n, c in enumerate(coupons)])
    assert {type(error) for error in refused(results)} == {CouponDoesNotFit}
    assert CouponUse.objects.filter(order_ref="A1").count() == 1


@pytest.mark.django_db(transaction=True)
def test_many_coupons_at_once_take_no_more_than_the_order():
    member = MemberFactory()
    coupons = [give_coupon(member) for _ in range(8)]
    small = Basket.of(1_200)
    at_once(*[lambda c=c, n=n: redeem(c, key=f"k{n}", basket=small) for n, c in enumerate(coupons)])
    assert sorted(CouponUse.objects.values_list("taken_fen", flat=True)) == [200, 500, 500]


@pytest.mark.django_db(transaction=True)
def test_a_reservation_that_somebody_works_on_is_left_for_the_next_pass():
    coupon = give_coupon(MemberFactory())
    reserve(coupon)
    held, swept = threading.Event(), threading.Event()

    def work():
        with transaction.atomic(), connection.cursor() as cursor:
            Coupon.objects.select_for_update(no_key=True).get(pk=coupon.pk)
            held.set()
            while not swept.wait(0.01):  # until the sweep has passed by, or waits for us
                cursor.execute("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)")
                if cursor.fetchone()[0]:
                    return

    def sweep():
        held.wait(30)
        ended = commands.lapse_due(at=AT + 30 * MINUTE)
        swept.set()
        return ended

    assert at_once(work, sweep) == [None, 0]
    assert commands.lapse_due(at=AT + 30 * MINUTE) == 1
