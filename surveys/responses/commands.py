"""Answering: once an invitation, and what follows from it."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q

from compensation.models import Member
from config.common.events import record
from feedback.attachments.commands import kept_with_the_transaction
from surveys.invitations import links
from surveys.invitations import queries as invitations
from surveys.models import Answer, Draft, DraftFile, Invitation, Question, Response, SpentLink, WaveCell
from surveys.questionnaires.queries import questions_of
from surveys.responses import closing, rules, sending, webhook
from surveys.responses.errors import AlreadyAnswered, InvitationExpired, QuotaFull
from surveys.responses.places import Place, hold, of_invitation
from surveys.responses.rules import Given
from surveys.responses.sending import drawn

__all__ = ["AlreadyAnswered", "InvitationExpired", "QuotaFull", "answer", "answer_here"]

FOR = timedelta(days=1)
"""How long the invitation of somebody who was not asked by name is open: it is answered with its making."""


def answer(
    *,
    answers: Mapping[str, Any],
    at: datetime,
    token: str | None = None,
    invitation_id: int | None = None,
    member: Member | None = None,
) -> Response:
    """Take the answers to an invitation, named by its token or by its number and signed-in member.

    `answers` holds what was answered by the question's code (see rules.read); files are those that were kept
    with the draft. A score that is bad by its question opens a follow-up case, unless the campaign is
    anonymous.

    Raises:
        NotFound: there is no such invitation, or it is somebody else's.
        AlreadyAnswered, InvitationExpired, QuotaFull: too late.
        BadAnswers: see rules.read.
    """
    invitation = _find(token, invitation_id, member)
    place = of_invitation(invitation)
    if at >= invitation.expires_at and not place.is_spent():
        raise InvitationExpired
    return answer_here(place=place, answers=answers, at=at)


@kept_with_the_transaction()
@transaction.atomic
def answer_here(
    *,
    place: Place,
    answers: Mapping[str, Any],
    at: datetime,
    questions: Sequence[Question] | None = None,
    member: Member | None = None,
    key: str = "",
) -> Response:
    """Take the answers that belong to a place; of somebody who was not asked by name, too.

    `member` is then whose they are, if that is known, and `key` what tells them apart, such as the number of
    a paper form. `questions` are those of the place's version, where they were read already.

    Raises:
        AlreadyAnswered, QuotaFull, BadAnswers: as `answer`.
    """
    hold(place.key)
    _spend(place)
    if questions is None:
        questions = list(questions_of(place.version_id))
    full, files = sending.with_files(place, questions, answers)
    given = rules.read(questions, full, place.known)
    _count(place)
    response = _keep_anonymous(place, at) if place.is_anonymous else _keep(place, at, member, key)
    rows = _rows(response, given)
    if place.is_anonymous:
        for row in rows:
            row.pk = drawn()
    Answer.objects.bulk_create(rows)
    sending.put_to(response, zip(rows, given, strict=True), files)
    DraftFile.objects.filter(draft=place.key).delete()
    Draft.objects.filter(key=place.key).delete()
    if place.is_anonymous:
        return response
    closing.close(response, given, at)
    _note(response, given, at)
    return response


def _find(token: str | None, invitation_id: int | None, member: Member | None) -> Invitation:
    if token is not None:
        return invitations.by_token(token)
    if invitation_id is None or member is None:
        raise TypeError("an invitation is named by its token, or by its number and member")
    return invitations.by_member(invitation_id, member)


def _spend(place: Place) -> None:
    """See to it that a link is used once, whoever else uses it at this moment."""
    asked = place.invitation
    if asked is not None and not place.is_anonymous:
        if not Invitation.objects.filter(pk=asked.pk, is_answered=False).update(is_answered=True):
            raise AlreadyAnswered
        return
    _spent, is_new = SpentLink.objects.get_or_create(key=place.key, defaults={"wave": place.wave})
    # The night may have marked the invitation, and let go of the link, since the page was read.
    if not is_new or (asked and Invitation.objects.filter(pk=asked.pk, is_answered=True).exists()):
        raise AlreadyAnswered


def _count(place: Place) -> None:
    """Take a place of the quotas, where there are any; the rows stay locked until the answer is kept."""
    stratum = place.invitation.stratum_id if place.invitation else None
    cells = WaveCell.objects.filter(Q(stratum=None) | Q(stratum=stratum), wave=place.wave)
    held = list(cells.order_by("pk").select_for_update(no_key=True))
    if any(cell.answered >= cell.quota for cell in held):
        raise QuotaFull
    if held:
        cells.filter(pk__in=[cell.pk for cell in held]).update(answered=F("answered") + 1)


def _keep(place: Place, at: datetime, of: Member | None, key: str) -> Response:
    invitation = place.invitation or _stranger(place, at, of, key)
    case = invitation.case
    order = invitation.order or (case.order if case else None)
    member = invitation.member
    products = list(order.lines.values_list("product", flat=True).distinct()[:2]) if order else []
    return Response.objects.create(
        wave=place.wave,
        version_id=invitation.version_id,
        invitation=invitation,
        at=at,
        week=monday(at),
        stratum_id=invitation.stratum_id,
        channel=invitation.channel,
        tier_id=member.tier_id if member else None,
        segments=invitation.segments,
        agent_id=invitation.agent_id,
        department_id=invitation.department_id,
        product_id=products[0] if len(products) == 1 else None,
    )


def _stranger(place: Place, at: datetime, member: Member | None, key: str) -> Invitation:
    """What stands for the asking of somebody who was not asked by name, answered with it."""
    return Invitation.objects.create(
        wave=place.wave,
        version_id=place.version_id,
        member=member,
        way=place.way,
        key=key or f"{place.way}:{place.key[:32]}",
        digest=links.digest(place.token),
        invited_at=at,
        expires_at=at + FOR,
        channel=place.way,
        is_answered=True,
    )


def _keep_anonymous(place: Place, at: datetime) -> Response:
    """Keep an answer without whoever gave it: no member, no link, no moment; its number is drawn."""
    asked = place.invitation
    return Response.objects.create(
        pk=drawn(),
        wave=place.wave,
        version_id=place.version_id,
        is_anonymous=True,
        week=monday(at),
        stratum_id=asked.stratum_id if asked else None,
        channel=asked.channel if asked else place.way,
    )


def _rows(response: Response, given: Sequence[Given]) -> list[Answer]:
    return [
        Answer(
            response=response,
            question=one.question,
            row=one.row,
            score=one.score,
            second=one.second,
            picked=list(one.picked) if one.picked is not None else None,
            number=one.number,
            day=one.day,
            text=one.text,
        )
        for one in given
    ]


def monday(at: datetime) -> date:
    """The first day of the week of a moment, here."""
    day = at.astimezone(ZoneInfo(settings.TIME_ZONE)).date()
    return day - timedelta(days=day.weekday())


def _note(response: Response, given: Sequence[Given], at: datetime) -> None:
    """Write to the timelines of the response and of the case. Texts stay out: an event cannot be erased."""
    invitation = response.invitation
    if invitation is None:
        return
    data = {
        "response": response.pk,
        "scores": {one.question.code: one.score for one in given if one.score is not None and not one.row},
        "follow_up": response.follow_up_id,
    }
    for subject in filter(None, (response, invitation.case)):
        record("survey.answered", subject, actor=invitation.member, at=at, **data)
    webhook.tell_answered(response, at)
