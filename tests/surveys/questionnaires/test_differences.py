"""Two versions beside each other: whatever is different is told, and nothing else."""

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from surveys.questionnaires import documents, editing, shipped
from surveys.questionnaires.commands import open_draft, publish
from surveys.questionnaires.differences import differences
from tests.factories.compensation import T0
from tests.factories.questionnaires import one, published

pytestmark = [pytest.mark.django_db, pytest.mark.req("S3")]
WHO = {"actor": None, "at": T0}


def asked(*codes, section=None, **fields):
    rows = [{"code": code, "kind": "text", "text": code, **fields} for code in codes]
    return (
        {"questions": [], "sections": [{"title": section, "questions": rows}]}
        if section
        else {"questions": rows}
    )


def choices(*codes):
    return [{"code": code, "text": code.upper()} for code in codes]


@pytest.mark.parametrize(
    ("was", "now", "told"),
    [
        (asked("a"), asked("a"), []),
        (asked("a"), asked("a", "b"), [("b", "", "b")]),
        (asked("a", "b"), asked("a"), [("b", "b", "")]),
        (asked("a", text="x"), asked("a", text="y"), [("y", "x", "y")]),
        (asked("a", help="x"), asked("a"), [("a", "x", "–")]),
        (asked("a", bad_up_to=0), asked("a"), [("a", "0", "–")]),
        (asked("a", choices=choices("x")), asked("a", choices=choices("x", "y")), [("a", "", "Y")]),
        (
            asked("a", choices=choices("x", "y")),
            asked("a", choices=choices("y", "x")),
            [("a", "X · Y", "Y · X")],
        ),
        (asked("a"), asked("a", section="S"), 2),
        (asked("a", "b"), asked("b", "a"), 1),
        ({**asked("a"), "title": "x"}, {**asked("a"), "title": "y"}, 1),
        (asked("a", section="S"), asked("a", section="T"), 2),
        (asked("a"), asked("a", is_required=False), 1),
        (asked("a"), asked("a", show_if={"all": [{"of": "answer", "name": "b", "is": "answered"}]}), 1),
    ],
    ids=str,
)
def test_what_is_different_is_told(was, now, told):
    found = differences(was, now)
    if isinstance(told, int):
        assert len(found) == told
    else:
        assert [(one.where, one.was, one.now) for one in found] == told


@given(st.sampled_from(shipped.codes()), st.sampled_from(shipped.codes()))
def test_only_the_same_has_no_difference(first, second):
    was, now = (shipped.template(code).document for code in (first, second))
    assert bool(differences(was, now)) == (first != second)


def test_a_draft_begins_without_a_difference():
    first = published(one("csat"), one("single", "why", choices=["a", "b"]))
    new = open_draft(survey_id=first.survey_id, **WHO)
    assert differences(documents.of_version(first), documents.of_version(new)) == []
    editing.copy_question(version_id=new.pk, question_id=new.questions.get(code="why").pk, **WHO)
    publish(version_id=new.pk, **WHO)
    assert [one.where for one in differences(documents.of_version(first), documents.of_version(new))] == [
        "why"  # the copy has the same words
    ]


def test_questions_are_named_by_their_words():
    low = {"all": [{"of": "answer", "name": "csat", "is": "at_most", "value": 2}]}
    first = {"code": "csat", "kind": "csat", "text": "满意吗？", "text_en": "Satisfied?"}
    was = {"questions": [first, {"code": "why", "kind": "text", "text": "为什么" * 20}]}
    now = {"questions": [first, {**was["questions"][1], "show_if": low}]}
    (found,) = differences(was, now)
    assert found.where == ("为什么" * 20)[:39] + "…"
    assert "满意吗？" in found.now
    assert "csat" not in found.now
    with translation.override("en"):
        assert "Satisfied?" in differences(was, now)[0].now
