import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.common.errors import Invalid
from surveys.kano.classify import ORDER, category, summarise

pytestmark = pytest.mark.req("S8")


def test_the_evaluation_table():
    rows = ["".join(category(so, otherwise) for otherwise in range(1, 6)) for so in range(1, 6)]
    assert rows == ["QAAAO", "RIIIM", "RIIIM", "RIIIM", "RRRRQ"]


@pytest.mark.parametrize(
    "pair", [(0, 1), (1, 6), (1, None), ("1", 2), (True, 2), (1.5, 2), (1.0, 2)], ids=str
)
def test_what_is_no_answer_is_refused(pair):
    with pytest.raises(Invalid):
        category(*pair)


def test_better_and_worse():
    found = summarise("AAOMI")
    assert (found.category, found.better, found.worse, found.n) == ("A", 3 / 5, -2 / 5, 5)


@pytest.mark.parametrize(
    ("letters", "wanted"), [("MOAI", "M"), ("OAI", "O"), ("AI", "A"), ("IR", "I"), ("RQ", "R"), ("IIM", "I")]
)
def test_of_equals_the_one_that_hurts_most_counts(letters, wanted):
    assert summarise(letters).category == wanted


def test_nobody_and_nobody_who_can_be_moved():
    assert summarise("") == summarise([])
    assert (summarise("").category, summarise("").better, summarise("").n) == (None, None, 0)
    odd = summarise("RRQ")
    assert (odd.category, odd.better, odd.worse, odd.n) == ("R", None, None, 3)
    with pytest.raises(Invalid):
        summarise("AX")


@given(st.lists(st.sampled_from(ORDER)))
def test_what_always_holds(letters):
    found = summarise(letters)
    assert sum(found.counts.values()) == found.n == len(letters)
    assert (found.category is None) == (not letters)
    if found.better is not None:
        assert 0 <= found.better <= 1
        assert -1 <= found.worse <= 0
    if letters:
        assert found.counts[found.category] == max(found.counts.values())
    assert summarise(reversed(letters)) == found
