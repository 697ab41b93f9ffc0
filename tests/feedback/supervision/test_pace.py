"""How fast a department has been, from what happened."""

from datetime import timedelta

import pytest

from feedback.clocks import commands
from feedback.models import Pace
from feedback.supervision import pace
from feedback.tasks import measure_pace
from tests.factories.sop import START, SopCaseFactory, SopDepartmentFactory, make_agent, make_policy

pytestmark = [pytest.mark.django_db, pytest.mark.req("F8")]

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture
def service():
    make_policy(targets={"first_reply": 30})
    return SopDepartmentFactory()


def answered(department, agent, *, at, after=5 * MINUTE):
    case = SopCaseFactory(department=department, opened_at=at)
    commands.start_for_case(case, actor=None, at=at)
    commands.replied(case, actor=agent.user, at=at + after)


def test_pace_goes_by_people_and_hours_in_which_they_did_something(service):
    one, two = make_agent(service, name="甲"), make_agent(service, name="乙")
    for n in range(16):
        answered(service, one, at=START + n * MINUTE)
    for n in range(6):
        answered(service, two, at=START + n * MINUTE, after=40 * MINUTE)
    for n in range(2):
        answered(service, two, at=START + HOUR + n * MINUTE)
    (told,) = pace.measure(at=START + 2 * HOUR)
    assert told.per_hour == pytest.approx(24 / 3)
    assert told.late_share == pytest.approx(6 / 24)
    assert (told.n, told.since) == (24, START)
    assert told.arrivals == pytest.approx(12)
    assert told.lead == pytest.approx(30)


def test_what_people_work_on_is_what_they_worked_on_just_now(service):
    agent = make_agent(service)
    for n in range(20):
        answered(service, agent, at=START + n * MINUTE)
    for n in range(5):
        answered(service, agent, at=START + HOUR + n * MINUTE, after=40 * MINUTE)
    (told,) = pace.measure(at=START + 2 * HOUR)
    assert (told.late_share, told.n) == (1, 25)


def test_too_little_is_measured_over_a_week(service):
    agent = make_agent(service)
    for days in range(3):
        answered(service, agent, at=START - timedelta(days=days))
    (told,) = pace.measure(at=START + HOUR)
    assert (told.n, told.per_hour) == (3, 1)


def test_what_the_system_met_is_nobodys_work(service):
    case = SopCaseFactory(department=service, opened_at=START)
    commands.start_for_case(case, actor=None, at=START)
    commands.replied(case, actor=None, at=START + MINUTE)
    assert pace.measure(at=START + HOUR) == []


def test_measuring_again_replaces(service):
    agent = make_agent(service)
    answered(service, agent, at=START)
    pace.measure(at=START + HOUR)
    answered(service, agent, at=START + HOUR)
    pace.measure(at=START + 2 * HOUR)
    assert Pace.objects.get().n == 2
    measure_pace()
