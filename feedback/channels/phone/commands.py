"""Calls as they happen: each report counts by the moment that it tells of, in whatever order it comes."""

import logging
from contextlib import suppress
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from compensation.members.commands import guest
from compensation.members.masking import masked_phone
from compensation.members.queries import by_contact
from compensation.members.rules import plausible_contact
from compensation.models import Member
from config.common.events import record
from feedback.cases import telling, waiting
from feedback.cases.locking import Merged, hold_agent, lock, move, save, work_begins
from feedback.cases.opening import open_case
from feedback.cases.queries import visible_to
from feedback.cases.rules import WORKED
from feedback.channels import arriving
from feedback.channels.phone.events import Report
from feedback.clocks import commands as clocks
from feedback.models import (
    Agent,
    Call,
    Case,
    CaseStatus,
    Channel,
    Clock,
    Department,
    Direction,
    Milestone,
    WebhookSource,
)
from feedback.org.alerts import alert
from feedback.org.queries import may_work_in

log = logging.getLogger(__name__)

RINGING = gettext_lazy("%(member)s calls: case %(number)s")
MISSED = gettext_lazy("We missed your call and will call you back: case %(number)s")
SETTLE_AFTER = timedelta(seconds=30)
"""A call that ended, and of which nobody has said for so long that it was answered, was missed."""


@transaction.atomic
def take(*, source: WebhookSource, report: Report, at: datetime) -> Call:
    """Take in one report of a call. The same report again changes nothing."""
    call = _lock(source, report)
    before = (call.rang_at, call.answered_at, call.missed_at)
    _note(call, report)
    if call.direction == Direction.IN:
        case = _case_of_caller(call, at)
        _incoming(call, case, before)
    else:
        _find_called(call)
        _outgoing(call, before)
    call.save()
    return call


def settle(*, at: datetime, limit: int = 200) -> int:
    """Take the calls that ended unanswered for missed; gives how many. A broken one holds up no other."""
    due = Call.objects.filter(ended_at__lte=at - SETTLE_AFTER, answered_at=None, missed_at=None)
    count = 0
    for call_id in list(due.order_by("ended_at", "pk").values_list("pk", flat=True)[:limit]):
        try:
            count += _settle(call_id)
        except Exception:  # whatever it stumbles over, the next must be settled
            log.exception("call %s cannot be settled", call_id)
    return count


@transaction.atomic
def _settle(call_id: int) -> bool:
    call = _hold(Call.objects.filter(pk=call_id))
    if call.answered_at is not None or call.missed_at is not None:
        return False
    before = (call.rang_at, call.answered_at, call.missed_at)
    call.missed_at = call.ended_at
    if call.direction == Direction.OUT:
        _outgoing(call, before)
    elif call.case is not None:
        _incoming(call, lock(call.case.pk), before)
    call.save()
    return True


def _lock(source: WebhookSource, report: Report) -> Call:
    # An upsert, as two reports may come at once: the second waits for the first to commit.
    Call.objects.bulk_create(
        [
            Call(
                source=source,
                external_id=report.call_id,
                direction=Direction.IN if report.direction == "in" else Direction.OUT,
                began_at=report.at,
            )
        ],
        ignore_conflicts=True,
    )
    return _hold(Call.objects.filter(source=source, external_id=report.call_id))


def _hold(call: QuerySet[Call]) -> Call:
    """Lock a call after its case, as a merge does, which hands the calls of one case on to another.

    Which case it is may change until the call itself is locked. Then both locks are let go, by going back to
    the savepoint, and taken anew: to ask for the case while holding the call would be the wrong order.
    """
    while True:
        with suppress(_Moved):
            return _hold_both(call)


@transaction.atomic
def _hold_both(call: QuerySet[Call]) -> Call:
    case_id = call.values_list("case", flat=True).get()
    if case_id is not None:
        Case.objects.select_for_update(no_key=True).get(pk=case_id)
    held = call.select_for_update(of=("self",)).get()
    if held.case_id != case_id:
        raise _Moved
    return held


