"""The coupons of a member, what they take off an order, and how many of a kind there are."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from compensation.coupons import codes, rules
from compensation.coupons.goods import with_categories
from compensation.coupons.refusals import CouponNotUsable, NoSuchCoupon, refusal
from compensation.coupons.rules import Basket, Plan
from compensation.coupons.terms import offer_of
from compensation.coupons.using import check_usable
from compensation.models import Coupon, CouponStatus, CouponTemplate, Member
from config.common.errors import DomainError

MOST_QUOTED = 100
"""How many coupons of a member one quote looks at, those that end soonest."""


class Standing(StrEnum):
    """How a coupon stands for whoever has it."""

    USABLE = "usable"
    WAITING = "waiting"
    USED = "used"
    ENDED = "ended"


def wallet(member: Member) -> QuerySet[Coupon]:
    """Every coupon of a member, newest first."""
    return (
        Coupon.objects.filter(member=member).select_related("template", "terms").order_by("-issued_at", "-pk")
    )


def usable(member: Member, at: datetime) -> QuerySet[Coupon]:
    """What the member can use now, soonest to expire first."""
    return that_stand(wallet(member), Standing.USABLE, at).order_by("expires_at", "pk")


def to_come(member: Member, at: datetime) -> QuerySet[Coupon]:
    """What is the member's still or soon: usable, reserved for an order, or not yet valid."""
    held = Q(status=CouponStatus.RESERVED) | Q(status=CouponStatus.ISSUED, expires_at__gt=at)
    return wallet(member).filter(held).order_by("expires_at", "pk")


def standing(member: Member, at: datetime) -> tuple[list[Coupon], list[Coupon]]:
    """What a member can use now, and what waits: for its first day, or for the order that has it."""
    now: list[Coupon] = []
    waiting: list[Coupon] = []
    for coupon in to_come(member, at):
        (now if stands(coupon, at) == Standing.USABLE else waiting).append(coupon)
    return now, waiting


def stands(coupon: Coupon, at: datetime) -> Standing:
    """Whether a coupon can be used, waits (for its first day, or an order has it), was used, or has ended."""
    if coupon.status == CouponStatus.REDEEMED:
        return Standing.USED
    if coupon.status == CouponStatus.RESERVED:
        return Standing.WAITING
    if coupon.status != CouponStatus.ISSUED or coupon.expires_at <= at:
        return Standing.ENDED
    begun = coupon.valid_from is None or coupon.valid_from <= at
    return Standing.USABLE if begun else Standing.WAITING


def that_stand(rows: QuerySet[Coupon], standing: str, at: datetime) -> QuerySet[Coupon]:
    """Those of some coupons that stand so."""
    begun = Q(valid_from__isnull=True) | Q(valid_from__lte=at)
    live = Q(status=CouponStatus.ISSUED, expires_at__gt=at)
    wanted = {
        Standing.USABLE: live & begun,
        Standing.WAITING: live & ~begun | Q(status=CouponStatus.RESERVED),
        Standing.USED: Q(status=CouponStatus.REDEEMED),
        Standing.ENDED: Q(status__in=[CouponStatus.EXPIRED, CouponStatus.REVOKED])
        | Q(status=CouponStatus.ISSUED, expires_at__lte=at),
    }
    return rows.filter(wanted[Standing(standing)])


def counts(template: CouponTemplate) -> Mapping[str, int]:
    """How many coupons of a kind were given, and how many stand where, by status."""
    rows = Coupon.objects.filter(template=template).order_by().values_list("status").annotate(Count("pk"))
    found = dict(rows)
    return {"given": sum(found.values()), **{status: found.get(status, 0) for status in CouponStatus.values}}


def counted(templates: Iterable[CouponTemplate]) -> dict[int, Counter[str]]:
    """How many coupons of each of some kinds stand where, by status."""
    found: dict[int, Counter[str]] = {template.pk: Counter() for template in templates}
    rows = Coupon.objects.filter(template__in=found).order_by().values_list("template", "status")
    for template_id, status, number in rows.annotate(number=Count("pk")):
        found[template_id][status] = number
    return found


@dataclass(frozen=True, slots=True)
class Quoted:
    """A coupon, and what it would take off an order by itself; else why it cannot be used there."""

    coupon: Coupon
    fen: int
    refused: DomainError | None = None


@dataclass(frozen=True, slots=True)
class Quote:
    """Each coupon by itself, and those that go together in the order in which to reserve them."""

    each: tuple[Quoted, ...]
    together: tuple[Quoted, ...]

    @property
    def total_fen(self) -> int:
        """What those together take off."""
        return sum(one.fen for one in self.together)


def quote(*, member: Member, basket: Basket, at: datetime, wanted: Iterable[str] | None = None) -> Quote:
    """What the coupons of a member take off an order that nothing stands on yet.

    With codes `wanted`: those, of which the first named goes before what clashes with it; else all that the
    member holds, and a good choice of them.

    Raises:
        NoSuchCoupon: a code is none of the member's.
    """
    basket = with_categories(basket)
    coupons = {coupon.pk: coupon for coupon in _asked(member, at, wanted)}
    refused: dict[int, DomainError] = {}
    offers = []
    for coupon in coupons.values():
        offer = offer_of(coupon)
        reason = rules.fits(basket, offer)
        try:
            _check_free(coupon, at)
        except CouponNotUsable as error:
            refused[coupon.pk] = error
            continue
        if reason is None and not rules.take_off(basket, offer):
            reason = rules.Reason.NOTHING_LEFT
        if reason is not None:
            refused[coupon.pk] = refusal(coupon, reason)
        else:
            offers.append(offer)
    plan: Plan = rules.best(basket, offers) if wanted is None else rules.together(basket, offers)
    if wanted is not None:
        refused |= {one.offer.id: refusal(coupons[one.offer.id], one.reason) for one in plan.refused}
    alone = {offer.id: rules.take_off(basket, offer) for offer in offers if offer.id not in refused}
    return Quote(
        tuple(Quoted(one, alone.get(pk, 0), refused.get(pk)) for pk, one in coupons.items()),
        tuple(Quoted(coupons[one.offer.id], one.fen) for one in plan.taken),
    )


def _asked(member: Member, at: datetime, wanted: Iterable[str] | None) -> list[Coupon]:
    if wanted is None:
        return list(to_come(member, at)[:MOST_QUOTED])
    meant = [codes.clean(code) for code in wanted]
    found = {coupon.code: coupon for coupon in wallet(member).filter(code__in=[one for one in meant if one])}
    if any(code not in found for code in meant):
        raise NoSuchCoupon
    return [found[code] for code in dict.fromkeys(meant) if code]


def _check_free(coupon: Coupon, at: datetime) -> None:
    check_usable(coupon, at)
    if coupon.status == CouponStatus.RESERVED:
        raise CouponNotUsable(_("This coupon is reserved for an order."), reason="reserved")
