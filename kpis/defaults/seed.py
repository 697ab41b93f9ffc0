"""The goals that ship."""

from datetime import datetime
from decimal import Decimal

from kpis.models import Direction, MetricCode, Target

GOALS = {
    MetricCode.FIRST_REPLY: (Direction.UP, "95"),
    MetricCode.RESOLUTION: (Direction.UP, "90"),
    MetricCode.CSAT: (Direction.UP, "4.5"),
    MetricCode.NPS: (Direction.UP, "30"),
    MetricCode.CES: (Direction.UP, "4"),
    MetricCode.ON_TIME: (Direction.UP, "95"),
    MetricCode.GAP_RATE: (Direction.DOWN, "5"),
    MetricCode.REPURCHASE: (Direction.UP, "25"),
    MetricCode.COMPLAINT_RATE: (Direction.DOWN, "1"),
}


def seed(_at: datetime) -> None:
    """Set the goals that nobody has set yet."""
    for metric, (direction, goal) in GOALS.items():
        Target.objects.get_or_create(metric=metric, defaults={"direction": direction, "goal": Decimal(goal)})
