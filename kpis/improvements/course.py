"""How the figure of an improvement went, week by week, beside its control group."""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from kpis.deadlines.given import day_of
from kpis.improvements.measuring import by_day
from kpis.improvements.rules import LONGEST_WEEKS, WEEK, Days, before_days, total
from kpis.metrics.rules import Counted
from kpis.models import Improvement


class Phase(StrEnum):
    """When a week was, as the work saw it."""

    BEFORE = "before"
    MEANWHILE = "meanwhile"
    AFTER = "after"


@dataclass(frozen=True, slots=True)
class Week:
    """Some days, a week at most, and what was counted in them; `control` is None where there is no group."""

    phase: Phase
    days: Days
    own: Counted
    control: Counted | None


def weeks(
    started_on: date | None, done_on: date | None, window: int, today: date
) -> list[tuple[Phase, Days]]:
    """The weeks of an improvement up to yesterday, the earliest first. Pure.

    Before and after are whole weeks, so that weekdays are alike; between them the last may be shorter. Of one
    that has not begun they are those before today.
    """
    before = before_days(started_on or today, window)
    found = [(Phase.BEFORE, days) for days in _cut(before)]
    if started_on is None:
        return found
    yesterday = today - timedelta(1)
    between = Days(started_on, min(done_on or yesterday, yesterday))
    found += [(Phase.MEANWHILE, days) for days in _cut(between)]
    if done_on is not None:
        after = Days(done_on + timedelta(1), yesterday)
        found += [(Phase.AFTER, days) for days in _cut(after)[:LONGEST_WEEKS] if days.number == WEEK]
    return found


def _cut(days: Days) -> list[Days]:
    firsts = [days.first + timedelta(WEEK * number) for number in range(-(-days.number // WEEK))]
    return [Days(first, min(first + timedelta(WEEK - 1), days.last)) for first in firsts]


def course(improvement: Improvement, *, today: date) -> list[Week]:
    """Its figure by week; nothing of one without a figure."""
    if not improvement.metric:
        return []
    started, done = improvement.started_at, improvement.carried_out_at
    found = weeks(
        day_of(started) if started else None, day_of(done) if done else None, improvement.window, today
    )
    first, last = found[0][1].first, found[-1][1].last
    own = by_day(improvement, improvement.key, first, last)
    other = by_day(improvement, improvement.control_key, first, last) if improvement.control_key else None
    return [
        Week(phase, days, total(own, days), None if other is None else total(other, days))
        for phase, days in found
    ]
