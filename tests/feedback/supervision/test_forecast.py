"""The forecast's arithmetic."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.forecast import errors
from feedback.supervision.forecast import MINUTES, Force, outlook, shared

pytestmark = pytest.mark.req("F8")

DUE = st.lists(st.integers(0, 30), min_size=MINUTES, max_size=MINUTES)


def due(**minutes):
    return [minutes.get(f"m{n}", 0) for n in range(MINUTES)]


def force(people=1, **options):
    return Force([people] * MINUTES, **options)


def test_nobody_there_meets_nothing():
    told = outlook(due(m5=3, m59=4), force(0))
    assert (told.minutes[5], told.minutes[59], told.open) == (3, 4, 7)


def test_what_can_be_done_by_then_is_in_time():
    assert outlook(due(m29=4), force(per_hour=6)).open == 1
    assert outlook(due(m29=4), force(2, per_hour=6)).open == 0


def test_what_is_done_early_leaves_room_for_nothing_later():
    assert outlook(due(m29=3, m59=4), force(per_hour=6)).minutes[59] == 1


def test_work_on_late_ones_is_no_work_on_these():
    assert outlook(due(m59=6), force(per_hour=6, late_share=0.5)).open == 3


def test_those_to_come_queue_with_the_rest():
    told = outlook(due(m59=6), force(per_hour=6, arrivals=6, lead=30))
    assert told.open + told.to_come == pytest.approx(3, abs=1)
    assert told.to_come > 0
    assert outlook(due(), force(0, arrivals=60, lead=30)).to_come == pytest.approx(30)


@given(DUE, st.integers(0, 9), st.floats(0, 60), st.floats(0, 1), st.floats(0, 90))
def test_no_more_is_late_than_falls_due_and_no_less_than_cannot_be_done(minutes, people, pace, late, coming):
    told = outlook(minutes, force(people, per_hour=pace, late_share=late, arrivals=coming, lead=20))
    assert 0 <= told.open <= sum(minutes)
    assert 0 <= told.to_come <= coming
    done = people * pace * (1 - late)
    assert told.open + told.to_come >= sum(minutes) + coming * 40 / 60 - done - coming / 60 - 2


@given(DUE, st.integers(0, 5), st.floats(0, 30))
def test_more_people_never_make_more_late(minutes, people, pace):
    less, more = (outlook(minutes, force(n, per_hour=pace)).open for n in (people, people + 1))
    assert more <= less


@given(st.lists(DUE, min_size=1, max_size=4), st.data())
def test_parts_add_up_in_every_minute(parts, data):
    whole = [sum(minute) for minute in zip(*parts, strict=True)]
    late = [data.draw(st.integers(0, n)) for n in whole]
    given_to = shared(late, dict(enumerate(parts)))
    assert [sum(minute) for minute in zip(*given_to.values(), strict=True)] == late
    for key, part in enumerate(parts):
        assert all(n <= m for n, m in zip(given_to[key], part, strict=True))


def test_it_is_nearer_to_what_happens_than_the_hour_before():
    """Simulated departments, always the same ones; benchmarks.forecast prints the errors of 400."""
    told = errors(150)
    assert told["forecast"] < 0.7 * told["as before"]
    assert abs(told["bias"]) < 0.1 * told["happened"]
