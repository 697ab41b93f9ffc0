"""Where promises are broken more often than usual: a week against the eight before it, from sums by day."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db import connection
from django.db.models import Q, QuerySet

from compensation.models import Product
from feedback.gaps import statistics
from feedback.gaps.days import day_of
from feedback.gaps.statistics import Counts, Interval
from feedback.models import Aspect, Channel, ClaimChannel, Department, Gap, GapDay, SpotBy
from feedback.models.gap import PromiseSource

WEEK = 7
USUAL_WEEKS = 8
LINE_WEEKS = 12
WEEKS = """
    SELECT by, value, (%(until)s::date - day) / %(days)s, sum(gaps), sum(n) FROM feedback_gapday
    WHERE aspect = %(aspect)s AND by = ANY(%(by)s) AND day BETWEEN %(start)s AND %(until)s
    GROUP BY 1, 2, 3
"""
SEARCHED = (SpotBy.PRODUCT, SpotBy.SUPPLIER, SpotBy.COURIER, SpotBy.REGION, SpotBy.CHANNEL, SpotBy.DEPARTMENT)


@dataclass(frozen=True, slots=True)
class Spot:
    """One product, courier, region… and what became of its promises in the week."""

    aspect: str
    by: str
    value: str
    name: str
    counts: Counts
    rate: Interval
    usual: Interval
    chance: float
    """How likely so many by chance, adjusted for how many were looked at."""
    grown: bool


@dataclass(frozen=True, slots=True)
class Search:
    """The spots of a week, those that have grown first; how many were tested."""

    since: date
    until: date
    spots: list[Spot]
    tested: int
    varies: float
    """The largest variance of a week's rate beyond chance, of a kind of spots."""

    @property
    def grown(self) -> list[Spot]:
        """Those to act on."""
        return [spot for spot in self.spots if spot.grown]


def search(aspect: str, *, until: date, by: Iterable[str] = SEARCHED, limit: int = 50) -> Search:
    """The spots of the seven days up to and including a day."""
    since = until - timedelta(days=WEEK - 1)
    start = since - timedelta(days=WEEK * USUAL_WEEKS)
    weeks = _weeks(aspect, start, until, list(by))
    counts = {spot: _counts(rows) for spot, rows in weeks.items()}
    varies = {
        kind: statistics.variance([rows[1:] for spot, rows in weeks.items() if spot[0] == kind])
        for kind in {spot[0] for spot in weeks}
    }
    tested = [spot for spot, one in counts.items() if statistics.could_show(one, varies[spot[0]])]
    adjusted = dict(
        zip(
            tested,
            statistics.false_share([statistics.chance(counts[spot], varies[spot[0]]) for spot in tested]),
            strict=True,
        )
    )
    order = sorted(
        (spot for spot, one in counts.items() if one.gaps),
        key=lambda spot: (
            not (spot in adjusted and statistics.has_grown(counts[spot], adjusted[spot])),
            adjusted.get(spot, 1.0),
            -counts[spot].gaps,
            spot,
        ),
    )[:limit]
    names = names_of(order)
    return Search(
        since,
        until,
        [
            Spot(
                aspect,
                *spot,
                names[spot],
                counts[spot],
                statistics.share(counts[spot].gaps, counts[spot].n),
                statistics.share(counts[spot].usual_gaps, counts[spot].usual_n),
                adjusted.get(spot, 1.0),
                spot in adjusted and statistics.has_grown(counts[spot], adjusted[spot]),
            )
            for spot in order
        ],
        len(tested),
        max(varies.values(), default=0.0),
    )


def whole(aspect: str, *, until: date) -> Counts:
    """Everything of the week against the usual weeks."""
    since = until - timedelta(days=WEEK - 1)
    weeks = _weeks(aspect, since - timedelta(days=WEEK * USUAL_WEEKS), until, [SpotBy.ALL])
    return _counts(weeks.get((SpotBy.ALL, ""), [(0, 0)]))


