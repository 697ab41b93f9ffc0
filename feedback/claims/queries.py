"""Looking claims up: lists, what waits for people, and how channels compare."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Sum

from feedback.claims.audit import Found, parts
from feedback.gaps import statistics
from feedback.gaps.days import day_of
from feedback.gaps.statistics import Interval
from feedback.models import (
    Aspect,
    Claim,
    ClaimChannel,
    ClaimValue,
    Finding,
    FindingStatus,
    GapDay,
    Measure,
    SpotBy,
    ValueState,
)

TO_DECIDE = (FindingStatus.OPEN, FindingStatus.ACCEPTED)
KEPT = (Aspect.SHIPPING, Aspect.DELIVERY, Aspect.PRICE)


def findings() -> QuerySet[Finding]:
    """What the audit found and nobody has settled. Reads finding_to_decide."""
    return Finding.objects.filter(gone_at=None, status__in=TO_DECIDE)


def suggested() -> QuerySet[ClaimValue]:
    """What claims may promise and nobody has confirmed. Reads claimvalue_suggested."""
    return ClaimValue.objects.filter(state=ValueState.SUGGESTED)


def with_open_findings(found: QuerySet[Claim]) -> QuerySet[Claim]:
    """Claims of which something is still to be settled."""
    return found.filter(Exists(findings().filter(claim=OuterRef("pk"))))


def counted(claims: Sequence[Claim]) -> dict[int, tuple[int, int, int]]:
    """Of some claims: findings to settle, promises, suggestions."""
    ids = [claim.pk for claim in claims]
    open_ones = findings().filter(claim__in=ids).values_list("claim").annotate(n=Count("pk")).order_by()
    values = (
        ClaimValue.objects.filter(claim__in=ids)
        .values_list("claim")
        .annotate(
            promises=Count("pk", filter=Q(state=ValueState.CONFIRMED)),
            waiting=Count("pk", filter=Q(state=ValueState.SUGGESTED)),
        )
        .order_by()
    )
    found, said = dict(open_ones), {claim: (promises, waiting) for claim, promises, waiting in values}
    return {pk: (found.get(pk, 0), *said.get(pk, (0, 0))) for pk in ids}


def marked(claim: Claim, rows: Sequence[Finding]) -> list[tuple[str, Finding | None]]:
    """The text of a claim cut at its findings; of those that overlap the first is marked."""
    by_place = {(row.start, row.end): row for row in reversed(rows)}
    places = [Found("", "", start, end, "") for start, end in by_place]
    return [
        (text, by_place[found.start, found.end] if found else None)
        for text, found in parts(claim.text, places)
    ]


@dataclass(frozen=True, slots=True)
class Compared:
    """A channel: how much it promises, how often that is broken, and how content people are."""

    channel: str
    claims: int
    hours: Interval
    """To deliver, as promised: less is a higher promise."""
    stars_promised: Interval
    findings: int
    kept: Interval
    """The share of promises that have a gap."""
    stars: Interval
    """Of the reviews of orders that it promised something about."""
    short: Interval
    """The share of these reviews that have a gap of quality."""


def compare(*, since: date, until: date) -> list[Compared]:
    """The channels by what they promised that fell due from one day to another; from sums by day."""
    sums = _sums(since, until)
    claims = made_between(since, until)
    promised = _promised(claims)
    made = dict(claims.values_list("channel").annotate(n=Count("pk")).order_by())
    wrong = dict(findings().values_list("claim__channel").annotate(n=Count("pk")).order_by())
    channels = [*ClaimChannel.values, "order"]
    rows = []
    for channel in channels:
        n, gaps, reviews, stars, squares, short = sums.get(channel, (0, 0, 0, 0, 0, 0))
        rows.append(
            Compared(
                channel,
                made.get(channel, 0),
                promised.get((channel, Measure.DELIVERY), Interval(None, None, None, 0)),
                promised.get((channel, Measure.QUALITY), Interval(None, None, None, 0)),
                wrong.get(channel, 0),
                statistics.share(gaps, n),
                statistics.mean(stars, squares, reviews),
                statistics.share(short, reviews),
            )
        )
    return [row for row in rows if row.claims or row.kept.n or row.stars.n]


def _sums(since: date, until: date) -> dict[str, tuple[int, int, int, int, int, int]]:
    rows = (
        GapDay.objects.filter(
            by=SpotBy.SOURCE, day__gte=since, day__lte=until, aspect__in=[*KEPT, Aspect.QUALITY]
        )
        .values_list("value")
        .annotate(
            promises=Sum("n", filter=~Q(aspect=Aspect.QUALITY), default=0),
            broken=Sum("gaps", filter=~Q(aspect=Aspect.QUALITY), default=0),
            reviews=Sum("n", filter=Q(aspect=Aspect.QUALITY), default=0),
            stars_sum=Sum("stars", default=0),
            squares_sum=Sum("squares", default=0),
            short=Sum("gaps", filter=Q(aspect=Aspect.QUALITY), default=0),
        )
        .order_by()
    )
    return {row[0]: row[1:] for row in rows}


def made_between(since: date, until: date) -> QuerySet[Claim]:
    """The claims that were made at any time of the days from one to another."""
    begins, ends = day_of(since)[0], day_of(until)[1]
    return Claim.objects.filter(Q(valid_to=None) | Q(valid_to__gt=begins), valid_from__lt=ends)


def _promised(claims: QuerySet[Claim]) -> dict[tuple[str, str], Interval]:
    """The means of the numbers that claims promise, by channel and measure."""
    rows = ClaimValue.objects.filter(
        state=ValueState.CONFIRMED,
        measure__in=[Measure.DELIVERY, Measure.QUALITY],
        number__isnull=False,
        claim__in=claims,
    ).values_list("claim__channel", "measure", "number")
    sums: dict[tuple[str, str], list[float]] = {}
    for channel, measure, number in rows.iterator(5_000):
        one = sums.setdefault((channel, measure), [0, 0, 0])
        one[0] += float(number or 0)
        one[1] += float(number or 0) ** 2
        one[2] += 1
    return {key: statistics.mean(total, squares, int(n)) for key, (total, squares, n) in sums.items()}


def in_force(found: QuerySet[Claim], at: datetime) -> QuerySet[Claim]:
    """Those that are made at a moment."""
    return found.filter(Q(valid_to=None) | Q(valid_to__gt=at), valid_from__lte=at)
