"""Looking for what is unusual now, from the counted hours: nothing is written here."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt

from feedback.crises import rules
from feedback.crises.counting import begins, hour_of
from feedback.crises.rules import Numbers, Terms
from feedback.models import CrisisBy, CrisisHour, CrisisWatch

HOUR = timedelta(hours=1)
WEEK_HOURS = 168
BROAD = (CrisisBy.GAP_KIND, CrisisBy.KIND, CrisisBy.ALL)
"""What says little: a narrower thing that explains it comes first."""
Key = tuple[str, str]
"""By what, and its value."""


@dataclass(frozen=True, slots=True)
class Spot:
    """Something that stands out: how many, how many were expected, how likely so many are by chance."""

    by: str
    value: str
    seen: int
    expected: float
    chance: float
    usual: tuple[float, ...]

    @property
    def ratio(self) -> float:
        """How many times the usual."""
        return self.seen / self.expected if self.expected else 0.0

    @property
    def key(self) -> Key:
        """What it is."""
        return self.by, self.value


@dataclass(frozen=True, slots=True)
class Table:
    """What was counted in a window and in the same hours of each week before, a row a thing."""

    keys: list[Key]
    seen: Numbers
    usual: Numbers

    @property
    def kinds(self) -> npt.NDArray[np.int64]:
        """Which things vary alike."""
        order = list(CrisisBy.values)
        return np.array([order.index(by) for by, _value in self.keys], dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Look:
    """What one look showed: what stands out, strongest first; how many things were looked at; the window."""

    spots: list[Spot]
    tested: int
    since: datetime
    until: datetime


def terms_of(watch: CrisisWatch, weeks: int | None = None) -> Terms:
    """What a watch takes for unusual, with no more weeks than were counted."""
    return Terms(
        window_hours=watch.window_hours,
        weeks=min(watch.weeks, weeks) if weeks is not None else watch.weeks,
        least=watch.least,
        ratio=float(watch.ratio),
        rate=watch.rate,
    )


def weeks_counted(at: datetime) -> int:
    """How many whole weeks before now are counted."""
    first = begins()
    return int((at - first) / timedelta(weeks=1)) if first else 0


def look(watch: CrisisWatch, *, at: datetime) -> Look:
    """Look once; nothing stands out where there are too few weeks to compare with."""
    since = hour_of(at) - watch.window_hours * HOUR
    terms = terms_of(watch, weeks_counted(since))
    if terms.weeks < rules.LEAST_WEEKS:
        return Look([], 0, since, at)
    found = table(watch.of, watch.by or CrisisBy.values, terms, at=at)
    return Look(spots_of(found, terms), len(found.keys), since, at)


def spots_of(found: Table, terms: Terms) -> list[Spot]:
    """What stands out of a table: narrow things first, then by how unlikely it is."""
    if not found.keys:
        return []
    judged = rules.judge(found.seen, found.usual, found.kinds, terms)
    spots = [
        Spot(
            *found.keys[place],
            int(found.seen[place]),
            round(float(judged.expected[place]), 2),
            float(judged.chance[place]),
            tuple(round(float(one), 1) for one in found.usual[place]),
        )
        for place in np.flatnonzero(judged.raised)
    ]
    return sorted(spots, key=lambda spot: (_breadth(spot.by), spot.chance, spot.key))


def table(
    of: str,
    by: Iterable[str],
    terms: Terms,
    *,
    at: datetime,
    values: Sequence[str] | None = None,
    whole: bool = False,
) -> Table:
    """Gather the counts for one look: the window up to now, and the same hours of each week before.

    Of the hour that goes on, the weeks before count by how much of it has gone by. What belongs to a crisis
    is left out, unless the `whole` of the window is asked for.
    """
    now = hour_of(at)
    gone = (at - now) / HOUR
    hours = [
        now - (back * WEEK_HOURS + hour) * HOUR
        for back in range(terms.weeks + 1)
        for hour in range(terms.window_hours + 1)
    ]
    rows = CrisisHour.objects.filter(of=of, by__in=list(by), hour__in=hours)
    if values is not None:
        rows = rows.filter(value__in=values)
    places: dict[Key, int] = {}
    sums: list[list[float]] = []
    for kind, value, hour, n, usual in rows.values_list("by", "value", "hour", "n", "usual"):
        key = (kind, value)
        if key not in places:
            places[key] = len(sums)
            sums.append([0.0] * (terms.weeks + 1))
        back, within = divmod(int((now - hour) / HOUR), WEEK_HOURS)
        counted = n if whole and back == 0 else usual
        sums[places[key]][back] += counted * gone if back and within == 0 else counted
    counts = np.array(sums, dtype=np.float64).reshape(len(sums), terms.weeks + 1)
    return Table(list(places), counts[:, 0], counts[:, 1:])


def is_calm(of: str, by: str, value: str, terms: Terms, *, at: datetime) -> bool:
    """Whether no more come of a thing than usual, those of the crisis itself counted with the rest."""
    found = table(of, [by], terms, at=at, values=[value], whole=True)
    if not found.keys:
        return True
    return rules.is_calm(float(found.seen[0]), found.usual[0])


def _breadth(by: str) -> int:
    return 1 + BROAD.index(CrisisBy(by)) if by in BROAD else 0
