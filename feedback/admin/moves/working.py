"""Moves of who works on a case: agents, departments, those who are asked and those who watch."""

from datetime import datetime

from django.utils.translation import gettext_lazy as _

from config.common.asked import id_in
from config.common.errors import NotFound
from config.common.screens import StaffRequest
from feedback.admin.moves.asked import Said, chosen
from feedback.cases import commands, watching
from feedback.handoffs import commands as handoffs
from feedback.models import (
    Case,
    Channel,
    Handoff,
    HandoffStatus,
)
from feedback.org.queries import departments_of
from feedback.shifts.queries import loads


def claim(request: StaffRequest, case: Case, at: datetime) -> Said:
    """Take the case."""
    done = commands.claim(case_id=case.pk, actor=request.user, at=at)
    return _with_load(_("The case is yours."), done)


def assign(request: StaffRequest, case: Case, at: datetime) -> Said:
    """Give the case to somebody, or to nobody."""
    asked = request.POST.get("agent")
    agent_id = id_in(asked)
    if asked and agent_id is None:
        raise NotFound
    done = commands.assign(case_id=case.pk, agent_id=agent_id, actor=request.user, at=at)
    if done.agent is None:
        return _("Nobody has it now.")
    return _with_load(_("%(agent)s has the case now.") % {"agent": done.agent}, done)


def _with_load(said: Said, case: Case) -> str:
    """Add that the agent has more than they would be given: people may do that, but should know."""
    agent, is_chat = case.agent, case.channel == Channel.CHAT
    if agent is None:
        return str(said)
    load = loads([agent.pk])[agent.pk]
    has, may = (load.chats, agent.chat_capacity) if is_chat else (load.others, agent.capacity)
    if has <= may:
        return str(said)
    told = _("%(agent)s now has %(has)s, more than the %(may)s that are given automatically.")
    return f"{said} {told % {'agent': agent, 'has': has, 'may': may}}"


def transfer(request: StaffRequest, case: Case, at: datetime) -> Said:
    """Give the case to another department."""
    done = commands.transfer(
        case_id=case.pk,
        department_id=chosen(request.POST, "department"),
        note=request.POST.get("note", ""),
        actor=request.user,
        at=at,
    )
    return _("%(department)s has the case now.") % {"department": done.department}


def hand_over(request: StaffRequest, case: Case, at: datetime) -> Said:
    """Ask another department."""
    handoff = handoffs.hand_over(
        case_id=case.pk,
        department_id=chosen(request.POST, "department"),
        question=request.POST.get("question", ""),
        after_id=id_in(request.POST.get("after")),
        actor=request.user,
        at=at,
    )
    if handoff.status == HandoffStatus.PLANNED:
        return _("%(department)s is asked as soon as the one before has answered.") % {
            "department": handoff.department
        }
    return _("%(department)s is asked.") % {"department": handoff.department}


def accept(request: StaffRequest, case: Case, at: datetime) -> Said:
    """Say that one works on what was asked."""
    handoffs.accept(handoff_id=_handoff(request, case, ours=True).pk, actor=request.user, at=at)
    return _("Accepted. Whoever asked knows that you work on it.")


def answer(request: StaffRequest, case: Case, at: datetime) -> Said:
    """Answer or reject what was asked."""
    handoff = _handoff(request, case, ours=True)
    text = request.POST.get("answer", "")
    if request.POST.get("verdict") == "reject":
        handoffs.reject(handoff_id=handoff.pk, reason=text, actor=request.user, at=at)
        return _("Rejected.")
    handoffs.answer(handoff_id=handoff.pk, answer=text, actor=request.user, at=at)
    return _("Answered.")


def recall(request: StaffRequest, case: Case, at: datetime) -> Said:
    """Take a question back."""
    handoffs.recall(handoff_id=_handoff(request, case).pk, actor=request.user, at=at)
    return _("Taken back.")


def _handoff(request: StaffRequest, case: Case, *, ours: bool = False) -> Handoff:
    """The handoff that the form is about; `ours`: asked of one of the person's departments.

    Raises:
        NotFound: it is none of this case's, or none of ours.
    """
    found = Handoff.objects.filter(case=case, pk=chosen(request.POST, "handoff"))
    if ours:
        found = found.filter(department__in=departments_of(request.user).values("pk"))
    handoff = found.first()
    if handoff is None:
        raise NotFound
    return handoff


def watch(request: StaffRequest, case: Case, at: datetime) -> Said:
    """Have somebody told of what matters here."""
    asked = request.POST.get("user")
    user = watching.get_user(id_in(asked)) if asked else request.user
    watching.watch(case_id=case.pk, user=user, actor=request.user, at=at)
    return _("%(name)s is told of what matters here.") % {"name": user}


def unwatch(request: StaffRequest, case: Case, at: datetime) -> Said:
    """Be told no longer."""
    watching.unwatch(case_id=case.pk, user=request.user, actor=request.user, at=at)
    return _("You are told no longer.")
