"""Each kind of question: what it takes and what not."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.common.errors import Invalid
from surveys.models import Choice, Question, QuestionKind
from surveys.questionnaires.rules import USUAL_SCALE
from surveys.responses.rules import BadAnswers, is_bad, read

pytestmark = pytest.mark.req("S3")
OTHER = Choice(code="other", text="other", position=9, takes_text=True)
NONE = Choice(code="none", text="none", position=10, is_alone=True)


def question(kind, code="q", choices=(), **fields):
    """A question as it is read from the database."""
    made = Question(
        pk=1, code=code, kind=kind, text=code, scale=fields.pop("scale", USUAL_SCALE.get(kind)), **fields
    )
    made._prefetched_objects_cache = {
        "choices": [
            choice if isinstance(choice, Choice) else Choice(code=choice, text=choice, position=place)
            for place, choice in enumerate(choices, start=1)
        ]
    }
    return made


def answered(asked, value):
    return read([asked], {"q": value}, {})


@pytest.mark.parametrize(
    ("kind", "fields", "good", "bad"),
    [
        ("csat", {}, [1, 5, "3"], [0, 6, "x", True, 2.5, [3], {"a": 1}]),
        ("csat", {"scale": 7}, [7], [8]),
        ("ces", {"scale": 7}, [7, "1"], [0, 8]),
        ("nps", {}, [0, 10, "7"], [-1, 11, "ten"]),
        ("stars", {}, [5], [6]),
        ("likert", {}, [1], [0]),
        ("single", {"choices": ["a", "b"]}, ["a", ["b"]], ["c", ["a", "b"], 1, {"picked": "c"}]),
        (
            "multiple", {"choices": ["a", "b", "c"], "most": 2},
            [["a"], ["b", "a"], "c"], [["a", "b", "c"], ["a", "a"], ["x"], [1]],
        ),
        ("multiple", {"choices": ["a", NONE]}, [["none"], ["a"]], [["a", "none"]]),
        (
            "ranking", {"choices": ["a", "b", "c"]}, [["c", "a", "b"], {"a": "2", "b": "3", "c": "1"}],
            [["a", "b"], ["a", "a", "b"], {"a": 1, "b": 1, "c": 2}, "a"],
        ),
        (
            "matrix", {"choices": ["a", "b"]},
            [{"a": 1, "b": "5"}], [{"a": 1}, {"a": 1, "b": 6}, {"c": 1}, [1, 2], 3],
        ),
        ("kano", {}, [{"so": 1, "not": "5"}], [{"so": 1}, {"so": 0, "not": 1}, 5, "1-5"]),
        (
            "number", {"lowest": Decimal(1), "highest": Decimal(9)},
            [1, "9", "2.5", " 3 "], [0, 10, "x", True, "NaN", "Infinity", "1e99"],
        ),
        ("date", {}, ["2026-11-22"], ["22.11.2026", "2026-02-30", "x", 5]),
        ("short", {}, ["好"], ["x" * 201, 5, ["a"]]),
        ("text", {}, ["好\n很好"], ["x" * 2_001, 5, {"a": 1}]),
        ("consent", {}, [True, "1", "on"], [False, "no", 2]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_each_kind_takes_its_answers_and_no_others(kind, fields, good, bad):
    asked = question(QuestionKind(kind), **fields)
    for value in good:
        assert answered(asked, value)
    for value in bad:
        with pytest.raises(BadAnswers):
            answered(asked, value)


def test_what_is_kept_of_each_kind():
    def kept(kind, value, **fields):
        first = answered(question(QuestionKind(kind), **fields), value)[0]
        return (first.score, first.second, first.picked, first.number, first.day, first.text)

    nothing = (None,) * 5
    assert kept("kano", {"so": "1", "not": "5"}) == (1, 5, None, None, None, "")
    assert kept("multiple", ["b", "a"], choices=["a", "b"])[2] == ("a", "b")  # in the order of the list
    assert kept("ranking", {"a": 2, "b": 1}, choices=["a", "b"])[2] == ("b", "a")
    assert kept("single", {"picked": "other", "text": " 别的 "}, choices=["a", OTHER])[2::3] == (
        ("other",),
        "别的",
    )
    assert kept("single", {"picked": "a", "text": "x"}, choices=["a", OTHER])[5] == ""
    assert kept("number", "1,000.456")[3] == Decimal("1000.46")
    assert kept("date", "2026-11-22")[4] == date(2026, 11, 22)
    assert kept("short", " a \n b ") == (*nothing, "a b")
    rows = answered(question(QuestionKind.MATRIX, choices=["a", "b"]), {"b": 2, "a": 1})
    assert [(row.row, row.score) for row in rows] == [("a", 1), ("b", 2)]


def test_the_optional_may_be_left_out_and_the_required_not():
    optional = question(QuestionKind.MATRIX, choices=["a", "b"], is_required=False)
    assert len(answered(optional, {"a": 3})) == 1
    consent = question(QuestionKind.CONSENT, is_required=False)
    assert answered(consent, False)[0].score == 0
    with pytest.raises(Invalid):
        read([question(QuestionKind.TEXT, is_required=False)], {"q": " "}, {})  # nothing at all
    with pytest.raises(BadAnswers):
        read([question(QuestionKind.TEXT)], {"q": "\u202e\x00"}, {})  # nothing that is seen


def test_what_is_wrong_in_a_question_that_is_not_shown_does_not_matter():
    low = {"all": [{"of": "answer", "name": "csat", "is": "at_most", "value": 2}]}
    asked = [question(QuestionKind.CSAT, "csat"), question(QuestionKind.NUMBER, "days", show_if=low)]
    assert [one.question.code for one in read(asked, {"csat": 5, "days": "soon"}, {})] == ["csat"]
    with pytest.raises(BadAnswers) as refusal:
        read(asked, {"csat": 1, "days": "soon"}, {})
    assert set(refusal.value.problems) == {"days"}
    with pytest.raises(BadAnswers):
        read(asked, {"csat": 1}, {})


def test_branches_by_what_is_known():
    gold = {"all": [{"of": "known", "name": "tier", "is": "one_of", "value": ["gold"]}]}
    asked = [question(QuestionKind.CSAT, "csat"), question(QuestionKind.TEXT, "gold", show_if=gold)]
    assert read(asked, {"csat": 5}, {"tier": frozenset({"plain"})})
    with pytest.raises(BadAnswers):
        read(asked, {"csat": 5}, {"tier": frozenset({"gold"})})


def test_bad_is_what_the_question_calls_so():
    asked = [question(QuestionKind.CSAT, "a", bad_up_to=2), question(QuestionKind.CSAT, "b")]
    assert is_bad(read(asked, {"a": 2, "b": 5}, {}))
    assert not is_bad(read(asked, {"a": 3, "b": 1}, {}))


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(st.sampled_from(list(QuestionKind)), anything)
def test_whatever_comes_is_taken_or_refused(kind, value):
    if kind in {QuestionKind.PICTURE, QuestionKind.VOICE}:
        return
    try:
        found = answered(question(kind, choices=["a", "b", OTHER, NONE]), value)
    except Invalid:
        return
    assert found