def line(aspect: str, by: str, value: str, *, until: date) -> list[tuple[date, Interval]]:
    """The rate of a spot week by week, the oldest first, each week by its last day."""
    start = until - timedelta(days=WEEK * LINE_WEEKS - 1)
    rows = GapDay.objects.filter(aspect=aspect, by=by, value=value, day__gte=start, day__lte=until)
    sums: dict[int, list[int]] = defaultdict(lambda: [0, 0])
    for day, gaps, n in rows.values_list("day", "gaps", "n"):
        week = sums[(until - day).days // WEEK]
        week[0] += gaps
        week[1] += n
    return [
        (until - timedelta(days=WEEK * back), statistics.share(*sums[back]))
        for back in reversed(range(LINE_WEEKS))
    ]


def latest_day(aspect: str) -> date | None:
    """The last day of which there are sums."""
    return GapDay.objects.filter(aspect=aspect).order_by("-day").values_list("day", flat=True).first()


def latest_week(aspect: str, until: date) -> date:
    """The last day of the latest week of which there are sums, no later than a day; else that day."""
    return min(until, latest_day(aspect) or until)


def rows_of(aspect: str, by: str, value: str, *, since: date, until: date) -> QuerySet[Gap]:
    """The gaps that stand of a spot, whose promises fell due from one day to another, the latest first."""
    begins, ends = day_of(since)[0], day_of(until)[1]
    found = Gap.objects.filter(
        aspect=aspect, withdrawn_at=None, expected_at__gte=begins, expected_at__lt=ends
    )
    return found.filter(_about(aspect, by, value)).distinct()


PLAIN = {
    SpotBy.SUPPLIER: "order__lines__supplier",
    SpotBy.COURIER: "order__shipments__carrier",
    SpotBy.REGION: "order__region",
    SpotBy.SOURCE: "promise__source",
}


def _about(aspect: str, by: str, value: str) -> Q:
    """The gaps of one spot."""
    if by == SpotBy.ALL:
        return Q()
    if by == SpotBy.PRODUCT and aspect == Aspect.QUALITY:
        of_order = Q(review__product=None, order__lines__product=_number(value))
        return of_order | Q(review__product=_number(value))
    if by == SpotBy.CHANNEL and aspect == Aspect.SERVICE:
        return Q(clock__case=None) if value == "review" else Q(clock__case__channel=value)
    numbered = {SpotBy.PRODUCT: "order__lines__product", SpotBy.DEPARTMENT: "clock__department"}
    if by in numbered:
        return Q(**{numbered[SpotBy(by)]: _number(value)})
    return Q(**{PLAIN.get(SpotBy(by), "order__channel"): value})


def _number(value: str) -> int:
    return int(value) if value.isascii() and value.isdecimal() and len(value) < 19 else 0  # noqa: PLR2004 - bigint


def _weeks(
    aspect: str, start: date, until: date, by: list[str]
) -> dict[tuple[str, str], list[tuple[int, int]]]:
    """For each spot the (gaps, n) of the week, then of each usual week."""
    given: dict[str, Any] = {
        "aspect": str(aspect),
        "by": [str(kind) for kind in by],
        "start": start,
        "until": until,
        "days": WEEK,
    }
    found: dict[tuple[str, str], list[tuple[int, int]]] = {}
    with connection.cursor() as cursor:
        cursor.execute(WEEKS, given)
        for kind, value, week, gaps, n in cursor.fetchall():
            found.setdefault((kind, value), [(0, 0)] * (USUAL_WEEKS + 1))[week] = (gaps, n)
    return found


def _counts(weeks: list[tuple[int, int]]) -> Counts:
    usual = weeks[1:]
    return Counts(*weeks[0], sum(gaps for gaps, _n in usual), sum(n for _gaps, n in usual))


def names_of(spots: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """What the spots are called."""
    asked = list(spots)
    products: dict[str, Any] = {
        str(one.pk): one
        for one in Product.objects.filter(
            pk__in=[_number(value) for by, value in asked if by == SpotBy.PRODUCT]
        )
    }
    departments: dict[str, Any] = {str(one.pk): one for one in Department.objects.all()}
    labels: dict[str, Any] = {
        **dict(Channel.choices),
        **dict(ClaimChannel.choices),
        **dict(PromiseSource.choices),
    }
    return {
        (by, value): str(
            products.get(value, value)
            if by == SpotBy.PRODUCT
            else departments.get(value, value)
            if by == SpotBy.DEPARTMENT
            else labels.get(value, value)
            if by in {SpotBy.SOURCE, SpotBy.CHANNEL}
            else value
        )
        for by, value in asked
    }
