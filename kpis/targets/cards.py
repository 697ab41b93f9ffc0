"""Figures of some days for the first page, against the goals that hold."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from feedback.models import Department
from kpis.metrics.catalogue import METRICS
from kpis.metrics.definition import Metric
from kpis.metrics.rules import NOTHING, Counted, Figure, Goal, joined
from kpis.models import Dimension, MetricCode
from kpis.snapshots.calendar import before
from kpis.snapshots.queries import WHOLE, Slice, by_key, counted, days_of
from kpis.targets.goals import WHOLE as WHOLE_PLACE
from kpis.targets.goals import Goals, Place, goal_of


@dataclass(frozen=True, slots=True)
class Card:
    """One figure over a period: its value, the period's before, and its days."""

    metric: Metric
    title: str
    now: Figure
    before: Figure
    goal: Goal | None
    days: Sequence[tuple[date, Figure]]

    @property
    def is_met(self) -> bool | None:
        """Whether the goal is reached; None without a goal or a value."""
        return self.goal.met_by(self.now) if self.goal else None


@dataclass(frozen=True, slots=True)
class Line:
    """One department's figures, in the order of the cards."""

    department: Department
    cells: Sequence[tuple[Card, Figure, bool | None]]


def dashboard(
    *,
    until: date,
    days: int,
    departments: Collection[Department],
    company: bool,
    goals: Goals,
    codes: Iterable[MetricCode] = METRICS,
) -> tuple[list[Card], list[Line]]:
    """The figures of the `days` up to and with `until`, against the goals that hold on that day.

    With `company` the cards are of the whole company; without, of the given departments joined, and figures
    that departments don't have are left out.
    """
    shown = [METRICS[code] for code in codes if company or METRICS[code].by_department]
    first = until - timedelta(days - 1)
    earlier = before(first, until)
    keys = tuple(str(department.pk) for department in departments)
    of = WHOLE if company else Slice(Dimension.DEPARTMENT, keys)
    found = counted([metric.code for metric in shown], earlier[0], until, of)
    cards = []
    for metric in shown:
        by_day = found[metric.code]
        cards.append(
            Card(
                metric=metric,
                title=str(metric.code.label),
                now=metric.figure(joined(one for day, one in by_day.items() if day >= first)),
                before=metric.figure(joined(one for day, one in by_day.items() if day <= earlier[1])),
                goal=_goal(goals, metric.code, WHOLE_PLACE, until),
                days=[(day, metric.figure(by_day.get(day, Counted()))) for day in days_of(first, until)],
            )
        )
    of_departments = [card for card in cards if card.metric.by_department]
    codes_of = [card.metric.code for card in of_departments]
    told = by_key(codes_of, first, until, Dimension.DEPARTMENT, keys) if keys else {}
    lines = []
    for one in departments:
        place = (Dimension.DEPARTMENT, str(one.pk))
        own = {code: _goal(goals, code, place, until) for code in codes_of}
        lines.append(_line(one, of_departments, told.get(str(one.pk), {}), own))
    return cards, lines


def _goal(goals: Goals, code: MetricCode, place: Place, day: date) -> Goal | None:
    found = goals.of_day(code, place, day)
    return goal_of(found[1]) if found else None


def _line(
    department: Department,
    cards: Sequence[Card],
    figures: dict[MetricCode, Figure],
    goals: dict[MetricCode, Goal | None],
) -> Line:
    cells = []
    for card in cards:
        found, goal = figures.get(card.metric.code, NOTHING), goals[card.metric.code]
        cells.append((card, found, goal.met_by(found) if goal else None))
    return Line(department, cells)
