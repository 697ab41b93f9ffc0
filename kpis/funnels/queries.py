"""Counted ways joined into what pages and the API show: of some days, of a part, week by week."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import QuerySet, Sum
from django.utils import timezone

from kpis.funnels.breaks import STEPS, Breakpoint, Reached, breakpoints, joined
from kpis.models import FunnelCohort, FunnelDay, FunnelTerms, Grain
from kpis.snapshots.calendar import periods

COUNTS = ("browsed", "carted", "ordered", "paid", "received")
SECONDS = ("cart_seconds", "order_seconds", "pay_seconds", "receive_seconds")
SEGMENT, DEVICE, PAYMENT, BOTH = "segment", "device", "payment", "device_payment"
LATE = frozenset({PAYMENT, BOTH})
"""What is known from the order on."""


@dataclass(frozen=True, slots=True)
class Part:
    """Which of the ways: of a segment, on a device, paid by something; None is any, "" is unknown."""

    segment: str = ""
    device: str | None = None
    payment: str | None = None

    def rows(self, first: date, last: date) -> QuerySet[FunnelDay]:
        """Their counts on some days."""
        named = {name: value for name in (DEVICE, PAYMENT) if (value := getattr(self, name)) is not None}
        return FunnelDay.objects.filter(segment=self.segment, day__range=(first, last), **named)


@dataclass(frozen=True, slots=True)
class Ways:
    """The ways that began in a time: those whose window is over, and those that may still go on."""

    over: Reached
    going_on: Reached
    open_since: date | None
    """The first day whose window is not over."""


@dataclass(frozen=True, slots=True)
class Week:
    """Those who came in during a week.

    `paid` is the percent who had paid so many days after they came in, from 0; None where not all of them
    had come that far when they were counted.
    """

    first: date
    last: date
    reached: Reached
    is_over: bool
    paid: Sequence[float | None]


def terms() -> FunnelTerms:
    """What holds for the funnel."""
    return FunnelTerms.objects.first() or FunnelTerms()


def ways(first: date, last: date, of: Part) -> Ways:
    """How far those came who came in on some days."""
    still_open = open_days(first, last)
    rows = of.rows(first, last).order_by()
    over = _sum(rows.exclude(day__in=still_open))
    going_on = _sum(rows.filter(day__in=still_open)) if still_open else Reached()
    return Ways(over, going_on, min(still_open, default=None))


def open_days(first: date, last: date) -> list[date]:
    """Those of some days whose window was not over when they were counted."""
    known = FunnelCohort.objects.filter(day__range=(first, last), taken_at__isnull=False)
    return [
        day
        for day, days, taken_at in known.values_list("day", "window_days", "taken_at")
        if taken_at and days and taken_at < _end(day + timedelta(days))
    ]


def _end(day: date) -> datetime:
    return datetime.combine(day + timedelta(1), time(), timezone.get_default_timezone())


def _sum(rows: QuerySet[FunnelDay]) -> Reached:
    found = rows.aggregate(**{name: Sum(name) for name in (*COUNTS, *SECONDS)})
    return _reached(found)


def _reached(found: Mapping[str, Any]) -> Reached:
    return Reached(
        tuple(int(found[name] or 0) for name in COUNTS),
        (0, *(int(found[name] or 0) for name in SECONDS)),
    )


def told_apart(first: date, last: date, of: Part) -> dict[tuple[str, str], Reached]:
    """The ways whose window is over, by what they are told apart by and key; of a part only what is open."""
    sums = {name: Sum(name) for name in (*COUNTS, *SECONDS)}
    still_open = open_days(first, last)
    rows = of.rows(first, last).exclude(day__in=still_open).order_by()
    found: dict[tuple[str, str], Reached] = defaultdict(Reached)
    for row in rows.values(DEVICE, PAYMENT).annotate(**sums):
        one = _reached(row)
        if of.device is None:
            found[DEVICE, row[DEVICE]] += one
        if of.payment is None:
            found[PAYMENT, row[PAYMENT]] += one
        if of.device is None and of.payment is None:
            found[BOTH, f"{row[DEVICE]}\t{row[PAYMENT]}"] += one
    if not of.segment:
        named = {name: value for name in (DEVICE, PAYMENT) if (value := getattr(of, name)) is not None}
        apart = FunnelDay.objects.filter(day__range=(first, last), **named).exclude(segment="")
        for row in apart.exclude(day__in=still_open).order_by().values(SEGMENT).annotate(**sums):
            found[SEGMENT, row[SEGMENT]] = _reached(row)
    return dict(found)


def broken(first: date, last: date, of: Part, whole: Reached) -> list[Breakpoint]:
    """Where more are lost than the terms allow, with the groups that are compared."""
    held = terms()
    most = {step: held.most_lost(step) for step in STEPS}
    if not any(most.values()):
        return []
    return breakpoints(whole, told_apart(first, last, of), most=most, few=held.few, late=LATE)


def weeks(first: date, last: date, of: Part) -> list[Week]:
    """Those who came in, week by week (from Monday), and when they had paid."""
    days, taken = set(open_days(first, last)), _taken_on(first, last)
    by_day: dict[date, Reached] = defaultdict(Reached)
    rows = of.rows(first, last).order_by()
    for row in rows.values("day").annotate(**{name: Sum(name) for name in (*COUNTS, *SECONDS)}):
        by_day[row["day"]] = _reached(row)
    paid = _paid_after(rows)
    found = []
    for start, end in periods(first, last, Grain.WEEK):
        within = [day for day in sorted(by_day) if start <= day <= end]
        if not within:
            continue
        reached = joined([by_day[day] for day in within])
        known = min((taken[day] - day).days - 1 for day in within)
        upto = min(known, max(map(len, (paid[day] for day in within)), default=0) - 1)
        after: list[float | None] = []
        running = 0
        for place in range(upto + 1):
            running += sum(paid[day][place] for day in within if place < len(paid[day]))
            after.append(100 * running / reached.counts[0] if reached.counts[0] else None)
        found.append(Week(max(start, first), min(end, last), reached, not days.intersection(within), after))
    return found


def _taken_on(first: date, last: date) -> dict[date, date]:
    """The day on which each day was counted last."""
    rows = FunnelCohort.objects.filter(day__range=(first, last), taken_at__isnull=False)
    return {day: timezone.localdate(at) for day, at in rows.values_list("day", "taken_at") if at}


def _paid_after(rows: QuerySet[FunnelDay]) -> dict[date, list[int]]:
    """How many paid so many days after they came in, by the day they did."""
    found: dict[date, list[int]] = defaultdict(list)
    for day, after in rows.values_list("day", "paid_after"):
        held = found[day]
        held.extend([0] * (len(after) - len(held)))
        for place, number in enumerate(after):
            held[place] += number
    return found


def by_day(first: date, last: date, of: Part) -> list[tuple[date, Reached, bool]]:
    """How far those came who came in on each day, and whether their window is over; not of days of nobody."""
    still_open = set(open_days(first, last))
    rows = of.rows(first, last).order_by("day").values("day")
    return [
        (row["day"], _reached(row), row["day"] not in still_open)
        for row in rows.annotate(**{name: Sum(name) for name in (*COUNTS, *SECONDS)})
    ]


def choices(first: date, last: date) -> tuple[list[str], list[str]]:
    """The devices and ways of payment that are known of some days."""
    rows = FunnelDay.objects.filter(segment="", day__range=(first, last)).order_by()
    devices, payments = (set(rows.values_list(name, flat=True).distinct()) for name in (DEVICE, PAYMENT))
    return sorted(devices - {""}), sorted(payments - {""})
