"""What is read of loyalty: the months taken, lists of members by what is asked, and one member's months."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from compensation.models import Segment
from compensation.segments.queries import inside
from config.common.asked import id_in
from config.common.errors import Invalid
from kpis.loyalty import traits
from kpis.loyalty.leaving import Model
from kpis.loyalty.reckoning import FEWEST
from kpis.loyalty.summing import BANDS, SEGMENT, counted, place
from kpis.loyalty.traits import last_day
from kpis.models import LoyaltyMonth, LoyaltyRun
from kpis.snapshots.calendar import days_span

SEES, VIEW = "kpis.view_loyaltyrun", "kpis.view_loyaltymonth"
"""How all stand, which names nobody; and single members."""
SHOWN = 24
"""So many months are shown."""


class Order(StrEnum):
    """By what members are listed."""

    RISK = "risk"
    FALL = "fall"
    LEAST = "least"


COLUMNS = {Order.RISK: "chance", Order.FALL: "change", Order.LEAST: "value"}


@dataclass(frozen=True, slots=True)
class Asked:
    """Which members of a month are listed: those of a tier, of a tenth of the scale, after a row.

    A tier of "" is any, and None is none.
    """

    order: Order
    tier: str | None = ""
    band: int | None = None
    after: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """Some members, and where the next begin; None when there are no more."""

    rows: list[LoyaltyMonth]
    after: str | None


def runs() -> list[LoyaltyRun]:
    """The latest months taken, the newest first."""
    return list(LoyaltyRun.objects.select_related("weights").order_by("-month")[:SHOWN])


def listed(month: date, asked: Asked, size: int) -> Part:
    """Members of a month in an order; those of whom it isn't known are not in it.

    Raises:
        Invalid: `after` is no place that a list gave.
    """
    column = COLUMNS[asked.order]
    is_falling = asked.order is Order.RISK
    found = _among(month, asked).filter(**{f"{column}__isnull": False})
    if asked.after:
        found = found.filter(_beyond(column, asked.after, is_falling=is_falling))
    order = (f"-{column}" if is_falling else column, "pk")
    rows = list(found.select_related("member").order_by(*order)[: size + 1])
    if len(rows) <= size:
        return Part(rows, None)
    return Part(rows[:size], f"{getattr(rows[size - 1], column)!r}~{rows[size - 1].pk}")


def left_out(run: LoyaltyRun, asked: Asked) -> int:
    """How many a month counted among those asked for who are kept no more: they refused, or were erased."""
    return max(0, counted(run.summary, asked.tier, asked.band) - _among(run.month, asked).count())


def _among(month: date, asked: Asked) -> QuerySet[LoyaltyMonth]:
    found = LoyaltyMonth.objects.filter(month=month)
    if asked.tier != "":
        found = found.filter(tier=asked.tier or "")
    if asked.band is not None:
        found = found.filter(value__gte=asked.band * BANDS)
        found = found.filter(value__lt=(asked.band + 1) * BANDS) if asked.band < BANDS - 1 else found
    return found


def of_member(member_id: int) -> QuerySet[LoyaltyMonth]:
    """A member's months, the newest first."""
    return LoyaltyMonth.objects.filter(member=member_id).order_by("-month")


def places(one: LoyaltyMonth, run: LoyaltyRun) -> list[tuple[Segment, int, float]]:
    """Where a member stands in their segments: of each how many it has and the percentile, to a twentieth.

    Of one with too few members nothing is told.
    """
    end = days_span(one.month, last_day(one.month)).end
    found = []
    for segment in Segment.objects.order_by("code"):
        stood = run.summary.get(f"{SEGMENT}{segment.code}")
        if stood and stood["n"] >= FEWEST and inside(segment, [one.member_id], end):
            found.append((segment, stood["n"], place(one.value, stood["cuts"])))
    return found


def model_of(run: LoyaltyRun) -> Model | None:
    """What a month's warning goes by; None where it may not warn."""
    return Model(**run.model) if run.may_warn and run.model else None


def why(rows: Sequence[LoyaltyMonth], run: LoyaltyRun) -> dict[int, list[str]]:
    """What moves each of some rows towards leaving, the strongest first; nothing where it may not warn."""
    model = model_of(run)
    if model is None or not rows:
        return {}
    given = traits.of_rows([row.pk for row in rows])
    return {row.pk: traits.told(model, given[row.pk]) for row in rows if row.chance is not None}


def _beyond(column: str, after: str, *, is_falling: bool) -> Q:
    number, _sign, pk = after.partition("~")
    known = id_in(pk)
    try:
        value = float(number)
    except ValueError as error:
        raise Invalid(_("This page does not exist.")) from error
    if known is None or value != value or len(number) > 40:  # noqa: PLR0124, PLR2004 - NaN; no double is longer
        raise Invalid(_("This page does not exist."))
    side = "lt" if is_falling else "gt"
    return Q(**{f"{column}__{side}": value}) | Q(**{column: value, "pk__gt": known})
