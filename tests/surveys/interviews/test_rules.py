from collections import Counter
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.interviews.rules import Candidate, Weights, choose, points, questions, reasons

pytestmark = [pytest.mark.req("S7")]
WEIGHTS = Weights(3, 2, 2)
MONTH = date(2026, 11, 1)
CANDIDATES = st.lists(
    st.builds(
        Candidate,
        member_id=st.integers(1, 10_000),
        bad=st.integers(0, 5),
        complaints=st.integers(0, 5),
        year_fen=st.integers(0, 3),
        spends_much=st.booleans(),
        quota=st.sampled_from([None, 1, 2]),
    ),
    max_size=30,
    unique_by=lambda one: one.member_id,
)
QUOTAS = st.dictionaries(st.sampled_from([1, 2]), st.integers(0, 6))


@given(
    found=CANDIDATES, quotas=QUOTAS, fewest=st.integers(1, 10), more=st.integers(0, 10), random=st.randoms()
)
def test_who_is_chosen(found, quotas, fewest, more, random):
    most = fewest + more
    chosen = choose(found, WEIGHTS, quotas, month=MONTH, fewest=fewest, most=most)
    assert len(chosen) <= most
    assert len({one.member_id for one in chosen}) == len(chosen)
    assert all(points(one, WEIGHTS) > 0 for one in chosen)
    shuffled = found[:]
    random.shuffle(shuffled)
    assert choose(shuffled, WEIGHTS, quotas, month=MONTH, fewest=fewest, most=most) == chosen
    if quotas and len(chosen) > fewest:  # the quotas hold
        taken = Counter(one.quota for one in chosen)
        assert all(taken[quota] <= quotas.get(quota, 0) for quota in taken if quota is not None)
        assert not taken[None]
    with_points = [one for one in found if points(one, WEIGHTS) > 0]
    assert len(chosen) >= min(fewest, len(with_points))


@given(found=CANDIDATES)
def test_reasons_add_up_to_the_points(found):
    for one in found:
        assert sum(reason["points"] for reason in reasons(one, WEIGHTS).values()) == points(one, WEIGHTS)


def test_the_best_come_first_and_a_fourth_counts_no_more():
    worst, bad, rich = Candidate(1, bad=9), Candidate(2, bad=3, year_fen=5), Candidate(3, spends_much=True)
    assert points(worst, WEIGHTS) == points(bad, WEIGHTS) == 9
    chosen = choose([rich, worst, bad], WEIGHTS, {}, month=MONTH, fewest=1, most=2)
    assert [one.member_id for one in chosen] == [2, 1]


def test_another_month_draws_another_order():
    found = [Candidate(number, complaints=1) for number in range(40)]
    first, second = (
        choose(found, WEIGHTS, {}, month=month, fewest=1, most=10) for month in (MONTH, date(2026, 12, 1))
    )
    assert first != second


def test_a_guide_has_a_question_a_line():
    assert questions("\n一？\n\n 二？ \n") == ["一？", "二？"]
