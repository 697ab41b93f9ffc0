"""Making one case of two. The rules are told in docs/decisions/merge.md; a merge cannot be undone."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from compensation.grants.commands import join_problems
from config.common.errors import DomainError, Invalid, Stale, WrongState
from config.common.events import record
from config.common.models import User
from feedback.cases import rules, telling
from feedback.cases.locking import check_not_merged, hold_agent, lock_both, move, save
from feedback.clocks import joining as clocks
from feedback.models import (
    Call,
    Case,
    CaseLink,
    CaseStatus,
    ChannelMessage,
    ChatSession,
    Clock,
    Draft,
    Gap,
    Handoff,
    Message,
    PlaybookUse,
    Priority,
    Remedy,
    RemedyRequest,
    Resolution,
    RuleTask,
    Watcher,
)
from feedback.models.handoff import UNENDED
from feedback.org.alerts import alert
from feedback.org.queries import may_work_in

TAKEN_IN = _("Case %(source)s was merged into your case %(number)s")
WORKS = frozenset({CaseStatus.NEW, CaseStatus.OPEN, CaseStatus.REOPENED, CaseStatus.WAITING_DEPARTMENT})
JOINED = (
    "order", "agent", "priority", "opened_at", "first_replied_at", "last_message_at", "last_message",
    "last_author",
)  # fmt: skip


@transaction.atomic
def merge(
    *,
    case_id: int,
    into_id: int,
    version: int | None = None,
    into_version: int | None = None,
    actor: User,
    at: datetime,
) -> Case:
    """Let one case go on in the place of two; gives the one that goes on. Again changes nothing.

    Raises:
        Invalid: the same case twice, or cases of two members.
        NotFound: there is no such case.
        Merged: one of them was merged into yet another case.
        MoveNotAllowed: one of them is resolved or closed.
        WrongState: both wait for an answer of the same department, or the member chats in the first one.
        Stale: one of them is past its version.
    """
    done = Case.objects.filter(pk=case_id, merged_into=into_id).select_related("merged_into").first()
    if done is not None and done.merged_into is not None:
        return done.merged_into
    source, target = lock_both(case_id, into_id)
    for case, known in ((source, version), (target, into_version)):
        if known is not None and case.version != known:
            raise Stale(version=case.version)
    _check(source, target)
    status = _status(source, target)
    _take_over(source, target)
    join_problems(problem=source.problem, into=target.problem, member_id=target.member_id, actor=actor, at=at)
    ends = move(target, status) if status != target.status else {}
    _join_facts(source, target)
    save(target, *JOINED)
    _end(source, target, at=at)
    record("case.merged", source, actor=actor, at=at, into=target.pk)
    record("case.took_in", target, actor=actor, at=at, case=source.pk, **ends)
    waits = bool(target.waiting_for) or status not in WORKS
    clocks.join(source, target, waits=waits, actor=actor, at=at)
    hold_agent(target)  # what the source did not count for, as it waited, the target may
    telling.tell(
        source,
        "merged",
        telling.MERGED,
        body=telling.MERGED_BODY,
        into_number=target.number,
        at=at,
    )
    _alert(source, target, actor=actor, at=at)
    return target


def _check(source: Case, target: Case) -> None:
    if source.member_id != target.member_id:
        raise Invalid(_("These cases belong to two members. Link them instead."))
    for case in (source, target):
        rules.check_worked(case.status)
    if ChatSession.objects.filter(case=source, ended_at=None).exists():
        raise WrongState(
            _("The member is chatting in this case. Merge the other one into it, or end the chat.")
        )
    asked = [set(_asked(case)) for case in (source, target)]
    if both := asked[0] & asked[1]:
        department = Handoff.objects.filter(department__in=both).select_related("department")[0].department
        raise WrongState(
            _("Both cases wait for %(department)s: take one question back first.")
            % {"department": department}
        )


def _asked(case: Case) -> list[int]:
    """The departments that have yet to answer."""
    open_ones = Handoff.objects.filter(case=case, status__in=UNENDED)
    return list(open_ones.values_list("department_id", flat=True))


def _status(source: Case, target: Case) -> CaseStatus:
    return rules.joined_status(source.status, target.status, asked=bool(_asked(source) or _asked(target)))


def _take_over(source: Case, target: Case) -> None:
    """Everything that hangs on the one case hangs on the other from now on; what was drafted is kept."""
    Message.objects.filter(case=source).update(case=target, said_in=Coalesce(F("said_in_id"), source.pk))
    handoffs = list(Handoff.objects.filter(case=source))
    Handoff.objects.filter(pk__in=[one.pk for one in handoffs]).update(case=target)
    clocks.hand_on(handoffs, target)
    for hanging in (Remedy, RemedyRequest, RuleTask, Gap, Call, ChannelMessage):
        hanging._default_manager.filter(case=source).update(case=target)
    used = PlaybookUse.objects.filter(case=target).values("playbook")
    PlaybookUse.objects.filter(case=source).exclude(playbook__in=used).update(case=target)
    known = Watcher.objects.filter(case=target).values("user")
    Watcher.objects.filter(case=source).exclude(user__in=known).update(case=target)
    Draft.objects.filter(case=target, body="").delete()
    kept = Draft.objects.filter(case=target)
    for draft in Draft.objects.filter(case=source).exclude(body=""):
        if not kept.filter(user=draft.user_id, kind=draft.kind).exists():
            Draft.objects.filter(pk=draft.pk).update(case=target)
    _take_over_links(source, target)
    Case.objects.filter(merged_into=source).update(merged_into=target)


def _take_over_links(source: Case, target: Case) -> None:
    """The links of the one, but for those that the other has, and for one between the two."""
    known = {target.pk}
    for link in CaseLink.objects.filter(Q(case=target) | Q(other=target)):
        known |= {link.case_id, link.other_id}
    for link in CaseLink.objects.filter(Q(case=source) | Q(other=source)):
        far = link.other_id if link.case_id == source.pk else link.case_id
        if far in known:
            link.delete()
        elif link.case_id == source.pk:
            CaseLink.objects.filter(pk=link.pk).update(case=target)
        else:
            CaseLink.objects.filter(pk=link.pk).update(other=target)


def _join_facts(source: Case, target: Case) -> None:
    """What the case that goes on did not know, or knows less urgent or older."""
    target.opened_at = min(target.opened_at, source.opened_at)  # the member waits since then
    target.order_id = target.order_id or source.order_id
    if target.agent is None and source.agent is not None and may_work_in(source.agent, target.department_id):
        target.agent = source.agent
    if source.waiting_for != target.waiting_for:
        target.waiting_for = ""
    target.priority = Priority(max(source.priority, target.priority))
    replies = [when for when in (source.first_replied_at, target.first_replied_at) if when is not None]
    target.first_replied_at = min(replies, default=None)
    ours, theirs = target.last_message_at, source.last_message_at
    if theirs is not None and (ours is None or theirs > ours):
        target.last_message_at = theirs
        target.last_message, target.last_author = source.last_message, source.last_author


def _end(source: Case, target: Case, *, at: datetime) -> None:
    source.status, source.resolution, source.merged_into = CaseStatus.CLOSED, Resolution.DUPLICATE, target
    source.resolved_at = source.closed_at = at
    source.waiting_for = ""
    save(source, "resolution", "resolved_at", "closed_at", "merged_into")


def _alert(source: Case, target: Case, *, actor: User, at: datetime) -> None:
    agents = [case.agent.user for case in (source, target) if case.agent is not None]
    alert(
        users=[user for user in agents if user != actor],
        case=target,
        kind="case.took_in",
        key=f"case:{target.pk}:{target.version}:took_in",
        title=TAKEN_IN,
        data={"source": source.number},
        at=at,
    )


@dataclass(frozen=True, slots=True)
class Fate:
    """What a merge does to a running clock of one of the two cases."""

    clock: Clock
    is_kept: bool


@dataclass(frozen=True, slots=True)
class Preview:
    """What a merge would do; with `refusal` it would do nothing."""

    source: Case
    target: Case
    refusal: str
    messages: int
    handoffs: int
    remedies: int
    fates: list[Fate]
    status: str | Promise


def preview(source: Case, target: Case, *, at: datetime) -> Preview:
    """Tell what a merge would do, without doing it."""
    refusal = ""
    try:
        if source.pk == target.pk:
            raise Invalid(_("That is the same case."))
        for case in (source, target):
            check_not_merged(case)
        _check(source, target)
    except DomainError as error:
        refusal = str(error)
    status = CaseStatus(target.status) if refusal else _status(source, target)
    running = Clock.objects.filter(case__in=[source, target], handoff=None, met_at=None, stopped_at=None)
    fates = clocks.fates(running.prefetch_related("pauses"), source, at=at)
    return Preview(
        source=source,
        target=target,
        refusal=refusal,
        messages=Message.objects.filter(case=source).count(),
        handoffs=Handoff.objects.filter(case=source).count(),
        remedies=Remedy.objects.filter(case=source).count(),
        fates=[Fate(clock, is_kept) for clock, is_kept in fates],
        status=status.label,
    )
