"""The counts behind each figure, and the rows behind the counts."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Sum

from compensation.models import Order, OrderStatus
from feedback.models import Aspect, Case, CaseKind, Clock, Gap, Milestone, Promise
from kpis.metrics.rules import Part
from kpis.models import MetricCode
from surveys.models import Answer, QuestionKind


@dataclass(frozen=True, slots=True)
class Span:
    """A time from its start up to, and without, its end."""

    start: datetime
    end: datetime


def measure(metric: MetricCode, span: Span) -> list[Part]:
    """Count what happened in a span: one part a department, and one for the company."""
    return MEASURES[metric](span)


def _attainment(milestone: Milestone) -> Callable[[Span], list[Part]]:
    def count(span: Span) -> list[Part]:
        late = Counter[int](dict(_by_department(clocks(milestone, span, in_time=False))))
        kept = Counter[int](dict(_by_department(clocks(milestone, span, in_time=True))))
        parts = [Part(key, kept[key] + late[key], kept[key]) for key in sorted(kept.keys() | late.keys())]
        return _with_company(parts)

    return count


def clocks(milestone: Milestone, span: Span, *, in_time: bool) -> QuerySet[Clock]:
    """The clocks that were decided in a span: met in time, or come due without being met.

    A clock is decided once, at one of the two moments, so a day's figure stands when the day is over.
    """
    if in_time:
        return Clock.objects.filter(
            milestone=milestone, met_at__gte=span.start, met_at__lt=span.end, breached_at=None
        )
    return Clock.objects.filter(milestone=milestone, breached_at__gte=span.start, breached_at__lt=span.end)


def _by_department(found: QuerySet[Clock]) -> Iterable[tuple[int, int]]:
    return found.values_list("department").annotate(Count("pk")).order_by()


def _csat(span: Span) -> list[Part]:
    rows = (
        satisfaction(span)
        .values_list("response__invitation__case__department")
        .annotate(Count("pk"), Sum("score"), Sum(F("score") * F("score")))
        .order_by()
    )
    return _with_company([Part(*row) for row in rows])


def satisfaction(span: Span) -> QuerySet[Answer]:
    """The answers to the satisfaction question that came in a span."""
    return Answer.objects.filter(
        question__kind=QuestionKind.CSAT,
        score__isnull=False,
        response__at__gte=span.start,
        response__at__lt=span.end,
    )


def _gap_rate(span: Span) -> list[Part]:
    found = promised_orders(span).aggregate(n=Count("pk"), late=Count("pk", filter=Q(is_late=True)))
    return [Part(None, found["n"], found["late"])]


def promised_orders(span: Span) -> QuerySet[Order]:
    """The orders whose delivery was promised for a span, with `is_late`."""
    due = Promise.objects.filter(aspect=Aspect.DELIVERY, due_at__gte=span.start, due_at__lt=span.end)
    late = Gap.objects.filter(order=OuterRef("pk"), aspect=Aspect.DELIVERY, withdrawn_at=None)
    return (
        Order.objects.filter(pk__in=due.values("line__order"))
        .exclude(status=OrderStatus.CANCELLED)
        .annotate(is_late=Exists(late))
    )


def _complaint_rate(span: Span) -> list[Part]:
    orders = Order.objects.filter(placed_at__gte=span.start, placed_at__lt=span.end).count()
    return [Part(None, orders, complaints(span).count())]


def complaints(span: Span) -> QuerySet[Case]:
    """The complaints that were opened in a span."""
    return Case.objects.filter(kind=CaseKind.COMPLAINT, opened_at__gte=span.start, opened_at__lt=span.end)


def _with_company(parts: Collection[Part]) -> list[Part]:
    whole = Part(
        None,
        sum(part.n for part in parts),
        sum(part.total for part in parts),
        sum(part.squares for part in parts),
    )
    # answers about no case belong to no department: they are in the company's part alone
    return [*(part for part in parts if part.department_id is not None), whole]


MEASURES: dict[MetricCode, Callable[[Span], list[Part]]] = {
    MetricCode.FIRST_REPLY: _attainment(Milestone.FIRST_REPLY),
    MetricCode.RESOLUTION: _attainment(Milestone.RESOLUTION),
    MetricCode.CSAT: _csat,
    MetricCode.GAP_RATE: _gap_rate,
    MetricCode.COMPLAINT_RATE: _complaint_rate,
}
