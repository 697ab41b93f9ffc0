"""Scores, chance and agreement."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.common.errors import Invalid
from feedback.quality.rules import agreement, chance, mark

pytestmark = pytest.mark.req("F8")


def form(*items, passes=80):
    """Items as (weight, best, critical)."""
    rows = [
        {"key": str(n), "weight": weight, "best": best, "critical": critical}
        for n, (weight, best, critical) in enumerate(items)
    ]
    return {"pass": passes, "items": rows}


def test_weights():
    told = mark(form((1, 2, False), (3, 4, False)), {"0": 2, "1": 2})
    assert (told.score, told.has_failed) == (Decimal("62.50"), True)
    assert not mark(form((1, 2, False), (3, 4, False), passes=60), {"0": 2, "1": 2}).has_failed


def test_what_does_not_apply_does_not_count():
    assert mark(form((1, 2, False), (3, 4, False)), {"0": None, "1": 4}).score == 100


def test_a_critical_item_without_points_fails_the_whole():
    told = mark(form((9, 2, False), (1, 2, True)), {"0": 2, "1": 0})
    assert (told.score, told.has_failed) == (90, True)
    assert not mark(form((9, 2, False), (1, 2, True)), {"0": 2, "1": 1}).has_failed


@pytest.mark.parametrize(
    "points", [{}, {"0": 1}, {"0": 1, "1": 1, "2": 1}, {"0": 3, "1": 1}, {"0": -1, "1": 1}]
)
def test_points_that_the_form_does_not_offer(points):
    with pytest.raises(Invalid):
        mark(form((1, 2, False), (1, 2, False)), points)


def test_something_has_to_apply():
    with pytest.raises(Invalid):
        mark(form((1, 2, False)), {"0": None})


ITEMS = st.lists(st.tuples(st.integers(1, 9), st.integers(1, 10), st.booleans()), min_size=1, max_size=8)


@given(ITEMS, st.data())
def test_between_nothing_and_all(items, data):
    points = {str(n): data.draw(st.integers(0, best)) for n, (_w, best, _c) in enumerate(items)}
    told = mark(form(*items), points)
    assert 0 <= told.score <= 100
    assert (told.score == 100) == all(points[str(n)] == best for n, (_w, best, _c) in enumerate(items))


def test_chance_is_even_and_never_changes():
    numbers = [chance(1, case) for case in range(4_000)]
    assert numbers == [chance(1, case) for case in range(4_000)]
    assert 0.08 < sum(one < 0.1 for one in numbers) / 4_000 < 0.12
    assert [chance(2, case) for case in range(9)] != numbers[:9]


def test_agreement_of_two_by_hand():
    """Two categories, 20 conversations: 0.7 agree, 0.5 would by chance, so kappa is 0.4."""
    items = [(1, 1)] * 7 + [(0, 0)] * 7 + [(1, 0)] * 3 + [(0, 1)] * 3
    told = agreement([(80, 70), (60, 70)], items)
    assert told.kappa == pytest.approx(0.4)
    assert (told.n, told.difference, told.apart) == (2, 0, 10)


def test_agreement_where_there_is_nothing_to_agree_on():
    assert agreement([], []) is None
    assert agreement([(100, 100)], [(1, 1)] * 5).kappa is None
    assert agreement([(100, 100)], []).kappa is None


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=20))
def test_kappa_is_one_only_for_full_agreement(items):
    told = agreement([(1, 1)], items)
    if told.kappa is not None:
        assert told.kappa <= 1
        if all(one == other for one, other in items):
            assert told.kappa == 1
