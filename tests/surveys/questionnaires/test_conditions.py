"""Branching: whether a condition is met, and which conditions make sense."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.common.errors import Invalid
from surveys.questionnaires.conditions import JOINS, KNOWN, MOST, TESTS, check, holds

pytestmark = pytest.mark.req("S3")


def clause(name="csat", test="at_most", value=2, of="answer"):
    return {"of": of, "name": name, "is": test, "value": value}


@pytest.mark.parametrize(
    ("one", "answers", "met"),
    [
        (clause(value=2), {"csat": 2}, True),
        (clause(value=2), {"csat": 3}, False),
        (clause(value=2), {}, False),
        (clause(test="at_least", value=9), {"csat": 9}, True),
        (clause(test="at_least", value=9), {}, False),
        (clause(test="at_most", value=2), {"csat": frozenset({"a"})}, False),
        (clause(test="one_of", value=["a", "b"]), {"csat": frozenset({"b", "c"})}, True),
        (clause(test="one_of", value=["4"]), {"csat": 4}, True),
        (clause(test="one_of", value=["a"]), {}, False),
        (clause(test="none_of", value=["a"]), {}, True),
        (clause(test="none_of", value=["a"]), {"csat": frozenset({"a"})}, False),
        (clause(test="answered"), {"csat": frozenset()}, True),
        (clause(test="answered"), {}, False),
    ],
)
def test_a_clause_about_an_answer(one, answers, met):
    assert holds({"all": [one]}, answers, {}) is met


def test_a_clause_about_what_is_known():
    gold = {"all": [clause("tier", "one_of", ["gold", "silver"], of="known")]}
    assert holds(gold, {}, {"tier": ["gold"]})
    assert not holds(gold, {}, {"tier": ["plain"]})
    assert not holds(gold, {}, {})


def test_all_and_any_and_nothing():
    yes, no = clause(value=5), clause(value=1)
    answers = {"csat": 3}
    assert holds({}, answers, {})
    assert holds({"any": [no, yes]}, answers, {})
    assert not holds({"all": [no, yes]}, answers, {})


@pytest.mark.parametrize(
    "condition",
    [
        [],
        "csat < 3",
        {"or": [clause()]},
        {"all": []},
        {"all": [clause()] * (MOST + 1)},
        {"all": [clause()], "any": [clause()]},
        {"all": ["x"]},
        {"all": [clause(test="like")]},
        {"all": [clause(of="wish")]},
        {"all": [clause("later")]},
        {"all": [clause("shoe_size", "one_of", ["42"], of="known")]},
        {"all": [clause("tier", "at_most", 3, of="known")]},
        {"all": [clause(value="3")]},
        {"all": [clause(value=True)]},
        {"all": [clause(test="one_of", value=[])]},
        {"all": [clause(test="one_of", value="a")]},
    ],
    ids=str,
)
def test_what_makes_no_sense_is_refused(condition):
    with pytest.raises(Invalid):
        check(condition, ["csat"])


clauses = st.fixed_dictionaries(
    {
        "of": st.sampled_from(["answer", "known"]),
        "name": st.sampled_from(["a", "b", *KNOWN]),
        "is": st.sampled_from(list(TESTS)),
    },
    optional={"value": st.integers(0, 10) | st.lists(st.sampled_from("xyz"), max_size=3)},
)
conditions = st.just({}) | st.dictionaries(st.sampled_from(JOINS), st.lists(clauses, max_size=3), max_size=1)


@given(
    conditions,
    st.dictionaries(st.sampled_from("ab"), st.integers(0, 10) | st.frozensets(st.sampled_from("xyz"))),
)
def test_what_was_checked_can_be_asked(condition, answers):
    try:
        checked = check(condition, "ab")
    except Invalid:
        return
    assert check(checked, "ab") == checked
    assert holds(checked, answers, {"tier": ["x"]}) in (True, False)
