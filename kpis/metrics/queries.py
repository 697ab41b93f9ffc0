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
        late = Counter[int](dict(_by_department(Clock.objects.filter(decided_late(milestone, span)))))
        kept = Counter[int](dict(_by_department(Clock.objects.filter(decided_in_time(milestone, span)))))
        parts = [Part(key, kept[key] + late[key], kept[key]) for key in sorted(kept.keys() | late.keys())]
        return _with_company(parts)

    return count


def decided_in_time(milestone: Milestone, span: Span) -> Q:
    """Clocks that were met in time in a span.

    A clock is decided once, when it is met or when it comes due unmet, so that a day's figure stands when
    the day is over.
    """
    return Q(milestone=milestone, met_at__gte=span.start, met_at__lt=span.end, breached_at=None)


def decided_late(milestone: Milestone, span: Span) -> Q:
    """Clocks that came due in a span without having been met."""
    return Q(milestone=milestone, breached_at__gte=span.start, breached_at__lt=span.end)


def _by_department(found: QuerySet[Clock]) -> Iterable[tuple[int, int]]:
    return found.values_list("department").annotate(Count("pk")).order_by()


def _csat(span: Span) -> list[Part]:
    rows = (
        satisfaction(span)
        .values_list("response__invitation__case__department")
        .annotate(n=Count("pk"), total=Sum("score"), squares=Sum(F("score") * F("score")))
        .order_by()
    )
    return _with_company([Part(*row) for row in rows])


def satisfaction(span: Span) -> QuerySet[Answer]:
    """The answers to satisfaction questions, of 5, that came in a span; anonymous ones have no moment."""
    return Answer.objects.filter(
        question__kind=QuestionKind.CSAT,
        question__scale=5,
        score__isnull=False,
        response__at__gte=span.start,
        response__at__lt=span.end,
    )


def _gap_rate(span: Span) -> list[Part]:
    return [Part(None, promised_orders(span).count(), promised_orders(span, late=True).count())]


def promised_orders(span: Span, *, late: bool | None = None) -> QuerySet[Order]:
    """The orders whose delivery was promised for a span: all, the late ones, or those in time."""
    due = Promise.objects.filter(aspect=Aspect.DELIVERY, due_at__gte=span.start, due_at__lt=span.end)
    found = Order.objects.filter(pk__in=due.values("line__order")).exclude(status=OrderStatus.CANCELLED)
    if late is None:
        return found
    gap = Exists(Gap.objects.filter(order=OuterRef("pk"), aspect=Aspect.DELIVERY, withdrawn_at=None))
    return found.filter(gap if late else ~gap)


def _complaint_rate(span: Span) -> list[Part]:
    orders = Order.objects.filter(placed_at__gte=span.start, placed_at__lt=span.end).count()
    return [Part(None, orders, complaints(span).count())]


def complaints(span: Span) -> QuerySet[Case]:
    """The complaints that were opened in a span; one that was merged is counted as what it went into."""
    return Case.objects.filter(
        kind=CaseKind.COMPLAINT, opened_at__gte=span.start, opened_at__lt=span.end, merged_into=None
    )


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
