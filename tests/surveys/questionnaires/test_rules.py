"""What keeps a version from being published, what is shown to whom, and in which order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.models import Choice, Question, QuestionKind
from surveys.questionnaires.checking import problems
from surveys.questionnaires.queries import questions_of
from surveys.questionnaires.rules import choices_for, shown
from tests.factories.questionnaires import asked, draft, one

pytestmark = [pytest.mark.django_db, pytest.mark.req("S3")]


def found(*given):
    version = draft(*given)
    return problems(version, list(questions_of(version.pk)))


def after(code, test="answered", **more):
    """The condition that an earlier question was answered somehow."""
    return {"all": [{"of": "answer", "name": code, "is": test, **more}]}


@pytest.mark.parametrize(
    ("wrong", "count"),
    [
        ([], 1),
        ([one("single", choices=["a"])], 1),
        ([one("matrix")], 1),
        ([one("csat", choices=["a", "b"])], 1),
        ([one("text", bad_up_to=2)], 1),
        ([one("csat", bad_up_to=5)], 1),
        ([one("csat", bad_up_to=0)], 1),
        ([one("csat", show_if=after("q"))], 1),
        (
            [
                one("csat", "a"),
                one("text", "b", show_if={"any": [{"of": "answer", "name": "c", "is": "answered"}]}),
            ],
            1,
        ),
        ([one("single", choices=["a"]), one("csat", "b", bad_up_to=5)], 2),
        ([one("nps", bad_up_to=6)], 0),
        (
            [
                one("single", choices=["a", "b"]),
                one(
                    "text",
                    "b",
                    show_if={"all": [{"of": "answer", "name": "q", "is": "one_of", "value": ["a"]}]},
                ),
            ],
            0,
        ),
    ],
    ids=str,
)
def test_what_is_not_whole_is_told(wrong, count):
    assert len(found(*wrong)) == count


def test_a_question_follows_an_answer_and_an_answer_that_is_not_shown_counts_for_nothing():
    low = {"all": [{"of": "answer", "name": "csat", "is": "at_most", "value": 2}]}
    why = {"all": [{"of": "answer", "name": "why", "is": "one_of", "value": ["late"]}]}
    found = asked(
        one("csat", "csat"),
        one("single", "why", choices=["late", "broken"], show_if=low),
        one("number", "days", show_if=why),
    )

    def codes(**answers):
        return [question.code for question in shown(found, answers, {})]

    assert codes() == ["csat"]
    assert codes(csat=2) == ["csat", "why"]
    assert codes(csat=1, why=frozenset({"late"})) == ["csat", "why", "days"]
    assert codes(csat=5, why=frozenset({"late"})) == ["csat"]  # went back and was satisfied after all


@given(st.uuids().map(str))
def test_choices_have_an_order_of_each_ones_own_and_the_last_stays(who):
    question = Question(pk=1, code="q", kind=QuestionKind.SINGLE, is_shuffled=True)
    codes = "abcdef"
    choices = [Choice(code=code, position=place, is_last=code == "f") for place, code in enumerate(codes, 1)]
    question._prefetched_objects_cache = {"choices": choices}
    order = [choice.code for choice in choices_for(question, who)]
    assert sorted(order) == list(codes)
    assert order[-1] == "f"
    assert order == [choice.code for choice in choices_for(question, who)]


def test_each_choice_comes_first_about_equally_often():
    question = Question(pk=1, code="q", kind=QuestionKind.SINGLE, is_shuffled=True)
    question._prefetched_objects_cache = {
        "choices": [Choice(code=code, position=place) for place, code in enumerate("abcd", 1)]
    }
    first = [choices_for(question, str(number))[0].code for number in range(2_000)]
    assert all(430 < first.count(code) < 570 for code in "abcd")  # 500 are expected, 3.6 standard errors off
