"""Moves that speak: to the member, to the courier, or of whom the case waits for."""

from datetime import datetime

from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from config.common.asked import id_in
from config.common.errors import Invalid, NotFound
from config.common.screens import StaffRequest
from feedback.admin.moves.asked import Said, key_of
from feedback.cases import commands, waiting
from feedback.cases.rules import Call
from feedback.models import (
    OUTSIDE,
    Case,
    Milestone,
    PauseReason,
    Resolution,
)


def reply(request: StaffRequest, case: Case, at: datetime) -> Said:
    """Answer the member, and go on, wait or resolve."""
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
        key=key_of(post),
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
            key=key_of(post),
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


def note(request: StaffRequest, case: Case, at: datetime) -> Said:
    """Keep a note that members don't see."""
    post = request.POST
    commands.note(case_id=case.pk, body=post.get("body", ""), key=key_of(post), actor=request.user, at=at)
    return _("Note kept.")


def wait_for(request: StaffRequest, case: Case, at: datetime) -> Said:
    """Have the case wait for somebody outside."""
    reason, note = request.POST.get("reason", ""), request.POST.get("note", "")
    if reason not in OUTSIDE:
        raise Invalid(_("Choose whom the case waits for."))
    waiting.wait_for(case_id=case.pk, reason=PauseReason(reason), note=note, actor=request.user, at=at)
    return _("The case waits; what may stand still does.")


def go_on(request: StaffRequest, case: Case, at: datetime) -> Said:
    """End the waiting."""
    waiting.go_on(case_id=case.pk, note=request.POST.get("note", ""), actor=request.user, at=at)
    return _("The clocks run again.")


def courier(request: StaffRequest, case: Case, at: datetime) -> Said:
    """Ask the courier, or keep what was answered."""
    text = request.POST.get("text", "")
    if request.POST.get("what") == "answered":
        waiting.courier_answered(case_id=case.pk, answer=text, actor=request.user, at=at)
        return _("The courier's answer is kept.")
    waiting.ask_courier(case_id=case.pk, question=text, actor=request.user, at=at)
    return _("The courier is asked.")


def call(request: StaffRequest, case: Case, at: datetime) -> Said:
    """Promise a call, or keep what became of it."""
    what, note = request.POST.get("what"), request.POST.get("note", "")
    if what == "promise":
        waiting.promise_call_back(case_id=case.pk, note=note, actor=request.user, at=at)
        return _("A call is promised. The member was told.")
    reached = what == "reached"
    waiting.called_back(case_id=case.pk, note=note, reached=reached, actor=request.user, at=at)
    return _("The call is kept.") if reached else _("Nobody answered: the promise stays.")


def keep(request: StaffRequest, case: Case, at: datetime) -> Said:
    """Say that a promise was kept."""
    keep = KEEPS.get(request.POST.get("what", ""))
    if keep is None:
        raise Invalid(_("Choose something first."))
    keep(case_id=case.pk, note=request.POST.get("note", ""), actor=request.user, at=at)
    return _("Kept.")


KEEPS = {Milestone.REFUND.value: waiting.refunded, Milestone.REVIEW_REPLY.value: waiting.review_answered}
"""The promises that an agent says were kept."""


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
