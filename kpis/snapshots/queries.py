"""Snapshots joined into what a dashboard shows."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from feedback.models import Department
from kpis.metrics.rules import METRICS, Figure, Goal, Metric, Part
from kpis.models import Snapshot, Target


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
    *, until: date, days: int, departments: Collection[Department], company: bool
) -> tuple[list[Card], list[Line]]:
    """The figures of the `days` up to and with `until`.

    With `company` the cards are of the whole company; without, of the given departments joined, and figures
    that only exist for the company are left out.
    """
    first = until - timedelta(2 * days - 1)
    split = until - timedelta(days - 1)
    keys = {department.pk for department in departments}
    by_card: dict[str, list[tuple[date, Part]]] = defaultdict(list)
    by_line: dict[tuple[str, int], list[Part]] = defaultdict(list)
    for row in Snapshot.objects.filter(day__range=(first, until)):
        part = Part(row.department_id, row.n, row.total, row.squares)
        if row.department_id is None if company else row.department_id in keys:
            by_card[row.metric].append((row.day, part))
        if row.department_id in keys and row.day >= split:
            by_line[row.metric, row.department_id].append(part)
    goals = {row.metric: Goal(row.direction, float(row.goal)) for row in Target.objects.all()}
    cards = [
        _card(metric, by_card[code], goals.get(code), until, days)
        for code, metric in METRICS.items()
        if company or metric.by_department
    ]
    lines = []
    for department in departments:
        cells = []
        for card in cards:
            if not card.metric.by_department:
                continue
            figure = card.metric.figure(by_line[card.metric.code, department.pk])
            cells.append((card, figure, card.goal.met_by(figure) if card.goal else None))
        lines.append(Line(department, cells))
    return cards, lines


def _card(
    metric: Metric, parts: Iterable[tuple[date, Part]], goal: Goal | None, until: date, days: int
) -> Card:
    of_day: dict[date, list[Part]] = defaultdict(list)
    for day, part in parts:
        of_day[day].append(part)
    shown = [until - timedelta(back) for back in range(days - 1, -1, -1)]
    earlier = [day - timedelta(days) for day in shown]
    return Card(
        metric=metric,
        title=str(metric.code.label),
        now=metric.figure(part for day in shown for part in of_day[day]),
        before=metric.figure(part for day in earlier for part in of_day[day]),
        goal=goal,
        days=[(day, metric.figure(of_day[day])) for day in shown],
    )
