"""What a watch would have shown in the last weeks: the same looks, at the end of each counted hour."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from django.db.models import Sum

from feedback.crises import rules
from feedback.crises.counting import begins, hour_of
from feedback.crises.finding import HOUR, WEEK_HOURS, Key
from feedback.crises.rules import Numbers, Terms
from feedback.models import CrisisBy, CrisisHour

DAYS = 90
MOST = 100


@dataclass(frozen=True, slots=True)
class Episode:
    """Something that would have stood out: from when, how many at most in a window, how many expected."""

    key: Key
    since: datetime
    until: datetime
    seen: int
    expected: float


@dataclass(frozen=True, slots=True)
class Past:
    """The episodes, the oldest first; how many looks at how many things; from when."""

    episodes: list[Episode]
    looks: int
    things: int
    since: datetime


def would_have_raised(of: str, by: list[str], terms: Terms, *, at: datetime, days: int = DAYS) -> Past:
    """Look at each hour of the last days as the watch would have. Nothing is written."""
    until, first = hour_of(at), begins()
    least = timedelta(weeks=rules.LEAST_WEEKS, hours=terms.window_hours)
    since = max(until - timedelta(days=days), first + least) if first else until
    start = since - terms.weeks * WEEK_HOURS * HOUR - terms.window_hours * HOUR
    things, keys, counts, usual = _matrices(of, by or list(CrisisBy.values), terms, start, until)
    looks = max(0, int((until - since) / HOUR))
    if not keys:
        return Past([], looks, things, since)
    order = list(CrisisBy.values)
    kinds = np.array([order.index(one) for one, _value in keys], dtype=np.int64)
    sums, usual_sums = _running(counts), _running(usual)
    raised: dict[int, list[tuple[datetime, float, float]]] = {}
    for look in range(looks):
        end = since + (look + 1) * HOUR
        place = int((end - start) / HOUR)
        weeks = min(terms.weeks, int((end - (first or end)) / timedelta(weeks=1)))
        shifts = place - np.arange(1, weeks + 1) * WEEK_HOURS
        seen = sums[:, place] - sums[:, place - terms.window_hours]
        before = usual_sums[:, shifts] - usual_sums[:, np.maximum(shifts - terms.window_hours, 0)]
        judged = rules.judge(seen, before, kinds, terms, things)
        for thing in np.flatnonzero(judged.raised):
            found = (end, float(seen[thing]), float(judged.expected[thing]))
            raised.setdefault(int(thing), []).append(found)
    episodes = [one for thing, found in raised.items() for one in _episodes(keys[thing], found, terms)]
    return Past(sorted(episodes, key=lambda one: (one.since, one.key))[-MOST:], looks, things, since)


def _matrices(
    of: str, by: list[str], terms: Terms, start: datetime, until: datetime
) -> tuple[int, list[Key], Numbers, Numbers]:
    """How many things were counted; of those that could stand out, what came in each hour, and the usual."""
    rows = CrisisHour.objects.filter(of=of, by__in=by, hour__gte=start, hour__lt=until).order_by()
    totals = rows.values_list("by", "value").annotate(total=Sum("n"))
    keys = sorted((kind, value) for kind, value, total in totals.filter(total__gte=terms.least))
    places = {key: place for place, key in enumerate(keys)}
    hours = int((until - start) / HOUR)
    counts, usual = np.zeros((len(keys), hours)), np.zeros((len(keys), hours))
    wanted = rows.values_list("by", "value", "hour", "n", "usual")
    for kind, value, hour, n, ordinary in wanted.iterator(chunk_size=10_000):
        if (place := places.get((kind, value))) is not None:
            counts[place, int((hour - start) / HOUR)] = n
            usual[place, int((hour - start) / HOUR)] = ordinary
    return totals.count(), keys, counts, usual


def _running(counts: Numbers) -> Numbers:
    return np.concatenate([np.zeros((len(counts), 1)), np.cumsum(counts, axis=1)], axis=1)


def _episodes(key: Key, found: list[tuple[datetime, float, float]], terms: Terms) -> list[Episode]:
    """Looks in which one thing stood out, put together where less than a window lies between them."""
    parts: list[list[tuple[datetime, float, float]]] = []
    for look in found:
        if parts and look[0] - parts[-1][-1][0] <= terms.window_hours * HOUR:
            parts[-1].append(look)
        else:
            parts.append([look])
    return [
        Episode(key, part[0][0], part[-1][0], int(peak[1]), round(peak[2], 1))
        for part in parts
        for peak in [max(part, key=lambda look: look[1])]
    ]
