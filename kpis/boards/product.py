"""What is known of a product, or of a category of products: reasons, and needs that its members speak of."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Q

from compensation.models import OrderLine
from feedback.models import Case, Gap, Review
from feedback.reviews.figures import COUNTED
from kpis.boards.figures import Where
from kpis.boards.periods import Days
from kpis.boards.tallied import by_cell, kept
from kpis.models import Dimension, TallyOf
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
    found = _tallied(TallyOf.STARS, goods, days)
    if found is None:
        rows = Review.objects.filter(COUNTED, goods.of("product"), **_within("written_at", days))
        found = {str(one): n for one, n in rows.order_by().values_list("stars").annotate(Count("pk"))}
    return {one: found.get(str(one), 0) for one in STARS}


def gaps(goods: Goods, days: Days) -> list[tuple[str, str, int]]:
    """The standing gaps that fell due in the days, of orders or reviews of such goods, by what and why."""
    found = _tallied(TallyOf.GAP, goods, days)
    if found is None:
        rows = Gap.objects.filter(
            Q(review=None, order__in=_orders(goods)) | goods.of("review__product"),
            withdrawn_at=None,
            **_within("expected_at", days),
        )
        told = rows.order_by().values_list("aspect", "cause").annotate(Count("pk"))
        reasons = [(aspect, cause, number) for aspect, cause, number in told]
    else:
        reasons = [(*_reason(cell), number) for cell, number in found.items()]
    return sorted(reasons, key=lambda one: (-one[2], one[0], one[1]))


def cases(goods: Goods, days: Days) -> list[tuple[str, int]]:
    """The cases about orders with such goods that were opened in the days, by kind. One query."""
    found = _tallied(TallyOf.KIND, goods, days)
    if found is None:
        rows = Case.objects.filter(
            order__in=_orders(goods), merged_into=None, **_within("opened_at", days)
        ).order_by()
        found = dict(rows.values_list("kind").annotate(Count("pk")))
    return sorted(found.items(), key=lambda one: (-one[1], one[0]))


def _tallied(of: TallyOf, goods: Goods, days: Days) -> dict[str, int] | None:
    """What is kept of a category; of a product nothing is, but it has fewer rows."""
    if goods.product is not None:
        return None
    rows = kept(of, days, Where(by=Dimension.CATEGORY, key=goods.category))
    return None if rows is None else by_cell(rows)


def _reason(cell: str) -> tuple[str, str]:
    aspect, _colon, cause = cell.partition(":")
    return aspect, cause


def _orders(goods: Goods) -> Any:
    return OrderLine.objects.filter(goods.of("product")).values("order")


def _within(at: str, days: Days) -> dict[str, datetime]:
    span = days_span(days.first, days.last)
    return {f"{at}__gte": span.start, f"{at}__lt": span.end}


def needs(goods: Goods, limit: int = 10) -> Sequence[tuple[Need, int]]:
    """The needs that reviews and posts about such goods speak of, those with the most voices first."""
    spoken = Evidence.objects.filter(goods.of("review__product") | goods.of("post__product"))
    rows = spoken.order_by().values_list("need").annotate(number=Count("pk")).order_by("-number", "need")
    numbers = dict(rows.filter(need__merged_into=None)[:limit])
    known = Need.objects.in_bulk(list(numbers))
    return [(known[pk], number) for pk, number in numbers.items()]
