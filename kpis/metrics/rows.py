"""The rows behind a figure, and the figure counted anew from them: they add up to it."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Sum
from django.db.models.functions import TruncDate
from django.utils import timezone

from compensation.models import Member, Segment
from compensation.segments.queries import makes_sense, narrowed
from feedback.models import Aspect, Gap
from kpis.metrics.catalogue import METRICS
from kpis.metrics.rules import Counted, Form
from kpis.metrics.sources import Source, Span
from kpis.models import Dimension, MetricCode


class Part(StrEnum):
    """Which of the rows: all that were measured, those that counted, or the others."""

    ALL = "all"
    COUNTED = "counted"
    OTHERS = "others"


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of one kind, newest first; `table` names what shows them."""

    table: str
    found: QuerySet[Any]


Of = Mapping[Dimension, list[str]]
"""Keys of dimensions that all have to fit; none at all is the whole company."""


def behind(code: MetricCode, span: Span, *, of: Of, part: Part, product: int | None = None) -> Rows:
    """The rows behind a figure; of a product, where one is asked for."""
    metric = METRICS[code]
    if metric.form is Form.RATIO:  # what is counted is no part of what is measured
        source = metric.sources[-1 if part is Part.COUNTED else 0]
        found = narrow(source, span, of, product)
    else:
        source = metric.sources[0]
        found = narrow(source, span, of, product)
        if part is not Part.ALL and metric.form is Form.SHARE:
            found = source.counted(found, is_hit=part is Part.COUNTED)
    shown = SHOWN[source.table](found).alias(shown_at=_moment(source)).order_by("-shown_at", "-pk")
    return Rows(source.table, shown)


def count(code: MetricCode, span: Span, *, of: Of, product: int | None = None) -> Counted:
    """Count a figure's rows themselves, without any sums that are kept."""
    n = total = squares = 0
    for source in METRICS[code].sources:
        each = narrow(source, span, of, product).order_by().annotate(each=source.worth)
        found = each.aggregate(n=Count("pk"), total=Sum("each"), squares=Sum(F("each") * F("each")))
        n += found["n"] if source.is_measured else 0
        total, squares = total + int(found["total"] or 0), squares + int(found["squares"] or 0)
    return Counted(n, total, squares)


def by_day(code: MetricCode, span: Span, *, of: Of, product: int | None = None) -> dict[date, Counted]:
    """Count the rows by day: for what no sums are kept of, such as a product. A query a source."""
    found: dict[date, Counted] = defaultdict(Counted)
    zone = timezone.get_default_timezone()
    for source in METRICS[code].sources:
        rows = narrow(source, span, of, product).order_by()
        days = rows.annotate(told_day=TruncDate(_moment(source), tzinfo=zone), each=source.worth)
        sums = days.values_list("told_day").annotate(
            Count("pk"), Sum("each"), squares=Sum(F("each") * F("each"))
        )
        for day, n, total, squares in sums:
            measured = n if source.is_measured else 0
            found[day] += Counted(measured, int(total or 0), int(squares or 0))
    return dict(found)


def told_apart(code: MetricCode, span: Span, *, of: Of, by: Dimension) -> dict[str, Counted]:
    """Count the rows by the keys of a dimension of which each names one; those with none are left out."""
    found: dict[str, Counted] = defaultdict(Counted)
    for source in METRICS[code].sources:
        rows = narrow(source, span, of).order_by().annotate(told_key=source.named(by), each=source.worth)
        for key, n, total in rows.values_list("told_key").annotate(Count("pk"), Sum("each")):
            if key:
                found[key] += Counted(n if source.is_measured else 0, int(total or 0))
    return dict(found)


def narrow(source: Source, span: Span, of: Of, product: int | None = None) -> QuerySet[Any]:
    """The rows of a source in a time that have the keys asked for, of a product if one is."""
    found = source.within(span)
    for dimension, keys in of.items():
        if dimension == Dimension.SEGMENT:
            found = source.of_members(found, _in_segments(keys))
        else:
            found = source.of(found, dimension, keys)
    return found if product is None else source.of_product(found, product)


def _in_segments(codes: list[str]) -> QuerySet[Member]:
    """The members of any of some segments, as snapshots know them: unknown and broken ones have none."""
    now, anywhere = timezone.now(), Q(pk__in=[])
    for segment in Segment.objects.filter(code__in=codes):
        if segment.filters and makes_sense(segment):
            anywhere |= Q(pk__in=narrowed(segment.filters, Member.objects.all(), now).values("pk"))
    return Member.objects.filter(anywhere)


def _moment(source: Source) -> Any:
    return F(source.at) if isinstance(source.at, str) else source.at


def _orders(found: QuerySet[Any]) -> QuerySet[Any]:
    """With the worst gap of each: of what, how bad, and how many days late, where they came late."""
    gap = Gap.objects.filter(order=OuterRef("pk"), withdrawn_at=None).order_by("-severity", "pk")
    late = gap.filter(aspect=Aspect.DELIVERY, days__lt=0).annotate(late=-F("days"))
    shown: QuerySet[Any] = found.annotate(
        aspect=gap.values("aspect")[:1], severity=gap.values("severity")[:1], late=late.values("late")[:1],
        has_gap=Exists(gap),
    )  # fmt: skip
    return shown.select_related("member")


SHOWN: dict[str, Callable[[QuerySet[Any]], QuerySet[Any]]] = {
    "clocks": lambda found: found.select_related("case__member", "department", "review"),
    "cases": lambda found: found.select_related("member", "department"),
    "answers": lambda found: found.select_related(
        "response__invitation__case__department",
        "response__invitation__member",
        "response__follow_up",
        "question",
    ),
    "orders": _orders,
    "gaps": lambda found: found.select_related("order", "case"),
    "reviews": lambda found: found.select_related("member", "product"),
    "checks": lambda found: found.select_related("case__member", "department", "agent__user"),
}
"""What each table shows beside the rows themselves."""
