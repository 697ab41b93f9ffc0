"""The desk's list as a file: the view as it is on the screen, its filters, order and columns."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain

from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from config.common.screens import StaffRequest
from config.common.sheets import MOST_ROWS, Table
from config.common.sheets import Row as Cells
from feedback.admin.access import needs
from feedback.admin.desk_list import Desk, Row
from feedback.admin.files import answer, filters
from feedback.cases import queue as queues
from feedback.cases.search import search
from feedback.models import Case, Milestone

WORK = "feedback.work_case"
AT_ONCE = 1_000
Column = tuple[str | Promise, Callable[[Row], object]]


def _of(value: Callable[[Case], object]) -> Callable[[Row], object]:
    return lambda row: value(row.case)


ALWAYS: tuple[Column, ...] = (
    (_("number"), _of(lambda case: case.number)),
    (_("clock"), lambda row: Milestone(row.chip.clock.milestone).label if row.chip else ""),
    (_("due"), lambda row: row.chip.clock.due_at if row.chip else row.case.next_due_at),
    (_("status"), _of(lambda case: case.get_status_display())),
    (_("priority"), _of(lambda case: case.get_priority_display())),
    (_("member"), _of(lambda case: case.member)),
    (_("last words"), _of(lambda case: case.last_message)),
)
"""What every row of the desk shows."""

CHOSEN: Mapping[str, tuple[Column, ...]] = {
    "kind": (
        (_("kind"), _of(lambda case: case.get_kind_display())),
        (_("channel"), _of(lambda case: case.get_channel_display())),
    ),
    "tier": ((_("tier"), _of(lambda case: case.member.tier)),),
    "agent": ((_("agent"), _of(lambda case: case.agent or "")),),
    "department": ((_("department"), _of(lambda case: case.department)),),
    "subject": ((_("subject"), _of(lambda case: case.subject)),),
    "order": ((_("order"), _of(lambda case: case.order or "")),),
    "opened": ((_("opened"), _of(lambda case: case.opened_at)),),
    "waited": ((_("last message"), _of(lambda case: case.last_message_at)),),
}
"""What the columns that somebody chose become in a file."""


@require_GET
@needs(WORK)
def export(request: StaffRequest, kind: str) -> HttpResponseBase:
    """The whole view, not only what is shown of it so far; up to as many rows as a file holds."""
    at = timezone.now()
    shown = Desk(request, at)
    columns = [*ALWAYS, *chain.from_iterable(CHOSEN.get(name, ()) for name in shown.columns)]
    found = list(search(request.user, shown.words).select_related(*queues.SHOWN)) if shown.words else None
    number = queues.size(shown.place, shown.listed, MOST_ROWS + 1) if found is None else len(found)
    named = {**filters(request), "view": shown.code, "columns": ",".join(shown.columns)}
    table = Table(
        "desk", [head for head, _value in columns], number, lambda: _rows(shown, found, columns), named
    )
    return answer(request, kind, table, back=reverse("admin:desk"))


def _rows(shown: Desk, found: list[Case] | None, columns: Iterable[Column]) -> Iterator[Cells]:
    for part in [found] if found is not None else _parts(shown):
        for row in shown.with_clocks(part):
            yield [value(row) for _head, value in columns]


def _parts(shown: Desk) -> Iterator[list[Case]]:
    """The view in its order, a bounded number of cases at a time."""
    after: str | None = ""
    while after is not None:
        part = queues.queue(shown.place, shown.listed, after=after, size=AT_ONCE)
        after = part.after
        yield part.cases
