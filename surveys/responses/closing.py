"""Closing the loop: a bad answer opens a case, or joins the one in which it is made good already."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import connection, transaction
from django.utils import translation
from django.utils.translation import gettext as _

from compensation.models import Member, Order
from config.common.errors import DomainError
from feedback.cases import commands as cases
from feedback.channels.arriving import link
from feedback.models import Case, CaseKind, CaseStatus, Channel, Department, Priority, VoiceAspect
from surveys.models import (
    Answer,
    AspectDepartment,
    Campaign,
    Invitation,
    Occasion,
    Question,
    QuestionKind,
    Response,
)
from surveys.questionnaires.rules import SCORED, ends
from surveys.responses import telling, thanking
from surveys.responses.fields import FELT
from surveys.responses.rules import Given, is_bad

ENDED = (CaseStatus.RESOLVED, CaseStatus.CLOSED)
OF_THE_CASE = (VoiceAspect.SERVICE, VoiceAspect.AFTER_SALES)
"""What is said of these after a case is said of whoever had it."""
USUAL = {Occasion.DELIVERED: VoiceAspect.LOGISTICS}
"""What a campaign asks about when its questions do not say."""
HOLD = "SELECT pg_advisory_xact_lock(hashtext('surveys.follow_up'), hashtext(%s))"


def close(response: Response, given: Sequence[Given], at: datetime) -> None:
    """Do what follows from the answers of a member. Of anonymous ones nothing does.

    However many of its questions were answered badly, an answer is followed up once.
    """
    if response.invitation is None or response.invitation.member is None:
        return
    bad = is_bad(given)
    if bad:
        follow_up(response, given, at)
        telling.tell_at_once(response, at)
    thanking.thank(response, is_bad=bad, at=at)


def follow_up(response: Response, given: Sequence[Given], at: datetime) -> None:
    """Open a case with the answers as the member's first message.

    A follow-up that is itself rated badly is taken up again. What a member answers badly while a follow-up
    about the same order is open, or about no order while one about none is, goes into that one; the
    follow-ups of other orders are linked with the new one.
    """
    invitation = response.invitation
    if invitation is None or invitation.member is None:
        return
    case, member = invitation.case, invitation.member
    order = invitation.order or (case.order if case else None)
    with translation.override(member.language):
        body = in_words(given)
    _hold(member)
    if case is not None and _is_follow_up(case) and _reopened(case, body, member, at):
        return
    others = _open_follow_ups(member)
    known = next((one for one in others if one.order_id == (order.pk if order else None)), None)
    if known is None or not _joined(known, body, member, at):
        department = department_of(worst(given), case, invitation.wave.campaign)
        key = f"response:{response.pk}"
        known = _opened(invitation, member, body=body, order=order, department=department, key=key, at=at)
        for other in others:
            link(known, other, at=at)
    response.follow_up = known
    response.save(update_fields=["follow_up"])


def _hold(member: Member) -> None:
    """Have two bad answers of one member wait for each other, so that both find the one case."""
    with connection.cursor() as cursor:
        cursor.execute(HOLD, [str(member.pk)])


def _opened(
    invitation: Invitation,
    member: Member,
    *,
    body: str,
    order: Order | None,
    department: Department | None,
    key: str,
    at: datetime,
) -> Case:
    case, campaign = invitation.case, invitation.wave.campaign
    with translation.override(member.language):
        subject = (
            _("Not satisfied with case %(number)s") % {"number": case.number}
            if case
            else _("Not satisfied: %(campaign)s") % {"campaign": campaign}
        )
    return cases.open_case(
        member=member,
        kind=CaseKind.COMPLAINT,
        channel=Channel.SURVEY,
        subject=subject,
        body=body,
        department=department,
        order=order,
        priority=Priority(campaign.follow_up_priority),
        key=key,
        actor=member,
        at=at,
    )


def worst(given: Iterable[Given]) -> Given:
    """The answer that is worst on its scale; of equally bad ones the first with an aspect.

    Raises:
        ValueError: none is bad.
    """

    def how_bad(one: Given) -> tuple[float, bool]:
        low, high = ends(one.question)
        return ((one.score or 0) - low) / (high - low), not one.question.aspect

    return min((one for one in given if is_bad([one])), key=how_bad)


def department_of(worst: Given, case: Case | None, campaign: Campaign) -> Department | None:
    """Who follows up, by the worst question's aspect or who had the case; None: the department rules say."""
    had_it = case.department if case and case.department.is_active else None
    aspect = worst.question.aspect or ("" if case else USUAL.get(Occasion(campaign.occasion), ""))
    if had_it is not None and (not aspect or aspect in OF_THE_CASE):
        return had_it
    found = AspectDepartment.objects.filter(aspect=aspect, department__is_active=True)
    named = found.select_related("department").first()
    return named.department if named else had_it


def _is_follow_up(case: Case) -> bool:
    return Response.objects.filter(follow_up=case).exists()


def _open_follow_ups(member: Member) -> list[Case]:
    """Those of a member that are still worked on, the newest first."""
    found = Case.objects.filter(member=member, channel=Channel.SURVEY, followed_responses__isnull=False)
    return list(found.exclude(status__in=ENDED).filter(merged_into=None).distinct().order_by("-pk"))


def _reopened(case: Case, body: str, member: Member, at: datetime) -> bool:
    """Take a follow-up up again rather than follow it up; False when it is too late for that."""
    try:
        with transaction.atomic():
            cases.reopen(case_id=case.pk, reason=body, actor=member, at=at)
    except DomainError:
        return _joined(case, body, member, at)
    return True


def _joined(case: Case, body: str, member: Member, at: datetime) -> bool:
    """Say it in a case that is open; False when it has ended meanwhile."""
    try:
        with transaction.atomic():
            if Case.objects.select_for_update(no_key=True).get(pk=case.pk).status in ENDED:
                return False
            cases.member_message(case_id=case.pk, body=body, actor=member, at=at)
    except DomainError:
        return False
    return True


def in_words(given: Sequence[Given]) -> str:
    """The answers as the member would say them, in the language of the moment."""
    return "\n\n".join(f"{one.question}\n{words}" for one in given if (words := said(one)))


def said(given: Given | Answer) -> str:
    """One answer in words, in the language of the moment."""
    question = given.question
    texts = {choice.code: str(choice) for choice in question.choices.all()}
    if given.row:
        return f"{texts[given.row]}: {given.score}"
    if given.picked is not None:
        picked = _(", ").join(texts.get(code, code) for code in given.picked)
        return f"{picked}: {given.text}" if given.text else picked
    if given.score is not None:
        return _scored(question, given.score, given.second)
    if given.number is not None:
        return f"{given.number:f}"
    return str(given.day) if given.day else given.text


def _scored(question: Question, score: int, second: int | None) -> str:
    if second is not None:
        return f"{FELT[score]} / {FELT[second]}"
    if question.kind == QuestionKind.CONSENT:
        return _("agreed") if score else _("did not agree")
    return _("%(score)s of %(top)s") % {"score": score, "top": ends(question)[1]}


def was_bad(answer: Answer) -> bool:
    """Whether one answer is at most what its question calls bad."""
    bad_up_to = answer.question.bad_up_to
    return (
        answer.question.kind in SCORED
        and answer.score is not None
        and bad_up_to is not None
        and answer.score <= bad_up_to
    )
