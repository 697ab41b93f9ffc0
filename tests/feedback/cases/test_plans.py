"""The desk's lists come from indexes in every order, however many cases have ended."""

from datetime import timedelta
from itertools import product

import pytest

from feedback.cases.filtering import SORTS
from feedback.cases.queue import VIEWS, Listed, place_of, queue
from feedback.models import Case, CaseStatus
from tests.factories.compensation import T0, MemberFactory
from tests.factories.feedback import AgentFactory, DepartmentFactory
from tests.plans import plans, settle

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.req("F7")]
CASE = '"feedback_case"'
ENDED = {"status": CaseStatus.CLOSED, "resolution": "solved", "resolved_at": T0, "closed_at": T0}


@pytest.fixture
def place():
    """An agent of one of two departments, each with some open cases that came after thousands that ended."""
    ours, theirs, member = DepartmentFactory(), DepartmentFactory(), MemberFactory()
    agent = AgentFactory(departments=[ours])
    rows = [
        Case(
            member=member, kind="complaint", channel="app", subject="x", department=(ours, theirs)[n % 2],
            agent=agent if n % 7 == 0 else None, opened_at=T0 + timedelta(minutes=n),
            **(ENDED if n < 6000 else {"next_due_at": T0 + timedelta(minutes=n)}),
        )
        for n in range(6300)
    ]  # fmt: skip
    Case.objects.bulk_create(rows)
    settle("feedback_case")
    return place_of(agent.user, T0)


def plans_of(place, listed):
    """What the planner does for the first page and, where there is one, the next."""
    first = []
    found = plans(lambda: first.append(queue(place, listed, size=20)), CASE)
    if first[0].after:
        found += plans(lambda: queue(place, listed, after=first[0].after, size=20), CASE)
    return found


def test_no_view_walks_what_has_ended(place):
    assert Case.objects.filter(resolved_at=None).count() == 300
    for view, sort in product(sorted(set(VIEWS) - {"resolved", "mentions"}), SORTS):
        found = plans_of(place, Listed(view, sort=sort))
        assert found, (view, sort)
        for plan in found:
            assert "Seq Scan on feedback_case" not in plan, (view, sort, plan)
            if sort != "newest":  # what is open is mostly new: the index of all cases is soon done with
                assert not [name for name in OF_ALL if name in plan], (view, sort, plan)


OF_ALL = ("case_department_opened", "case_member", "case_closed", "case_resolved_at")
"""Indexes that hold what has ended too."""
