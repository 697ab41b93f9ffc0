"""Figures about gaps."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import connection
from django.db.models import Count, QuerySet

from compensation.models import Member, Order
from feedback.models import Case, Gap


@dataclass(frozen=True, slots=True)
class Grade:
    """Orders whose promise was kept (severity 0) or broken in some degree, and what their reviews say."""

    severity: int
    arrived: bool
    """Whether it has happened at all, however late."""
    orders: int
    reviews: int
    stars: Decimal | None


def grades(aspect: str) -> list[Grade]:
    """Orders with a promise about the aspect by how it was kept, with the mean of their reviews' stars.

    Kept are those where it happened in time. Orders that are not due yet, or of which nobody can say
    (cancelled at an unknown time), are left out.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH promised AS (
                SELECT line.order_id,
                       bool_and(CASE promise.aspect WHEN 'shipping' THEN parcel.shipped_at
                                ELSE parcel.delivered_at END IS NOT NULL) AS arrived
                FROM feedback_promise promise
                JOIN compensation_orderline line ON line.id = promise.line_id
                LEFT JOIN compensation_shipment parcel ON parcel.id = line.shipment_id
                WHERE promise.aspect = %(aspect)s AND promise.withdrawn_at IS NULL
                GROUP BY line.order_id
            )
            SELECT coalesce(gap.severity, 0) AS severity, promised.arrived,
                   count(DISTINCT promised.order_id), count(review.id), round(avg(review.stars), 2)
            FROM promised
            LEFT JOIN feedback_gap gap ON gap.order_id = promised.order_id
                AND gap.aspect = %(aspect)s AND gap.withdrawn_at IS NULL
            LEFT JOIN feedback_review review ON review.order_id = promised.order_id
            WHERE promised.arrived OR gap.id IS NOT NULL
            GROUP BY 1, 2 ORDER BY 1, 2 DESC
            """,
            {"aspect": aspect},
        )
        return [Grade(*row) for row in cursor.fetchall()]


@dataclass(frozen=True, slots=True)
class Scene:
    """A kind of occasion on which promises are broken, and how often."""

    aspect: str
    severity: int
    cause: str
    region: str
    number: int


def scenes(*, since: datetime, limit: int = 20) -> list[Scene]:
    """Where the gaps found since then are most frequent, by aspect, severity, cause and region."""
    by = ("aspect", "severity", "cause", "order__region")
    rows = (
        Gap.objects.filter(withdrawn_at=None, detected_at__gte=since)
        .values_list(*by)
        .annotate(number=Count("pk"))
    )
    return [Scene(*row) for row in rows.order_by("-number", *by)[:limit]]


def of_order(order: Order) -> QuerySet[Gap]:
    """The gaps of an order that stand."""
    return Gap.objects.filter(order=order, withdrawn_at=None).order_by("expected_at")


def of_member(member: Member) -> QuerySet[Gap]:
    """The gaps of a member that stand, latest first."""
    return (
        Gap.objects.filter(member=member, withdrawn_at=None).select_related("order").order_by("-detected_at")
    )


@dataclass(frozen=True, slots=True)
class Numbers:
    """How many gaps and cases a member has."""

    gaps: int
    cases: int


def numbers_of(member: Member) -> Numbers:
    """The member's gaps that stand, and all cases."""
    return Numbers(of_member(member).count(), Case.objects.filter(member=member).count())
