"""Task forces, their meetings and decisions, for tests."""

from datetime import timedelta

from django.utils import timezone

from kpis.models import PartIn
from kpis.task_force import deciding, meetings, seats
from kpis.task_force.seats import Seat
from tests.factories.feedback import DepartmentFactory
from tests.factories.improvements import staff


def force(department=None, *, leader=None, others=(), name="满意度提升小组", weekday=0, at=None):
    """A task force of a department with a leader and a member; `others` are further seats."""
    department = department or DepartmentFactory()
    leader = leader or staff(department, "agent")
    seated = [Seat(leader, department, PartIn.LEADER), Seat(staff(department, "agent"), department)]
    return seats.create(
        name=name,
        weekday=weekday,
        seats=[*seated, *others],
        actor=None,
        at=at or timezone.now(),
    )


def leader_of(found):
    return _again(found.members.get(part=PartIn.LEADER).user)


def member_of(found):
    return _again(found.members.filter(part=PartIn.MEMBER).first().user)


def _again(user):
    return type(user).objects.get(pk=user.pk)


def called(found=None, *, on=None, at=None):
    found, at = found or force(), at or timezone.now()
    return meetings.call(task_force_id=found.pk, on=on or timezone.localdate(at), actor=None, at=at)


def begun(found=None, *, at=None):
    at = at or timezone.now()
    return meetings.begin(meeting_id=called(found, at=at).pk, actor=None, at=at)


def decided(meeting, *, owner=None, days=7, text="午休留一人值班", at=None, **more):
    at = at or timezone.now()
    return deciding.decide(
        meeting_id=meeting.pk,
        text=text,
        owner=owner or leader_of(meeting.task_force),
        due_on=timezone.localdate(at) + timedelta(days),
        actor=None,
        at=at,
        **more,
    )


def ended(found=None, *, at=None):
    at = at or timezone.now()
    meeting = begun(found, at=at)
    who = meeting.attendance.first().user_id
    meetings.note_presence(meeting_id=meeting.pk, presence={who: "present"}, actor=None, at=at)
    return meetings.end(meeting_id=meeting.pk, actor=None, at=at)
