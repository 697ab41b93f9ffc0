"""What operators watch of figures."""

from datetime import datetime

from django.db.models import Max

from config.common.gauges import Gauge
from kpis.models import FigureDay


def _waiting(_at: datetime) -> dict[str, float]:
    return {"": FigureDay.objects.exclude(stale_at=None).count()}


def _age(at: datetime) -> dict[str, float]:
    newest = FigureDay.objects.aggregate(newest=Max("taken_at"))["newest"]
    return {"": (at - newest).total_seconds()} if newest else {}


GAUGES = [
    Gauge("huiyin_figure_days_waiting", "Days about which facts came in, not taken again yet.", _waiting),
    Gauge("huiyin_figures_age_seconds", "Since figures were last taken.", _age),
]
