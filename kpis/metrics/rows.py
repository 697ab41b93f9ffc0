"""The rows behind a figure: they add up to it."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from compensation.models import Order
from feedback.models import Aspect, Clock, Gap, Milestone
from kpis.metrics import queries
from kpis.metrics.queries import Span
from kpis.models import MetricCode


class Part(StrEnum):
    """Which of the rows: all that were measured, those that counted, or the others."""

    ALL = "all"
    COUNTED = "counted"
    OTHERS = "others"


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of one kind, newest first; `kind` names the table that shows them."""

    kind: str
    found: QuerySet[Any]


Departments = Collection[int] | None


def behind(metric: MetricCode, span: Span, *, departments: Departments, part: Part) -> Rows:
    """The rows behind a figure, of some departments or (None) of the whole company."""
    return BEHIND[metric](span, departments, part)


def _clocks(milestone: Milestone) -> Callable[[Span, Departments, Part], Rows]:
    def find(span: Span, departments: Departments, part: Part) -> Rows:
        in_time, late = queries.decided_in_time(milestone, span), queries.decided_late(milestone, span)
        wanted = {Part.ALL: in_time | late, Part.COUNTED: in_time, Part.OTHERS: late}[part]
        if departments is not None:
            wanted &= Q(department__in=departments)
        found = Clock.objects.filter(wanted).select_related("case__member", "department")
        return Rows("clocks", found.order_by("-due_at", "-pk"))

    return find


def _answers(span: Span, departments: Departments, part: Part) -> Rows:
    found = queries.satisfaction(span)
    if departments is not None:
        found = found.filter(response__invitation__case__department__in=departments)
    if part is not Part.ALL:  # a mean has no numerator: the satisfied and the others
        found = found.filter(score__gte=4) if part is Part.COUNTED else found.filter(score__lt=4)
    found = found.select_related(
        "response__invitation__case__department", "response__invitation__member", "response__follow_up"
    )
    return Rows("answers", found.order_by("-response__at", "-pk"))


def _orders(span: Span, _departments: Departments, part: Part) -> Rows:
    late = None if part is Part.ALL else part is Part.COUNTED
    return _order_rows(queries.promised_orders(span, late=late))


def _complaints(span: Span, departments: Departments, part: Part) -> Rows:
    if part is Part.OTHERS:
        return _order_rows(Order.objects.filter(placed_at__gte=span.start, placed_at__lt=span.end))
    found = queries.complaints(span)
    if departments is not None:
        found = found.filter(department__in=departments)
    return Rows("cases", found.select_related("member", "department").order_by("-opened_at", "-pk"))


def _order_rows(found: QuerySet[Order]) -> Rows:
    gap = Gap.objects.filter(order=OuterRef("pk"), aspect=Aspect.DELIVERY, withdrawn_at=None)
    found = found.annotate(
        days=gap.values("days")[:1], severity=gap.values("severity")[:1], has_gap=Exists(gap)
    ).select_related("member")
    return Rows("orders", found.order_by("-placed_at", "-pk"))


BEHIND: dict[MetricCode, Callable[[Span, Departments, Part], Rows]] = {
    MetricCode.FIRST_REPLY: _clocks(Milestone.FIRST_REPLY),
    MetricCode.RESOLUTION: _clocks(Milestone.RESOLUTION),
    MetricCode.CSAT: _answers,
    MetricCode.GAP_RATE: _orders,
    MetricCode.COMPLAINT_RATE: _complaints,
}
