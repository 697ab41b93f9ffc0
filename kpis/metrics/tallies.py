"""What is tallied by day for the dashboards: which rows, and in which cell each is."""

from dataclasses import dataclass, replace
from typing import Any

from django.db.models import F, FloatField, IntegerField, Q, QuerySet, TextField, Value
from django.db.models.functions import Cast, Ceil, Coalesce, Concat, ExtractHour, Greatest, Ln, TruncDate
from django.utils import timezone

from feedback.models import Case, Clock, Gap
from kpis.metrics.catalogue import METRICS
from kpis.metrics.catalogue.cases import GIVEN, NOT_MERGED
from kpis.metrics.catalogue.cases import NAMES as NAMES_OF_CASES
from kpis.metrics.catalogue.clocks import LATE as LATE_CLOCKS
from kpis.metrics.catalogue.clocks import NAMES as NAMES_OF_CLOCKS
from kpis.metrics.catalogue.clocks import OF_CLOCK
from kpis.metrics.catalogue.orders import OF_GAPS
from kpis.metrics.sketch import LN_GAMMA
from kpis.metrics.sources import Late, Source, Span
from kpis.models import Dimension, MetricCode, TallyOf

ARRIVALS = Source(
    "cases",
    Case.objects.all,
    "opened_at",
    only=NOT_MERGED,
    member="member",
    order="order",
    names=NAMES_OF_CASES,
    late=GIVEN,
)
"""Cases when they came."""
BREACHES = Source(
    "clocks",
    Clock.objects.all,
    "breached_at",
    only=Q(breached_at__isnull=False),
    member="case__member",
    order="case__order",
    names=NAMES_OF_CLOCKS,
    late={**LATE_CLOCKS, "breach.noted": OF_CLOCK},
)
"""Clocks when they were breached."""
GAPS_OF_REVIEWS = Source(
    "gaps",
    Gap.objects.all,
    "expected_at",
    only=Q(withdrawn_at=None, review__isnull=False),
    product="review__product",
    late=dict.fromkeys(OF_GAPS, Late("pk")),
)
"""Standing gaps that a review told of, when their promise fell due."""
GAPS_OF_ORDERS = replace(GAPS_OF_REVIEWS, only=Q(withdrawn_at=None, review=None), product="", order="order")
"""The others: of an order, and so of all its goods."""
REPLIES = METRICS[MetricCode.FIRST_REPLY_TIME].sources[0]
"""Cases when they were first replied to."""
REVIEWS = METRICS[MetricCode.REVIEW_SCORE].sources[0]
"""Reviews whose stars count."""


@dataclass(frozen=True, slots=True)
class Tallied:
    """Rows, the expression that says in which cell each is, and by what they are told apart besides."""

    of: TallyOf
    source: Source
    cell: Any
    by: Dimension

    @property
    def named(self) -> Any:
        """The cell that a row is in, as text."""
        return Coalesce(Cast(self.cell, TextField()), Value(""), output_field=TextField())

    def facts(self, span: Span) -> QuerySet[Any, tuple[Any, ...]]:
        """The rows of a time as day, cell and the keys that each has."""
        zone = timezone.get_default_timezone()
        found: QuerySet[Any] = self.source.within(span).annotate(
            tally_day=TruncDate(self.source.moment, tzinfo=zone),
            tally_cell=self.named,
            tally_keys=self.source.keys(self.by),
        )
        facts: QuerySet[Any, tuple[Any, ...]] = found.order_by().values_list(*COLUMNS)
        return facts


COLUMNS = ("tally_day", "tally_cell", "tally_keys")


def _hour(at: str) -> ExtractHour:
    return ExtractHour(at, tzinfo=timezone.get_default_timezone())


def bucket_of(seconds: Any) -> Cast:
    """As `sketch.bucket`, in SQL."""
    longer = Ln(Cast(Greatest(seconds, Value(1)), FloatField()))
    return Cast(Ceil(longer / Value(LN_GAMMA)), IntegerField())


_WHAT_AND_WHY = Concat("aspect", Value(":"), "cause", output_field=TextField())
_DEPARTMENT, _CATEGORY = Dimension.DEPARTMENT, Dimension.CATEGORY
TALLIED = (
    Tallied(TallyOf.ARRIVED, ARRIVALS, _hour("opened_at"), _DEPARTMENT),
    Tallied(TallyOf.KIND, ARRIVALS, F("kind"), _CATEGORY),
    Tallied(TallyOf.BREACHED, BREACHES, _hour("breached_at"), _DEPARTMENT),
    Tallied(TallyOf.CAUSE, BREACHES, F("breach_note__cause"), _DEPARTMENT),
    Tallied(TallyOf.FIRST_REPLY, REPLIES, bucket_of(REPLIES.worth), _DEPARTMENT),
    Tallied(TallyOf.GAP, GAPS_OF_ORDERS, _WHAT_AND_WHY, _CATEGORY),
    Tallied(TallyOf.GAP, GAPS_OF_REVIEWS, _WHAT_AND_WHY, _CATEGORY),
    Tallied(TallyOf.STARS, REVIEWS, F("stars"), _CATEGORY),
)
BY: dict[TallyOf, Dimension] = {one.of: one.by for one in TALLIED}
"""By what each is told apart besides the whole."""
