"""What the variables of a text stand for, worked out for many occasions in a few queries."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta

from django.db.models import Sum
from django.utils.formats import date_format
from django.utils.timezone import localtime

from compensation.care import days
from compensation.care.occasions import zone
from compensation.models import (
    AccountKind,
    CareAct,
    Festival,
    Lot,
    MemberFigures,
    Order,
    OrderLine,
    OrderStatus,
    Shipment,
    Trigger,
    Unit,
)

Values = dict[str, str]
NAMED = 2
"""Products named in a text; there may be more."""


class Known:
    """What a chunk of occasions is about: orders and parcels, points and last orders."""

    def __init__(self, acts: Sequence[CareAct]) -> None:
        parcels = _numbers(acts, "shipment")
        self.parcels = {
            one.pk: one for one in Shipment.objects.filter(pk__in=parcels).select_related("order")
        }
        orders = _numbers(acts, "order") | {one.order_id for one in self.parcels.values()}
        self.orders = {one.pk: one for one in Order.objects.filter(pk__in=orders)}
        self._first = _first_orders(acts)
        self.orders |= {one.pk: one for one in self._first.values()}
        self.bought: dict[int, list[str]] = defaultdict(list)
        lines = OrderLine.objects.filter(order__in=list(self.orders)).select_related("product").order_by("pk")
        for line in lines if self.orders else ():
            self.bought[line.order_id].append(str(line.product))
        self._points = _expiring(acts)
        self._last = _last_orders(acts)

    def order_of(self, act: CareAct) -> Order | None:
        """The order that an occasion is about."""
        kind, number = _parts(act)
        if kind == "shipment":
            parcel = self.parcels.get(int(number))
            return parcel.order if parcel else None
        if kind == "first_order":
            return self._first.get(act.member_id)
        return self.orders.get(int(number)) if kind == "order" else None

    def points_of(self, act: CareAct) -> int:
        """The points that expire on the day of an occasion."""
        return self._points.get((act.member_id, _parts(act)[1]), 0)

    def is_over(self, act: CareAct) -> bool:
        """Whether what called for an occasion is no longer so."""
        kind, what = _parts(act)
        if kind == "no_order":
            last = self._last.get(act.member_id)
            return last is None or f"{localtime(last, zone()):%Y-%m-%d}" != what
        if kind == "points":
            return not self.points_of(act)
        if kind in {"order", "shipment", "first_order"}:
            order = self.order_of(act)
            if order is None or order.cancelled_at is not None:
                return True
            came = act.rule.trigger in {Trigger.SHIPPED, Trigger.DELIVERED}
            return came and order.status == OrderStatus.RETURNED
        return False

    def values(self, act: CareAct) -> Values:
        """The values of the variables, in the language of the moment; without what is given."""
        rule, member = act.rule, act.member
        found: Values = {"name": member.name, "tier": str(member.tier)}
        if rule.trigger == Trigger.FESTIVAL:
            found["festival"] = str(Festival(_parts(act)[1].partition(":")[0]).label)
        if order := self.order_of(act):
            found["order"] = order.external_id
            found["product"] = ", ".join(self.bought[order.pk][:NAMED])
        if act.key.startswith("shipment:") and (parcel := self.parcels.get(int(_parts(act)[1]))):
            found |= {"carrier": parcel.carrier, "tracking": parcel.tracking_number}
        if rule.trigger == Trigger.POINTS_EXPIRING:
            found["expiring_points"] = str(self.points_of(act) or "")
            found["expires_on"] = date_format(date.fromisoformat(_parts(act)[1]), "DATE_FORMAT")
        return found

    def path(self, act: CareAct) -> str:
        """The page of the portal that a message leads to."""
        if order := self.order_of(act):
            return f"/portal/orders/{order.pk}/"
        rule = act.rule
        return "/portal/wallet/" if rule.coupon_id or rule.coupon_of_tier or rule.points else "/portal/"


def example(trigger: str, festival: str, *, at: datetime) -> Mapping[str, str]:
    """Values to look at a text with, for a member who does not have this occasion."""
    day = date_format(localtime(at + timedelta(days=7), zone()), "DATE_FORMAT")
    return {
        "order": "20261111-0042",
        "product": "纯棉圆领短袖",
        "carrier": "顺丰速运",
        "tracking": "SF1234567890123",
        "expiring_points": "350" if trigger == Trigger.POINTS_EXPIRING else "",
        "expires_on": day if trigger == Trigger.POINTS_EXPIRING else "",
        "festival": str(Festival(festival).label) if festival in Festival.values else "",
        "coupon_until": day,
    }


def _parts(act: CareAct) -> tuple[str, str]:
    kind, _colon, what = act.key.partition(":")
    return kind, what


def _numbers(acts: Iterable[CareAct], wanted: str) -> set[int]:
    return {int(what) for kind, what in map(_parts, acts) if kind == wanted}


def _first_orders(acts: Iterable[CareAct]) -> dict[int, Order]:
    members = [act.member_id for act in acts if act.key == "first_order"]
    if not members:
        return {}
    rows = Order.objects.filter(member__in=members, paid_at__isnull=False)
    rows = rows.exclude(status=OrderStatus.CANCELLED).order_by("member", "paid_at", "pk")
    return {order.member_id: order for order in rows.distinct("member")}


def _last_orders(acts: Iterable[CareAct]) -> dict[int, datetime]:
    members = [act.member_id for act in acts if act.key.startswith("no_order:")]
    if not members:
        return {}
    rows = MemberFigures.objects.filter(member__in=members, last_order_at__isnull=False)
    return {pk: last for pk, last in rows.values_list("member", "last_order_at") if last is not None}


def _expiring(acts: Iterable[CareAct]) -> dict[tuple[int, str], int]:
    """The points of members of which a day is the last, by member and day."""
    by_day: dict[str, list[int]] = defaultdict(list)
    for act in acts:
        if act.key.startswith("points:"):
            by_day[_parts(act)[1]].append(act.member_id)
    found: dict[tuple[int, str], int] = {}
    for day, members in by_day.items():
        first = date.fromisoformat(day)
        lots = Lot.objects.filter(
            account__member__in=members,
            account__kind=AccountKind.MEMBER,
            account__unit=Unit.POINTS,
            remaining__gt=0,
            expires_at__gt=days.midnight(first, zone()),
            expires_at__lte=days.midnight(first + timedelta(days=1), zone()),
        )
        for member_id, left in lots.values_list("account__member").annotate(left=Sum("remaining")):
            found[member_id, day] = left
    return found
