from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpis.improvements.rules import UNKNOWN
from kpis.metrics.rules import NOTHING, Figure
from kpis.models import Direction
from kpis.training.rules import FEWEST_MEASURED, Change, Finding, changes, judge, side, weeks_around

pytestmark = pytest.mark.req("K10")

UP, DOWN = Direction.UP, Direction.DOWN


def change(before, after, *, n=20, then=20, person=1):
    return Change(person, Figure(before, n), Figure(after, then))


def test_the_weeks_lie_around_the_day_and_leave_it_out():
    before, after = weeks_around(date(2026, 3, 17), 2)
    assert (before.first, before.last) == (date(2026, 3, 3), date(2026, 3, 16))
    assert (after.first, after.last) == (date(2026, 3, 18), date(2026, 3, 31))
    assert before.number == after.number == 14


def test_the_month_that_showed_the_need_is_not_before():
    before, after = weeks_around(date(2026, 3, 17), 2, date(2026, 2, 1))
    assert (before.first, before.last) == (date(2026, 1, 18), date(2026, 1, 31))
    assert after.first == date(2026, 3, 18)
    assert weeks_around(date(2026, 3, 17), 2, date(2026, 4, 1)) == weeks_around(date(2026, 3, 17), 2)


def test_each_person_counts_once_however_much_was_measured_of_them():
    found = side([change(3, 4, n=1_000), change(4, 4.5)])
    assert (found.n, found.left_out, found.before, found.after) == (2, 0, 3.5, 4.25)
    assert found.change.difference == 0.75


def test_who_was_hardly_measured_is_left_out_and_counted():
    few = FEWEST_MEASURED - 1
    found = side([change(1, 5, n=few), change(1, 5, then=few), Change(3, NOTHING, NOTHING), change(3, 4)])
    assert (found.n, found.left_out, found.before, found.after) == (1, 3, 3, 4)
    assert changes([7], {}, {})[0].value is None


def test_what_everybody_gained_is_not_the_trainings():
    rise = [change(3, 4), change(3.2, 4.1), change(2.9, 4)]
    told = judge(better=UP, took_part=rise, others=rise)
    assert told.finding == Finding.NOT_SHOWN
    assert told.effect.change == 0
    still = [change(3, 3), change(3.2, 3.3), change(3.4, 3.3)]
    assert judge(better=UP, took_part=rise, others=still).finding == Finding.BETTER
    assert judge(better=UP, took_part=still, others=rise).finding == Finding.WORSE
    assert judge(better=DOWN, took_part=still, others=rise).finding == Finding.BETTER


def test_one_person_on_a_side_is_too_few():
    two = [change(3, 4), change(3, 4.5)]
    for took_part, others in ((two, two[:1]), (two[:1], two), ([], [])):
        told = judge(better=UP, took_part=took_part, others=others)
        assert (told.finding, told.effect) == (Finding.TOO_FEW, UNKNOWN)


def test_changes_without_any_spread_prove_nothing():
    for third in (1, 1 / 3):
        told = judge(better=UP, took_part=[change(3 * third, 4 * third)] * 3, others=[change(3, 3)] * 3)
        assert told.finding == Finding.NOT_SHOWN
        assert told.effect.change == pytest.approx(third)
        assert told.effect.low is None


values = st.floats(-100, 100).map(lambda one: round(one, 2))
sides = st.lists(st.tuples(values, values), min_size=2, max_size=6)


@given(sides, sides)
def test_sides_changed_over_turn_the_effect_round(one, two):
    first, second = ([change(*each) for each in each_side] for each_side in (one, two))
    there = judge(better=UP, took_part=first, others=second)
    back = judge(better=UP, took_part=second, others=first)
    assert there.effect.change == pytest.approx(-back.effect.change, abs=1e-9)
    turned = {Finding.BETTER: Finding.WORSE, Finding.WORSE: Finding.BETTER}
    assert back.finding == turned.get(there.finding, there.finding)


@given(sides, sides, values)
def test_what_moves_both_sides_alike_changes_nothing(one, two, shift):
    def moved(found, by):
        return [change(before, after + by) for before, after in found]

    plain = judge(better=UP, took_part=moved(one, 0), others=moved(two, 0))
    shifted = judge(better=UP, took_part=moved(one, shift), others=moved(two, shift))
    assert shifted.effect.change == pytest.approx(plain.effect.change, abs=1e-6)
