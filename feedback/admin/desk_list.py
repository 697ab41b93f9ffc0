"""What the desk's list shows: which view, narrowed and ordered how, which columns, how many."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from config.common.errors import Invalid
from config.common.screens import StaffRequest
from feedback.cases import queue as queues
from feedback.cases.filtering import DUE, SORT_NAMES, Filter, filter_from, sort_from
from feedback.cases.queue import COUNTED_UP_TO, VIEWS, Listed, Place, View
from feedback.cases.search import search
from feedback.clocks.queries import Chip, running_chips
from feedback.desk.views import Kept, Setup, arranged, kept_views, setup_of, view_from
from feedback.models import Case, CaseKind, CaseStatus, Channel, Priority

ROWS = 25  # ten are seen at once, more come when the end of the list does
MOST_ROWS = 200  # whose clocks a page may ask about at once

VIEW_NAMES: dict[View, tuple[str | Promise, str]] = {
    "mine": (gettext_lazy("Mine"), "user"),
    "department": (gettext_lazy("Departments"), "users"),
    "unassigned": (gettext_lazy("Unassigned"), "inbox"),
    "waiting": (gettext_lazy("Waiting for member"), "wait"),
    "handoffs": (gettext_lazy("Asked of us"), "handoff"),
    "mentions": (gettext_lazy("Mentions"), "at"),
    "watching": (gettext_lazy("Watching"), "eye"),
    "resolved": (gettext_lazy("Resolved"), "check"),
}
ASKED = {"kind": "kinds", "channel": "channels", "priority": "priorities", "status": "statuses"}
"""The filters above the list, by the field that each sets."""


@dataclass(frozen=True, slots=True)
class Row:
    """A case in the list with the clock that counts."""

    case: Case
    chip: Chip | None


@dataclass(frozen=True, slots=True)
class Tab:
    """A view in the column at the left."""

    code: str
    name: str | Promise
    icon: str
    count: str
    kept: Kept | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """A filter above the list: its name, what can be chosen, and what is."""

    name: str
    label: str
    choices: list[tuple[str, str]]
    chosen: str
    more: int

    @property
    def is_set(self) -> bool:
        """Whether it changes anything."""
        return bool(self.chosen or self.more) and (self.name, self.chosen) != ("sort", "due")


class Desk:
    """The desk of one person at one moment, as its address asks for it."""

    def __init__(self, request: StaffRequest, at: datetime) -> None:
        """Read the address; what nobody offered changes nothing."""
        self.request, self.at, query = request, at, request.GET
        self.place: Place = queues.place_of(request.user, at)
        self.setup: Setup = setup_of(request.user)
        self.kept = {one.code: one for one in kept_views(request.user, self.place.ours)}
        code = query.get("view", "mine")
        self.current = self.kept.get(code)
        self.code = code if self.current or code in VIEWS else "mine"
        base = self.current.listed if self.current else Listed(view_from(self.code))
        sort = sort_from(query["sort"]) if "sort" in query else base.sort
        self.listed = replace(base, narrow=_narrowed(base.narrow, query), sort=sort)
        self.columns = self.current.columns if self.current else self.setup.columns
        self.words = query.get("q", "").strip()

    @property
    def is_narrowed(self) -> bool:
        """Whether the address asks for less than the view holds."""
        return any(self.request.GET.get(name) for name in (*ASKED, "due", "sort"))

    def rows(self) -> tuple[list[Row], str | None]:
        """The rows, and the cursor of the next ones.

        Raises:
            Invalid: the address names a page that does not exist.
        """
        after = None
        if self.words:
            found = list(search(self.request.user, self.words))
        else:
            asked = self.request.GET.get("after", "")
            part = queues.queue(self.place, self.listed, after=asked, size=ROWS)
            found, after = part.cases, part.after
        return self.with_clocks(found), after

    def with_clocks(self, cases: Iterable[Case]) -> list[Row]:
        """Cases with the clock that counts in this view."""
        found = list(cases)
        asked = self.place.ours if self.listed.view == "handoffs" and not self.words else None
        chips = running_chips(found, now=self.at, asked=asked)
        return [Row(case, chips.get(case.pk)) for case in found]

    def tabs(self) -> list[Tab]:
        """The views with their counts, in the person's order."""
        lists = {view: Listed(view) for view in VIEWS} | {c: kept.listed for c, kept in self.kept.items()}
        codes = arranged(list(lists), self.setup, current=self.code)
        counted = queues.counts(self.place, [lists[code] for code in codes])
        return [self._tab(code, shown(count)) for code, count in zip(codes, counted, strict=True)]

    def _tab(self, code: str, count: str) -> Tab:
        if kept := self.kept.get(code):
            return Tab(code, kept.row.name, "users" if kept.shared else "list", count, kept)
        name, icon = VIEW_NAMES[view_from(code)]
        return Tab(code, name, icon, count)

    def choices(self) -> list[Choice]:
        """The filters above the list."""
        narrow, label = self.listed.narrow, {"kind": _("kind"), "channel": _("channel")}
        label |= {"priority": _("priority"), "status": _("status")}
        statuses = [one for one in CaseStatus.choices if one[0] != CaseStatus.CLOSED]
        offered: dict[str, Any] = {
            "kind": CaseKind.choices,
            "channel": Channel.choices,
            "priority": reversed(Priority.choices),
            "status": statuses,
        }
        found = []
        for name, choices in offered.items():
            chosen = [str(one) for one in getattr(narrow, ASKED[name])]
            one, many = (chosen[0], 0) if len(chosen) == 1 else ("", len(chosen))
            found.append(Choice(name, label[name], _texts(choices), one, many))
        due = [(name, text) for name, (text, _within) in DUE.items()]
        found.append(Choice("due", _("due"), _texts(due), narrow.due, 0))
        sorts = [(name, text) for name, text in SORT_NAMES.items() if name != "due"]
        return [*found, Choice("sort", pgettext("sorting", "order"), _texts(sorts), self.listed.sort, 0)]

    def query(self) -> QueryDict:
        """What a link on the page keeps: view, filters and search."""
        kept = self.request.GET.copy()
        for name in ("case", "after", "sent"):
            kept.pop(name, None)
        return kept


def shown(count: int) -> str:
    """A count as people see it; what is not counted to the end says so."""
    return f"{COUNTED_UP_TO - 1}+" if count >= COUNTED_UP_TO else str(count)


def _texts(choices: Iterable[tuple[Any, Any]]) -> list[tuple[str, str]]:
    return [(str(value), str(text)) for value, text in choices]


def _narrowed(narrow: Filter, query: QueryDict) -> Filter:
    """A view's filter with what the address asks for in its place."""
    asked: dict[str, Any] = {field: [query[name]] for name, field in ASKED.items() if query.get(name)}
    if query.get("due"):
        asked["due"] = query["due"]
    return filter_from({**narrow.to_json(), **asked})


def refresh(desk: Desk, known: str) -> list[Row]:
    """The rows on the page whose cases have changed since: `known` holds numbers and versions, "12:3,15:1".

    Raises:
        Invalid: too many at once.
    """
    versions = dict(pair.split(":", 1) for pair in known.split(",") if ":" in pair)
    if len(versions) > MOST_ROWS:
        raise Invalid
    pks = [int(pk) for pk in versions if pk.isascii() and pk.isdecimal() and len(pk) <= 18]  # noqa: PLR2004 - a bigint's digits
    if not pks:
        return []
    cases = queues.seen(desk.place, pks)
    return desk.with_clocks(case for case in cases if str(case.version) != versions[str(case.pk)])
