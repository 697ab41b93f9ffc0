"""What operators watch of clocks."""

from datetime import datetime

from config.common.gauges import UP_TO, Gauge
from feedback.models import Clock


def _unnoticed(at: datetime) -> dict[str, float]:
    return {"": Clock.objects.filter(next_fire_at__lte=at)[:UP_TO].count()}


def _behind(at: datetime) -> dict[str, float]:
    due = Clock.objects.filter(next_fire_at__lte=at).order_by("next_fire_at")
    first = due.values_list("next_fire_at", flat=True).first()
    return {"": (at - first).total_seconds() if first else 0}


GAUGES = [
    Gauge("huiyin_clocks_waiting", "Clocks that the sweep has still to take up.", _unnoticed),
    Gauge("huiyin_clocks_behind_seconds", "How far the sweep is behind.", _behind),
]
