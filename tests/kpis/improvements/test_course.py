from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpis.improvements import commands
from kpis.improvements.course import Phase, course, weeks
from kpis.improvements.rules import WEEK
from kpis.metrics.rules import joined
from tests.factories.compensation import T0
from tests.factories.improvements import better, carried_out, improvement

pytestmark = pytest.mark.req("K6")
DAY = date(2026, 3, 2)
windows = st.integers(1, 13).map(lambda number: number * WEEK)


@given(window=windows, worked=st.integers(0, 200), since=st.integers(0, 400))
def test_weeks_follow_one_another_up_to_yesterday(window, worked, since):
    done = DAY + timedelta(worked)
    found = weeks(DAY, done, window, done + timedelta(since))
    days = [one for _phase, one in found]
    for one, then in pairwise(days):
        assert then.first == one.last + timedelta(1)
    assert days[0].first == DAY - timedelta(window)
    assert all(1 <= one.number <= WEEK for one in days)
    assert all(one.number == WEEK for phase, one in found if phase is not Phase.MEANWHILE)
    assert all(one.last < done + timedelta(since) for phase, one in found if phase is not Phase.BEFORE)
    assert len([phase for phase, _one in found if phase is Phase.BEFORE]) * WEEK == window
    order = [list(Phase).index(phase) for phase, _one in found]
    assert order == sorted(order)


@given(window=windows)
def test_what_has_not_begun_shows_the_weeks_before_today(window):
    found = weeks(None, None, window, DAY)
    assert {phase for phase, _days in found} == {Phase.BEFORE}
    assert found[-1][1].last == DAY - timedelta(1)


@pytest.mark.django_db
def test_its_weeks_add_up_to_what_the_check_compares():
    found = carried_out()
    at = better(found)
    made = commands.check(improvement_id=found.pk, actor=None, at=at)
    shown = course(found, today=at.date())
    for phase, side in ((Phase.BEFORE, "before"), (Phase.AFTER, "after")):
        for whose, name in (("own", side), ("control", f"control_{side}")):
            whole = joined(getattr(week, whose) for week in shown if week.phase == phase)
            assert (whole.n, whole.total) == (made.numbers[name]["n"], made.numbers[name]["total"]), name
            assert whole.n


@pytest.mark.django_db
def test_without_a_figure_there_is_nothing_to_show():
    assert course(improvement(aim=None), today=T0.date()) == []
