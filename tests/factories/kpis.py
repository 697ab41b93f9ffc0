"""Facts of one day, decided one way or the other, for tests of the figures."""

from datetime import timedelta

from compensation.models import OrderLine, OrderStatus
from feedback.models import (
    Aspect,
    CalendarVersion,
    Clock,
    Gap,
    Milestone,
    PolicyVersion,
    Promise,
    Severity,
)
from surveys.campaigns.waves import wave_at
from surveys.defaults.campaigns import seed
from surveys.models import Answer, Campaign, Invitation, Question, Response
from surveys.questionnaires.queries import current
from tests.factories.compensation import MemberFactory, OrderFactory, ProductFactory
from tests.factories.feedback import CaseFactory
from tests.factories.sop import SopCalendarFactory, make_policy


def make_clock(department, *, due_at, met_at=None, stopped_at=None, milestone=Milestone.FIRST_REPLY):
    """A clock when all has been noticed: breached where it was not met by its due time."""
    if not PolicyVersion.objects.exists():
        SopCalendarFactory()
        make_policy()
    late = met_at is None or met_at > due_at
    return Clock.objects.create(
        case=CaseFactory(department=department),
        milestone=milestone,
        department=department,
        policy_version=PolicyVersion.objects.first(),
        calendar_version=CalendarVersion.objects.first(),
        work=timedelta(hours=1),
        started_at=due_at - timedelta(hours=1),
        due_at=due_at,
        met_at=met_at,
        stopped_at=stopped_at,
        breached_at=due_at if late and stopped_at is None else None,
    )


def make_answer(department, score, *, at):
    """An answered survey about a case of the department."""
    seed(at)
    campaign = Campaign.objects.get(code="after-case")
    case = CaseFactory(department=department)
    asked = {"wave": wave_at(campaign, at), "version": current(campaign.survey)}
    invitation = Invitation.objects.create(
        **asked,
        member=case.member,
        case=case,
        key=f"case:{case.pk}",
        digest=f"{case.pk:064d}",
        invited_at=at - timedelta(hours=1),
        expires_at=at + timedelta(days=7),
        is_answered=True,
    )
    week = at.date() - timedelta(days=at.weekday())
    response = Response.objects.create(
        **asked, invitation=invitation, at=at, week=week, department=department
    )
    question = Question.objects.get(version=asked["version"], code="csat")
    return Answer.objects.create(response=response, question=question, score=score)


def make_promised_order(*, due_at, late=False, withdrawn=False, status=OrderStatus.DELIVERED, lines=1):
    """An order promised for a moment, with a gap where it came late."""
    order = OrderFactory(member=MemberFactory(), status=status, placed_at=due_at - timedelta(days=3))
    for number in range(lines):
        line = OrderLine.objects.create(
            order=order, external_id=str(number), product=ProductFactory(), paid_fen=100, deliver_by=due_at
        )
        promise = Promise.objects.create(line=line, aspect=Aspect.DELIVERY, due_at=due_at)
    if late:
        Gap.objects.create(
            order=order,
            promise=promise,
            aspect=Aspect.DELIVERY,
            expected_at=due_at,
            actual_at=due_at + timedelta(days=3),
            days=-3,
            severity=Severity.SEVERE,
            detected_at=due_at,
            changed_at=due_at,
            withdrawn_at=due_at if withdrawn else None,
        )
    return order
