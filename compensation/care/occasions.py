"""Who has an occasion of a rule, when: one query for each trigger, within the rule's segment.

Each gives rows of (member, key, moment): the key is what makes an occasion one.
"""

from collections import Counter
from collections.abc import Callable, Collection
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import (
    CharField,
    DateTimeField,
    Exists,
    F,
    Max,
    OuterRef,
    Q,
    QuerySet,
    Value,
)
from django.db.models.functions import Cast, Coalesce, Concat, TruncDate
from django.utils import timezone

from compensation.care import days
from compensation.members.commands import GUEST
from compensation.models import (
    AccountKind,
    CareAct,
    CareRule,
    ConsentNeed,
    Lot,
    Member,
    Order,
    OrderStatus,
    Purpose,
    Shipment,
    TierPeriod,
    Trigger,
    Unit,
)
from compensation.segments import queries as segments

LOOK_BACK = timedelta(days=3)
"""What happened longer ago is nobody's occasion any more: after an outage, or when old orders come in."""
LAPSED_FOR = timedelta(days=30)
"""A rule for members without orders takes up those who have been so for up to this much longer."""
AHEAD = timedelta(days=1)

Rows = QuerySet[Any, dict[str, Any]]


def zone() -> ZoneInfo:
    """The zone that the shop's days are counted in."""
    return ZoneInfo(timezone.get_default_timezone_name())


def on_day(rule: CareRule, day: date, *, at: datetime, fresh: bool = False) -> Rows | None:
    """Who has an occasion of a rule on a day; None when nobody can. For rules that go by days.

    `fresh` leaves out who had it on the days before, where an occasion lasts.
    """
    found = _DAILY[Trigger(rule.trigger)](rule, day, fresh)
    if found is None:
        return None
    members, key = found
    narrowed = segments.narrowed(rule.segment.filters if rule.segment else {}, _consenting(rule, members), at)
    moment = Value(days.midnight(day, zone()), output_field=DateTimeField())
    return _rows(narrowed, "pk", key, moment)


def of_time(rule: CareRule, *, since: datetime, at: datetime, upto: datetime | None = None) -> Rows:
    """Who came to an occasion of a rule within a span of time. For rules whose occasions have a moment."""
    trigger = Trigger(rule.trigger)
    if trigger == Trigger.REGISTERED:
        members = Member.objects.filter(registered_at__gt=since, registered_at__lte=at)
        known = _of_members(rule, members.exclude(external_id__startswith=GUEST), "pk", at)
        return _rows(known, "pk", Value("registered"), F("registered_at"))
    if trigger == Trigger.TIER_UP:
        before = TierPeriod.objects.filter(
            member=OuterRef("member"), ends_at=OuterRef("starts_at"), tier__rank__lt=OuterRef("tier__rank")
        )
        periods = TierPeriod.objects.filter(
            Exists(before), ends_at=None, starts_at__gt=since, starts_at__lte=at
        )
        reached = _of_members(rule, periods, "member", at)
        return _rows(reached, "member", _key("tier:"), F("starts_at"))
    return of_orders(rule, None, since=since, at=at, upto=upto)


def of_orders(
    rule: CareRule,
    ids: Collection[int] | None,
    *,
    since: datetime,
    at: datetime,
    upto: datetime | None = None,
) -> Rows:
    """Who came to an occasion of a rule by one of these orders, or by any.

    An order is looked at once, when it changes: so its moment may be a day ahead where `upto` is not said.
    """
    trigger, until = Trigger(rule.trigger), upto or at + AHEAD
    if trigger == Trigger.SHIPPED:
        parcels = Shipment.objects.filter(shipped_at__gt=since, shipped_at__lte=until)
        parcels = parcels.exclude(order__status=OrderStatus.CANCELLED)
        parcels = parcels if ids is None else parcels.filter(order__in=list(ids))
        sent = _of_members(rule, parcels, "order__member", at)
        return _rows(sent, "order__member", _key("shipment:"), F("shipped_at"))
    orders = Order.objects.all() if ids is None else Order.objects.filter(pk__in=list(ids))
    orders = _of_members(rule, orders, "member", at)
    if trigger == Trigger.DELIVERED:
        arrived = orders.filter(status=OrderStatus.DELIVERED)
        if ids is None:  # we learn of it when it has happened, so the index bounds the search
            arrived = arrived.filter(changed_at__gt=since - AHEAD)
        arrived = arrived.annotate(arrived_at=Coalesce(Max("shipments__delivered_at"), F("changed_at")))
        arrived = arrived.filter(arrived_at__gt=since, arrived_at__lte=until)
        return _rows(arrived, "member", _key("order:"), F("arrived_at"))
    paid = orders.filter(paid_at__gt=since, paid_at__lte=until).exclude(status=OrderStatus.CANCELLED)
    if trigger == Trigger.ORDER_PAID:
        return _rows(paid, "member", _key("order:"), F("paid_at"))
    before = Q(paid_at__lt=OuterRef("paid_at")) | Q(paid_at=OuterRef("paid_at"), pk__lt=OuterRef("pk"))
    earlier = Order.objects.filter(before, member=OuterRef("member")).exclude(status=OrderStatus.CANCELLED)
    return _rows(paid.filter(~Exists(earlier)), "member", Value("first_order"), F("paid_at"))


