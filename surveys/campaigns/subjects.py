"""Whom a campaign is about: all members, or those to whom something happened of late and who were not asked.

What happened is found by its moment, over an index and within a campaign's `within_days`, and left out once
there is a row of it: so what is committed late is found late, but never passed over, and nothing is asked
about twice.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db.models import BigIntegerField, CharField, Exists, F, Max, OuterRef, QuerySet, Value
from django.db.models.functions import Cast, Coalesce, Concat

from compensation.models import Order, OrderStatus, TierPeriod, TierReason
from compensation.segments import queries as segments
from feedback.models import Case, CaseStatus, Resolution
from surveys.models import Campaign, Invitation, Occasion, Response, Skip, Waiting

Rows = QuerySet[Any, dict[str, Any]]


def happened(campaign: Campaign, at: datetime) -> Rows:
    """What happened within the campaign's days: to whom, when, and what it was about; oldest first.

    Left out: erased members, those outside the campaign's segment, what there is a row of already.
    """
    found, moment, kind = _FINDERS[Occasion(campaign.occasion)](at - timedelta(days=campaign.within_days), at)
    found = found.filter(member__erased_at=None)
    if campaign.segment is not None:
        found = found.filter(member__in=segments.members(campaign.segment, at).values("pk"))
    found = found.annotate(told_as=Concat(Value(f"{kind}:"), Cast("pk", CharField())), moment=moment)
    for table in (Invitation, Skip, Waiting):
        known = table._default_manager.filter(wave__campaign=campaign, key=OuterRef("told_as"))
        found = found.filter(~Exists(known))
    nothing = Value(None, output_field=BigIntegerField())
    refers = {name: F("pk") if name == kind else nothing for name in ("case", "order")}
    rows: Rows = found.order_by("moment", "pk").values(
        "told_as", "moment", whom=F("member"), about_case=refers["case"], about_order=refers["order"]
    )
    return rows


def _closed_cases(since: datetime, at: datetime) -> tuple[QuerySet[Any], Any, str]:
    """Closed cases but duplicates and follow-ups of follow-ups.

    A follow-up itself is asked about once; what comes of a bad answer to that is asked about no more, so
    that a chain of asking ends after two (see responses.commands).
    """
    follow_up_of_follow_up = Response.objects.filter(
        follow_up=OuterRef("pk"), invitation__case__followed_responses__isnull=False
    )
    cases = Case.objects.filter(
        ~Exists(follow_up_of_follow_up), status=CaseStatus.CLOSED, closed_at__gt=since, closed_at__lte=at
    )
    return cases.exclude(resolution=Resolution.DUPLICATE), F("closed_at"), "case"


def _paid_orders(since: datetime, at: datetime) -> tuple[QuerySet[Any], Any, str]:
    orders = Order.objects.filter(paid_at__gt=since, paid_at__lte=at)
    return orders.exclude(status=OrderStatus.CANCELLED), F("paid_at"), "order"


def _delivered_orders(since: datetime, at: datetime) -> tuple[QuerySet[Any], Any, str]:
    """Orders of which every parcel has arrived; by the moment of the last, or else when we learnt of it."""
    orders = Order.objects.filter(status=OrderStatus.DELIVERED, changed_at__gt=since)
    arrived = Coalesce(Max("shipments__delivered_at"), F("changed_at"))
    orders = orders.annotate(arrived_at=arrived).filter(arrived_at__gt=since, arrived_at__lte=at)
    return orders, F("arrived_at"), "order"


def _changed_tiers(since: datetime, at: datetime) -> tuple[QuerySet[Any], Any, str]:
    periods = TierPeriod.objects.filter(ends_at=None, starts_at__gt=since, starts_at__lte=at)
    return periods.exclude(reason=TierReason.START), F("starts_at"), "tier"


_FINDERS: dict[Occasion, Callable[[datetime, datetime], tuple[QuerySet[Any], Any, str]]] = {
    Occasion.CASE_CLOSED: _closed_cases,
    Occasion.ORDERED: _paid_orders,
    Occasion.DELIVERED: _delivered_orders,
    Occasion.TIER_CHANGED: _changed_tiers,
}
