"""How a case ends, and how it begins again: resolve, confirm, reopen, close."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import DateTimeField, ExpressionWrapper, F, Q
from django.utils.translation import gettext_lazy as _

from compensation.models import Member
from config.common.errors import Invalid, MoveNotAllowed
from config.common.events import record
from config.common.models import User
from feedback.cases import outgoing, rules, telling
from feedback.cases.locking import Actor, lock, lock_own, move, save
from feedback.cases.speech import hear, say
from feedback.clocks import commands as clocks
from feedback.models import Author, Case, CaseStatus, Channel, Clock, Message, Milestone, Resolution
from feedback.org.alerts import alert

AGAIN = _("Case %(number)s was reopened")
CALL_PROMISED = _("A call to the member is promised: say whether it was made or is not wanted any more.")
NO_CALL = {Resolution.WITHDRAWN, Resolution.DUPLICATE}
"""How a case ends so that nobody waits for a call."""
ENDINGS = ("resolved_at", "resolution", "closed_at", "confirmed_at")


@transaction.atomic
def resolve(
    *,
    case_id: int,
    resolution: Resolution,
    message: str = "",
    call: rules.Call = "",
    version: int | None = None,
    actor: User,
    at: datetime,
) -> Case:
    """Say that the problem is solved, and how; the member is asked to confirm.

    Raises:
        Invalid: no message, though the member was never answered; no such resolution; nothing said of a call
            that was promised.
        MoveNotAllowed: already resolved, or another department has yet to answer.
        Stale: since `version` something has happened that matters to it.
    """
    message = rules.clean_text(message)
    case = lock(case_id, version=version, reader=actor)
    rules.check(case.status, CaseStatus.RESOLVED)
    if message:
        say(case, message, (), to=None, is_last=True, actor=actor, at=at)
    elif case.first_replied_at is None:
        raise Invalid(_("The member has had no answer yet: write one to resolve the case."))
    finish(case, resolution, body=message, call=call, actor=actor, at=at)
    return case


def finish(
    case: Case, resolution: Resolution, *, body: str, call: rules.Call = "", actor: Actor, at: datetime
) -> None:
    """Resolve a locked case whose member has been answered.

    A call that was promised does not go away silently: `call` says whether it was made or nobody wants it.
    Who takes the problem back, or told of it twice, wants none.

    Raises:
        Invalid: no such resolution; nothing said of a call that was promised.
        MoveNotAllowed: the table does not hold the move.
    """
    if resolution not in Resolution.values:
        raise Invalid(_("Choose how the case was resolved."))
    _settle_call(case, "unwanted" if resolution in NO_CALL else call, actor=actor, at=at)
    ends = move(case, CaseStatus.RESOLVED)
    case.resolved_at, case.resolution = at, resolution
    save(case, *ENDINGS)
    record("case.resolved", case, actor=actor, at=at, resolution=resolution, **ends)
    clocks.resolved(case, actor=actor, at=at)
    body = "" if outgoing.reaches(case) else body  # was sent as the reply that it is
    telling.tell(case, "resolved", telling.RESOLVED, body=body or telling.RESOLVED_BODY, at=at)


def _settle_call(case: Case, call: rules.Call, *, actor: Actor, at: datetime) -> None:
    """Put on record what became of a promised call, if there is one.

    Raises:
        Invalid: nothing was said of it.
    """
    if not is_call_promised(case):
        return
    if call not in {"made", "unwanted"}:
        raise Invalid(CALL_PROMISED)
    if call == "made":
        record("case.called_back", case, actor=actor, at=at, reached=True)
        clocks.met(case, Milestone.CALL_BACK, actor=actor, at=at)
    else:
        record("case.call_unwanted", case, actor=actor, at=at)
        clocks.stop(case, Milestone.CALL_BACK, actor=actor, at=at)


def is_call_promised(case: Case) -> bool:
    """Whether we have promised the member a call that is still to come."""
    return Clock.objects.filter(
        case=case, milestone=Milestone.CALL_BACK, met_at=None, stopped_at=None
    ).exists()


@transaction.atomic
def confirm(*, case_id: int, actor: Member, at: datetime) -> Case:
    """The member says that it is solved: the case is closed. Again changes nothing.

    Raises:
        NotFound: not the member's own case.
        MoveNotAllowed: the case is not resolved.
    """
    case = lock_own(case_id, actor)
    if case.status == CaseStatus.CLOSED and case.confirmed_at is not None:
        return case
    if case.status != CaseStatus.RESOLVED:
        raise MoveNotAllowed(_("There is nothing to confirm: this case is not waiting for it."))
    case.confirmed_at = at
    _close(case, "case.confirmed", actor=actor, at=at)
    return case


@transaction.atomic
def reopen(*, case_id: int, reason: str, actor: User | Member, at: datetime) -> Case:
    """Take a resolved or closed case up again. What a member gives as reason is their next message.

    Raises:
        NotFound: not the member's own case.
        Invalid: no reason, or too long a one.
        MoveNotAllowed: the case is being worked, or closed too long ago for the member to reopen it.
    """
    reason = rules.required_text(reason)
    if isinstance(actor, Member):
        case = lock_own(case_id, actor)
        if case.status == CaseStatus.CLOSED and not may_reopen(case, at):
            raise MoveNotAllowed(_("This case was closed too long ago. Please open a new one."))
        revive(case, actor=actor, at=at)
        hear(case, reason, (), actor=actor, at=at)
    else:
        case = lock(case_id)
        revive(case, actor=actor, at=at)
        Message.objects.create(
            case=case, author=Author.AGENT, user=actor, is_public=False, body=reason, at=at
        )
        telling.tell(case, "reopened", telling.REOPENED, at=at)
    return case


def may_reopen(case: Case, at: datetime) -> bool:
    """Whether the member may still reopen a resolved or closed case."""
    if case.status == CaseStatus.CLOSED:
        days = case.department.reopen_within_days
        return case.closed_at is not None and at - case.closed_at <= timedelta(days=days)
    return bool(case.status == CaseStatus.RESOLVED)


def revive(case: Case, *, actor: Actor, at: datetime) -> None:
    """Reopen a locked case.

    Raises:
        MoveNotAllowed: it is neither resolved nor closed.
    """
    ends = move(case, CaseStatus.REOPENED)
    case.resolved_at = case.closed_at = case.confirmed_at = None
    case.resolution = ""
    if case.channel == Channel.CHAT and not outgoing.is_watched(case):
        case.channel = Channel.PORTAL  # the chat is over: nobody waits there for an answer in seconds
    save(case, *ENDINGS, "channel")
    record("case.reopened", case, actor=actor, at=at, **ends)
    clocks.reopened(case, actor=actor, at=at)
    if case.agent is not None and case.agent.user != actor:
        alert(
            users=[case.agent.user],
            case=case,
            kind="case.reopened",
            key=f"case:{case.pk}:{case.version}:reopened",
            title=AGAIN,
            at=at,
        )


@transaction.atomic
def close_case(*, case_id: int, actor: User | None, at: datetime, note: str = "") -> Case:
    """Close a resolved case and stop its clocks.

    Raises:
        MoveNotAllowed: the case is not resolved.
        Invalid: too long a note.
    """
    note = rules.clean_text(note)
    case = lock(case_id)
    _close(case, "case.closed", actor=actor, at=at)
    if note and actor is not None:
        Message.objects.create(case=case, author=Author.AGENT, user=actor, is_public=False, body=note, at=at)
    return case


@transaction.atomic
def close_silent(*, at: datetime, limit: int = 200) -> int:
    """Close resolved cases that their members have said nothing more about; gives how many.

    How long that is, each department says. Cases that somebody has locked wait for the next pass.
    """
    day = timedelta(days=1)
    cases = (
        Case.objects.filter(Q(status=CaseStatus.RESOLVED), resolved_at__lte=at - day)
        .annotate(
            silent_until=ExpressionWrapper(
                F("resolved_at") + F("department__close_after_days") * day, output_field=DateTimeField()
            )
        )
        .filter(silent_until__lte=at)
        .order_by("pk")
        .select_for_update(no_key=True, skip_locked=True, of=("self",))[:limit]
    )
    closed = 0
    for case in cases:
        _close(case, "case.closed", actor=None, at=at, silent=True)
        closed += 1
    return closed


def _close(case: Case, kind: str, *, actor: Actor, at: datetime, **data: bool) -> None:
    ends = move(case, CaseStatus.CLOSED)
    case.closed_at = at
    save(case, *ENDINGS)
    record(kind, case, actor=actor, at=at, **ends, **data)
    clocks.stop_all(case, actor=actor, at=at)
    telling.tell(case, "closed", telling.CLOSED, body=telling.CLOSED_BODY, at=at)
