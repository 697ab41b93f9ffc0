"""What operators watch beside requests: what waits, since when. Apps append theirs in `ready()`.

Each is read when Prometheus asks, from an index, and counted up to a limit: a scrape costs a few milliseconds
however much there is.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric

from config.common.models import Heartbeat, OutboxMessage, OutboxStatus

UP_TO = 10_000
"""What is more is counted as this."""


@dataclass(frozen=True, slots=True)
class Gauge:
    """A number to watch; `read` gives it by the value of its `label`, or under "" where it has none."""

    name: str
    help: str
    read: Callable[[datetime], Mapping[str, float]]
    label: str = ""


def text(at: datetime) -> bytes:
    """All gauges in the format of Prometheus."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Reading(at))
    return generate_latest(registry)


class _Reading:
    def __init__(self, at: datetime) -> None:
        self.at = at

    def collect(self) -> Iterator[Metric]:
        """Read every gauge."""
        for gauge in GAUGES:
            family = GaugeMetricFamily(gauge.name, gauge.help, labels=[gauge.label] if gauge.label else [])
            for value, number in gauge.read(self.at).items():
                family.add_metric([value] if gauge.label else [], number)
            yield family

    def describe(self) -> list[Metric]:
        """Nothing is read beforehand."""
        return []


def _waiting(at: datetime) -> dict[str, float]:
    due = OutboxMessage.objects.filter(status=OutboxStatus.PENDING, next_attempt_at__lte=at)
    return {"": due[:UP_TO].count()}


def _oldest(at: datetime) -> dict[str, float]:
    due = OutboxMessage.objects.filter(status=OutboxStatus.PENDING, next_attempt_at__lte=at)
    first = due.order_by("next_attempt_at").values_list("next_attempt_at", flat=True).first()
    return {"": (at - first).total_seconds() if first else 0}


def _dead(_at: datetime) -> dict[str, float]:
    return {"": OutboxMessage.objects.filter(status=OutboxStatus.DEAD)[:UP_TO].count()}


def _heartbeats(at: datetime) -> dict[str, float]:
    return {name: (at - seen).total_seconds() for name, seen in Heartbeat.objects.values_list("name", "at")}


GAUGES: list[Gauge] = [
    Gauge("huiyin_outbox_waiting", "Messages that are due and not sent.", _waiting),
    Gauge("huiyin_outbox_oldest_seconds", "How long the first of them has been due.", _oldest),
    Gauge("huiyin_outbox_dead", "Messages that were given up.", _dead),
    Gauge("huiyin_heartbeat_seconds", "Since a part of the system last did something.", _heartbeats, "name"),
]
