"""What is known of a product, or of a category of products: reasons, and needs that its members speak of."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q

from compensation.models import OrderLine
from feedback.models import Case, Gap, Review
from feedback.reviews.figures import COUNTED
from kpis.boards.periods import Days
from kpis.snapshots.calendar import days_span
from surveys.models import Evidence, Need

STARS = (1, 2, 3, 4, 5)


@dataclass(frozen=True, slots=True)
class Goods:
    """A product, or all of a category."""

    product: int | None = None
    category: str = ""

    def of(self, path: str) -> Q:
        """Rows whose product, reached by a path, is of them."""
        if self.product is not None:
            return Q(**{path: self.product})
        return Q(**{f"{path}__category": self.category})


def stars(goods: Goods, days: Days) -> dict[int, int]:
    """How many reviews of the days gave how many stars. One query."""
    span = days_span(days.first, days.last)
    rows = Review.objects.filter(
        COUNTED, goods.of("product"), written_at__gte=span.start, written_at__lt=span.end
    )
    found = dict(rows.order_by().values_list("stars").annotate(Count("pk")))
    return {one: found.get(one, 0) for one in STARS}


def gaps(goods: Goods, days: Days) -> list[tuple[str, str, int]]:
    """The standing gaps that fell due in the days, of orders or reviews of such goods, by what and why."""
    rows = _gaps(goods, days).order_by().values_list("aspect", "cause").annotate(number=Count("pk"))
    return [(aspect, cause, number) for aspect, cause, number in rows.order_by("-number", "aspect", "cause")]


def _gaps(goods: Goods, days: Days) -> Any:
    span = days_span(days.first, days.last)
    orders = OrderLine.objects.filter(goods.of("product")).values("order")
    return Gap.objects.filter(
        Q(review=None, order__in=orders) | goods.of("review__product"),
        withdrawn_at=None,
        expected_at__gte=span.start,
        expected_at__lt=span.end,
    )


def cases(goods: Goods, days: Days) -> list[tuple[str, int]]:
    """The cases about orders with such goods that were opened in the days, by kind. One query."""
    span = days_span(days.first, days.last)
    orders = OrderLine.objects.filter(goods.of("product")).values("order")
    rows = Case.objects.filter(
        order__in=orders, merged_into=None, opened_at__gte=span.start, opened_at__lt=span.end
    )
    return list(rows.order_by().values_list("kind").annotate(cases=Count("pk")).order_by("-cases", "kind"))


def needs(goods: Goods, limit: int = 10) -> Sequence[tuple[Need, int]]:
    """The needs that reviews and posts about such goods speak of, those with the most voices first."""
    spoken = Evidence.objects.filter(goods.of("review__product") | goods.of("post__product"))
    rows = spoken.order_by().values_list("need").annotate(number=Count("pk")).order_by("-number", "need")
    numbers = dict(rows.filter(need__merged_into=None)[:limit])
    known = Need.objects.in_bulk(list(numbers))
    return [(known[pk], number) for pk, number in numbers.items()]
