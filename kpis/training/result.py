"""What came of a training that was held, from the figures of agents by day."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from kpis.deadlines.given import day_of
from kpis.improvements.rules import Days
from kpis.metrics.catalogue import METRICS
from kpis.metrics.definition import Metric
from kpis.metrics.rules import NOTHING, Figure
from kpis.models import Dimension, Direction, MetricCode, Presence, Training, TrainingPlace, TrainingState
from kpis.snapshots.calendar import days_span
from kpis.snapshots.queries import by_key
from kpis.training import rules
from kpis.training.rules import Change, Finding, Told


@dataclass(frozen=True, slots=True)
class Result:
    """What came of it; `told` is None until the weeks are over.

    `by_need` of those who took part were put in for a need, the earliest of which the month from
    `need_since` on showed; `also` took part in another training for the
    same figure in these weeks. Colleagues who did so are not compared with.
    """

    metric: Metric
    before: Days
    after: Days
    told: Told | None
    people: Sequence[Change]
    by_need: int
    need_since: date | None
    also: int

    @property
    def finding(self) -> Finding:
        """What can be said."""
        return self.told.finding if self.told else Finding.TOO_EARLY

    @property
    def may_be_by_itself(self) -> bool:
        """Whether it is better of people some of whom were put in by hand, and who were lower before.

        Who is chosen for low weeks rises by themselves; colleagues, who are not chosen, don't show it.
        """
        if self.told is None or self.finding != Finding.BETTER or self.by_need == len(self.people):
            return False
        one, two = self.told.took_part.before or 0.0, self.told.others.before or 0.0
        return one < two if self.metric.better == Direction.UP else one > two


def result(training: Training, *, today: date) -> Result | None:
    """Compare those who took part with their colleagues in the same weeks; None of one that was not held.

    Four queries, whoever took part; one until the weeks are over.
    """
    if training.state != TrainingState.HELD:
        return None
    metric = METRICS[MetricCode(training.metric)]
    places = training.places.filter(presence=Presence.PRESENT).order_by("agent")
    there = dict(places.values_list("agent", "appraisal__month"))
    months = [month for month in there.values() if month is not None]
    since = min(months, default=None)
    before, after = rules.weeks_around(day_of(training.starts_at), training.weeks, since)
    if today <= after.last:
        return Result(metric, before, after, None, (), len(months), since, 0)
    known = {*there, *training.others}
    elsewhere = _elsewhere(training, known, before, after)
    was, became = _figures(metric, before, known), _figures(metric, after, known)
    took_part = rules.changes(there, was, became)
    others = rules.changes(sorted({*training.others} - there.keys() - elsewhere), was, became)
    told = rules.judge(better=metric.better, took_part=took_part, others=others)
    return Result(metric, before, after, told, took_part, len(months), since, len(elsewhere & there.keys()))


def _figures(metric: Metric, days: Days, people: set[int]) -> dict[int, Figure]:
    found = by_key([metric.code], days.first, days.last, Dimension.AGENT, [str(one) for one in people])
    return {int(key): figures.get(metric.code, NOTHING) for key, figures in found.items()}


def _elsewhere(training: Training, people: set[int], before: Days, after: Days) -> set[int]:
    """Who of some people took part in another training for the same figure in these weeks."""
    span = days_span(before.first, after.last)
    rows = TrainingPlace.objects.filter(
        agent__in=people,
        presence=Presence.PRESENT,
        training__state=TrainingState.HELD,
        training__metric=training.metric,
        training__starts_at__gte=span.start,
        training__starts_at__lt=span.end,
    ).exclude(training=training)
    return set(rows.values_list("agent", flat=True))
