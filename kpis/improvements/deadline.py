"""The clock of improvements: who is told when one is soon due, due and late."""

from datetime import datetime

from django.utils.translation import gettext_lazy as _

from config.common.models import User
from kpis.deadlines import people, rules
from kpis.deadlines.given import day_of
from kpis.deadlines.sweeping import LIMIT, Deadline
from kpis.improvements.held import CHANGE
from kpis.models import Improvement, Step
from kpis.models.improvement import WORKED

__all__ = [
    "DEADLINE", "LIMIT", "days_given", "ends_at", "next_at", "sweep",
    "tell_owner", "tell_reopened", "tell_task",
]  # fmt: skip

SHORTEST_DAYS, USUAL_DAYS = 7, 28
YOURS = _("Improvement %(number)s is yours until %(due)s")
TASK = _("A task of improvement %(number)s is yours")
CAME_BACK = _("Improvement %(number)s was reopened: due %(due)s")


def _people(improvement: Improvement, step: Step) -> list[User]:
    """Who is told at a rung: the owner; those who lead the department; others who may change it."""
    if step in {Step.WARNING, Step.BREACH}:
        return [improvement.owner] if improvement.owner and improvement.owner.is_active else []
    leads = people.leads_at(improvement.department_id)
    if step == Step.LEAD:
        return leads
    return [one for one in people.above_with(improvement.department_id, CHANGE) if one not in leads]


DEADLINE = Deadline(
    name="improvement",
    model=Improvement,
    is_running=lambda one: one.status in WORKED,
    since=lambda one: one.accepted_at or one.proposed_at,
    people=_people,
    page=lambda one: f"/admin/improvements/{one.pk}/",
    titles={
        Step.WARNING: _("Improvement %(number)s is due soon: %(due)s"),
        Step.BREACH: _("Improvement %(number)s was due: %(due)s"),
        Step.LEAD: _("Improvement %(number)s of your department is late: %(due)s"),
        Step.SUPERVISORS: _("Improvement %(number)s is late, and its leads were told: %(due)s"),
    },
    place=lambda one: {"round": one.round},
)
next_at, sweep = DEADLINE.next_at, DEADLINE.sweep


def ends_at(improvement: Improvement) -> datetime:
    """When its due day is over.

    Raises:
        ValueError: it has none.
    """
    if improvement.due_on is None:
        raise ValueError("it has no due day")
    return rules.ends_at(improvement.due_on)


def days_given(improvement: Improvement) -> int:
    """How many days it was given, a week at least."""
    if improvement.accepted_at is None or improvement.due_on is None:
        return USUAL_DAYS
    return max(SHORTEST_DAYS, (improvement.due_on - day_of(improvement.accepted_at)).days)


def tell_owner(improvement: Improvement, *, at: datetime) -> None:
    """Tell the owner that it is theirs."""
    if improvement.owner is not None:
        key = f"owner:{improvement.owner_id}:{at.isoformat()}"
        DEADLINE.tell(improvement, [improvement.owner], key, YOURS, at)


def tell_task(improvement: Improvement, owner: User, task_id: int, *, at: datetime) -> None:
    """Tell somebody that a task of it is theirs."""
    DEADLINE.tell(improvement, [owner], f"task:{task_id}", TASK, at)


def tell_reopened(improvement: Improvement, *, at: datetime) -> None:
    """Tell the owner and the leads that it is open again."""
    told = {one.pk: one for step in (Step.BREACH, Step.LEAD) for one in _people(improvement, step)}
    DEADLINE.tell(improvement, told.values(), f"reopened:{improvement.round}", CAME_BACK, at)
