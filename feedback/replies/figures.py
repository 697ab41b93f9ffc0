"""How replies do: how soon, how many by themselves, what was changed first, and what became of the stars."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from django.db.models import (
    Aggregate,
    CharField,
    Count,
    DurationField,
    Exists,
    ExpressionWrapper,
    F,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
)
from django.db.models.functions import Cast, Coalesce, Concat, TruncWeek

from feedback.models import Case, Clock, Milestone, Reply, ReplyWay, ReviewStars
from feedback.reviews.following import KEY

WEEK = timedelta(days=7)


class _Percentile(Aggregate):
    """A percentile of lengths of time."""

    function = "PERCENTILE_CONT"
    template = "%(function)s(%(share)s) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = DurationField()


@dataclass(frozen=True, slots=True)
class Row:
    """The replies whose reviews were first answered in a week, or in all."""

    n: int = 0
    automatic: int = 0
    drafted: int = 0
    edited: int = 0
    """Of those drafted, how many were changed before they were approved."""
    withdrawn: int = 0
    median: timedelta | None = None
    p90: timedelta | None = None
    better: int = 0
    """After which the member gave more stars."""
    worse: int = 0
    in_time: int = 0
    timed: int = 0
    """How many had a clock; of these, those `in_time`."""
    week: datetime | None = None

    @property
    def automatic_share(self) -> float | None:
        """In percent; None where there was none."""
        return 100 * self.automatic / self.n if self.n else None

    @property
    def edited_share(self) -> float | None:
        """Of the drafts, in percent."""
        return 100 * self.edited / self.drafted if self.drafted else None

    @property
    def in_time_share(self) -> float | None:
        """Of those with a clock, in percent."""
        return 100 * self.in_time / self.timed if self.timed else None


@dataclass(frozen=True, slots=True)
class Figures:
    """All together, and week by week, from the first week with replies on."""

    whole: Row
    weeks: Sequence[Row] = field(default_factory=tuple)


def replies(
    *, since: datetime, until: datetime, source: str = "", department_id: int | None = None
) -> QuerySet[Reply]:
    """The replies first given in a half-open time. Reads reply_answered.

    The department is that which was to answer: of the clock, the review's own or that of its case.
    """
    found = Reply.objects.filter(at__gte=since, at__lt=until)
    if source:
        found = found.filter(review__source=source)
    key = Concat(Value(KEY), Cast(OuterRef("review_id"), CharField()))
    answers = Clock.objects.filter(milestone=Milestone.REVIEW_REPLY, stopped_at=None)
    own = answers.filter(review=OuterRef("review_id")).order_by("-pk")
    case = Subquery(Case.objects.filter(key=key).values("pk")[:1])
    found = found.annotate(case=case)
    followed = answers.filter(case=OuterRef("case")).order_by("-pk")
    found = found.annotate(
        clock=Coalesce(Subquery(own.values("pk")[:1]), Subquery(followed.values("pk")[:1]))
    )
    if department_id is not None:
        found = found.filter(Exists(Clock.objects.filter(pk=OuterRef("clock"), department=department_id)))
    return found


def of(found: QuerySet[Reply], *, until: datetime) -> Figures:
    """The figures of some replies. Two queries."""
    clock = Clock.objects.filter(pk=OuterRef("clock"))
    changed = ReviewStars.objects.filter(review=OuterRef("review"), at__gt=OuterRef("at")).order_by("pk")
    rows = found.annotate(
        took=ExpressionWrapper(F("at") - F("review__written_at"), output_field=DurationField()),
        met=Subquery(clock.values("met_at")),
        due=Subquery(clock.values("due_at")),
        was=Subquery(changed.values("before")[:1], output_field=IntegerField()),
        became=Subquery(changed.order_by("-pk").values("after")[:1], output_field=IntegerField()),
    )
    whole = rows.aggregate(**_sums())
    weeks = rows.annotate(week=TruncWeek("at")).values("week").annotate(**_sums()).order_by("week")
    known = {one["week"]: _row(one) for one in weeks}
    return Figures(_row(whole), _filled(known, until))


def _sums() -> dict[str, Any]:
    drafted = Q(way=ReplyWay.DRAFTED)
    return {
        "n": Count("pk"),
        "automatic": Count("pk", filter=Q(way=ReplyWay.AUTOMATIC)),
        "drafted": Count("pk", filter=drafted),
        "edited": Count("pk", filter=drafted & Q(was_edited=True)),
        "withdrawn": Count("pk", filter=~Q(withdrawn_at=None) & Q(public_text="")),
        "median": _Percentile("took", share=0.5),
        "p90": _Percentile("took", share=0.9),
        "better": Count("pk", filter=Q(became__gt=F("was"))),
        "worse": Count("pk", filter=Q(became__lt=F("was"))),
        "timed": Count("pk", filter=~Q(met=None)),
        "in_time": Count("pk", filter=Q(met__lte=F("due"))),
    }


def _row(sums: Mapping[str, Any]) -> Row:
    return Row(**sums)


def _filled(known: Mapping[datetime, Row], until: datetime) -> list[Row]:
    """The weeks until a moment, with those in which nothing was answered."""
    if not known:
        return []
    week, rows = min(known), []
    while week < until:
        rows.append(known.get(week, replace(Row(), week=week)))
        week += WEEK
    return rows
