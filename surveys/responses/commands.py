"""Answering: once an invitation, and what follows from a bad answer."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from compensation.models import Member
from config.common.errors import DomainError, WrongState
from config.common.events import record
from feedback.cases import commands as cases
from feedback.models import Case, CaseKind, CaseStatus, Channel, Priority
from surveys.campaigns.queries import questions_of
from surveys.invitations import queries as invitations
from surveys.models import Answer, Invitation, Response
from surveys.responses import rules
from surveys.responses.rules import Given


class AlreadyAnswered(WrongState):
    """There is one answer an invitation."""

    code = "already_answered"
    default = gettext_lazy("You have already answered. Thank you!")


class InvitationExpired(WrongState):
    """The time to answer is over."""

    code = "invitation_expired"
    default = gettext_lazy("The time to answer is over. Thank you all the same!")


@transaction.atomic
def answer(
    *,
    answers: Mapping[int, Any],
    at: datetime,
    token: str | None = None,
    invitation_id: int | None = None,
    member: Member | None = None,
) -> Response:
    """Take the answers to an invitation, named by its token or by its number and signed-in member.

    `answers` holds scores and texts by the question's primary key. A score that is bad by the campaign
    opens a follow-up case with the answers as the member's first message, or reopens the case when that
    is itself a follow-up.

    Raises:
        NotFound: there is no such invitation, or it is somebody else's.
        AlreadyAnswered, InvitationExpired: too late.
        BadAnswers: see rules.read.
    """
    invitation = _find(token, invitation_id, member)
    Invitation.objects.select_for_update(no_key=True).get(pk=invitation.pk)
    if Response.objects.filter(invitation=invitation).exists():
        raise AlreadyAnswered
    if at >= invitation.expires_at:
        raise InvitationExpired
    given = rules.read(list(questions_of(invitation)), answers)
    response = Response.objects.create(invitation=invitation, at=at)
    Answer.objects.bulk_create(
        Answer(response=response, question=one.question, score=one.score, text=one.text) for one in given
    )
    if rules.is_bad(given, invitation.campaign.bad_score):
        _follow_up(response, given, at)
    _note(response, given, at)
    return response


def _find(token: str | None, invitation_id: int | None, member: Member | None) -> Invitation:
    if token is not None:
        return invitations.by_token(token)
    if invitation_id is None or member is None:
        raise TypeError("an invitation is named by its token, or by its number and member")
    return invitations.by_member(invitation_id, member)


def _note(response: Response, given: Sequence[Given], at: datetime) -> None:
    """Write to the timelines of the response and of the case. Texts stay out: an event cannot be erased."""
    invitation = response.invitation
    data = {
        "response": response.pk,
        "scores": {one.question.kind: one.score for one in given if one.score is not None},
        "follow_up": response.follow_up_id,
    }
    for subject in filter(None, (response, invitation.case)):
        record("survey.answered", subject, actor=invitation.member, at=at, **data)


def _follow_up(response: Response, given: Sequence[Given], at: datetime) -> None:
    invitation = response.invitation
    case, member = invitation.case, invitation.member
    with translation.override(member.language):
        body = _in_words(given)
        subject = (
            _("Not satisfied with case %(number)s") % {"number": case.number}
            if case
            else _("Not satisfied: %(campaign)s") % {"campaign": invitation.campaign}
        )
    if case is not None and _is_follow_up(case) and _reopened(case, body, member, at):
        return
    department = case.department if case and case.department.is_active else None
    response.follow_up = cases.open_case(
        member=member,
        kind=CaseKind.COMPLAINT,
        channel=Channel.SURVEY,
        subject=subject,
        body=body,
        department=department,
        order=case.order if case else None,
        priority=Priority(invitation.campaign.follow_up_priority),
        key=f"response:{response.pk}",
        actor=member,
        at=at,
    )
    response.save(update_fields=["follow_up"])


def _is_follow_up(case: Case) -> bool:
    return Response.objects.filter(follow_up=case).exists()


def _reopened(case: Case, body: str, member: Member, at: datetime) -> bool:
    """Take a follow-up up again rather than follow it up; False when it is too late for that."""
    try:
        with transaction.atomic():
            cases.reopen(case_id=case.pk, reason=body, actor=member, at=at)
    except DomainError:
        current = Case.objects.get(pk=case.pk)
        if current.status in {CaseStatus.RESOLVED, CaseStatus.CLOSED}:
            return False
        cases.member_message(case_id=case.pk, body=body, actor=member, at=at)
    return True


def _in_words(given: Sequence[Given]) -> str:
    """The answers as the member would say them, in the language of the moment."""
    of_five = _("%(score)s of 5")
    return "\n\n".join(f"{one.question}\n{one.text or of_five % {'score': one.score}}" for one in given)