def new_by_tier(rule: CareRule | None, rows: Rows) -> Counter[int]:
    """How many rows there are of members of each tier, without those that a rule has written down."""
    if rule is not None and rule.pk is not None:
        known = CareAct.objects.filter(rule=rule, member=OuterRef("care_member"), key=OuterRef("care_key"))
        rows = rows.filter(~Exists(known))
    try:
        sql, params = rows.query.sql_with_params()
    except EmptyResultSet:
        return Counter()
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT m.tier_id, count(*) FROM ({sql}) AS found"  # noqa: S608 - Django's own
            " JOIN compensation_member m ON m.id = found.care_member GROUP BY m.tier_id",
            params,
        )
        return Counter(dict(cursor.fetchall()))


def _birthday(rule: CareRule, day: date, _fresh: bool) -> tuple[QuerySet[Member], Any]:
    target = day + timedelta(days=rule.days or 0)
    wanted = Q()
    for month, number in sorted(days.born_on(target)):
        wanted |= Q(birthday__month=month, birthday__day=number)
    return Member.objects.filter(wanted), Value(f"birthday:{target.year}")


def _festival(rule: CareRule, day: date, _fresh: bool) -> tuple[QuerySet[Member], Any] | None:
    target = day + timedelta(days=rule.days or 0)
    if days.festival_in(rule.festival, target.year) != target:
        return None
    return Member.objects.all(), Value(f"festival:{rule.festival}:{target.year}")


def _expiring(rule: CareRule, day: date, _fresh: bool) -> tuple[QuerySet[Member], Any]:
    target = day + timedelta(days=rule.days or 0)
    lots = Lot.objects.filter(
        remaining__gt=0,
        expires_at__gt=days.midnight(target, zone()),
        expires_at__lte=days.midnight(target + timedelta(days=1), zone()),
        account__kind=AccountKind.MEMBER,
        account__unit=Unit.POINTS,
    )
    return Member.objects.filter(pk__in=lots.values("account__member")), Value(f"points:{target:%Y-%m-%d}")


def _no_order(rule: CareRule, day: date, fresh: bool) -> tuple[QuerySet[Member], Any]:
    last = day - timedelta(days=rule.days or 0)
    earliest = last if fresh else last - LAPSED_FOR
    members = Member.objects.filter(
        figures__last_order_at__gte=days.midnight(earliest, zone()),
        figures__last_order_at__lt=days.midnight(last + timedelta(days=1), zone()),
    )
    ordered = Cast(TruncDate("figures__last_order_at", tzinfo=zone()), CharField())
    return members, Concat(Value("no_order:"), ordered)


_DAILY: dict[Trigger, Callable[[CareRule, date, bool], tuple[QuerySet[Member], Any] | None]] = {
    Trigger.BIRTHDAY: _birthday,
    Trigger.FESTIVAL: _festival,
    Trigger.POINTS_EXPIRING: _expiring,
    Trigger.NO_ORDER: _no_order,
}


def _consenting(rule: CareRule, members: QuerySet[Member]) -> QuerySet[Member]:
    """Leave out whom the rule does nothing for; what they chose by channel counts when it is due."""
    if rule.consent == ConsentNeed.TO_ACT and rule.purpose == Purpose.MARKETING:
        return members.filter(consent_marketing=True)
    return members


def _of_members(rule: CareRule, found: QuerySet[Any], member: str, at: datetime) -> QuerySet[Any]:
    """Those rows whose member is in the rule's segment and consents, where that is asked for."""
    filters = rule.segment.filters if rule.segment else {}
    wanted = segments.narrowed(filters, _consenting(rule, Member.objects.all()), at)
    return found.filter(**{f"{member}__in": wanted.values("pk")})


def _rows(found: QuerySet[Any], member: str, key: Any, moment: Any) -> Rows:
    rows = found.order_by().annotate(care_member=F(member), care_key=key, care_at=moment)
    named: Rows = rows.values("care_member", "care_key", "care_at")
    return named


def _key(kind: str) -> Any:
    return Concat(Value(kind), Cast("pk", CharField()))
