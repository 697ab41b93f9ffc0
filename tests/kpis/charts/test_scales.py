"""Scales: monotone, within their ends; ticks enclose; words are cut to fit."""

from itertools import pairwise

from hypothesis import assume, given
from hypothesis import strategies as st

from kpis.charts.scales import LARGEST, Scale, axis, cut, sane, short, spread, ticks, wide

numbers = st.floats(-1e15, 1e15, allow_nan=False)


@given(numbers, numbers, st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=8))
def test_a_scale_is_monotone_and_stays_between_its_ends(low, high, values):
    assume(high - low > 1e-6)
    scale = Scale(low, high, 200.0, 10.0)
    places = [scale.at(value) for value in sorted(values)]
    assert places == sorted(places, reverse=True)
    assert all(10 <= place <= 200 for place in places)
    assert (scale.at(low), scale.at(high)) == (200, 10)


@given(numbers, numbers, st.integers(1, 10))
def test_ticks_are_few_grow_and_enclose_what_they_are_for(low, high, number):
    low, high = min(low, high), max(low, high)
    found = ticks(low, high, number)
    room = 1e-6 * max(high - low, abs(low), abs(high)) + 1e-9
    assert 2 <= len(found) <= number + 3
    assert all(one < other for one, other in pairwise(found))
    assert found[0] <= low + room
    assert found[-1] >= high - room


def test_ticks_are_round():
    assert ticks(0, 97) == [0, 25, 50, 75, 100]
    assert ticks(3.2, 4.8) == [3.0, 3.5, 4.0, 4.5, 5.0]
    assert ticks(0, 0) == [0, 0.25, 0.5, 0.75, 1.0]
    assert ticks(0, 1, least=1) == [0, 1]
    assert ticks(0, 3, least=1) == [0, 1, 2, 3]
    assert ticks(0, 9, least=1) == [0, 5, 10]
    assert ticks(0, 97, least=1) == [0, 25, 50, 75, 100]


@given(st.lists(st.none() | st.floats(), max_size=8))
def test_an_axis_can_be_made_of_anything(values):
    scale, marks = axis(values, start=100, end=0, least=None, top=None)
    assert scale.low < scale.high
    assert len(marks) >= 2
    for value in values:
        known = sane(value)
        if known is not None:
            assert 0 <= scale.at(known) <= 100


def test_what_is_beyond_all_measure_is_not_drawn():
    assert [sane(one) for one in (None, float("nan"), float("inf"), 2 * LARGEST, 1.5)] == [
        *(None, None, None, None),
        1.5,
    ]


def test_numbers_beside_an_axis_are_short():
    assert [short(one) for one in (0.1 + 0.2, 2500, 12_345, -3_200_000)] == ["0.3", "2500", "12.3k", "-3.2M"]


@given(st.text(max_size=40), st.floats(0, 300), st.floats(6, 20))
def test_words_are_cut_to_fit(text, room, size):
    shown = cut(text, room, size)
    assert wide(shown, size) <= room
    if wide(text, size) <= room:
        assert shown == text


@given(st.lists(st.text(max_size=12), min_size=1, max_size=40), st.floats(50, 600))
def test_labels_do_not_run_into_each_other(labels, room):
    places = [room * number / len(labels) for number in range(len(labels))]
    shown = spread(labels, places, 11)
    assert shown[0] == 0
    ends = [
        (places[one] - wide(labels[one], 11) / 2, places[one] + wide(labels[one], 11) / 2) for one in shown
    ]
    assert all(before[1] <= after[0] for before, after in pairwise(ends))
