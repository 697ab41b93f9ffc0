"""Who works on a case, and how urgently: claim, assign, transfer, change priority."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from config.common.errors import Invalid, MoveNotAllowed, NotFound, NotPermitted
from config.common.events import record
from config.common.models import User
from feedback.cases import rules, telling
from feedback.cases.locking import lock, save, save_given, work_begins
from feedback.cases.watching import ASSIGNED as WATCHED_ASSIGNED
from feedback.cases.watching import MOVED as WATCHED_MOVED
from feedback.cases.watching import tell_watchers
from feedback.clocks import commands as clocks
from feedback.models import Agent, Author, Case, Department, Message, Priority
from feedback.org.alerts import alert
from feedback.org.queries import agent_of, may_work_in

ASSIGNED = _("Case %(number)s was assigned to you")


class AlreadyTaken(MoveNotAllowed):
    """Somebody else works on the case; the message says who."""

    code = "already_taken"


@transaction.atomic
def claim(*, case_id: int, actor: User, at: datetime) -> Case:
    """Take a case that nobody works on. To claim one's own case again changes nothing.

    Raises:
        AlreadyTaken: a colleague has it.
        NotPermitted: the person is no agent of the case's department.
        MoveNotAllowed: the case is resolved or closed.
    """
    case = lock(case_id)
    rules.check_worked(case.status)
    agent = agent_of(actor)
    if agent is None or not may_work_in(agent, case.department_id):
        raise NotPermitted(
            _("You do not work in the department %(department)s.") % {"department": case.department}
        )
    if case.agent is not None:
        if case.agent == agent:
            return case
        raise AlreadyTaken(
            _("%(agent)s is already working on this case.") % {"agent": case.agent}, agent=case.agent_id
        )
    _give(case, agent, "case.claimed", actor=actor, at=at)
    return case


@transaction.atomic
def assign(*, case_id: int, agent_id: int | None, actor: User | None, at: datetime) -> Case:
    """Give a case to an agent, or to nobody with None. The same agent again changes nothing.

    Raises:
        NotFound: there is no such agent.
        Invalid: the agent does not work in the case's department, or takes no cases.
        MoveNotAllowed: the case is resolved or closed.
    """
    case = lock(case_id)
    rules.check_worked(case.status)
    if case.agent_id == agent_id:
        return case
    if agent_id is None:
        case.given_back_by, case.agent, case.queued_at = case.agent, None, at
        save_given(case, "given_back_by", "queued_at")
        record("case.assigned", case, actor=actor, at=at, agent=None)
        return case
    agent = Agent.objects.select_related("user").filter(pk=agent_id).first()
    if agent is None:
        raise NotFound
    if not may_work_in(agent, case.department_id):
        raise Invalid(
            _("%(agent)s takes no cases of the department %(department)s.")
            % {"agent": agent, "department": case.department}
        )
    _give(case, agent, "case.assigned", actor=actor, at=at)
    return case


def _give(case: Case, agent: Agent, kind: str, *, actor: User | None, at: datetime) -> None:
    ends = work_begins(case)
    case.agent = agent
    save_given(case)
    record(kind, case, actor=actor, at=at, agent=agent.pk, **ends)
    telling.tell(case, "working", telling.WORKING, agent=agent, at=at)
    tell_watchers(
        case,
        kind="case.reassigned",
        key=f"case:{case.pk}:{case.version}:watchers",
        title=WATCHED_ASSIGNED,
        data={"agent": str(agent)},
        besides=[actor, agent.user],
        at=at,
    )
    if agent.user != actor:
        alert(
            users=[agent.user],
            case=case,
            kind="case.assigned",
            key=f"case:{case.pk}:{case.version}:assigned",
            title=ASSIGNED,
            at=at,
        )


@transaction.atomic
def transfer(
    *,
    case_id: int,
    department_id: int,
    note: str = "",
    version: int | None = None,
    keeps_skill: bool = False,
    actor: User | None,
    at: datetime,
) -> Case:
    """Give a case to another department for good; there nobody has it yet.

    The skill that it needed here is forgotten, unless it keeps it.

    Raises:
        NotFound: there is no such department.
        Invalid: the department has it already or takes none; too long a note.
        MoveNotAllowed: the case is resolved or closed.
        Stale: since `version` something has happened that matters to it.
    """
    note = rules.clean_text(note)
    case = lock(case_id, version=version, reader=actor)
    rules.check_worked(case.status)
    department = Department.objects.filter(pk=department_id).first()
    if department is None:
        raise NotFound
    if department == case.department:
        raise Invalid(_("%(department)s has this case already.") % {"department": department})
    if not department.is_active:
        raise Invalid(_("%(department)s takes no cases.") % {"department": department})
    before = case.department_id
    case.department, case.agent, case.queued_at = department, None, at
    case.department_rule = case.given_back_by = None
    if not keeps_skill:
        case.skill = None
    save(case, "department", "agent", "queued_at", "skill", "department_rule", "given_back_by")
    record("case.transferred", case, actor=actor, at=at, departments=[before, department.pk])
    if note:
        author = Author.AGENT if actor is not None else Author.SYSTEM
        Message.objects.create(case=case, author=author, user=actor, is_public=False, body=note, at=at)
    clocks.moved(case, actor=actor, at=at)
    telling.tell(case, "moved", telling.MOVED, department=department, at=at)
    tell_watchers(
        case,
        kind="case.moved",
        key=f"case:{case.pk}:{case.version}:watchers",
        title=WATCHED_MOVED,
        data={"department": str(department)},
        besides=[actor],
        at=at,
    )
    return case


@transaction.atomic
def change_priority(*, case_id: int, priority: int, actor: User | None, at: datetime) -> Case:
    """Say how urgent a case is; its clocks run by the policy for that. The same again changes nothing.

    Raises:
        Invalid: there is no such priority.
        MoveNotAllowed: the case is resolved or closed.
    """
    if priority not in Priority.values:
        raise Invalid(_("There is no such priority."))
    case = lock(case_id)
    rules.check_worked(case.status)
    if case.priority == priority:
        return case
    before, case.priority = case.priority, Priority(priority)
    save(case, "priority", news=False)
    record("case.priority_changed", case, actor=actor, at=at, priorities=[before, priority])
    clocks.retarget(case, actor=actor, at=at)
    return case
