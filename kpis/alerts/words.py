"""What an alert says, in the language of the moment: for pages and letters."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from kpis.metrics.catalogue import METRICS
from kpis.metrics.definition import Metric
from kpis.metrics.naming import names
from kpis.models import AlertKind, Dimension, FigureAlert, MetricCode
from kpis.templatetags.figures import value


@dataclass(frozen=True, slots=True)
class Told:
    """An alert in words: of whom it is, of which figure, what happened and by how much."""

    alert: FigureAlert
    metric: Metric
    who: str
    sentence: str

    @property
    def title(self) -> str:
        """The figure, and of whom."""
        return f"{self.metric.code.label} · {self.who}"

    @property
    def what(self) -> str:
        """What happened."""
        return str(self.alert.get_kind_display())


def said(alerts: Sequence[FigureAlert]) -> dict[int, Told]:
    """Alerts in words by their primary keys; a query for each kind of what they are of."""
    keys: dict[Dimension, set[str]] = defaultdict(set)
    for one in alerts:
        keys[Dimension(one.dimension)].add(one.key)
    known = {dimension: names(dimension, some) for dimension, some in keys.items()}
    return {one.pk: _said(one, known[Dimension(one.dimension)]) for one in alerts}


def _said(alert: FigureAlert, known: dict[str, str]) -> Told:
    metric = METRICS[MetricCode(alert.metric)]
    who = known.get(alert.key, alert.key) if alert.key else str(Dimension.WHOLE.label)
    return Told(alert, metric, who, _sentence(alert, metric))


def _sentence(alert: FigureAlert, metric: Metric) -> str:
    numbers = {
        "value": value(alert.value, metric.unit),
        "against": value(alert.against, metric.unit),
        "n": alert.n,
        "first": date_format(alert.first, "Y-m-d"),
        "last": date_format(alert.last, "Y-m-d"),
    }
    return str(_SENTENCES[AlertKind(alert.kind)]()) % numbers


_SENTENCES = {
    AlertKind.MISSED: lambda: _("%(first)s to %(last)s: %(value)s, the goal was %(against)s (n = %(n)s)"),
    AlertKind.EXPECTED: lambda: _(
        "%(first)s to %(last)s will come to %(value)s, the goal is %(against)s (n = %(n)s expected)"
    ),
    AlertKind.TURN: lambda: _("since about %(first)s %(value)s, before that %(against)s (n = %(n)s)"),
    AlertKind.OUTLIER: lambda: _("%(first)s: %(value)s, usual on this weekday is %(against)s (n = %(n)s)"),
}
