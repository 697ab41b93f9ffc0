"""Task forces: made and changed, with who is in them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from config.common.errors import Invalid, NotFound, NotPermitted
from config.common.events import record
from config.common.models import User
from feedback.models import Department
from kpis.deadlines.given import text_of
from kpis.models import Attendance, MeetingState, PartIn, TaskForce, TaskForceMember
from kpis.models.task_force import NAMED, SUNDAY
from kpis.task_force.held import ADD, CHANGE, check_person, check_place, visible_to

MOST_SEATS = 40


@dataclass(frozen=True, slots=True)
class Seat:
    """Somebody who is to be in a task force, for a department."""

    user: User
    department: Department
    part: str = PartIn.MEMBER


@transaction.atomic
def create(*, name: str, weekday: int, seats: Sequence[Seat], actor: User | None, at: datetime) -> TaskForce:
    """Put a task force together.

    Raises:
        NotPermitted: this person may not.
        Invalid: a name or weekday is none, or see `_seat`.
    """
    if actor is not None and not actor.has_perm(ADD):
        raise NotPermitted
    made = TaskForce(name=text_of(name, NAMED, "name"), weekday=_weekday(weekday))
    made.save(force_insert=True)
    _seat(made, seats)
    record("taskforce.made", made, actor=actor, at=at, weekday=weekday, members=len(seats))
    return made


@transaction.atomic
def change(
    *,
    task_force_id: int,
    name: str,
    weekday: int,
    is_active: bool,
    seats: Sequence[Seat],
    actor: User | None,
    at: datetime,
) -> TaskForce:
    """Say anew what it is called, when it meets and who is in it. Meetings that were held stay as they are.

    Raises:
        NotFound: there is none that this person sees.
        NotPermitted: this person may not.
        Invalid: a name or weekday is none, or see `_seat`.
    """
    found = TaskForce.objects.select_for_update(no_key=True).filter(pk=task_force_id).first()
    if found is None or (actor is not None and not visible_to(actor).filter(pk=found.pk).exists()):
        raise NotFound
    if actor is not None and not actor.has_perm(CHANGE):
        raise NotPermitted
    found.name, found.weekday = text_of(name, NAMED, "name"), _weekday(weekday)
    found.is_active = is_active
    found.save()
    _seat(found, seats)
    record(
        "taskforce.changed", found, actor=actor, at=at,
        weekday=weekday, active=is_active, members=[one.user.pk for one in seats],
    )  # fmt: skip
    return found


def _weekday(weekday: int) -> int:
    if not 0 <= weekday <= SUNDAY:
        raise Invalid(_("Choose a weekday."), field="weekday")
    return weekday


def _seat(force: TaskForce, seats: Sequence[Seat]) -> None:
    """Let these be in it and nobody else.

    Raises:
        Invalid: somebody comes twice, could not open its pages or does not belong to the department; it has
            not one leader, or more than one who keeps the minutes.
    """
    parts = [one.part for one in seats]
    if len(seats) > MOST_SEATS or not set(parts) <= set(PartIn.values):
        raise Invalid(_("Choose the parts of at most %(most)s people.") % {"most": MOST_SEATS})
    if parts.count(PartIn.LEADER) != 1:
        raise Invalid(_("A task force has one leader."))
    if parts.count(PartIn.KEEPER) > 1:
        raise Invalid(_("One keeps the minutes."))
    if len({one.user.pk for one in seats}) != len(seats):
        raise Invalid(_("Each person is in it once."))
    known = set(force.members.values_list("user", "department"))
    for one in seats:
        if (one.user.pk, one.department.pk) not in known:
            check_person(one.user, "user")
            check_place(one.user, one.department)
    force.members.all().delete()
    TaskForceMember.objects.bulk_create(
        TaskForceMember(task_force=force, user=one.user, department=one.department, part=one.part)
        for one in seats
    )
    under_way = force.meetings.filter(state=MeetingState.BEGUN).first()
    if under_way is not None:  # who joins meanwhile is expected as well
        rows = [Attendance(meeting=under_way, user=one.user) for one in seats]
        Attendance.objects.bulk_create(rows, ignore_conflicts=True)
