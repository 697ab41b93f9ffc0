"""Task forces, their meetings and decisions for screens."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import BooleanField, Case, Count, Max, Min, Q, QuerySet, Value, When
from django.utils.translation import pgettext_lazy

from config.common.models import User
from kpis.improvements import held as improvements
from kpis.models import Meeting, MeetingState, Resolve, TaskForce, Topic, TopicKind
from kpis.task_force.held import resolves_seen_by, visible_to

HAPPENED = {
    "meeting.called": pgettext_lazy("task force", "called"),
    "meeting.moved": pgettext_lazy("task force", "put on another day"),
    "meeting.off": pgettext_lazy("task force", "called off"),
    "meeting.begun": pgettext_lazy("task force", "begun"),
    "meeting.presence": pgettext_lazy("task force", "attendance noted"),
    "meeting.written": pgettext_lazy("task force", "minutes written"),
    "meeting.ended": pgettext_lazy("task force", "ended"),
    "resolve.made": pgettext_lazy("task force", "decided"),
    "resolve.entrusted": pgettext_lazy("task force", "given to another owner or until another day"),
    "resolve.rung": pgettext_lazy("task force", "its ladder told somebody"),
    "resolve.done": pgettext_lazy("task force", "done"),
}


def forces(user: User) -> QuerySet[TaskForce]:
    """The task forces that somebody may see, those that meet first; with what comes next and what is open."""
    coming = Q(meetings__state__in=[MeetingState.CALLED, MeetingState.BEGUN])
    open_ones = Q(meetings__resolves__isnull=False, meetings__resolves__done_at=None)
    return (
        visible_to(user)
        .annotate(
            next_on=Min("meetings__on", filter=coming),
            last_on=Max("meetings__on", filter=Q(meetings__state=MeetingState.ENDED)),
            open_number=Count("meetings__resolves", filter=open_ones, distinct=True),
        )
        .order_by("-is_active", "name", "pk")
    )


def meetings(user: User, force: TaskForce) -> QuerySet[Meeting]:
    """The meetings of a task force that somebody may see, the newest first."""
    return (
        Meeting.objects.filter(task_force=force, task_force__in=visible_to(user))
        .defer("minutes")
        .annotate(decided=Count("resolves"))
        .order_by("-on", "-pk")
    )


def resolves(user: User, *, today: date, is_done: bool, mine: bool = False) -> QuerySet[Resolve]:
    """The decisions that somebody may see: open ones the soonest due first, done ones the newest first."""
    found = resolves_seen_by(user).filter(done_at__isnull=not is_done)
    if mine:
        found = found.filter(owner=user)
    late = Q(done_at=None, due_on__lt=today)
    return (
        found.select_related("owner", "department", "meeting__task_force")
        .annotate(
            is_late=Case(When(late, then=Value(True)), default=Value(False), output_field=BooleanField())
        )
        .order_by(*(("-done_at", "-pk") if is_done else ("due_on", "pk")))
    )


def open_for(user: User) -> QuerySet[Resolve]:
    """What somebody decided to do and has not done."""
    return Resolve.objects.filter(owner=user, done_at=None)


@dataclass(frozen=True, slots=True)
class Names:
    """What the rows are called that topics are about, by their numbers: those that somebody may see."""

    resolves: dict[int, Any]
    improvements: dict[int, Any]


def named(topics: Sequence[Topic], user: User) -> Names:
    """The rows that an agenda names to somebody, as they read now. Two queries."""
    return Names(
        Resolve.objects.select_related("owner").in_bulk(_ids(topics, TopicKind.DECISION)),
        improvements.visible_to(user)
        .select_related("owner", "department")
        .in_bulk(_ids(topics, TopicKind.IMPROVEMENT)),
    )


def _ids(topics: Sequence[Topic], kind: TopicKind) -> list[int]:
    return [one.numbers["id"] for one in topics if one.kind == kind]
