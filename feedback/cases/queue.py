"""The lists that agents work from, page by page, without counting.

A page by due time is read from the index of each department (`case_queue`) or of the agent (`case_mine`), a
page's worth from each, and merged: how many cases there are does not matter.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal, get_args

from django.db.models import F, Q, QuerySet
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _

from config.common import counting
from config.common.errors import Invalid
from config.common.events import reference
from config.common.models import Event, User
from feedback.cases.filtering import KEYS, Filter, Sort
from feedback.cases.queries import in_departments
from feedback.models import Agent, Case, CaseStatus, Handoff, HandoffStatus, Mention, Watcher
from feedback.org.queries import agent_of, department_ids

View = Literal["mine", "department", "unassigned", "waiting", "handoffs", "mentions", "watching", "resolved"]
VIEWS: tuple[View, ...] = get_args(View)
"""Mine; all of my departments; nobody's; waiting for the member; questions to us; where I was named; what I
watch; not yet confirmed."""

NEXT: tuple[View, ...] = ("mine", "unassigned")
OF_THE_PERSON: frozenset[View] = frozenset({"mine", "handoffs", "mentions", "watching"})
COUNTED_UP_TO = 1000
NAMED_WITHIN = timedelta(days=14)  # read mentions stay in their view for so long
SHOWN = ("member__tier", "department", "agent__user", "order")

Key = tuple[Any, ...]
"""What a row is ordered by, its number last."""


@dataclass(frozen=True, slots=True)
class Page:
    """Some cases in their order, and the cursor of the next page, if there is one."""

    cases: list[Case]
    after: str | None


@dataclass(frozen=True, slots=True)
class Place:
    """Who asks: as which agent, for which departments."""

    user: User
    agent: Agent | None
    ours: tuple[int, ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class Listed:
    """A list: a view, narrowed and ordered."""

    view: View = "department"
    narrow: Filter = field(default_factory=Filter)
    sort: Sort = "due"


def place_of(user: User, at: datetime | None = None) -> Place:
    """Where this person works, for the functions of this module."""
    return Place(user, agent_of(user), tuple(sorted(department_ids(user))), at or timezone.now())


def queue(place: Place, listed: Listed, *, after: str = "", size: int = 50) -> Page:
    """A page of the cases that this person has to look at.

    By due time those without one come last.

    Raises:
        Invalid: `after` is not a cursor that a page gave.
    """
    condition = listed.narrow.condition(place.at)
    parts = [part.filter(condition) for part in _parts(place, listed.view)]
    if listed.sort == "due":
        rows = _by_due(parts, after, size + 1)
    else:
        rows = _by(listed.sort, parts, after, size + 1)
    shown = [row[-1] for row in rows[:size]]
    cases = Case.objects.select_related(*SHOWN).in_bulk(shown)
    more = _written(rows[size - 1]) if len(rows) > size else None
    return Page([cases[pk] for pk in shown if pk in cases], more)


def counts(place: Place, lists: Sequence[Listed]) -> list[int]:
    """How many cases each list has, counted up to COUNTED_UP_TO: more are "1000+". One query for all."""
    rows = [
        _unread(place)
        if listed.view == "mentions"
        else _whole(place, listed.view, place.ours).filter(listed.narrow.condition(place.at))
        for listed in lists
    ]
    return counting.counts(rows, upto=COUNTED_UP_TO)


def size(place: Place, listed: Listed, most: int) -> int:
    """How many cases a list has; beyond `most` nothing is counted."""
    rows = _whole(place, listed.view, place.ours).filter(listed.narrow.condition(place.at))
    return rows.order_by().values("pk")[:most].count()


NEWS = ("case.opened", "case.member_wrote", "case.transferred", "case.reopened", "case.assigned")
ROUTED = ("case.goes_on", "case.routed", "case.handed_back", "case.mentioned", "case.took_in")
HANDOFF_NEWS = ("handoff.asked", "handoff.answered", "handoff.rejected")


def news(place: Place, listed: Listed, *, since: datetime) -> dict[int, int]:
    """The cases of a list with something new that others did since then, each with its version."""
    events = Event.objects.filter(at__gt=since).exclude(actor=reference(place.user))
    rows = events.filter(kind__in=NEWS + ROUTED + HANDOFF_NEWS).values_list(
        "subject_type", "subject_id", "data__case"
    )
    ids = {of if kind == "handoff" else subject for kind, subject, of in rows[:COUNTED_UP_TO]}
    if not ids:
        return {}
    found = _whole(place, listed.view, place.ours).filter(listed.narrow.condition(place.at), pk__in=ids)
    return dict(found.values_list("pk", "version"))


def next_case(user: User, *, beside: int | None = None) -> Case | None:
    """What this person should look at now: the next due of their own, else of nobody's.

    Not the case `beside`, which is on the screen, and none that waits for its member with nothing due.
    """
    place = place_of(user)
    for view in NEXT:
        parts = [
            part.exclude(pk=beside or 0).exclude(status=CaseStatus.WAITING_MEMBER, next_due_at=None)
            for part in _parts(place, view)
        ]
        if found := _first(parts, ["next_due_at", "pk"], 1):
            return Case.objects.select_related(*SHOWN).get(pk=found[0][-1])
    return None


def _parts(place: Place, view: View) -> list[QuerySet[Case]]:
    """The view as lists that each come in order from one index."""
    if view in OF_THE_PERSON:
        return [_whole(place, view, place.ours)]
    return [_whole(place, view, [one]) for one in place.ours]


def _whole(place: Place, view: View, ours: Iterable[int]) -> QuerySet[Case]:
    """The cases of a view from some departments, in no order."""
    if view in OF_THE_PERSON:
        return _of_the_person(place, view)
    inside = Case.objects.filter(department__in=list(ours))
    if view == "resolved":
        return inside.filter(status=CaseStatus.RESOLVED)
    unresolved = inside.filter(resolved_at=None)
    if view == "unassigned":
        return unresolved.filter(agent=None)
    return unresolved.filter(status=CaseStatus.WAITING_MEMBER) if view == "waiting" else unresolved


def _of_the_person(place: Place, view: View) -> QuerySet[Case]:
    """The cases of a view that hang on who asks."""
    unresolved = Case.objects.filter(resolved_at=None)
    if view == "handoffs":
        asked = Handoff.objects.filter(department__in=place.ours, status=HandoffStatus.OPEN)
        return unresolved.filter(pk__in=asked.order_by().values("case"))
    seen = in_departments(place.ours)
    if view == "mine":
        return unresolved.filter(seen, agent=place.agent) if place.agent else unresolved.none()
    if view == "watching":
        watched = Watcher.objects.filter(user=place.user)
        return unresolved.filter(seen, pk__in=watched.order_by().values("case"))
    recent = Q(read_at=None) | Q(read_at__gte=place.at - NAMED_WITHIN)
    named = Mention.objects.filter(recent, user=place.user)
    return Case.objects.filter(seen, pk__in=named.order_by().values("message__case"))


def _unread(place: Place) -> QuerySet[Mention]:
    return Mention.objects.filter(user=place.user, read_at=None)


def _first(parts: list[QuerySet[Case]], keys: list[str], size: int, *, down: bool = False) -> list[Key]:
    order = [f"-{key}" if down else key for key in keys]
    lists = [part.order_by(*order).values_list(*keys)[:size] for part in parts]
    if len(lists) > 1:
        return list(lists[0].union(*lists[1:]).order_by(*order)[:size])
    return list(lists[0]) if lists else []


def _by_due(parts: list[QuerySet[Case]], after: str, size: int) -> list[Key]:
    """The dated ones, then those that nothing is due for."""
    (due,), last = _cursor(after, 1) if after else ([None], 0)
    if due is not None and not isinstance(due, datetime):
        raise Invalid(_("This page does not exist."))
    keys = ["next_due_at", "pk"]
    rows: list[Key] = []
    if due is not None or not after:
        dated = Q(next_due_at__isnull=False)
        if due is not None:
            dated &= Q(next_due_at__gte=due) & (Q(next_due_at__gt=due) | Q(pk__gt=last))
        rows = _first([part.filter(dated) for part in parts], keys, size)
        last = 0
    if len(rows) < size:
        undated = [part.filter(next_due_at=None, pk__gt=last) for part in parts]
        rows += _first(undated, keys, size - len(rows))
    return rows


def _by(sort: Sort, parts: list[QuerySet[Case]], after: str, size: int) -> list[Key]:
    """Any other order: what comes after the last row, by its keys and then its number."""
    expressions, down = KEYS[sort]
    named = {f"key_{n}": F(one) if isinstance(one, str) else one for n, one in enumerate(expressions)}
    parts = [part.annotate(**named) for part in parts]
    if after:
        values, last = _cursor(after, len(named))
        beyond = _beyond([*named, "pk"], [*values, last], "lt" if down else "gt")
        parts = [part.filter(beyond) for part in parts]
    return _first(parts, [*named, "pk"], size, down=down)


def _beyond(names: list[str], values: list[Any], past: str) -> Q:
    """Rows whose keys, compared one after the other, come past these values."""
    beyond, same = Q(pk__in=[]), Q()
    for name, value in zip(names, values, strict=True):
        beyond |= same & Q(**{f"{name}__{past}": value})
        same &= Q(**{name: value})
    return beyond & Q(**{f"{names[0]}__{past}e": values[0]})


def _cursor(after: str, count: int) -> tuple[list[Any], int]:
    """The keys and the number of the row that a page ended with.

    Raises:
        Invalid: no page gave this.
    """
    *values, last = after.split("~")
    try:
        keys, number = [_read(value) for value in values], int(last)
    except ValueError as error:
        raise Invalid(_("This page does not exist.")) from error
    if len(keys) != count:
        raise Invalid(_("This page does not exist."))
    return keys, number


def _read(value: str) -> datetime | int | None:
    if value.removeprefix("-").isdecimal():
        return int(value[:18])
    at = parse_datetime(value) if value else None
    if value and (at is None or timezone.is_naive(at)):
        raise ValueError(value)
    return at


def _written(row: Key) -> str:
    *keys, pk = row
    return "~".join([*map(_text, keys), str(pk)])


def _text(key: datetime | int | None) -> str:
    return key.isoformat() if isinstance(key, datetime) else "" if key is None else str(key)


def seen(place: Place, pks: Iterable[int]) -> list[Case]:
    """Those of some cases that this person may see, with what a row shows of them."""
    inside = Case.objects.filter(in_departments(place.ours), pk__in=list(pks))
    return list(inside.select_related(*SHOWN))
