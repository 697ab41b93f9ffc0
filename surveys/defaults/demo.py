"""Members of the demo shop answer how it went, a little kinder to those who were quick."""

import random
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from django.utils.timezone import localtime

from config.common.errors import DomainError
from config.common.models import User
from feedback.cases import commands as cases
from feedback.models import Case, Resolution
from feedback.sops.calendar import WorkCalendar
from surveys.invitations.commands import invite_closed_cases
from surveys.models import Campaign, Invitation, Question, QuestionKind, Response
from surveys.questionnaires.queries import questions_of
from surveys.responses.commands import answer

DAYS = 30
ANSWERING_SHARE = 0.55
SORRY = "很抱歉没有让您满意。已致电向您说明并改进，感谢您直言相告。"
WORDS = (
    "回复很快，态度也好。",
    "问题解决了，就是等得有点久。",
    "希望以后包装结实一点。",
    "客服很耐心，谢谢。",
    "",
    "",
    "",
)


def seed(at: datetime) -> None:
    """Ask at noon of each day, and have about half of those who were asked answer."""
    start = at - timedelta(days=DAYS + 1)
    Campaign.objects.filter(code="after-case").update(starts_at=start)  # the shop has asked all along
    agent = User.objects.get(username="lead")
    dice = random.Random(7)  # noqa: S311 - the same answers every time
    for back in range(DAYS, -1, -1):
        noon = localtime(at - timedelta(days=back)).replace(hour=12, minute=0)  # nobody is asked at night
        asked = min(noon.astimezone(UTC), at)
        invite_closed_cases(at=asked)
        for invitation in Invitation.objects.filter(invited_at=asked).select_related("case").order_by("pk"):
            answered = asked + timedelta(minutes=dice.randint(10, 900))
            if dice.random() < ANSWERING_SHARE and answered < at:
                response = _answer(invitation, answered, dice)
                if response.follow_up:
                    make_up(response.follow_up, agent, at)


def _answer(invitation: Invitation, at: datetime, dice: random.Random) -> Response:
    late = invitation.case is not None and invitation.case.clocks.filter(breached_at__isnull=False).exists()
    weights = (6, 8, 20, 36, 30) if late else (1, 2, 9, 34, 54)

    def given(question: Question) -> object:
        if question.kind == QuestionKind.TEXT:
            return dice.choice(WORDS)
        return dice.choices(range(1, 6), weights)[0]

    return answer(
        invitation_id=invitation.pk,
        member=invitation.member,
        answers={question.code: given(question) for question in questions_of(invitation.version_id)},
        at=at,
    )


def make_up(case: Case, agent: User, until: datetime) -> None:
    """Have the lead call whoever was not satisfied, unless that lies ahead."""
    hours = WorkCalendar.from_json(case.department.calendar.content)
    called = hours.due(case.opened_at, timedelta(minutes=10))
    if called >= until:
        return
    with suppress(DomainError):  # it may lie with the management, who let the lead speak for them
        cases.claim(case_id=case.pk, actor=agent, at=called)
    cases.resolve(case_id=case.pk, resolution=Resolution.SOLVED, message=SORRY, actor=agent, at=called)
