"""What a gap costs: the stars of reviews of orders whose promise was kept, or broken in some degree."""

from dataclasses import dataclass

from django.db import connection

from feedback.gaps import statistics
from feedback.gaps.statistics import Interval

STARS = """
    WITH promised AS (
        SELECT DISTINCT line.order_id
        FROM feedback_promise promise
        JOIN compensation_orderline line ON line.id = promise.line_id
        JOIN compensation_shipment parcel ON parcel.id = line.shipment_id
        WHERE promise.aspect = %(aspect)s AND promise.withdrawn_at IS NULL
          AND CASE promise.aspect WHEN 'shipping' THEN parcel.shipped_at
               ELSE parcel.delivered_at END IS NOT NULL
    )
    SELECT coalesce(gap.severity, 0), count(*), sum(review.stars), sum(review.stars * review.stars),
           count(*) FILTER (WHERE review.stars <= 2)
    FROM promised
    JOIN feedback_review review ON review.order_id = promised.order_id AND review.stars IS NOT NULL
     AND review.status <> 'refused' AND review.deleted_at IS NULL
    LEFT JOIN feedback_gap gap ON gap.order_id = promised.order_id AND gap.aspect = %(aspect)s
     AND gap.about = '' AND gap.withdrawn_at IS NULL
    GROUP BY 1 ORDER BY 1
"""


@dataclass(frozen=True, slots=True)
class Cost:
    """The reviews of orders by how their promise was kept: 0 kept, then by severity."""

    severity: int
    mean: Interval
    """Of the stars."""
    bad: Interval
    """The share of one and two stars."""


def by_severity(aspect: str) -> list[Cost]:
    """Orders that arrived, by how late; what has not arrived says nothing about being late yet."""
    with connection.cursor() as cursor:
        cursor.execute(STARS, {"aspect": str(aspect)})
        return [
            Cost(severity, statistics.mean(stars, squares, n), statistics.share(bad, n))
            for severity, n, stars, squares, bad in cursor.fetchall()
        ]
