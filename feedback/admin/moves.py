"""The buttons of the case page: each parses its form, calls one command, and says what was done."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from compensation.models import GrantKind
from config.common.asked import id_in
from config.common.errors import Invalid, NotFound
from config.common.screens import StaffRequest
from feedback.admin.letters import sort_letter
from feedback.admin.recognising import say_who
from feedback.cases import commands, waiting, watching
from feedback.cases.contacts import reveal_contacts
from feedback.cases.linking import find_numbered
from feedback.cases.queries import actions_for, get_for
from feedback.cases.rules import Call
from feedback.handoffs import commands as handoffs
from feedback.models import (
    OUTSIDE,
    Case,
    Channel,
    Handoff,
    HandoffStatus,
    LinkKind,
    Milestone,
    PauseReason,
    Resolution,
)
from feedback.org.queries import departments_of
from feedback.remedies import commands as remedies
from feedback.shifts.queries import loads

Said = str | Promise


@dataclass(frozen=True, slots=True)
class Move:
    """A command with the action that has to be allowed for it, and the draft that it uses up."""

    action: str
    perform: Callable[[StaffRequest, Case, datetime], Said]
    draft: str = ""


def _reply(request: StaffRequest, case: Case, at: datetime) -> Said:
    post = request.POST
    then = post.get("then", "open")
    if then == "resolve":
        return _send_and_resolve(request, case, at)
    commands.reply(
        case_id=case.pk,
        body=post.get("body", ""),
        attachments=request.FILES.getlist("files"),
        then="wait" if then == "wait" else "open",
        to=_recipient(post),
        version=id_in(post.get("version")),
        key=_key(post),
        actor=request.user,
        at=at,
    )
    return _("Sent. The case waits for the member.") if then == "wait" else _("Sent.")


def _send_and_resolve(request: StaffRequest, case: Case, at: datetime) -> Said:
    post = request.POST
    resolution = post.get("resolution", "")
    if resolution not in Resolution.values:
        raise Invalid(_("Choose how the case was resolved."))
    files, call = request.FILES.getlist("files"), CALLS.get(post.get("call", ""), "")
    if post.get("body", "").strip() or files:
        commands.reply(
            case_id=case.pk,
            body=post.get("body", ""),
            attachments=files,
            then="resolve",
            to=_recipient(post),
            resolution=Resolution(resolution),
            call=call,
            version=id_in(post.get("version")),
            key=_key(post),
            actor=request.user,
            at=at,
        )
    else:
        commands.resolve(
            case_id=case.pk,
            resolution=Resolution(resolution),
            call=call,
            version=id_in(post.get("version")),
            actor=request.user,
            at=at,
        )
    return _("Resolved. The member is asked to confirm.")


CALLS: dict[str, Call] = {"made": "made", "unwanted": "unwanted"}


def _note(request: StaffRequest, case: Case, at: datetime) -> Said:
    post = request.POST
    commands.note(case_id=case.pk, body=post.get("body", ""), key=_key(post), actor=request.user, at=at)
    return _("Note kept.")


def _claim(request: StaffRequest, case: Case, at: datetime) -> Said:
    done = commands.claim(case_id=case.pk, actor=request.user, at=at)
    return _with_load(_("The case is yours."), done)


def _assign(request: StaffRequest, case: Case, at: datetime) -> Said:
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


def _transfer(request: StaffRequest, case: Case, at: datetime) -> Said:
    done = commands.transfer(
        case_id=case.pk,
        department_id=_chosen(request.POST, "department"),
        note=request.POST.get("note", ""),
        actor=request.user,
        at=at,
    )
    return _("%(department)s has the case now.") % {"department": done.department}


def _hand_over(request: StaffRequest, case: Case, at: datetime) -> Said:
    handoff = handoffs.hand_over(
        case_id=case.pk,
        department_id=_chosen(request.POST, "department"),
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


def _accept(request: StaffRequest, case: Case, at: datetime) -> Said:
    handoffs.accept(handoff_id=_handoff(request, case, ours=True).pk, actor=request.user, at=at)
    return _("Accepted. Whoever asked knows that you work on it.")


def _watch(request: StaffRequest, case: Case, at: datetime) -> Said:
    asked = request.POST.get("user")
    user = watching.get_user(id_in(asked)) if asked else request.user
    watching.watch(case_id=case.pk, user=user, actor=request.user, at=at)
    return _("%(name)s is told of what matters here.") % {"name": user}


def _unwatch(request: StaffRequest, case: Case, at: datetime) -> Said:
    watching.unwatch(case_id=case.pk, user=request.user, actor=request.user, at=at)
    return _("You are told no longer.")


def _answer(request: StaffRequest, case: Case, at: datetime) -> Said:
    handoff = _handoff(request, case, ours=True)
    text = request.POST.get("answer", "")
    if request.POST.get("verdict") == "reject":
        handoffs.reject(handoff_id=handoff.pk, reason=text, actor=request.user, at=at)
        return _("Rejected.")
    handoffs.answer(handoff_id=handoff.pk, answer=text, actor=request.user, at=at)
    return _("Answered.")


def _recall(request: StaffRequest, case: Case, at: datetime) -> Said:
    handoffs.recall(handoff_id=_handoff(request, case).pk, actor=request.user, at=at)
    return _("Taken back.")


def _change_priority(request: StaffRequest, case: Case, at: datetime) -> Said:
    priority = _chosen(request.POST, "priority")
    commands.change_priority(case_id=case.pk, priority=priority, actor=request.user, at=at)
    return _("Priority changed; the clocks run by it.")


def _correct(request: StaffRequest, case: Case, at: datetime) -> Said:
    post = request.POST
    asked = post.get("order")
    order_id = id_in(asked)
    if asked and order_id is None:
        raise NotFound
    commands.correct(
        case_id=case.pk,
        subject=post.get("subject", ""),
        kind=post.get("kind", ""),
        order_id=order_id,
        version=id_in(post.get("version")),
        actor=request.user,
        at=at,
    )
    return _("Set right; the clocks run by it.")


def _reopen(request: StaffRequest, case: Case, at: datetime) -> Said:
    commands.reopen(case_id=case.pk, reason=request.POST.get("reason", ""), actor=request.user, at=at)
    return _("The case is open again.")


def _close(request: StaffRequest, case: Case, at: datetime) -> Said:
    commands.close_case(case_id=case.pk, note=request.POST.get("note", ""), actor=request.user, at=at)
    return _("The case is closed.")


def _grant(request: StaffRequest, case: Case, at: datetime) -> Said:
    post = request.POST
    kind = post.get("kind", "")
    is_coupon = kind == GrantKind.COUPON
    remedy = remedies.grant_for_case(
        case_id=case.pk,
        kind=kind,
        template_id=id_in(post.get("template")) if is_coupon else None,
        points=None if is_coupon else id_in(post.get("points")),
        reason=post.get("reason", ""),
        key=_key(post) or "",
        actor=request.user,
        at=at,
    )
    if remedy.grant.is_given:
        return _("Given. The member was told.")
    return _("More than you may give alone: it waits for approval.")


def _merge(request: StaffRequest, case: Case, at: datetime) -> Said:
    post = request.POST
    other = get_for(request.user, _chosen(post, "other"))
    actions_for(other, request.user).check("merge")
    ends, versions = (case, other), (id_in(post.get("version")), id_in(post.get("other_version")))
    if post.get("turn"):
        ends, versions = ends[::-1], versions[::-1]
    done = commands.merge(
        case_id=ends[0].pk,
        into_id=ends[1].pk,
        version=versions[0],
        into_version=versions[1],
        actor=request.user,
        at=at,
    )
    return _("Merged: %(number)s goes on.") % {"number": done.number}


def _split(request: StaffRequest, case: Case, at: datetime) -> Said:
    post = request.POST
    new = commands.split(
        case_id=case.pk,
        message_id=_chosen(post, "message"),
        subject=post.get("subject", ""),
        kind=post.get("kind", ""),
        key=_key(post),
        actor=request.user,
        at=at,
    )
    return _("Split off: %(number)s.") % {"number": new.number}


def _link(request: StaffRequest, case: Case, at: datetime) -> Said:
    post = request.POST
    other = find_numbered(request.user, post.get("number", ""))
    kind, ends = post.get("kind", ""), (case.pk, other.pk)
    if kind == "child":  # the other one stands above
        kind, ends = LinkKind.PARENT, ends[::-1]
    commands.link(case_id=ends[0], other_id=ends[1], kind=kind, actor=request.user, at=at)
    return _("Linked with %(number)s.") % {"number": other.number}


def _unlink(request: StaffRequest, case: Case, at: datetime) -> Said:
    other = get_for(request.user, _chosen(request.POST, "other"))
    commands.unlink(case_id=case.pk, other_id=other.pk, actor=request.user, at=at)
    return _("The link is gone.")


def _reveal(request: StaffRequest, case: Case, at: datetime) -> Said:
    reveal_contacts(case=case, actor=request.user, at=at)
    return ""


def _wait_for(request: StaffRequest, case: Case, at: datetime) -> Said:
    reason, note = request.POST.get("reason", ""), request.POST.get("note", "")
    if reason not in OUTSIDE:
        raise Invalid(_("Choose whom the case waits for."))
    waiting.wait_for(case_id=case.pk, reason=PauseReason(reason), note=note, actor=request.user, at=at)
    return _("The case waits; what may stand still does.")


def _go_on(request: StaffRequest, case: Case, at: datetime) -> Said:
    waiting.go_on(case_id=case.pk, note=request.POST.get("note", ""), actor=request.user, at=at)
    return _("The clocks run again.")


def _courier(request: StaffRequest, case: Case, at: datetime) -> Said:
    text = request.POST.get("text", "")
    if request.POST.get("what") == "answered":
        waiting.courier_answered(case_id=case.pk, answer=text, actor=request.user, at=at)
        return _("The courier's answer is kept.")
    waiting.ask_courier(case_id=case.pk, question=text, actor=request.user, at=at)
    return _("The courier is asked.")


def _call(request: StaffRequest, case: Case, at: datetime) -> Said:
    what, note = request.POST.get("what"), request.POST.get("note", "")
    if what == "promise":
        waiting.promise_call_back(case_id=case.pk, note=note, actor=request.user, at=at)
        return _("A call is promised. The member was told.")
    reached = what == "reached"
    waiting.called_back(case_id=case.pk, note=note, reached=reached, actor=request.user, at=at)
    return _("The call is kept.") if reached else _("Nobody answered: the promise stays.")


def _keep(request: StaffRequest, case: Case, at: datetime) -> Said:
    keep = KEEPS.get(request.POST.get("what", ""))
    if keep is None:
        raise Invalid(_("Choose something first."))
    keep(case_id=case.pk, note=request.POST.get("note", ""), actor=request.user, at=at)
    return _("Kept.")


KEEPS = {Milestone.REFUND.value: waiting.refunded, Milestone.REVIEW_REPLY.value: waiting.review_answered}
"""The promises that an agent says were kept."""

MOVES: dict[str, Move] = {
    "reply": Move("reply", _reply, "reply"),
    "note": Move("note", _note, "note"),
    "claim": Move("claim", _claim),
    "assign": Move("assign", _assign),
    "transfer": Move("transfer", _transfer, "transfer"),
    "hand-over": Move("hand_over", _hand_over, "hand-over"),
    "answer": Move("answer", _answer, "answer"),
    "accept": Move("answer", _accept),
    "recall": Move("recall", _recall),
    "priority": Move("change_priority", _change_priority),
    "correct": Move("correct", _correct),
    "recognise": Move("correct", say_who),
    "reopen": Move("reopen", _reopen, "reopen"),
    "close": Move("close_case", _close),
    "grant": Move("grant", _grant, "grant"),
    "wait-for": Move("wait_for", _wait_for),
    "go-on": Move("go_on", _go_on),
    "courier": Move("courier", _courier, "courier"),
    "call": Move("call", _call, "call"),
    "keep": Move("keep", _keep),
    "letter": Move("note", sort_letter),
    "reveal": Move("note", _reveal),
    "merge": Move("merge", _merge),
    "split": Move("split", _split, "split"),
    "link": Move("link", _link),
    "unlink": Move("link", _unlink),
    "watch": Move("note", _watch),
    "unwatch": Move("note", _unwatch),
}
"""By the last part of the address that the form is sent to."""


def _handoff(request: StaffRequest, case: Case, *, ours: bool = False) -> Handoff:
    """The handoff that the form is about; `ours`: asked of one of the person's departments.

    Raises:
        NotFound: it is none of this case's, or none of ours.
    """
    found = Handoff.objects.filter(case=case, pk=_chosen(request.POST, "handoff"))
    if ours:
        found = found.filter(department__in=departments_of(request.user).values("pk"))
    handoff = found.first()
    if handoff is None:
        raise NotFound
    return handoff


def _chosen(post: QueryDict, name: str) -> int:
    """The number that a choice stands for.

    Raises:
        Invalid: nothing was chosen.
    """
    number = id_in(post.get(name))
    if number is None:
        raise Invalid(_("Choose something first."))
    return number


def _recipient(post: QueryDict) -> int | None:
    """The letter whose writer is answered; None: the member.

    Raises:
        NotFound: that is no number.
    """
    given = post.get("to")
    chosen = id_in(given)
    if given and chosen is None:
        raise NotFound
    return chosen


def _key(post: QueryDict) -> str | None:
    return (post.get("key") or "")[:64] or None
