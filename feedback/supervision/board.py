"""The board: how departments and channels stand, how they kept their word, what the next hour brings."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Count, F, Func, IntegerField, Min, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone

from feedback.clocks.queries import RUNNING, SHOWN, State, due_within, standing
from feedback.models import AttainmentTarget, Clock, CountOf
from feedback.supervision.counts import CHANNEL, UNSEEN, Place, Tally, tallies
from feedback.supervision.forecast import MINUTES, Outlook, outlook, shared
from feedback.supervision.people import HOUR, Crew, crews, forces_of

NUMBERS = ("running", "warned", "breached", "paused", "next_hour", "forecast", "today", "week")
"""The numbers of a row."""
DECIDED = Coalesce("breached_at", "met_at")
"""When a clock was decided: when it came due unmet, else when it was met. The index clock_decided has it."""


@dataclass(frozen=True, slots=True)
class Share:
    """How many of some clocks were or are in time."""

    met: int = 0
    due: int = 0

    @property
    def percent(self) -> float | None:
        """The share in percent; None when there is nothing, never 0 for that."""
        return 100 * self.met / self.due if self.due else None


@dataclass(slots=True)
class Numbers:
    """The clocks of a department, a channel or both."""

    running: int = 0
    """Neither soon due nor late nor paused."""
    warned: int = 0
    breached: int = 0
    paused: int = 0
    next_hour: int = 0
    """Due within the next 60 minutes, not late yet."""
    forecast: int = 0
    """How many of those are to be late."""
    to_come: float = 0.0
    """How many more, of cases that nobody has opened yet."""
    today: Share = field(default_factory=Share)
    week: Share = field(default_factory=Share)

    @property
    def now(self) -> Share:
        """Of the clocks that run, those that are not late."""
        whole = self.running + self.warned + self.paused + self.breached
        return Share(whole - self.breached, whole)

    def add(self, other: "Numbers") -> None:
        """Add up."""
        for name in ("running", "warned", "breached", "paused", "next_hour", "forecast", "to_come"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.today = Share(self.today.met + other.today.met, self.today.due + other.today.due)
        self.week = Share(self.week.met + other.week.met, self.week.due + other.week.due)


@dataclass(frozen=True, slots=True)
class Tick:
    """The clocks of a department that fall due in one minute from now: `first` is one of them."""

    department_id: int
    minute: int
    number: int
    first: int
    late: int = 0
    """How many of them are to be late."""


@dataclass(slots=True)
class Board:
    """Everything that the board shows, at one moment."""

    by_department: dict[int, Numbers]
    by_channel: dict[str, Numbers]
    total: Numbers
    targets: dict[int | None, Decimal]
    ticks: list[Tick]
    crews: dict[int, Crew]


def board(departments: Collection[int], *, now: datetime) -> Board:
    """Look at some departments. A fixed number of queries, none of which grows with the clocks that run.

    Attainment counts a clock on the day when it is met in time, or else on that when it comes due, as the
    figures do; one that stopped mattering before counts nowhere. Day and week (from Monday) are those of the
    site's time zone.
    """
    today, monday = days(now)
    due, people = _due(departments, now), crews(departments, now)
    places: dict[Place, Numbers] = defaultdict(Numbers)
    for place, tally in tallies(departments, since=monday, now=now).items():
        places[place] = _numbers(tally, today, monday)
    by_department = {pk: Numbers() for pk in departments}
    by_channel: dict[str, Numbers] = defaultdict(Numbers)
    told = {
        pk: outlook(_summed(parts.values()), people[pk].force) for pk, parts in _by_department(due).items()
    }
    for place, parts, late in _forecast(due, told):
        places[place].next_hour, places[place].forecast = sum(parts), sum(late)
    for (department, channel), numbers in places.items():
        by_department[department].add(numbers)
        by_channel[channel].add(numbers)
    for department, one in told.items():
        by_department[department].to_come = one.to_come
    total = Numbers()
    for numbers in by_department.values():
        total.add(numbers)
    return Board(
        by_department=by_department,
        by_channel=dict(sorted(by_channel.items(), key=lambda one: -one[1].now.due)),
        total=total,
        targets=dict(AttainmentTarget.objects.values_list("department", "percent")),
        ticks=_ticks(due, told),
        crews=people,
    )


def behind(
    number: str, departments: Iterable[int], *, channel: str | None = None, now: datetime
) -> QuerySet[Clock]:
    """Give the clocks that one of the board's NUMBERS counts, with all that a list shows of each."""
    ids = list(departments)
    found = Clock.objects.filter(department__in=ids)
    if channel is not None:
        found = found.alias(channel=CHANNEL).filter(channel=channel)
    if number in {"today", "week"}:
        since = _midnight(dict(zip(("today", "week"), days(now), strict=True))[number])
        unseen = UNSEEN & Q(next_fire_at__lte=now, due_at__lte=now, due_at__gte=since)
        found = found.alias(decided=DECIDED).filter(unseen | Q(decided__gte=since))
    elif number == "next_hour":
        found = found.filter(RUNNING, due_within(HOUR, now))
    elif number == "forecast":
        found = found.filter(pk__in=_at_risk(ids, now))
    else:
        found = found.filter(RUNNING, standing(now)[State(number)])
    return found.select_related(*SHOWN).prefetch_related("pauses")


