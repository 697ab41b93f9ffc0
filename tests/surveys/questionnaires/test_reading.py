"""Documents from outside: what is no questionnaire is refused in words, whatever it is."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surveys.models import QuestionKind
from surveys.questionnaires import commands
from surveys.questionnaires.documents import FORMAT, of_version
from surveys.questionnaires.reading import MOST_BYTES, MOST_QUESTIONS, Unreadable, checked, parsed
from tests.factories.compensation import T0
from tests.factories.questionnaires import draft, one

pytestmark = [pytest.mark.django_db, pytest.mark.req("S3")]


def asks(**fields):
    return {"questions": [{"code": "q", "kind": "csat", "scale": 5, "text": "x", **fields}]}


def clause(**fields):
    return {"all": [{"of": "answer", "name": "a", "is": "at_most", "value": 2, **fields}]}


def test_what_was_taken_out_comes_back_as_it_was():
    made = draft(
        one("csat", "csat", bad_up_to=2, text_en="y", help="？"),
        one("nps", "nps", bad_up_to=0),
        one("number", "n", lowest="0.5", highest=100, show_if=clause(name="csat")),
        one("multiple", "m", choices=["a", {"code": "b", "text": "b", "is_alone": True}], is_shuffled=True),
    )
    out = of_version(made)
    content = json.dumps({"format": FORMAT, **out}).encode()
    back = commands.replace_draft(survey_id=draft().survey_id, document=parsed(content), actor=None, at=T0)
    assert of_version(back) == out
    assert out["questions"][1]["bad_up_to"] == 0
    assert (out["questions"][2]["lowest"], out["questions"][2]["highest"]) == ("0.5", "100")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe",
        b"[]",
        b"null",
        b'"x"',
        b"{",
        b'{"title": NaN}',
        b"[" * 100_000,
        b'{"questions": ' + b"1" * 5_000 + b"}",
        b" " * (MOST_BYTES + 1),
        b'{"format": "limesurvey"}',
    ],
    ids=lambda content: str(content[:20]),
)
def test_a_file_that_is_none_is_refused(content):
    with pytest.raises(Unreadable):
        parsed(content)


@pytest.mark.parametrize(
    "data",
    [
        {"questions": {}},
        {"questions": ["x"]},
        {"questions": None},
        {"sections": [{"title": "x"}]},
        {"sections": [{"questions": [], "questionz": []}]},
        {"sections": [{"questions": [], "title": 5}]},
        {"sections": [{"questions": []}] * 51},
        {"questions": [{"code": f"q{n}", "kind": "text"} for n in range(MOST_QUESTIONS + 1)]},
        {"title": "x" * 121},
        {"title": "a\u0000b"},
        {"title": "\ud800"},
        {"title": "\u202e"},
        {"published_at": "2026-01-01"},
        {"layout": []},
        asks(code="q q"),
        asks(code=None),
        asks(code=["q"]),
        asks(kind=["csat"]),
        asks(pk=1),
        asks(version=1),
        asks(scale=True),
        asks(scale="5"),
        asks(scale=10**30),
        asks(scale=-1),
        asks(is_required="yes"),
        asks(text=None),
        asks(kind="number", scale=None, lowest="1e99999"),
        asks(kind="number", scale=None, lowest="Infinity"),
        asks(kind="number", scale=None, lowest=[]),
        asks(kind="number", scale=None, lowest=5, highest=1),
        asks(need=5),
        asks(need="none"),
        asks(need=["x"]),
        asks(show_if="csat < 3"),
        asks(show_if=clause(value=float("inf"))),
        asks(show_if=clause(value=10**400)),
        asks(show_if=clause(name="\ud800")),
        asks(show_if=clause(of=["answer"])),
        asks(show_if=clause(**{"is": {}})),
        asks(show_if=clause(**{"is": "one_of", "value": ["\u0000"]})),
        asks(show_if=clause(**{"is": "one_of", "value": ["x"] * 101})),
        asks(kind="single", scale=None, choices=[{"text": "x"}]),
        asks(kind="single", scale=None, choices=[{"code": "a", "text": "x"}] * 2),
        asks(kind="single", scale=None, choices=[{"code": f"c{n}", "text": "x"} for n in range(101)]),
        asks(kind="single", scale=None, choices="abc"),
        asks(kind="text", scale=None, choices=[{"code": "a", "text": "x"}]),
        {"questions": [*asks()["questions"] * 2]},
    ],
    ids=lambda data: json.dumps(data, default=str)[:60],
)
def test_what_no_draft_can_hold_is_refused(data):
    with pytest.raises(Unreadable) as told:
        checked(data)
    assert told.value.problems
    assert len(told.value.problems) <= 21


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
parts = st.fixed_dictionaries(
    {"code": st.sampled_from("abc") | values, "kind": st.sampled_from(QuestionKind.values)},
    optional=dict.fromkeys(("text", "scale", "most", "lowest", "choices", "show_if", "need", "x"), values),
)


@settings(max_examples=80)
@given(
    st.fixed_dictionaries({}, optional={"title": values, "questions": st.lists(parts, max_size=2) | values})
)
def test_whatever_comes_is_read_or_refused(data):
    try:
        document = checked(data)
    except Unreadable:
        return
    assert checked(document) == document


def test_a_draft_may_be_unfinished():
    document = checked({"title": "", **asks(text="")})
    assert document["questions"][0]["text"] == ""


@pytest.mark.parametrize("inside", ["[" * 900 + "]" * 900, "[" * 60 + "]" * 60, '"\\ud800"', '"\\u0000"'])
def test_what_is_too_deep_or_no_text_is_refused(inside):
    with pytest.raises(Unreadable):
        parsed(f'{{"title": "x", "questions": [], "note": {inside}}}'.encode())
