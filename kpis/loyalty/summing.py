"""How a month stood, of all members, each tier and each segment: kept with it, so that pages only read."""

from datetime import date
from itertools import pairwise
from typing import Any

from django.db import connection

from compensation.models import Member, Segment
from compensation.segments.queries import makes_sense, narrowed
from kpis.loyalty.rules import Part
from kpis.loyalty.traits import last_day
from kpis.models import LoyaltyMonth
from kpis.snapshots.calendar import days_span

MONTHS = LoyaltyMonth._meta.db_table
WHOLE, TIER, SEGMENT = "", "tier:", "segment:"
"""How groups are named: all members, a tier's and a segment's by their codes."""
STEPS = 20
CUTS = [step / STEPS for step in range(STEPS + 1)]
BANDS = 10
COUNTS = ", ".join(
    f"count(*) FILTER (WHERE least(floor(value / {BANDS}), 9) = {band})" for band in range(BANDS)
)
MEDIANS = ", ".join(f"percentile_cont(0.5) WITHIN GROUP (ORDER BY {part.value})" for part in Part)
KNOWN = ", ".join(f"count({part.value})" for part in Part)
STOOD = f"""
SELECT count(*), percentile_cont(%s::double precision[]) WITHIN GROUP (ORDER BY value),
    {MEDIANS}, {KNOWN}, {COUNTS}
FROM {MONTHS} WHERE month = %s
"""  # noqa: S608 - names of our own


def summary(month: date) -> dict[str, Any]:
    """How a month stands, by group.

    Of each how many, twenty-one cuts of the index, the medians of its parts, of how many each part is known,
    and how many are in each tenth of the scale.
    """
    found = {WHOLE: _stood(month, "", [])}
    tiers = LoyaltyMonth.objects.filter(month=month).exclude(tier="").order_by()
    for tier in sorted(tiers.values_list("tier", flat=True).distinct()):
        found[f"{TIER}{tier}"] = _stood(month, "AND tier = %s", [tier])
    end = days_span(month, last_day(month)).end
    for segment in Segment.objects.order_by("code"):
        if segment.filters and makes_sense(segment):
            members = narrowed(segment.filters, Member.objects.order_by(), end).values("pk")
            sql, params = members.query.sql_with_params()
            found[f"{SEGMENT}{segment.code}"] = _stood(month, f"AND member_id IN ({sql})", params)
    return {name: one for name, one in found.items() if one["n"]}


def warn_from(month: date) -> float | None:
    """The chance that a tenth of a month's members who have one have at least."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT percentile_disc(0.9) WITHIN GROUP (ORDER BY chance) FROM {MONTHS} WHERE month = %s",  # noqa: S608 - ours
            [month],
        )
        found: float | None = cursor.fetchone()[0]
        return found


def place(value: float, cuts: list[float]) -> float:
    """Between which cuts a value lies, as a percentile: within a step in a straight line.

    Where several cuts are this very value, as many have the same, it is the middle of them.
    """
    same = [step for step, cut in enumerate(cuts) if cut == value]
    if same:
        return 100 * (same[0] + same[-1]) / 2 / STEPS
    if value < cuts[0]:
        return 0.0
    for step, (low, high) in enumerate(pairwise(cuts)):
        if value < high:
            return 100 * (step + (value - low) / (high - low)) / STEPS
    return 100.0


def counted(summary: dict[str, Any], tier: str | None, band: int | None) -> int:
    """How many a summary counted, in a tenth of the scale or all; a tier of "" is any, and None is none."""

    def of(group: str) -> int:
        stood = summary.get(group)
        if stood is None:
            return 0
        return int(stood["n"] if band is None else stood["bands"][band])

    if tier is None:
        return of(WHOLE) - sum(of(group) for group in summary if group.startswith(TIER))
    return of(f"{TIER}{tier}" if tier else WHOLE)


def _stood(month: date, narrowed_to: str, params: Any) -> dict[str, Any]:
    with connection.cursor() as cursor:
        cursor.execute(f"{STOOD} {narrowed_to}", [CUTS, month, *params])
        n, cuts, *rest = cursor.fetchone()
    parts, known, bands = rest[: len(Part)], rest[len(Part) : -BANDS], rest[-BANDS:]
    return {"n": n, "cuts": cuts, "parts": parts, "known": known, "bands": bands}
