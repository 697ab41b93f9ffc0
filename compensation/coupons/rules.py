"""What a coupon takes off an order, and which coupons can stand together on one.

The order of application:

1. percentages, the largest first, each of what the ones before it left;
2. amounts, the largest first;
3. free shipping, which touches nothing but the freight.

Of equals the one that ends sooner comes first. A threshold looks at the full price of the goods that the
coupon is for, so that no coupon spoils another one's. What a coupon takes off is spread over the goods that
it is for in proportion to what is left of each, to the fen. No coupon takes more than its value, and all
together never more than the order.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta, tzinfo
from enum import StrEnum

from compensation.models import CouponKind, Stacking

HUNDRED = 100
FIRST = {CouponKind.PERCENT: 0, CouponKind.AMOUNT: 1, CouponKind.SHIPPING: 2}
NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Item:
    """Goods of an order: what they cost before coupons, and their category, or the shop's number of them."""

    amount_fen: int
    category: str = ""
    product: str = ""


@dataclass(frozen=True, slots=True)
class Basket:
    """An order as the shop would have it: its goods and its freight, before coupons."""

    items: tuple[Item, ...] = ()
    freight_fen: int = 0

    @classmethod
    def of(cls, goods_fen: int, freight_fen: int = 0) -> "Basket":
        """An order of goods that nothing more is known of."""
        return cls((Item(goods_fen),), freight_fen)

    @property
    def total_fen(self) -> int:
        """What it comes to before coupons."""
        return sum(item.amount_fen for item in self.items) + self.freight_fen


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What matters of a coupon."""

    id: int
    value_fen: int
    kind: CouponKind = CouponKind.AMOUNT
    percent_off: int | None = None
    min_spend_fen: int = 0
    categories: frozenset[str] = frozenset()
    stacking: Stacking = Stacking.OTHERS
    group: str = ""
    expires_at: datetime = NEVER

    def covers(self, item: Item) -> bool:
        """Whether the coupon is for these goods."""
        return not self.categories or item.category in self.categories


class Reason(StrEnum):
    """Why a coupon does not fit an order."""

    NOT_FOR_THESE = "not_for_these"
    SPEND_TOO_SMALL = "spend_too_small"
    NO_FREIGHT = "no_freight"
    NOTHING_LEFT = "nothing_left"
    ALONE = "alone"
    SAME_GROUP = "same_group"


@dataclass(frozen=True, slots=True)
class Taken:
    """A coupon on an order, and what it takes off."""

    offer: Offer
    fen: int


@dataclass(frozen=True, slots=True)
class Refused:
    """A coupon that does not go on an order, and why."""

    offer: Offer
    reason: Reason


@dataclass(frozen=True, slots=True)
class Plan:
    """What goes on an order, in the order of application, and what does not."""

    taken: tuple[Taken, ...] = ()
    refused: tuple[Refused, ...] = ()

    @property
    def total_fen(self) -> int:
        """What is taken off in all."""
        return sum(one.fen for one in self.taken)


def turn(offer: Offer) -> tuple[int, int, datetime, int]:
    """Where a coupon comes in the order of application."""
    return FIRST[offer.kind], -(offer.percent_off or offer.value_fen), offer.expires_at, offer.id


def clash(one: Offer, other: Offer) -> Reason | None:
    """Why two coupons cannot stand on one order, or None."""
    if Stacking.ALONE in {one.stacking, other.stacking}:
        return Reason.ALONE
    return Reason.SAME_GROUP if one.group and one.group == other.group else None


def fits(basket: Basket, offer: Offer) -> Reason | None:
    """Why a coupon is not for an order, whatever else stands on it; None when it is."""
    covered = [item.amount_fen for item in basket.items if offer.covers(item)]
    if offer.categories and not covered:
        return Reason.NOT_FOR_THESE
    if sum(covered) < offer.min_spend_fen:
        return Reason.SPEND_TOO_SMALL
    if offer.kind == CouponKind.SHIPPING and not basket.freight_fen:
        return Reason.NO_FREIGHT
    return None


def take_off(basket: Basket, offer: Offer, before: Iterable[Taken] = ()) -> int:
    """What a coupon takes off an order that others stand on already, in fen; those keep what they took."""
    left = basket
    for one in before:
        left = _without(left, one)
    if offer.kind == CouponKind.SHIPPING:
        return min(offer.value_fen, left.freight_fen)
    goods = sum(item.amount_fen for item in left.items if offer.covers(item))
    part = goods
    if offer.kind == CouponKind.PERCENT:
        part = (goods * (offer.percent_off or 0) + HUNDRED // 2) // HUNDRED  # half a fen counts whole
    return min(offer.value_fen, part)


def together(basket: Basket, offers: Sequence[Offer], standing: Sequence[Taken] = ()) -> Plan:
    """Put coupons on an order beside those that stand on it; of two that clash, the first named goes on."""
    chosen: list[Offer] = []
    refused: list[Refused] = []
    for offer in offers:
        others = [one.offer for one in standing] + chosen
        reason = fits(basket, offer) or next((why for other in others if (why := clash(offer, other))), None)
        if reason:
            refused.append(Refused(offer, reason))
        else:
            chosen.append(offer)
    taken: list[Taken] = []
    for offer in sorted(chosen, key=turn):
        fen = take_off(basket, offer, (*standing, *taken))
        if fen:
            taken.append(Taken(offer, fen))
        else:
            refused.append(Refused(offer, Reason.NOTHING_LEFT))
    return Plan(tuple(taken), tuple(refused))


def best(basket: Basket, offers: Sequence[Offer]) -> Plan:
    """A good choice: those that take most go on first, unless one by itself takes more than they together."""
    worth = {offer.id: take_off(basket, offer) for offer in offers if not fits(basket, offer)}
    fitting = sorted((offer for offer in offers if worth.get(offer.id)), key=lambda one: -worth[one.id])
    mixing = [offer for offer in fitting if offer.stacking != Stacking.ALONE]
    plan = together(basket, mixing)
    lone = together(basket, fitting[:1])
    return lone if lone.total_fen > plan.total_fen else plan


def spread(fen: int, amounts: Sequence[int]) -> list[int]:
    """Share an amount out over others in proportion to them, to the fen; it is not more than their sum."""
    whole = sum(amounts)
    if not whole:
        return [0] * len(amounts)
    shares = [fen * amount // whole for amount in amounts]
    # largest remainder; a share never exceeds its amount, since one that is whole has no remainder
    by_rest = sorted(range(len(amounts)), key=lambda place: -(fen * amounts[place] % whole))
    for place in by_rest[: fen - sum(shares)]:
        shares[place] += 1
    return shares


def _without(basket: Basket, one: Taken) -> Basket:
    """The order less what a coupon took off, or as much of that as there is."""
    if one.offer.kind == CouponKind.SHIPPING:
        return replace(basket, freight_fen=max(basket.freight_fen - one.fen, 0))
    covered = [item.amount_fen if one.offer.covers(item) else 0 for item in basket.items]
    shares = spread(min(one.fen, sum(covered)), covered)
    items = [
        replace(item, amount_fen=item.amount_fen - share)
        for item, share in zip(basket.items, shares, strict=True)
    ]
    return replace(basket, items=tuple(items))


@dataclass(frozen=True, slots=True)
class Validity:
    """From when (None: at once) and until when a coupon can be used."""

    valid_from: datetime | None
    expires_at: datetime


def last_day(ends_at: datetime, zone: tzinfo) -> date:
    """The last day of what ends at a moment: at midnight it is the day before."""
    return (ends_at - timedelta(seconds=1)).astimezone(zone).date()


def validity(
    at: datetime,
    *,
    days: int,
    after_days: int = 0,
    valid_from: datetime | None = None,
    valid_until: datetime | None = None,
) -> Validity | None:
    """When a coupon that is given at `at` can be used: between two fixed moments, else so many days.

    None when the fixed time is over.
    """
    if valid_from is not None and valid_until is not None:
        if at >= valid_until:
            return None
        return Validity(valid_from if valid_from > at else None, valid_until)
    begins = at + timedelta(days=after_days)
    return Validity(begins if after_days else None, begins + timedelta(days=days))


def reserved_until(
    at: datetime, length: timedelta, *, expires_at: datetime, until: datetime | None
) -> datetime:
    """How long a coupon is kept that is reserved at a moment, or reserved again while it is `until` another.

    After its own end it is kept no longer than it was already: else it would live on for ever.
    """
    if until is not None and at >= expires_at:
        return until
    return at + length