def days(now: datetime) -> tuple[date, date]:
    """The day, and the Monday of its week, in the site's time zone."""
    today = timezone.localtime(now).date()
    return today, today - timedelta(days=today.weekday())


def lone_clocks(ticks: Iterable[Tick]) -> dict[int, Clock]:
    """The clocks that fall due alone in their minute, with their cases. One query."""
    return Clock.objects.select_related("case", "review").in_bulk(
        [tick.first for tick in ticks if tick.number == 1]
    )


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, datetime.min.time()))


def _numbers(tally: Tally, today: date, monday: date) -> Numbers:
    return Numbers(
        **{name: tally.now[name] for name in ("running", "warned", "breached", "paused")},
        today=_share(tally, today),
        week=_share(tally, monday),
    )


def _share(tally: Tally, since: date) -> Share:
    met = tally.decided(CountOf.MET, since)
    return Share(met, met + tally.decided(CountOf.MISSED, since))


Due = tuple[int, str, int, int, int]
"""Department, channel, minute from now, how many clocks, one of them."""


class _Minutes(Func):
    """Whole minutes of a length of time."""

    template = "floor(extract(epoch FROM %(expressions)s) / 60)::int"
    output_field = IntegerField()


def _due(departments: Collection[int], now: datetime) -> list[Due]:
    """Count what falls due within the hour, minute by minute: as many clocks are read as fall due in it."""
    rows = (
        _next_hour(departments, now)
        .values_list("department_id", "place", "minute")
        .annotate(number=Count("pk"), first=Min("pk"))
        .order_by("department_id", "minute", "first")
    )
    return [(pk, channel, min(minute, MINUTES - 1), n, first) for pk, channel, minute, n, first in rows]


def _next_hour(departments: Collection[int], now: datetime) -> QuerySet[Any]:
    found = Clock.objects.filter(RUNNING, due_within(HOUR, now), department__in=departments)
    return found.annotate(place=CHANNEL, minute=_Minutes(F("due_at") - now))


def _by_department(due: Iterable[Due]) -> dict[int, dict[str, list[int]]]:
    """The clocks of each minute, by department and channel."""
    found: dict[int, dict[str, list[int]]] = defaultdict(lambda: defaultdict(lambda: [0] * MINUTES))
    for department, channel, minute, number, _first in due:
        found[department][channel][minute] += number
    return found


def _summed(parts: Iterable[Sequence[int]]) -> list[int]:
    return [sum(minute) for minute in zip(*parts, strict=True)]


def _forecast(
    due: Iterable[Due], told: Mapping[int, Outlook]
) -> Iterator[tuple[Place, list[int], list[int]]]:
    """What falls due in each minute in each place, and how much of it is to be late."""
    for department, parts in _by_department(due).items():
        late = shared(told[department].minutes, parts)
        for channel in parts:
            yield (department, channel), parts[channel], late[channel]


def _at_risk(departments: Collection[int], now: datetime) -> list[int]:
    """The clocks that the forecast counts: the last of each minute and place, as many as are to be late."""
    due, forces = _due(departments, now), forces_of(departments, now)
    told = {pk: outlook(_summed(parts.values()), forces[pk]) for pk, parts in _by_department(due).items()}
    late = {place: late for place, _parts, late in _forecast(due, told)}
    clocks: dict[tuple[Place, int], list[int]] = defaultdict(list)
    rows = _next_hour(departments, now).values_list("department_id", "place", "minute", "pk")
    for department, channel, minute, pk in rows.order_by("due_at", "pk"):
        clocks[(department, channel), min(minute, MINUTES - 1)].append(pk)
    return [
        pk
        for (place, minute), ids in clocks.items()
        if late[place][minute]
        for pk in ids[-late[place][minute] :]
    ]


def _ticks(due: Iterable[Due], told: Mapping[int, Outlook]) -> list[Tick]:
    """Put the channels of a minute together."""
    ticks: dict[tuple[int, int], Tick] = {}
    for department, _channel, minute, number, first in due:
        known = ticks.get((department, minute))
        late = told[department].minutes[minute]
        ticks[department, minute] = (
            replace(known, number=known.number + number)
            if known
            else Tick(department, minute, number, first, late)
        )
    return list(ticks.values())
