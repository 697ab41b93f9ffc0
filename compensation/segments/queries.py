"""Who is in a segment, and how many."""

import math
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from compensation.models import Member, Segment
from compensation.models.member import IN_SAMPLE, SAMPLE
from compensation.segments.filters import MemberFilter
from config.common.errors import Invalid

_NEVER = datetime(2000, 1, 1, tzinfo=UTC)  # checking a form asks for no moment
COMMAS = str.maketrans({"，": ",", "、": ",", "；": ",", ";": ","})


def filter_of(data: Mapping[str, Any], at: datetime, rows: QuerySet[Member] | None = None) -> MemberFilter:
    """The filter with what was chosen, over all members or some."""
    base = Member.objects.all() if rows is None else rows
    given = data if isinstance(data, QueryDict) else dict(data) or {"": ""}
    return MemberFilter(given, base.filter(erased_at=None), at=at)


def criteria() -> frozenset[str]:
    """The names of all criteria."""
    return frozenset(MemberFilter.base_filters)


def clean(data: Mapping[str, Any]) -> dict[str, Any]:
    """What a segment keeps of what was typed: known criteria that were filled in, checked by the form.

    Raises:
        Invalid: a criterion that there is none of, or a value that makes no sense.
    """
    known = MemberFilter.base_filters
    kept: dict[str, Any] = {}
    for name in data:
        raw = data.getlist(name) if isinstance(data, QueryDict) else data[name]
        values = [str(one).strip() for one in (raw if isinstance(raw, list | tuple) else [raw])]
        values = [one for one in values if one]
        if not values:
            continue
        if name not in known:
            raise Invalid(_("There is no such criterion: %(name)s") % {"name": name}, field=name)
        many = name in {"tier", "birthday_month"}
        kept[name] = sorted(set(values)) if many else values[0]
        if name in {"region", "city", "category"}:
            words = [word.strip() for word in values[0].translate(COMMAS).split(",")]
            kept[name] = ",".join(dict.fromkeys(word for word in words if word))
    kept = {name: value for name, value in kept.items() if value}
    form = MemberFilter(kept or {"": ""}, Member.objects.none(), at=_NEVER).form
    if not form.is_valid():
        field, errors = next(iter(form.errors.items()))
        label = known[field].label if field in known else field
        raise Invalid(f"{label}: {errors[0]}", field=field)
    return dict(sorted(kept.items()))


def narrowed(filters: Mapping[str, Any], rows: QuerySet[Member], at: datetime) -> QuerySet[Member]:
    """Those of some members who fit a saved filter as of a moment.

    Raises:
        Invalid: it was saved with a criterion that there no longer is; a part of it would find too many.
    """
    found: QuerySet[Member] = filter_of(clean(filters), at, rows).qs
    return found


def makes_sense(segment: Segment | None) -> bool:
    """Whether a segment can be asked for: a criterion that it was saved with may be gone."""
    if not segment or not segment.filters:
        return True  # everybody is; the form need not be made for it
    try:
        clean(segment.filters)
    except Invalid:
        return False
    return True


def members(segment: Segment | None, at: datetime) -> QuerySet[Member]:
    """The members of a segment; of none, all who were not erased."""
    return narrowed(segment.filters if segment else {}, Member.objects.all(), at)


def count(filters: Mapping[str, Any], at: datetime) -> int:
    """How many members fit a filter now."""
    return narrowed(filters, Member.objects.all(), at).order_by().count()


CHEAP = 15_000
"""The planner's cost up to which members are all counted; at a million, one pass over them is 20,000."""
COST = re.compile(r"cost=[\d.]+\.\.([\d.]+)")


@dataclass(frozen=True, slots=True)
class Counted:
    """How many members there are: exactly, or give or take so many (95 %)."""

    number: int
    give_or_take: int = 0


def about(filters: Mapping[str, Any], at: datetime) -> Counted:
    """How many members fit a filter now, for whoever waits: counted where that is quick, else estimated.

    The estimate goes by one member in a hundred; its error is that of a count: twice the root of those found.
    """
    rows = narrowed(filters, Member.objects.all(), at).order_by()
    if _cost(rows) <= CHEAP:
        return Counted(rows.count())
    found = rows.filter(IN_SAMPLE).count()
    off = math.ceil(1.96 * math.sqrt(max(found, 1))) * SAMPLE
    return Counted(found * SAMPLE, off)


def _cost(rows: QuerySet[Member]) -> float:
    """What the planner thinks that counting them costs."""
    try:
        statement, values = rows.values("pk").query.sql_with_params()
    except EmptyResultSet:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN SELECT count(*) FROM ({statement}) AS found", values)  # noqa: S608 - the ORM's own
        plan = cursor.fetchone()[0]
    cost = COST.search(plan)
    return float(cost[1]) if cost else 0


def inside(segment: Segment | None, member_ids: Collection[int], at: datetime) -> set[int]:
    """Which of some members are in a segment now."""
    if segment is None:
        return set(member_ids)
    return set(members(segment, at).filter(pk__in=list(member_ids)).values_list("pk", flat=True))