class _Moved(Exception):
    """The call belongs to another case by now."""


def _note(call: Call, report: Report) -> None:
    """Keep what the report tells; of two that tell the same the earlier moment."""
    call.began_at = min(call.began_at, report.at)
    call.number = call.number or report.number
    call.line = call.line or report.line
    call.agent = _agent(report.agent) or call.agent
    call.recording_url = report.recording_url or call.recording_url
    match report.kind:
        case "ringing":
            call.rang_at = min(call.rang_at or report.at, report.at)
        case "answered":
            call.answered_at = min(call.answered_at or report.at, report.at)
            call.missed_at = None
        case "missed":
            call.missed_at = None if call.answered_at else min(call.missed_at or report.at, report.at)
            call.ended_at = call.ended_at or report.at
        case "ended":
            call.ended_at = max(call.ended_at or report.at, report.at)


def _agent(name: str) -> Agent | None:
    if not name:
        return None
    known = Q(extension=name) | Q(user__username=name)
    return Agent.objects.select_related("user").filter(known, is_active=True).order_by("pk").first()


def _case_of_caller(call: Call, at: datetime) -> Case:
    """The case that a call belongs to, locked: the caller's open one by telephone, else a new one.

    A new one is linked with the caller's other open case where there is just one, for the agent to see.
    """
    if call.case is not None:
        call.case = _lock_what_goes_on(call.case.pk)
        return call.case
    member = call.member = _caller(call)
    open_ones = list(Case.objects.filter(member=member, status__in=WORKED).order_by("-opened_at", "-pk")[:20])
    by_phone = [case for case in open_ones if case.channel == Channel.PHONE]
    if by_phone and (known := _lock_what_goes_on(by_phone[0].pk)).status in WORKED:
        call.case = known
        return known
    with translation.override(member.language):
        subject = _("Call from %(number)s") % {"number": masked_phone(call.number) or _("an unknown number")}
    case = open_case(
        member=member,
        kind=call.source.kind,  # type: ignore[arg-type]  # a constraint holds it to the list
        channel=Channel.PHONE,
        subject=subject,
        department=call.source.department or _department(call.agent),
        actor=member,
        at=call.began_at,
    )
    call.case = lock(case.pk)
    if len(open_ones) == 1:
        arriving.link(open_ones[0], call.case, at=at)
    return call.case


def _lock_what_goes_on(case_id: int) -> Case:
    """Lock a case, or the one that it was merged into a moment ago."""
    while True:
        try:
            return lock(case_id)
        except Merged as error:
            case_id = int(error.details["into"])


def _department(agent: Agent | None) -> Department | None:
    """Where the agent works whose telephone rings, so that the case can be theirs."""
    return agent.departments.filter(is_active=True).order_by("pk").first() if agent else None


def _caller(call: Call) -> Member:
    if plausible_contact(call.number):
        return guest(phone=call.number, at=call.began_at)
    return guest(origin=f"{call.source.code}:call:{call.external_id}", at=call.began_at)


Before = tuple[datetime | None, datetime | None, datetime | None]


def _incoming(call: Call, case: Case, before: Before) -> None:
    rang, answered, missed = before
    actor = call.agent.user if call.agent else None
    works = case.status in WORKED
    if call.rang_at is not None and rang is None:
        record("case.call_rang", case, actor=None, at=call.rang_at, call=call.pk)
        if works:
            clocks.start(case, Milestone.PICK_UP, actor=None, at=call.rang_at)
            if call.answered_at is not None:  # was reported before
                clocks.met(case, Milestone.PICK_UP, actor=actor, at=max(call.answered_at, call.rang_at))
    if call.answered_at is not None and answered is None:
        _answered(call, case, call.answered_at, was_missed=missed is not None)
    if call.missed_at is not None and missed is None:
        _missed(call, case, call.missed_at)
    if call.agent is not None and call.missed_at is None:
        _pop(call, case, call.agent)


