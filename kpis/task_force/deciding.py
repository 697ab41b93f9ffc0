"""Decisions of meetings: somebody's, until a day, with a ladder; followed up until they are done, once."""

from datetime import date, datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from config.common.errors import Invalid, NotFound, NotPermitted
from config.common.events import record
from config.common.models import User
from feedback.models import Department
from kpis.deadlines.given import coming_day, text_of
from kpis.models import MeetingState, Resolve, TaskForceMember
from kpis.models.task_force import SAID
from kpis.task_force.deadline import DEADLINE, tell_owner
from kpis.task_force.held import check_person, check_place, may_lead, meeting_held, resolve_held


@transaction.atomic
def decide(
    *,
    meeting_id: int,
    text: str,
    owner: User,
    due_on: date,
    department: Department | None = None,
    topic_id: int | None = None,
    actor: User | None,
    at: datetime,
) -> Resolve:
    """Decide something in a meeting that is under way; its clock starts, and its owner is told.

    Without a department it is that which the owner stands for in the task force.

    Raises:
        NotFound: see `force_held`; or it is no topic of this meeting.
        NotPermitted, MoveNotAllowed: see `meeting_held`.
        Invalid: no text, the owner can't take it on or stands for no department here, or the day is past.
    """
    found = meeting_held(meeting_id, actor, MeetingState.BEGUN)
    topic = found.topics.filter(pk=topic_id).first() if topic_id is not None else None
    if topic_id is not None and topic is None:
        raise NotFound
    made = Resolve(
        meeting=found,
        topic=topic,
        text=text_of(text, SAID, "text"),
        owner=owner,
        department=_department(found.task_force_id, owner, department),
        decided_at=at,
        due_on=coming_day(due_on, at, "due_on"),
    )
    made.warn_at = DEADLINE.next_at(made, at)
    made.save(force_insert=True)
    record("resolve.made", made, actor=actor, at=at, meeting=found.pk, owner=owner.pk, due=f"{due_on}")
    tell_owner(made, at=at)
    return made


def _department(force_id: int, owner: User, department: Department | None) -> Department:
    check_person(owner, "owner")
    seats = TaskForceMember.objects.filter(task_force=force_id, user=owner).select_related("department")
    own = next((one.department for one in seats), None)
    chosen = department or own
    if chosen is None:
        raise Invalid(_("Choose the department whose decision it is."), field="department")
    if chosen != own:
        check_place(owner, chosen)
    return chosen


@transaction.atomic
def entrust(*, resolve_id: int, owner: User, due_on: date, actor: User, at: datetime) -> Resolve:
    """Give a decision that is open to another owner or until another day; for that its ladder begins anew.

    Raises:
        NotFound, MoveNotAllowed: see `resolve_held`.
        NotPermitted: this person does not lead its task force.
        Invalid: the owner can't take it on, or the day is past.
    """
    found = resolve_held(resolve_id, actor)
    if not may_lead(found.meeting.task_force_id, actor):
        raise NotPermitted
    was = found.owner_id
    if was != owner.pk:
        check_person(owner, "owner")
    found.owner, found.due_on = owner, coming_day(due_on, at, "due_on")
    found.warn_at = DEADLINE.next_at(found, at)
    found.save(update_fields=["owner", "due_on", "warn_at"])
    record("resolve.entrusted", found, actor=actor, at=at, owner=owner.pk, due=f"{due_on}")
    if was != owner.pk:
        tell_owner(found, at=at)
    return found


@transaction.atomic
def done(*, resolve_id: int, outcome: str, actor: User, at: datetime) -> Resolve:
    """Note that a decision was carried out, and what came of it: once, by its owner or who leads.

    Raises:
        NotFound, MoveNotAllowed: see `resolve_held`.
        NotPermitted: it is somebody else's.
        Invalid: nothing is said of what came of it.
    """
    found = resolve_held(resolve_id, actor)
    if found.owner_id != actor.pk and not may_lead(found.meeting.task_force_id, actor):
        raise NotPermitted
    found.outcome = text_of(outcome, SAID, "outcome")
    found.done_at, found.done_by, found.warn_at = at, actor, None
    found.save(update_fields=["outcome", "done_at", "done_by", "warn_at"])
    record("resolve.done", found, actor=actor, at=at)
    return found
