"""The goals that ship."""

from datetime import date, datetime
from decimal import Decimal

from kpis.models import Dimension, Grain, MetricCode, Target

EVER = date(2000, 1, 1)
GOALS = {
    MetricCode.FIRST_REPLY: (Grain.MONTH, "95", "1"),
    MetricCode.RESOLUTION: (Grain.MONTH, "90", "1"),
    MetricCode.CSAT: (Grain.QUARTER, "4.5", "0.05"),
    MetricCode.NPS: (Grain.QUARTER, "30", "3"),
    MetricCode.CES: (Grain.QUARTER, "4", "0.05"),
    MetricCode.ON_TIME: (Grain.MONTH, "95", "1"),
    MetricCode.GAP_RATE: (Grain.MONTH, "5", "0.5"),
    MetricCode.REPURCHASE: (Grain.MONTH, "25", "1"),
    MetricCode.COMPLAINT_RATE: (Grain.MONTH, "1", "0.1"),
}
"""For which periods, the goal, and how close to it is at risk."""


def seed(at: datetime) -> None:
    """Set the goals of figures for which nobody has set one of the whole company yet."""
    known = set(Target.objects.filter(dimension=Dimension.WHOLE).values_list("metric", flat=True))
    Target.objects.bulk_create(
        (
            Target(
                metric=metric,
                grain=grain,
                since=EVER,
                goal=Decimal(goal),
                warning=Decimal(warning),
                set_at=at,
            )
            for metric, (grain, goal, warning) in GOALS.items()
            if metric not in known
        ),
        ignore_conflicts=True,
    )
