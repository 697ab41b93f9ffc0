"""The lists that agents work from: what is due next comes first, page by page, without counting.

A page is read from the index of each department (`case_queue`) or of the agent (`case_mine`), a page's
worth from each, and merged: how many cases there are does not matter.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from config.common.errors import Invalid
from config.common.events import reference
from config.common.models import Event, User
from feedback.cases.queries import in_departments
from feedback.models import Agent, Case, CaseStatus, Handoff, HandoffStatus
from feedback.org.queries import agent_of, department_ids

View = Literal["mine", "department", "unassigned", "waiting", "handoffs", "resolved"]
VIEWS: tuple[View, ...] = get_args(View)
"""Mine; all of my departments; nobody's; waiting for the member; questions to us; not yet confirmed."""

NEXT: tuple[View, ...] = ("mine", "unassigned")
COUNTED_UP_TO = 1000
SHOWN = ("member__tier", "department", "agent__user", "order")


@dataclass(frozen=True, slots=True)
class Filter:
    """What a list is narrowed to; empty means any."""

    kind: str = ""
    channel: str = ""
    status: str = ""
    priority: int | None = None
    due_before: datetime | None = None
    department_id: int | None = None
    agent_id: int | None = None

    def condition(self) -> Q:
        """The same as a condition on cases."""
        wanted = {
            "kind": self.kind or None,
            "channel": self.channel or None,
            "status": self.status or None,
            "priority": self.priority,
            "next_due_at__lt": self.due_before,
            "department": self.department_id,
            "agent": self.agent_id,
        }
        return Q(**{name: value for name, value in wanted.items() if value is not None})


@dataclass(frozen=True, slots=True)
class Page:
    """Some cases in the order of their due times, and the cursor of the next page, if there is one."""

    cases: list[Case]
    after: str | None


def queue(
    user: User, view: View = "department", *, narrow: Filter | None = None, after: str = "", size: int = 50
) -> Page:
    """A page of the cases that this person has to look at, next due first, without a due time last.

    Raises:
        Invalid: `after` is not a cursor that a page gave.
    """
    parts = [part.filter((narrow or Filter()).condition()) for part in _parts(user, view)]
    due, last = _cursor(after)
    rows: list[tuple[int, datetime | None]] = []
    if due is not None or not after:
        dated = Q(next_due_at__isnull=False)
        if due is not None:
            dated &= Q(next_due_at__gte=due) & (Q(next_due_at__gt=due) | Q(pk__gt=last))
        rows = _first(parts, dated, size + 1)
        last = 0
    if len(rows) <= size:
        rows += _first(parts, Q(next_due_at=None, pk__gt=last), size + 1 - len(rows))
    shown = rows[:size]
    cases = Case.objects.select_related(*SHOWN).in_bulk([pk for pk, _due in shown])
    more = _written(shown[-1]) if len(rows) > size else None
    return Page([cases[pk] for pk, _due in shown if pk in cases], more)


def counts(user: User) -> dict[View, int]:
    """How many cases each view has, counted up to COUNTED_UP_TO: more are "1000+"."""
    ours, agent = _ours(user), agent_of(user)
    return {view: _whole(view, ours, agent)[:COUNTED_UP_TO].count() for view in VIEWS}


NEWS = (
    "case.opened", "case.member_wrote", "case.transferred", "case.reopened", "case.assigned", "case.routed",
    "case.handed_back",
)  # fmt: skip
HANDOFF_NEWS = ("handoff.asked", "handoff.answered", "handoff.rejected")


def news(user: User, view: View, *, since: datetime) -> dict[int, int]:
    """The cases of a view with something new that others did since then, each with its version."""
    events = Event.objects.filter(at__gt=since).exclude(actor=reference(user))
    ids = set(events.filter(kind__in=NEWS).values_list("subject_id", flat=True)[:COUNTED_UP_TO])
    asked = events.filter(kind__in=HANDOFF_NEWS).values_list("data__case", flat=True)
    ids.update(asked[:COUNTED_UP_TO])
    if not ids:
        return {}
    parts = _parts(user, view)
    return {
        pk: version for part in parts for pk, version in part.filter(pk__in=ids).values_list("pk", "version")
    }


def next_case(user: User, *, beside: int | None = None) -> Case | None:
    """What this person should look at now: the next due of their own, else of nobody's.

    Not the case `beside`, which is on the screen, and none that waits for its member.
    """
    for view in NEXT:
        parts = [
            part.exclude(pk=beside or 0).exclude(status=CaseStatus.WAITING_MEMBER)
            for part in _parts(user, view)
        ]
        if found := _first(parts, Q(), 1):
            return Case.objects.select_related(*SHOWN).get(pk=found[0][0])
    return None


def _parts(user: User, view: View) -> list[QuerySet[Case]]:
    """The view as lists that each come in order from one index."""
    ours = _ours(user)
    if view in {"mine", "handoffs"}:
        return [_whole(view, ours, agent_of(user) if view == "mine" else None)]
    return [_whole(view, [one], None) for one in ours]


def _whole(view: View, ours: list[int], agent: Agent | None) -> QuerySet[Case]:
    """The cases of a view of somebody who is that agent and sees these departments, in no order."""
    unresolved = Case.objects.filter(resolved_at=None)
    if view == "mine":
        return unresolved.filter(in_departments(ours), agent=agent) if agent else unresolved.none()
    if view == "handoffs":
        asked = Handoff.objects.filter(department__in=ours, status=HandoffStatus.OPEN)
        return unresolved.filter(pk__in=asked.order_by().values("case"))
    if view == "resolved":
        return Case.objects.filter(department__in=ours, status=CaseStatus.RESOLVED)
    inside = unresolved.filter(department__in=ours)
    if view == "unassigned":
        return inside.filter(agent=None)
    return inside.filter(status=CaseStatus.WAITING_MEMBER) if view == "waiting" else inside


def _ours(user: User) -> list[int]:
    return sorted(department_ids(user))


def _first(parts: list[QuerySet[Case]], condition: Q, size: int) -> list[tuple[int, datetime | None]]:
    order = ("next_due_at", "pk")
    lists = [
        part.filter(condition).order_by(*order).values_list("pk", "next_due_at")[:size] for part in parts
    ]
    if len(lists) > 1:
        return list(lists[0].union(*lists[1:]).order_by(*order)[:size])
    return list(lists[0]) if lists else []


def _cursor(after: str) -> tuple[datetime | None, int]:
    due, _sign, last = after.partition("~")
    try:
        at, number = datetime.fromisoformat(due) if due else None, int(last or 0)
    except ValueError as error:
        raise Invalid(_("This page does not exist.")) from error
    if at is not None and timezone.is_naive(at):
        raise Invalid(_("This page does not exist."))
    return at, number


def _written(row: tuple[int, datetime | None]) -> str:
    pk, due = row
    return f"{due.isoformat() if due else ''}~{pk}"
