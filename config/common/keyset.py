"""Lists on pages that go on after the last row shown: as fast on page 1,000 as on page 1."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from django.db.models import Model, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from config.common.errors import Invalid

M = TypeVar("M", bound=Model)


@dataclass(frozen=True, slots=True)
class Part(Generic[M]):
    """Some rows, and where the next ones begin; None when there are no more."""

    rows: list[M]
    after: str | None


def part(
    found: QuerySet[M],
    moment: str,
    *,
    after: str = "",
    size: int = 50,
    newest_first: bool,
    by: Sequence[Q] = (),
) -> Part[M]:
    """Take the rows after a cursor, in order of a moment that each of them has, then of their ids.

    `by` cuts the rows into lists that each come in order from one index, such as one a department: then the
    first of each are merged, and nothing is sorted that is not shown.

    Raises:
        Invalid: `after` is not a cursor that a part gave.
    """
    sign, side = ("-", "lt") if newest_first else ("", "gt")
    if after:
        at, pk = _read(after)
        beyond = Q(**{f"{moment}__{side}": at}) | Q(**{moment: at, f"pk__{side}": pk})
        found = found.filter(beyond, **{f"{moment}__{side}e": at})  # the second is what the index reads
    order = (f"{sign}{moment}", f"{sign}pk")
    if len(by) > 1:
        lists = [found.filter(one).order_by(*order).values_list("pk", moment)[: size + 1] for one in by]
        first = lists[0].union(*lists[1:], all=True).order_by(*order)[: size + 1]
        found = found.filter(pk__in=[pk for pk, _moment in first])
    rows = list(found.order_by(*order)[: size + 1])
    if len(rows) <= size:
        return Part(rows, None)
    last = rows[size - 1]
    return Part(rows[:size], f"{getattr(last, moment).isoformat()}~{last.pk}")


def _read(cursor: str) -> tuple[datetime, int]:
    moment, _sign, pk = cursor.partition("~")
    try:
        at, number = datetime.fromisoformat(moment), int(pk)
    except ValueError as error:
        raise Invalid(_("This page does not exist.")) from error
    if timezone.is_naive(at) or not 0 <= number < 2**63:
        raise Invalid(_("This page does not exist."))
    return at, number
