"""What every command on a task force does: find what somebody may see, lock it, check right and state."""

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from config.common.errors import Invalid, MoveNotAllowed, NotFound, NotPermitted
from config.common.models import User
from feedback.models import Department
from feedback.org.queries import departments_of
from kpis.models import Meeting, MeetingState, PartIn, Resolve, TaskForce, TaskForceMember

VIEW, ADD, CHANGE, SEE_ALL = (
    "kpis.view_taskforce",
    "kpis.add_taskforce",
    "kpis.change_taskforce",
    "kpis.see_all_task_forces",
)
LEADING = (PartIn.LEADER, PartIn.KEEPER)


def visible_to(user: User) -> QuerySet[TaskForce]:
    """The task forces that somebody may see: those they are in; all with the right to see or change all."""
    if not (user.is_active and user.has_perm(VIEW)):
        return TaskForce.objects.none()
    if user.has_perm(SEE_ALL) or user.has_perm(CHANGE):
        return TaskForce.objects.all()
    return TaskForce.objects.filter(pk__in=TaskForceMember.objects.filter(user=user).values("task_force"))


def resolves_seen_by(user: User) -> QuerySet[Resolve]:
    """The decisions that somebody may see: of the task forces that they see, and their own."""
    if not (user.is_active and user.has_perm(VIEW)):
        return Resolve.objects.none()
    return Resolve.objects.filter(Q(meeting__task_force__in=visible_to(user)) | Q(owner=user))


def may_lead(task_force_id: int, user: User) -> bool:
    """Whether somebody may hold its meetings: its leader, who keeps its minutes, who may change all."""
    if not (user.is_active and user.has_perm(VIEW)):
        return False
    if user.has_perm(CHANGE):
        return True
    return TaskForceMember.objects.filter(task_force=task_force_id, user=user, part__in=LEADING).exists()


def force_held(task_force_id: int, actor: User | None) -> TaskForce:
    """A task force whose meetings this person may hold, locked until the transaction ends; no actor: ours.

    Raises:
        NotFound: there is none that this person sees.
        NotPermitted: this person leads it not.
    """
    found = TaskForce.objects.select_for_update(no_key=True).filter(pk=task_force_id).first()
    if found is None or (actor is not None and not visible_to(actor).filter(pk=found.pk).exists()):
        raise NotFound
    if actor is not None and not may_lead(found.pk, actor):
        raise NotPermitted
    return found


def meeting_held(meeting_id: int, actor: User | None, *states: MeetingState) -> Meeting:
    """A meeting in one of these states that this person may hold, locked with its task force.

    Raises:
        NotFound, NotPermitted: see `force_held`.
        MoveNotAllowed: it is in another state.
    """
    known = Meeting.objects.filter(pk=meeting_id).values_list("task_force", flat=True).first()
    force = force_held(known or 0, actor)
    found = Meeting.objects.select_for_update(no_key=True).get(pk=meeting_id)
    found.task_force = force
    if found.state not in states:
        raise MoveNotAllowed(
            _("This can't be done with a meeting that is “%(state)s”.") % {"state": found.get_state_display()}
        )
    return found


def resolve_held(resolve_id: int, actor: User) -> Resolve:
    """A decision that is not done and that this person sees, locked.

    Raises:
        NotFound: there is none that this person sees.
        MoveNotAllowed: it is done.
    """
    found = Resolve.objects.select_for_update(no_key=True).filter(pk=resolve_id).first()
    if found is None or not resolves_seen_by(actor).filter(pk=found.pk).exists():
        raise NotFound
    if found.done_at is not None:
        raise MoveNotAllowed(_("This decision is done."))
    return found


def check_person(user: User, field: str) -> None:
    """Refuse somebody who could not open the pages.

    Raises:
        Invalid: they have left, or have not the right.
    """
    if not (user.is_active and user.is_staff and user.has_perm(VIEW)):
        raise Invalid(_("%(who)s can't take part.") % {"who": user}, field=field)


def check_place(user: User, department: Department) -> None:
    """Refuse a department that somebody can't stand for.

    Raises:
        Invalid: its cases are not theirs to see.
    """
    if not departments_of(user).filter(pk=department.pk).exists():
        raise Invalid(
            _("%(who)s does not belong to %(department)s.") % {"who": user, "department": department}
        )
