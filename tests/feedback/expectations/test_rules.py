"""What a member cares about: shares of votes, drawn towards the group where little is known."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback.expectations.rules import CARED, EVEN, Seen, Setup, certainty, evidence, score, usual, votes

SETUP = Setup()
NONE = dict.fromkeys(CARED, 0.0)
numbers = st.floats(0, 1e4, allow_nan=False)
by_cared = st.fixed_dictionaries(dict.fromkeys(CARED, numbers))
means = st.fixed_dictionaries(dict.fromkeys(CARED, st.floats(0.1, 100)))


def own(**given):
    return {**NONE, **given}


def test_who_says_nothing_is_like_their_group_and_we_are_not_sure():
    mean = {"quality": 40.0, "speed": 30.0, "price": 20.0, "service": 10.0}
    found = score(NONE, mean, SETUP)
    assert (dict(found.scores), found.cares_for, found.votes) == (mean, "", 0)


def test_much_of_one_thing_makes_us_sure_and_a_little_does_not():
    assert score(own(speed=9), EVEN, SETUP).cares_for == "speed"
    assert score(own(speed=2), EVEN, SETUP).cares_for == ""
    assert score(own(speed=20, price=19), EVEN, SETUP).cares_for == ""


def test_the_worked_example_of_the_guide():
    found = score(own(speed=6), EVEN, Setup(prior_votes=6))
    assert found.scores["speed"] == 62.5  # (6 + 6 × 25 %) / 12
    assert found.scores["price"] == 12.5


@given(by_cared, means)
def test_scores_are_shares(mine, mean):
    found = score(mine, mean, SETUP)
    assert sum(found.scores.values()) == pytest.approx(100, abs=0.3)
    assert all(0 <= one <= 100 for one in found.scores.values())
    assert 0 <= found.certainty <= 1
    assert found.cares_for in ("", *CARED)


@given(by_cared, means, st.sampled_from(CARED), st.floats(0.5, 50))
def test_one_more_vote_for_something_never_makes_it_less(mine, mean, cared, more):
    before = score(mine, mean, SETUP).scores[cared]
    after = score({**mine, cared: mine[cared] + more}, mean, SETUP).scores[cared]
    assert after >= before - 0.1


@given(by_cared)
def test_a_score_lies_between_the_own_share_and_that_of_the_group(mine):
    total = sum(mine.values())
    found = score(mine, EVEN, SETUP)
    for one in CARED:
        share = 100 * mine[one] / total if total else 25
        assert min(share, 25) - 0.1 <= found.scores[one] <= max(share, 25) + 0.1


@given(st.floats(0.01, 1e3), st.floats(0.01, 1e3))
def test_one_of_two_is_ahead(first, second):
    assert certainty(first, second) + certainty(second, first) == pytest.approx(1, abs=1e-6)
    assert certainty(0, 0) == 0.5


def test_votes_are_times_by_age_and_weight():
    weights = {"case_speed": {"speed": 2.0}, "compared": {"price": 0.2, "quality": 0.2}}
    signs = {"case_speed": Seen(3, 5, 2.5), "compared": Seen(10, None, 10.0), "unknown": Seen(1, None, 1.0)}
    assert votes(signs, weights) == own(speed=5.0, price=2.0, quality=2.0)
    told = evidence(signs, weights)
    assert [(one.sign, one.cared, one.n, one.of, one.votes) for one in told] == [
        ("case_speed", "speed", 3, 5, 5.0),
        ("compared", "price", 10, None, 2.0),
        ("compared", "quality", 10, None, 2.0),
    ]


def test_the_usual_is_what_four_of_five_came_within():
    assert usual([1, 2, 3, 4, 9]) == 4
    assert usual([2, 3]) is None
    assert usual([]) is None


@given(st.lists(st.floats(0.01, 100), min_size=3, max_size=30))
def test_at_least_four_of_five_came_within_the_usual(days):
    found = usual(days)
    assert sum(day <= found + 0.005 for day in days) >= 0.8 * len(days)
