from datetime import UTC, datetime, timedelta

import pytest
from django.db.models import Q

from config.common.errors import Invalid
from config.common.keyset import part
from feedback.models import Case
from tests.factories.feedback import CaseFactory, DepartmentFactory

pytestmark = pytest.mark.django_db

AT = datetime(2026, 3, 4, tzinfo=UTC)


@pytest.fixture
def cases(db):
    """Seven cases of two departments; some were opened at the same moment."""
    departments = [DepartmentFactory(), DepartmentFactory()]
    return [
        CaseFactory(department=departments[n % 2], opened_at=AT + timedelta(minutes=n // 3)) for n in range(7)
    ]


@pytest.mark.parametrize("size", [1, 2, 3, 6, 7, 8])
@pytest.mark.parametrize("newest_first", [True, False])
@pytest.mark.parametrize("is_split", [True, False])
def test_pages_have_every_row_once_in_order(cases, size, newest_first, is_split):
    by = [Q(department=one) for one in {case.department for case in cases}] if is_split else ()
    seen, after, times = [], "", 0
    while after is not None:
        page = part(Case.objects.all(), "opened_at", after=after, size=size, newest_first=newest_first, by=by)
        seen += page.rows
        after = page.after
        times += 1
    assert seen == (cases[::-1] if newest_first else cases)
    assert times == -(-len(cases) // size)


def test_nothing_is_a_page_too():
    page = part(Case.objects.all(), "opened_at", newest_first=True, by=[Q(pk=1), Q(pk=2)])
    assert (page.rows, page.after) == ([], None)


@pytest.mark.parametrize(
    "after", ["x", "~", "2026-01-01~1", "2026-01-01T00:00:00+00:00~x", "2026-01-01T00:00:00+00:00~-1", "~5"]
)
def test_a_cursor_that_nobody_gave_is_refused(after):
    with pytest.raises(Invalid):
        part(Case.objects.all(), "opened_at", after=after, newest_first=True)
