"""What the router asks every few seconds is read from its indexes, however many cases there are."""

import pytest

from feedback.models import Case, CaseStatus, Channel
from feedback.routing import commands
from feedback.routing import pool as pools
from feedback.shifts import queries as shifts
from tests.factories.compensation import MemberFactory
from tests.factories.routing import make_department, make_online, make_waiting
from tests.factories.sop import START
from tests.plans import plans, settle

CASE = '"feedback_case"'

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.req("F5")]


@pytest.fixture
def house():
    """A department with one case that waits among many that are over."""
    service, member = make_department(), MemberFactory()
    agent = make_online(service)
    over = {"status": CaseStatus.CLOSED, "resolution": "solved", "resolved_at": START, "closed_at": START}
    Case.objects.bulk_create(
        Case(member=member, kind="complaint", channel="app", subject="x", department=service, agent=agent,
             opened_at=START, **over)
        for _ in range(2000)
    )  # fmt: skip
    make_waiting(service)
    make_waiting(service, channel=Channel.CHAT)
    settle("feedback_case")
    return service, agent


def test_what_waits_is_read_from_its_index(house):
    service, _agent = house
    pool = pools.load({service.pk: service}, START)
    [asked] = plans(lambda: pools.asking([service.pk]), CASE)
    [listed] = plans(lambda: pools.waiting(pool, 250), CASE)
    assert "case_to_route" in asked
    assert "Seq Scan on feedback_case" not in asked + listed


def test_loads_are_read_from_their_index(house):
    _service, agent = house
    [plan] = plans(lambda: shifts.loads([agent.pk]), CASE)
    assert "Seq Scan on feedback_case" not in plan


def test_a_pass_never_walks_all_cases(house):
    found = plans(lambda: commands.route(at=START), CASE)
    assert found
    assert not [plan for plan in found if "Seq Scan on feedback_case" in plan]
