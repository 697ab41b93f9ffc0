"""What the board asks is read from indexes, however many clocks there have been."""

from datetime import timedelta

import pytest

from feedback.models import Case, Clock
from feedback.supervision.board import behind, board
from tests.factories.compensation import T0
from tests.factories.feedback import DepartmentFactory
from tests.factories.kpis import make_clock
from tests.plans import plans, settle

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.req("F8")]


@pytest.fixture
def department():
    """A department with a few clocks of today after thousands of the months before."""
    department = DepartmentFactory()
    known = make_clock(department, due_at=T0 - timedelta(hours=1))
    cases = Case.objects.bulk_create(
        Case(member=known.case.member, kind="complaint", channel="app", subject="x", department=department,
             opened_at=T0)
        for _ in range(4000)
    )  # fmt: skip
    shared = {
        name: getattr(known, name)
        for name in ("milestone", "department_id", "policy_version_id", "calendar_version_id", "work")
    }
    Clock.objects.bulk_create(
        Clock(
            case=case,
            started_at=due - timedelta(hours=1),
            due_at=due,
            met_at=due - timedelta(minutes=n % 50),
            **shared,
        )
        for n, case in enumerate(cases)
        for due in [T0 - timedelta(hours=6 * n)]
    )
    settle("feedback_clock", "feedback_boardcount")
    return department


def test_the_board_reads_no_clock_that_has_ended_and_each_number_opens_by_an_index(department):
    found = plans(lambda: board([department.pk], now=T0), '"feedback_clock"')
    assert found
    assert not [plan for plan in found if "Seq Scan on feedback_clock" in plan]
    for number in ("running", "warned", "breached", "paused", "next_hour", "today", "week"):
        rows = behind(number, [department.pk], now=T0).order_by("due_at", "pk")[:40]
        found = plans(rows.__len__, '"feedback_clock"')
        assert found, number
        assert not [plan for plan in found if "Seq Scan on feedback_clock" in plan], (number, found)
