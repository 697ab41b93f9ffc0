"""When a clock is due, and when its ladder's rungs fire: pure functions of its terms and its pauses."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from feedback.sops.calendar import WorkCalendar
from feedback.sops.hours import DAYS
from feedback.sops.ladder import DUE, Rung

Pauses = Sequence[tuple[datetime, datetime | None]]

ALWAYS = WorkCalendar.from_json(
    {
        "zone": "UTC",
        "hours": {day: [["00:00", "24:00"]] for day in DAYS},
    }
)


@dataclass(frozen=True, slots=True)
class Terms:
    """What a clock was started under."""

    calendar: WorkCalendar
    work: timedelta
    rungs: tuple[Rung, ...] = ()

    def due_at(self, started_at: datetime, pauses: Pauses = ()) -> datetime:
        """Tell when the work will have passed.

        Raises:
            StillPaused: the clock stands still.
        """
        return self.calendar.due(started_at, self.work, pauses)

    def fire_times(
        self, started_at: datetime, due_at: datetime, pauses: Pauses = (), *, since: int = 0
    ) -> Iterator[datetime]:
        """Tell one after the other when the rungs fire, from the `since`-th on.

        None fires before the one above it; the time of a pause does not count.
        """
        latest = started_at
        for rung in self.rungs[since:]:
            latest = max(latest, self._fires(rung, started_at, due_at, pauses))
            yield latest

    def next_fire(
        self,
        started_at: datetime,
        due_at: datetime,
        pauses: Pauses = (),
        *,
        rungs_fired: int,
        is_breached: bool,
    ) -> datetime | None:
        """Tell when there is something to do, the next rung or the breach; None when nothing is left."""
        rung = next(self.fire_times(started_at, due_at, pauses, since=rungs_fired), None)
        if rung is None or is_breached:
            return rung if is_breached else due_at
        return min(rung, due_at)

    def _fires(self, rung: Rung, started_at: datetime, due_at: datetime, pauses: Pauses) -> datetime:
        if rung.percent == DUE:
            return due_at
        if rung.percent is not None:
            return self.calendar.due(started_at, self.work * rung.percent / 100, pauses)
        if rung.before is not None:
            if rung.in_working_time:
                return self.calendar.due(started_at, max(self.work - rung.before, timedelta()), pauses)
            return max(due_at - rung.before, started_at)
        after = rung.after or timedelta()
        if rung.in_working_time:
            return self.calendar.due(started_at, self.work + after, pauses)
        return ALWAYS.due(due_at, after, pauses)


def left_of_cap(
    calendar: WorkCalendar, cap: timedelta, used: Iterable[tuple[datetime, datetime]]
) -> timedelta:
    """Tell how much longer a clock may stand still for a reason, after it did so before; zero when not."""
    spent = (calendar.worked(begin, end) for begin, end in used)
    return max(cap - sum(spent, timedelta()), timedelta())
