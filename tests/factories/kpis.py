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
from surveys.models import Answer, Campaign, Invitation, Question, QuestionKind, Response, Trigger
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
    campaign, _new = Campaign.objects.get_or_create(
        code="after-case", defaults={"name": "结案回访", "trigger": Trigger.CASE_CLOSED}
    )
    question, _new = Question.objects.get_or_create(
        campaign=campaign,
        position=1,
        defaults={"kind": QuestionKind.CSAT, "text": "满意吗？", "added_at": at},
    )
    case = CaseFactory(department=department)
    invitation = Invitation.objects.create(
        campaign=campaign,
        member=case.member,
        case=case,
        digest=f"{case.pk:064d}",
        invited_at=at - timedelta(hours=1),
        expires_at=at + timedelta(days=7),
    )
    response = Response.objects.create(invitation=invitation, at=at)
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
