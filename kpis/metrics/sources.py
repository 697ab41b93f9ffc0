"""The rows that figures are counted from: one definition for the sums and for the rows behind them.

A source says which rows there are, when each counts, what is measured of it and where it names what figures
are told apart by. `facts` reads it into columns of one shape, which `rollup` adds up; `behind` gives the
rows themselves, by the same expressions, so that they add up to the figure.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.contrib.postgres.fields import ArrayField
from django.db.models import (
    BigIntegerField,
    Case,
    CharField,
    Exists,
    F,
    Func,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    TextField,
    Value,
    When,
)
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast, TruncDate
from django.utils import timezone

from compensation.models import OrderLine, TierPeriod
from kpis.models import Dimension

PLAIN = (Dimension.DEPARTMENT, Dimension.AGENT, Dimension.CHANNEL, Dimension.REGION)
"""What a row names itself; the tier was the member's at the time, categories and segments are several."""

NO_NAME = Value(None, TextField())
NO_CATEGORIES = Value([], ArrayField(CharField()))
ARRAY = "ARRAY[%(expressions)s]"
COLUMNS = (
    "fact_day",
    "fact_n",
    "fact_value",
    "fact_member",
    "fact_department",
    "fact_agent",
    "fact_channel",
    "fact_region",
    "fact_tier",
    "fact_categories",
)


@dataclass(frozen=True, slots=True)
class Span:
    """A time from its start up to, and without, its end."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Late:
    """An event that may change what a day adds up to after it is over.

    `path` leads from the source's rows to what the event is about: its subject, or what its data name `key`.
    """

    path: str
    key: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """Rows that a figure is counted from.

    `table` names how they are shown. `rows` gives all rows that could ever count, whatever became of them,
    and `only` those of them that do. `near` tells by an index what all rows of a time fulfil, where `at` has
    none. `hits` says which of these count above the line; `value` what is
    measured of each instead. `is_measured` is false of rows that stand above the line only.
    """

    table: str
    rows: Callable[[], QuerySet[Any]]
    at: str | Combinable
    only: Q = field(default_factory=Q)
    near: Callable[[Span], Q] | None = None
    hits: Q | None = None
    value: Combinable | None = None
    is_measured: bool = True
    member: str = ""
    order: str = ""
    product: str = ""
    names: Mapping[Dimension, str] = field(default_factory=dict)
    late: Mapping[str, Late] = field(default_factory=dict)
    follows_orders: str = ""

    @property
    def dimensions(self) -> frozenset[Dimension]:
        """By what its rows can be told apart."""
        found = set(self.names)
        if self.member:
            found |= {Dimension.TIER, Dimension.SEGMENT}
        if self.order or self.product:
            found.add(Dimension.CATEGORY)
        return frozenset(found)

    @property
    def moment(self) -> Any:
        """When a row counts."""
        return _expression(self.at)

    @property
    def worth(self) -> Any:
        """What each row adds above the line: whether it is a hit, what is measured of it, or itself.

        What is only measured and neither of both adds nothing: something else stands above the line.
        """
        worth: Any = Value(int(not self.is_measured)) if self.value is None else self.value
        if self.hits is not None:
            worth = Case(When(self.hits, then=Value(1)), default=Value(0))
        return Cast(worth, BigIntegerField())

    def within(self, span: Span) -> QuerySet[Any]:
        """The rows of a time, with `fact_at`: when each counts."""
        found: QuerySet[Any] = self.rows().alias(fact_at=_expression(self.at))
        near = self.near(span) if self.near else Q()
        return found.filter(near, self.only, fact_at__gte=span.start, fact_at__lt=span.end)

    def counted(self, found: QuerySet[Any], *, is_hit: bool) -> QuerySet[Any]:
        """Of some of its rows those that count above the line, or the others."""
        if self.hits is None:
            return found if is_hit else found.none()
        return found.filter(self.hits) if is_hit else found.exclude(self.hits)

    def of(self, found: QuerySet[Any], dimension: Dimension, keys: list[str]) -> QuerySet[Any]:
        """Of some of its rows those with one of the keys of a dimension, segments aside."""
        if dimension == Dimension.CATEGORY:
            return self._of_categories(found, keys)
        named: QuerySet[Any] = found.alias(fact_key=self.named(dimension))
        return named.filter(fact_key__in=keys)

    def of_members(self, found: QuerySet[Any], members: QuerySet[Any]) -> QuerySet[Any]:
        """Of some of its rows those of some members."""
        return found.filter(**{f"{self.member}__in": members.values("pk")})

    def of_product(self, found: QuerySet[Any], product: int) -> QuerySet[Any]:
        """Of some of its rows those of a product, or of orders with it."""
        if self.product:
            return found.filter(**{self.product: product})
        lines = OrderLine.objects.filter(order=OuterRef(self.order), product=product)
        return found.filter(Exists(lines))

    def facts(self, span: Span, by: frozenset[Dimension]) -> QuerySet[Any, tuple[Any, ...]]:
        """The rows of a time in columns of one shape, `COLUMNS`, told apart by some dimensions only."""
        has_member, unknown = Dimension.SEGMENT in by, Value(None, BigIntegerField())
        found: QuerySet[Any] = self.within(span).annotate(
            fact_day=TruncDate(_expression(self.at), tzinfo=timezone.get_default_timezone()),
            fact_n=Value(int(self.is_measured)),
            fact_value=self.worth,
            fact_member=F(self.member) if has_member else unknown,
            fact_categories=self._categories() if Dimension.CATEGORY in by else NO_CATEGORIES,
            **{
                f"fact_{one.value}": self.named(one) if one in by else NO_NAME
                for one in (*PLAIN, Dimension.TIER)
            },
        )
        facts: QuerySet[Any, tuple[Any, ...]] = found.order_by().values_list(*COLUMNS)
        return facts

    def keys(self, dimension: Dimension) -> Any:
        """The keys of a dimension that a row has, as an array; segments aside."""
        if dimension == Dimension.CATEGORY:
            return self._categories()
        return Func(self.named(dimension), template=ARRAY, output_field=ArrayField(TextField()))

    def named(self, dimension: Dimension) -> Any:
        """What a row names of a dimension, as text; categories and segments aside."""
        if dimension == Dimension.TIER:
            return self._tier()
        return Cast(F(self.names[dimension]), TextField())

    def _tier(self) -> Any:
        """The tier that the member had then."""
        had = TierPeriod.objects.filter(
            Q(ends_at__isnull=True) | Q(ends_at__gt=OuterRef("fact_at")),
            member=OuterRef(self.member),
            starts_at__lte=OuterRef("fact_at"),
        )
        return Cast(Subquery(had.values("tier__code")[:1]), TextField())

    def _categories(self) -> Any:
        if self.product:
            one = F(f"{self.product}__category")
            return Func(one, template=ARRAY, output_field=ArrayField(CharField()))
        lines = OrderLine.objects.filter(order=OuterRef(self.order)).order_by()
        return ArraySubquery(lines.values("product__category").distinct())

    def _of_categories(self, found: QuerySet[Any], keys: list[str]) -> QuerySet[Any]:
        if self.product:
            return found.filter(**{f"{self.product}__category__in": keys})
        lines = OrderLine.objects.filter(order=OuterRef(self.order), product__category__in=keys)
        return found.filter(Exists(lines))


def _expression(at: str | Combinable) -> Any:
    return F(at) if isinstance(at, str) else at
