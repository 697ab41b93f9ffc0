"""Using a coupon for an order of the shop: reserved, redeemed, released, undone.

Who comes first is settled by locks in this order: the order's number, the coupon, the member's account.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from compensation.coupons import codes, rules
from compensation.coupons.ending import lapse
from compensation.coupons.goods import with_categories
from compensation.coupons.refusals import (
    AmountMissing,
    CouponNotUsable,
    NoSuchCoupon,
    NotRedeemed,
    NotReserved,
    refusal,
)
from compensation.coupons.rules import Basket, Taken
from compensation.coupons.terms import offer_of
from compensation.ledger import commands as ledger
from compensation.ledger.rules import Move
from compensation.models import (
    LIVE_USE,
    AccountKind,
    Coupon,
    CouponStatus,
    CouponUse,
    Transaction,
    Unit,
    UseState,
)
from config.common.errors import Invalid
from config.common.events import Actor, record
from config.common.idempotency import once

ORDER_LENGTH = 64
HOLD_ORDER = "SELECT pg_advisory_xact_lock(hashtext('compensation.coupon'), hashtext(%s))"


@transaction.atomic
def reserve(
    *,
    code: str,
    order_ref: str,
    basket: Basket,
    key: str,
    at: datetime,
    member_id: int | None = None,
    actor: Actor = None,
) -> CouponUse:
    """Keep a coupon for an order of the shop, once for one key; it takes off what then is left of the order.

    Others that stand on the order keep what they take off. Reserving for the same order again reckons anew
    and begins the time anew. A reservation ends by itself after COUPON_RESERVED_MINUTES; while it lasts the
    coupon does not expire, but after its end no time is added. With `member_id` it must be that member's.

    Raises:
        NoSuchCoupon: there is none with this code, or it is somebody else's.
        CouponNotUsable: it was used, is reserved for another order, does not count yet, has expired or was
            taken back.
        CouponDoesNotFit: it is not for these goods, for a larger order (SpendTooSmall), not beside the
            others on the order, or nothing is left to take off.
        KeyReused: the key came before with other content.
    """

    def perform(coupon: Coupon) -> CouponUse:
        use = _usable(coupon, order_ref, at)
        fen = _fits(coupon, order_ref, basket)
        use = use or CouponUse(coupon=coupon, order_ref=order_ref, state=UseState.RESERVED)
        use.taken_fen, use.reserved_at = fen, at
        use.reserved_until = rules.reserved_until(
            at,
            timedelta(minutes=settings.COUPON_RESERVED_MINUTES),
            expires_at=coupon.expires_at,
            until=use.reserved_until,
        )
        use.save()
        _stand(coupon, CouponStatus.RESERVED)
        record("coupon.reserved", coupon, actor=actor, at=at, order=order_ref, taken_fen=fen)
        return use

    return _once("reserve", code, order_ref, key, perform, content=basket, member_id=member_id)


@transaction.atomic
def redeem(
    *,
    code: str,
    order_ref: str,
    key: str,
    at: datetime,
    basket: Basket | None = None,
    member_id: int | None = None,
    actor: Actor = None,
) -> CouponUse:
    """Use a coupon for an order of the shop, reserved for it before or not, once for one key.

    Without a basket it takes off what it was reserved for. What it does not use up of its value lapses with
    it.

    Raises:
        AmountMissing: there is no basket, and it was not reserved for this order.
        NoSuchCoupon, CouponNotUsable, CouponDoesNotFit, SpendTooSmall, KeyReused: see `reserve`.
    """

    def perform(coupon: Coupon) -> CouponUse:
        use = _usable(coupon, order_ref, at)
        if basket is not None:
            fen = _fits(coupon, order_ref, basket)
        elif use is not None:
            fen = use.taken_fen
        else:
            raise AmountMissing
        use = use or CouponUse(coupon=coupon, order_ref=order_ref)
        use.state, use.taken_fen, use.redeemed_at = UseState.REDEEMED, fen, at
        use.save()
        use.posted = _spend(coupon, use, actor=actor, at=at)
        use.save(update_fields=["posted"])
        _stand(coupon, CouponStatus.REDEEMED, at=at, order_ref=order_ref)
        record(
            "coupon.redeemed",
            coupon,
            actor=actor,
            at=at,
            order=order_ref,
            value_fen=coupon.value_fen,
            taken_fen=fen,
        )
        return use

    return _once("redeem", code, order_ref, key, perform, content=basket, member_id=member_id)


@transaction.atomic
def release(*, code: str, order_ref: str, key: str, at: datetime, actor: Actor = None) -> CouponUse:
    """Give a reservation up: the coupon can be used elsewhere; once for one key.

    Raises:
        NoSuchCoupon: there is none with this code.
        NotReserved: it is not, or no longer, reserved for this order.
        KeyReused: the key came before with other content.
    """

    def perform(coupon: Coupon) -> CouponUse:
        use = _live(coupon, at)
        if use is None or use.order_ref != order_ref or use.state != UseState.RESERVED:
            raise NotReserved
        use.state, use.ended_at = UseState.RELEASED, at
        use.save(update_fields=["state", "ended_at"])
        _stand(coupon, CouponStatus.ISSUED)
        record("coupon.released", coupon, actor=actor, at=at, order=order_ref)
        return use

    return _once("release", code, order_ref, key, perform)


@transaction.atomic
def reverse(*, code: str, order_ref: str, key: str, at: datetime, actor: Actor = None) -> CouponUse:
    """Undo the use for an order that was cancelled or returned; once for one key.

    The whole value is on the member's account again, and the coupon can be used until its own end, which
    may be over: it then expires with the next pass.

    Raises:
        NoSuchCoupon: there is none with this code.
        NotRedeemed: it was not used for this order, or that was undone before.
        KeyReused: the key came before with other content.
    """

    def perform(coupon: Coupon) -> CouponUse:
        use = _live(coupon, at)
        if use is None or use.order_ref != order_ref or use.state != UseState.REDEEMED or not use.posted:
            raise NotRedeemed
        use.state, use.ended_at = UseState.REVERSED, at
        use.save(update_fields=["state", "ended_at"])
        _stand(coupon, CouponStatus.ISSUED)
        ledger.reverse(posted=use.posted, key=f"couponuse:{use.pk}:reversed", actor=actor, at=at)
        record("coupon.reversed", coupon, actor=actor, at=at, order=order_ref, value_fen=coupon.value_fen)
        return use

    return _once("reverse", code, order_ref, key, perform)


def check_usable(coupon: Coupon, at: datetime) -> None:
    """Refuse a coupon that nobody could use at this moment.

    Raises:
        CouponNotUsable: it was used, does not count yet, has expired or was taken back.
    """
    if coupon.status == CouponStatus.REDEEMED:
        raise CouponNotUsable(_("This coupon was already used."), reason="redeemed")
    if coupon.status == CouponStatus.REVOKED:
        raise CouponNotUsable(_("This coupon was taken back."), reason="revoked")
    if coupon.status == CouponStatus.EXPIRED or at >= coupon.expires_at:
        raise CouponNotUsable(_("This coupon has expired."), reason="expired")
    if coupon.valid_from is not None and at < coupon.valid_from:
        raise CouponNotUsable(_("This coupon cannot be used yet."), reason="not_yet")


def _once(
    what: str,
    code: str,
    order_ref: str,
    key: str,
    perform: Callable[[Coupon], CouponUse],
    *,
    content: Basket | None = None,
    member_id: int | None = None,
) -> CouponUse:
    """Do a thing to the coupon of a code for an order, both held, once for one key."""
    wanted = codes.clean(code)
    if not order_ref.strip() or len(order_ref) > ORDER_LENGTH or "\0" in order_ref:
        raise Invalid(_("An order number of at most 64 characters is needed."))
    if wanted is None:
        raise NoSuchCoupon
    asked: dict[str, Any] = {"code": wanted, "order": order_ref}
    if content is not None:
        asked["items"] = [
            [item.amount_fen, item.category, *([item.product] if item.product else [])]
            for item in content.items
        ]  # as the shop said it, not as we know the products now
        asked["freight_fen"] = content.freight_fen

    def act() -> CouponUse:
        with connection.cursor() as cursor:
            cursor.execute(HOLD_ORDER, [order_ref])
        coupon = (
            Coupon.objects.select_for_update(no_key=True, of=("self",))
            .select_related("terms", "template")
            .filter(code=wanted)
            .first()
        )
        if coupon is None or member_id not in {None, coupon.member_id}:
            raise NoSuchCoupon
        return perform(coupon)

    return once(scope=f"coupon.{what}", key=key, content=asked, model=CouponUse, perform=act)[0]


def _live(coupon: Coupon, at: datetime) -> CouponUse | None:
    """The live use of a coupon that is held; a reservation whose time is over ends now."""
    use = CouponUse.objects.filter(coupon=coupon, state__in=LIVE_USE).select_related("posted").first()
    if use is None:
        return None
    use.coupon = coupon
    if use.reserved_until and use.state == UseState.RESERVED and use.reserved_until <= at:
        lapse([coupon.pk], at=at)
        coupon.status = CouponStatus.ISSUED
        return None
    return use


def _usable(coupon: Coupon, order_ref: str, at: datetime) -> CouponUse | None:
    """The reservation for this very order, or None where the coupon is free.

    Raises:
        CouponNotUsable: it is neither.
    """
    use = _live(coupon, at)
    if use is None or use.state == UseState.REDEEMED:
        check_usable(coupon, at)
    elif use.order_ref != order_ref:
        raise CouponNotUsable(_("This coupon is reserved for another order."), reason="reserved")
    return use


def _fits(coupon: Coupon, order_ref: str, basket: Basket) -> int:
    """What a coupon takes off an order beside the others on it, in fen."""
    plan = rules.together(with_categories(basket), [offer_of(coupon)], _standing(coupon, order_ref))
    if plan.refused:
        raise refusal(coupon, plan.refused[0].reason)
    return plan.total_fen


def _standing(coupon: Coupon, order_ref: str) -> list[Taken]:
    """What stands on an order beside a coupon, in the order in which it came."""
    others = (
        CouponUse.objects.filter(order_ref=order_ref, state__in=LIVE_USE)
        .exclude(coupon=coupon)
        .select_related("coupon__terms")
        .order_by("pk")
    )
    return [Taken(offer_of(use.coupon), use.taken_fen) for use in others]


def _stand(coupon: Coupon, status: CouponStatus, *, at: datetime | None = None, order_ref: str = "") -> None:
    coupon.status, coupon.redeemed_at, coupon.redeemed_for = status, at, order_ref
    coupon.save(update_fields=["status", "redeemed_at", "redeemed_for"])


def _spend(coupon: Coupon, use: CouponUse, *, actor: Actor, at: datetime) -> Transaction:
    """Take the coupon's value from the member's account: spent what it took off, expired the rest."""
    rest = coupon.value_fen - use.taken_fen
    moves = [
        Move(Unit.COUPON, -coupon.value_fen, member_id=coupon.member_id),
        Move(Unit.COUPON, use.taken_fen, AccountKind.SPENT),
        *([Move(Unit.COUPON, rest, AccountKind.EXPIRED)] if rest else []),
    ]
    return ledger.post(
        key=f"couponuse:{use.pk}:redeemed", kind="coupon.redeemed", moves=moves, actor=actor, at=at
    )