def _answered(call: Call, case: Case, moment: datetime, *, was_missed: bool) -> None:
    """The member was spoken to: that is a reply, and whatever call was promised is no longer needed."""
    actor = call.agent.user if call.agent else None
    was_waiting = case.status == CaseStatus.WAITING_MEMBER
    ends = move(case, CaseStatus.OPEN) if was_waiting else work_begins(case)
    case.first_replied_at = case.first_replied_at or moment
    taken = {}
    if case.agent is None and call.agent is not None and may_work_in(call.agent, case.department_id):
        case.agent = call.agent
        taken = {"agent": call.agent.pk}
    save(case, "first_replied_at", "agent")
    record("case.call_answered", case, actor=actor, at=moment, call=call.pk, **ends, **taken)
    if case.status not in WORKED:
        return
    clocks.met(case, Milestone.PICK_UP, actor=actor, at=moment)
    clocks.replied(case, actor=actor, at=moment)
    if was_waiting:
        clocks.resume(case, actor=actor, at=moment)
    if was_missed:
        clocks.stop(case, Milestone.CALL_BACK, actor=actor, at=moment)
    else:
        clocks.met(case, Milestone.CALL_BACK, actor=actor, at=moment)
    if taken:
        hold_agent(case)


def _missed(call: Call, case: Case, moment: datetime) -> None:
    """Nobody was quick enough: we call back, by a time that a clock holds us to, and say so."""
    save(case)
    record("case.call_lost", case, actor=None, at=moment, call=call.pk)
    if case.status not in WORKED:
        return
    clocks.stop(case, Milestone.PICK_UP, actor=None, at=moment)
    clocks.start(case, Milestone.CALL_BACK, actor=None, at=moment)
    if plausible_contact(call.number):
        telling.tell(case, "call_missed", MISSED, at=moment)
    if case.agent is not None:
        alert(
            users=[case.agent.user],
            case=case,
            kind="case.call_missed",
            key=f"call:{call.pk}:missed",
            title=gettext_lazy("A call in case %(number)s was missed"),
            at=moment,
        )


def _pop(call: Call, case: Case, agent: Agent) -> None:
    """Put the case before the agent whose telephone rings, if they may see it; once a call."""
    if not visible_to(agent.user).filter(pk=case.pk).exists():
        return
    alert(
        users=[agent.user],
        case=case,
        kind="call.rang",
        key=f"call:{call.pk}:rang",
        title=RINGING,
        data={"member": str(case.member)},
        at=call.began_at,
    )


def _find_called(call: Call) -> None:
    """Whom we call, and about what: the case that a call was promised in, else the latest open one."""
    if call.case is not None or not plausible_contact(call.number):
        return
    call.member = call.member or by_contact(call.number)
    if call.member is None:
        return
    open_ones = Case.objects.filter(member=call.member, status__in=WORKED).order_by("-opened_at", "-pk")
    promised = Clock.objects.filter(
        milestone=Milestone.CALL_BACK, handoff=None, met_at=None, stopped_at=None
    ).values("case")
    call.case = open_ones.filter(pk__in=promised).first() or open_ones.first()


def _outgoing(call: Call, before: Before) -> None:
    """A call of ours meets the promise once somebody answers it; one that nobody does leaves it open."""
    if call.case is None:
        return
    _rang, answered, missed = before
    is_new = (call.answered_at is not None and answered is None) or (
        call.missed_at is not None and missed is None
    )
    if not is_new:
        return
    call.case = _lock_what_goes_on(call.case.pk)
    if call.case.status not in WORKED:
        return
    with translation.override(settings.LANGUAGE_CODE):
        said = _("Called %(number)s.") if call.answered_at else _("Called %(number)s: nobody answered.")
    waiting.called_back(
        case_id=call.case.pk,
        note=said % {"number": masked_phone(call.number)},
        reached=call.answered_at is not None,
        actor=call.agent.user if call.agent else None,
        at=call.answered_at or call.missed_at or call.began_at,
    )
