"""The register of needs: what speaks for each, and in which order they are looked at."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, QuerySet
from django.db.models.functions import TruncMonth

from config.common.models import User
from surveys.kano.classify import Summary
from surveys.models import SOURCES, Evidence, Need
from surveys.needs import kano, rules, seeing

MOST = 500
QUOTES = 8
MONTHS = 12
SELECT = {
    "answer": ("answer__question", "answer__response__wave__campaign"),
    "passage": ("passage__interview__member",),
    "review": ("review__product",),
    "post": ("post__product",),
    "case": ("case__department",),
}


def standing() -> QuerySet[Need]:
    """Needs that went into no other."""
    return Need.objects.filter(merged_into=None).select_related("department")


@dataclass(frozen=True, slots=True)
class Row:
    """A need with what speaks for it."""

    need: Need
    counts: Mapping[str, int]
    kano: kano.Kano
    is_urgent: bool

    @property
    def evidence(self) -> int:
        """In all."""
        return sum(self.counts.values())

    @property
    def summary(self) -> Summary:
        """What it is to everybody who was asked."""
        return self.kano.whole

    @property
    def is_small(self) -> bool:
        """Whether its category may be chance."""
        return 0 < self.kano.whole.n < rules.FEW

    @property
    def category(self) -> str:
        """What it is, in words."""
        return kano.named(self.kano.whole.category)


def register(needs: QuerySet[Need], *, source: str = "") -> list[Row]:
    """Needs in the order in which they are looked at; of a source, those that it speaks of. Four queries."""
    if source in SOURCES:
        of_source = Evidence.objects.filter(need=OuterRef("pk"), **{f"{source}__isnull": False})
        needs = needs.filter(Exists(of_source))
    found = list(needs.order_by("pk")[:MOST])
    counted, classes = counts(found), kano.of(found)
    rows = []
    for need in found:
        own, numbers = classes.get(need.pk, kano.NOBODY), counted.get(need.pk, {})
        one = rules.Standing(need.state, own.whole, sum(numbers.values()), need.code)
        rows.append((rules.order(one), Row(need, numbers, own, one.is_urgent)))
    return [row for _key, row in sorted(rows, key=lambda pair: pair[0])]


def counts(needs: Iterable[Need]) -> dict[int, dict[str, int]]:
    """How much of each source speaks of each need. One query."""
    rows: QuerySet[Any, Any] = (
        Evidence.objects.filter(need__in=[one.pk for one in needs])
        .order_by()
        .values("need")
        .annotate(**{f"of_{source}": Count(source) for source in SOURCES})
    )
    return {row["need"]: {source: row[f"of_{source}"] for source in SOURCES} for row in rows}


@dataclass(frozen=True, slots=True)
class Voices:
    """What speaks of a need from one source: the newest that somebody may read, and how much they may not."""

    source: str
    number: int
    withheld: int
    newest: Sequence[Evidence]


def voices(need: Need, user: User) -> list[Voices]:
    """What speaks of a need, source by source."""
    found, numbers = [], counts([need]).get(need.pk, {})
    for source in SOURCES:
        number = numbers.get(source, 0)
        if not number:
            continue
        seen = seeing.readable(Evidence.objects.filter(need=need), source, user)
        newest = seen.select_related(*SELECT[source]).order_by("-said_on", "-pk")[:QUOTES]
        found.append(Voices(source, number, number - seen.count(), list(newest)))
    return found


def trend(need: Need, until: date) -> list[tuple[date, int]]:
    """How much was said of a need in each of the last twelve months. One query."""
    first = until.year * 12 + until.month - MONTHS
    months = [date(number // 12, number % 12 + 1, 1) for number in range(first, first + MONTHS)]
    rows = (
        Evidence.objects.filter(need=need, said_on__gte=months[0])
        .order_by()
        .values(month=TruncMonth("said_on"))
        .annotate(number=Count("pk"))
    )
    known = {row["month"]: row["number"] for row in rows}
    return [(month, known.get(month, 0)) for month in months]


def spoken_of(source: str, row_id: int) -> QuerySet[Evidence]:
    """Which needs something speaks of."""
    return (
        Evidence.objects.filter(**{f"{source}_id": row_id}).select_related("need").order_by(F("need__code"))
    )
