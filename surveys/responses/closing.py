"""Closing the loop: a bad answer opens a case, or joins the one in which it is made good already."""

import logging
from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import connection, transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from compensation.models import Member, Order
from config.common import outbox
from config.common.errors import DomainError
from config.common.models import OutboxMessage
from config.common.outbox import Dropped
from feedback.cases import commands as cases
from feedback.channels.arriving import link
from feedback.models import Case, CaseKind, CaseStatus, Channel, Department, Priority, VoiceAspect
from surveys.models import AspectDepartment, Campaign, Invitation, Occasion, Response
from surveys.questionnaires.rules import ends
from surveys.responses import telling, thanking
from surveys.responses.closing_words import in_words
from surveys.responses.rules import Given, is_bad

log = logging.getLogger(__name__)

KIND = "survey.follow_up"
"""Of outbox messages: a bad answer whose case could not be opened is followed up when it can be."""
ENDED = (CaseStatus.RESOLVED, CaseStatus.CLOSED)
OF_THE_CASE = (VoiceAspect.SERVICE, VoiceAspect.AFTER_SALES)
"""What is said of these after a case is said of whoever had it."""
USUAL = {Occasion.DELIVERED: VoiceAspect.LOGISTICS}
"""What a campaign asks about when its questions do not say."""
CANNOT_OPEN = (DomainError, Department.DoesNotExist)
HOLD = "SELECT pg_advisory_xact_lock(hashtext('surveys.follow_up'), hashtext(%s))"


def close(response: Response, given: Sequence[Given], at: datetime) -> None:
    """Do what follows from the answers of a member. Of anonymous ones nothing does.

    However many of its questions were answered badly, an answer is followed up once: now, or where no case
    can be opened (nobody takes cases) as soon as one can.
    """
    if response.invitation is None or response.invitation.member is None:
        return
    bad = is_bad(given)
    if bad:
        _follow_up_or_try_again(response, given, at)
        telling.tell_at_once(response, at)
    thanking.thank(response, given, is_bad=bad, at=at)


def _follow_up_or_try_again(response: Response, given: Sequence[Given], at: datetime) -> None:
    """Follow up, or keep the answer without its case: what the member took the time to say is not lost.

    The outbox tries again, for hours; then it is a dead letter that staff see and have tried again.
    """
    try:
        with transaction.atomic():
            follow_up(response, given, at)
    except CANNOT_OPEN:
        log.exception("no case could be opened for response %s: tried again by the outbox", response.pk)
        response.follow_up = None
        key = f"survey-follow-up:{response.pk}"
        outbox.put(KIND, key=key, recipient="", payload={"response": response.pk}, at=at)


def try_again(message: OutboxMessage) -> None:
    """Follow up a bad answer whose case could not be opened when it came.

    Raises:
        Dropped: it was followed up, or the member is no more.
        DomainError, Department.DoesNotExist: it still cannot be.
    """
    with transaction.atomic():
        rows = Response.objects.select_for_update(no_key=True, of=("self",))
        found = rows.select_related("wave__campaign", "invitation__member").filter(
            pk=message.payload["response"]
        )
        response = found.first()
        member = response.invitation.member if response and response.invitation else None
        if response is None or member is None or member.erased_at is not None:
            raise Dropped("the answer or its member is no more")
        if response.follow_up_id is not None:
            raise Dropped("it was followed up")
        follow_up(response, given_in(response), timezone.now())


def given_in(response: Response) -> list[Given]:
    """What was answered, in the order of the questions, as it was given."""
    rows = response.answers.select_related("question").prefetch_related("question__choices", "files")
    return [
        Given(
            question=one.question,
            row=one.row,
            score=one.score,
            second=one.second,
            picked=tuple(one.picked) if one.picked is not None else None,
            number=one.number,
            day=one.day,
            text=one.text,
            files=tuple(str(file.pk) for file in one.files.all()),
        )
        for one in rows.order_by("question__position", "pk")
    ]


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
