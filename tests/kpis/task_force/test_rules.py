"""When a task force meets, and what comes first on its agenda."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpis.models import TopicKind
from kpis.task_force.rules import MOST, Found, agenda, next_on, week_of

pytestmark = pytest.mark.req("K10")
DAYS = st.dates(date(2000, 1, 1), date(2199, 1, 1))
SOME = st.lists(st.tuples(st.sampled_from(TopicKind), st.integers(-5, 5)), max_size=60)


@given(st.integers(0, 6), DAYS)
def test_the_next_day_is_that_weekday_within_a_week(weekday, today):
    found = next_on(weekday, today)
    assert found.weekday() == weekday
    assert timedelta() <= found - today < timedelta(7)


@given(DAYS)
def test_a_week_is_monday_to_sunday(day):
    monday, sunday = week_of(day)
    assert (monday.weekday(), sunday.weekday()) == (0, 6)
    assert monday <= day <= sunday


@given(SOME)
def test_each_kind_has_its_room_the_most_urgent_first_and_the_rest_is_counted(given_ones):
    found = [Found(kind, urgency, {"id": number}) for number, (kind, urgency) in enumerate(given_ones)]
    chosen, left_out = agenda(found)
    assert len(chosen) + sum(left_out.values()) == len(found)
    kinds = [one.kind for one in chosen]
    assert kinds == sorted(kinds, key=list(MOST).index)
    for kind, room in MOST.items():
        own = [one for one in chosen if one.kind == kind]
        rest = [one for one in found if one.kind == kind and one not in own]
        assert len(own) == min(room, len(own) + len(rest))
        assert left_out.get(kind.value, 0) == len(rest)
        assert [one.urgency for one in own] == sorted((one.urgency for one in own), reverse=True)
        if own and rest:
            assert own[-1].urgency >= max(one.urgency for one in rest)


def test_every_kind_has_room():
    assert set(MOST) == set(TopicKind)
