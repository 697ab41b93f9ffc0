"""All metrics by their codes, in the order in which they are shown."""

from kpis.metrics.catalogue import answers, cases, clocks, orders, reviews
from kpis.metrics.definition import Metric
from kpis.models import MetricCode

_DEFINED = {
    metric.code: metric
    for metric in (*clocks.METRICS, *cases.METRICS, *answers.METRICS, *reviews.METRICS, *orders.METRICS)
}
METRICS: dict[MetricCode, Metric] = {code: _DEFINED[code] for code in MetricCode}
