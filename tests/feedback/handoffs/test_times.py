"""The time of cases by department, from what is on record."""

from datetime import timedelta

import pytest

from feedback.cases import commands as cases
from feedback.cases import waiting
from feedback.handoffs import commands
from feedback.handoffs.times import TooManyCases, report, time_by_department
from feedback.models import CaseKind, Channel, PauseReason, Resolution
from tests.factories.compensation import T0, MemberFactory
from tests.factories.feedback import AgentFactory, DepartmentFactory
from tests.factories.sop import make_policy

pytestmark = [pytest.mark.django_db, pytest.mark.req("F4")]
MINUTE = timedelta(minutes=1)


def minutes(number):
    return T0 + number * MINUTE


@pytest.fixture
def story():
    """A case that is handed about for two hours."""
    make_policy()
    service, second, logistics = DepartmentFactory.create_batch(3)
    actor = AgentFactory(departments=[service, second, logistics]).user
    member = MemberFactory()
    case = cases.open_case(
        member=member,
        kind=CaseKind.COMPLAINT,
        channel=Channel.PORTAL,
        subject="x",
        department=service,
        actor=member,
        at=T0,
    )
    asked = commands.hand_over(
        case_id=case.pk, department_id=logistics.pk, question="?", actor=actor, at=minutes(10)
    )
    commands.answer(handoff_id=asked.pk, answer="x", actor=actor, at=minutes(25))
    cases.reply(case_id=case.pk, body="?", then="wait", actor=actor, at=minutes(30))
    cases.member_message(case_id=case.pk, body="!", actor=member, at=minutes(50))
    cases.transfer(case_id=case.pk, department_id=second.pk, actor=actor, at=minutes(60))
    waiting.wait_for(case_id=case.pk, reason=PauseReason.WAITING_BANK, actor=actor, at=minutes(70))
    waiting.go_on(case_id=case.pk, actor=actor, at=minutes(80))
    cases.resolve(case_id=case.pk, resolution=Resolution.SOLVED, message="!", actor=actor, at=minutes(120))
    case.refresh_from_db()
    return case, service, second, logistics


def test_case_by_department(story):
    case, service, second, logistics = story
    assert time_by_department(case, at=minutes(500)) == {
        service.pk: 10 * MINUTE + 5 * MINUTE + 10 * MINUTE,
        logistics.pk: 15 * MINUTE,
        None: 20 * MINUTE + 10 * MINUTE,
        second.pk: 10 * MINUTE + 40 * MINUTE,
    }


def test_report_adds_up_in_constant_queries(story, django_assert_num_queries):
    _case, service, second, logistics = story
    with django_assert_num_queries(5):
        told = report([second], since=T0, until=minutes(500))
    assert (told.cases, told.whole) == (1, 120 * MINUTE)
    assert sum((line.time for line in told.lines), timedelta()) == told.whole
    assert [line.department for line in told.lines] == [second, None, service, logistics]
    (asked,) = [line for line in told.lines if line.department == logistics]
    assert (asked.asked, asked.answered, asked.rejected, asked.mean) == (1, 1, 0, 15 * MINUTE)
    assert round(sum(told.percent(line) for line in told.lines)) == 100


def test_a_report_of_too_much_is_refused_at_once(story, django_assert_num_queries):
    _case, _service, second, _logistics = story
    assert report([second], since=T0, until=minutes(500), most=1).cases == 1
    with django_assert_num_queries(1), pytest.raises(TooManyCases, match="0"):
        report([second], since=T0, until=minutes(500), most=0)


def test_report_is_of_what_was_resolved_in_the_period_for_these_departments(story):
    _case, service, second, _logistics = story
    assert report([service], since=T0, until=minutes(500)).cases == 0
    assert report([second], since=T0, until=minutes(120)).cases == 0
    assert report([second], since=minutes(120), until=minutes(121)).cases == 1
