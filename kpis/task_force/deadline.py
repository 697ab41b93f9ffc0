"""The clock of decisions: who is told when one is soon due, due and late. And who is told of meetings."""

from datetime import datetime

from django.utils.translation import gettext_lazy as _

from config.common.models import User
from kpis.deadlines import people
from kpis.deadlines.sweeping import Deadline, write
from kpis.models import Meeting, Resolve, Step
from kpis.task_force.held import CHANGE

YOURS = _("Decision %(number)s is yours until %(due)s")
CALLED = _("Task force %(force)s meets on %(on)s")
OFF = _("Task force %(force)s does not meet on %(on)s")


def _people(resolve: Resolve, step: Step) -> list[User]:
    """Who is told at a rung: the owner; those who lead the department; others who may change task forces."""
    if step in {Step.WARNING, Step.BREACH}:
        return [resolve.owner] if resolve.owner.is_active else []
    leads = people.leads_at(resolve.department_id)
    if step == Step.LEAD:
        return leads
    return [one for one in people.above_with(resolve.department_id, CHANGE) if one not in leads]


DEADLINE = Deadline(
    name="resolve",
    model=Resolve,
    is_running=lambda one: one.done_at is None,
    since=lambda one: one.decided_at,
    people=_people,
    page=lambda one: f"/admin/task-forces/decisions/{one.pk}/",
    titles={
        Step.WARNING: _("Decision %(number)s is due soon: %(due)s"),
        Step.BREACH: _("Decision %(number)s was due: %(due)s"),
        Step.LEAD: _("Decision %(number)s of your department is late: %(due)s"),
        Step.SUPERVISORS: _("Decision %(number)s is late, and its leads were told: %(due)s"),
    },
)


def tell_owner(resolve: Resolve, *, at: datetime) -> None:
    """Tell the owner that it is theirs."""
    key = f"owner:{resolve.owner_id}:{at.isoformat()}"
    DEADLINE.tell(resolve, [resolve.owner], key, YOURS, at)


def tell_members(meeting: Meeting, *, at: datetime) -> None:
    """Tell who is in the task force that it meets on a day, or that a meeting is off."""
    found = meeting.task_force.members.select_related("user").filter(user__is_active=True)
    write(
        [one.user for one in found],
        key=f"meeting:{meeting.pk}:{meeting.on}:{at.isoformat()}",
        title=OFF if meeting.state == "off" else CALLED,
        words={"force": meeting.task_force_id, "on": meeting.on},
        page=f"/admin/task-forces/meetings/{meeting.pk}/",
        at=at,
    )
