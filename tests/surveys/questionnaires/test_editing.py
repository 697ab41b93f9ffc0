"""Editing a draft: each thing that can be done to it, in any order, by two people at once."""

import pytest

from config.common.errors import InUse, Invalid, NotFound, Stale
from config.common.models import Event
from surveys.models import Need, Question, Survey, SurveyVersion
from surveys.questionnaires import commands, documents, editing
from surveys.questionnaires.documents import digest, of_question, of_section, of_version
from surveys.questionnaires.queries import questions_of
from tests.factories.compensation import T0
from tests.factories.questionnaires import draft, launched, one, published
from tests.threads import at_once, refused

pytestmark = [pytest.mark.django_db, pytest.mark.req("S3")]
WHO = {"actor": None, "at": T0}


def order(version):
    return [
        (question.section.title if question.section else "", question.code)
        for question in questions_of(version.pk)
    ]


@pytest.fixture
def version():
    """Two questions before any section, two in A, one in B."""
    made = draft(one("csat", "a"), one("text", "b"))
    sections = [editing.add_section(version_id=made.pk, title=title, **WHO) for title in "AB"]
    for code, section in (("e", 1), ("c", 0), ("d", 0)):
        commands.add_question(version_id=made.pk, section=sections[section], **one("text", code), **WHO)
    return made


def question(version, code):
    return questions_of(version.pk).select_related("section", "need").get(code=code)


def section(version, title):
    return version.sections.get(title=title)


def test_questions_stand_section_by_section(version):
    assert order(version) == [("", "a"), ("", "b"), ("A", "c"), ("A", "d"), ("B", "e")]
    assert list(version.questions.order_by("position").values_list("position", flat=True)) == [1, 2, 3, 4, 5]


def test_a_question_moves_within_and_between_sections(version):
    def move(code, **to):
        editing.move_question(version_id=version.pk, question_id=question(version, code).pk, **to, **WHO)
        return [code for _section, code in order(version)]

    a = section(version, "A")
    assert move("b", before_id=question(version, "a").pk) == ["b", "a", "c", "d", "e"]
    assert move("b", section_id=a.pk, before_id=question(version, "d").pk) == ["a", "c", "b", "d", "e"]
    assert move("c", section_id=a.pk) == ["a", "b", "d", "c", "e"]
    assert move("e") == ["a", "e", "b", "d", "c"]
    assert question(version, "e").section is None
    with pytest.raises(NotFound):
        move("e", section_id=a.pk, before_id=question(version, "a").pk)  # which is not in A
    with pytest.raises(NotFound):
        move("e", section_id=editing.add_section(version_id=draft().pk, **WHO).pk)


def test_a_section_moves_with_its_questions(version):
    a, b = section(version, "A"), section(version, "B")
    editing.move_section(version_id=version.pk, section_id=b.pk, before_id=a.pk, **WHO)
    assert [code for _title, code in order(version)] == ["a", "b", "e", "c", "d"]
    editing.move_section(version_id=version.pk, section_id=b.pk, **WHO)
    assert [code for _title, code in order(version)] == ["a", "b", "c", "d", "e"]
    with pytest.raises(NotFound):
        editing.move_section(version_id=version.pk, section_id=b.pk, before_id=b.pk, **WHO)


def test_what_was_in_a_section_that_is_removed_stays(version):
    editing.remove_section(version_id=version.pk, section_id=section(version, "B").pk, **WHO)
    assert order(version)[-1] == ("A", "e")
    editing.remove_section(version_id=version.pk, section_id=section(version, "A").pk, **WHO)
    assert order(version) == [("", code) for code in "abcde"]


def test_a_copy_stands_behind_with_a_code_of_its_own(version):
    commands.add_question(version_id=version.pk, **one("single", "f", choices=["x", "y"]), **WHO)
    copy = editing.copy_question(version_id=version.pk, question_id=question(version, "f").pk, **WHO)
    assert copy.code == "f-2"
    assert [choice.code for choice in question(version, "f-2").choices.all()] == ["x", "y"]
    editing.copy_question(version_id=version.pk, question_id=question(version, "a").pk, **WHO)
    assert [code for _title, code in order(version)][:3] == ["a", "a-2", "b"]


def test_a_question_that_is_removed_leaves_no_gap(version):
    editing.remove_question(version_id=version.pk, question_id=question(version, "b").pk, **WHO)
    assert list(version.questions.order_by("position").values_list("code", "position")) == [
        ("a", 1), ("c", 2), ("d", 3), ("e", 4),
    ]  # fmt: skip


def test_a_question_says_something_else():
    Need.objects.create(code="slot", name="时段", created_at=T0)
    made = draft(one("multiple", "q", choices=["x", "y"]), one("kano", "k"))
    new = {
        "code": "why", "kind": "multiple", "text": "为什么？", "is_required": False, "most": 2,
        "choices": [{"code": "y", "text": "乙"}, {"code": "z", "text": "没有", "is_alone": True}],
    }  # fmt: skip
    changed = editing.change_question(
        version_id=made.pk, question_id=question(made, "q").pk, document=new, **WHO
    )
    assert of_question(changed) == new
    about = {"code": "k", "kind": "kano", "text": "送达时段", "need": "slot"}
    editing.change_question(version_id=made.pk, question_id=question(made, "k").pk, document=about, **WHO)
    assert question(made, "k").need.code == "slot"
    events = Event.objects.filter(kind="survey.question_changed").order_by("id")
    assert events[0].data["fields"] == ["choices", "code", "is_required", "most", "text"]
    editing.change_question(version_id=made.pk, question_id=question(made, "k").pk, document=about, **WHO)
    assert events.count() == 2  # the same again is no change


@pytest.mark.parametrize(
    "wrong",
    [
        {"code": "b"},
        {"kind": "riddle"},
        {"text": "x" * 201},
        {"scale": 11},
        {"scale": None},
        {"lowest": "1"},
        {"choices": [{"code": "x", "text": "x"}]},
        {"bad_up_to": 5},
        {"need": "none"},
        {"aspect": "weather"},
        {"show_if": {"all": []}},
        {"shape": "round"},
    ],
    ids=str,
)
def test_what_no_question_of_its_kind_says_is_refused(version, wrong):
    before = of_version(version)
    was = question(version, "a")
    with pytest.raises((Invalid, commands.CodeTaken)):
        editing.change_question(
            version_id=version.pk, question_id=was.pk, document={**of_question(was), **wrong}, **WHO
        )
    assert of_version(version) == before


def test_another_kind_leaves_behind_what_it_does_not_have():
    made = draft(one("multiple", "q", choices=["x", {"code": "n", "text": "n", "is_alone": True}], most=1))
    found = question(made, "q")

    def become(kind):
        editing.change_kind(version_id=made.pk, question_id=found.pk, kind=kind, **WHO)
        return of_question(question(made, "q"))

    assert [set(choice) for choice in become("single")["choices"]] == [{"code", "text"}] * 2
    assert become("ces") == {"code": "q", "kind": "ces", "text": "q", "scale": 5}
    assert "scale" not in become("text")


def test_texts_and_sections_are_changed(version):
    texts = {"title": "新", "intro_en": "Hello", "layout": "one"}
    editing.change_texts(version_id=version.pk, document=texts, **WHO)
    made = section(version, "A")
    condition = {"all": [{"of": "answer", "name": "a", "is": "at_most", "value": 2}]}
    editing.change_section(
        version_id=version.pk, section_id=made.pk, document={"title": "甲", "show_if": condition}, **WHO
    )
    version.refresh_from_db()
    made.refresh_from_db()
    assert (version.title, version.intro_en, version.layout) == ("新", "Hello", "one")
    assert (made.title, made.show_if) == ("甲", condition)
    with pytest.raises(Invalid):
        editing.change_texts(version_id=version.pk, document={"layout": "round"}, **WHO)
    with pytest.raises(Invalid):
        editing.change_section(version_id=version.pk, section_id=made.pk, document={"title": "\u0000"}, **WHO)


def test_whoever_saw_an_older_one_is_told(version):
    was, of = question(version, "a"), section(version, "A")
    seen = [digest(found) for found in (of_question(was), of_section(of), documents.of_texts(version))]
    whole = digest(of_version(version))
    new = {**of_question(was), "text": "甲"}
    editing.change_question(version_id=version.pk, question_id=was.pk, document=new, seen=seen[0], **WHO)
    with pytest.raises(Stale) as told:
        editing.change_question(
            version_id=version.pk, question_id=was.pk, document={**new, "text": "乙"}, seen=seen[0], **WHO
        )
    assert told.value.details["now"]["text"] == "甲"
    assert question(version, "a").text == "甲"
    # what nobody touched is not stale
    editing.change_section(
        version_id=version.pk, section_id=of.pk, document={"title": "丙"}, seen=seen[1], **WHO
    )
    editing.change_texts(version_id=version.pk, document={"title": "丁"}, seen=seen[2], **WHO)
    for stale in (
        lambda: editing.remove_question(version_id=version.pk, question_id=was.pk, seen=seen[0], **WHO),
        lambda: editing.change_section(
            version_id=version.pk, section_id=of.pk, document={"title": "戊"}, seen=seen[1], **WHO
        ),
        lambda: editing.change_texts(version_id=version.pk, document={"title": "戊"}, seen=seen[2], **WHO),
        lambda: commands.publish(version_id=version.pk, seen=whole, **WHO),
        lambda: commands.replace_draft(
            survey_id=version.survey_id, document={"questions": []}, seen=whole, **WHO
        ),
    ):
        with pytest.raises(Stale):
            stale()


@pytest.mark.parametrize(
    "edit",
    [
        lambda one, q, s: editing.change_texts(version_id=one, document={"title": "x"}, **WHO),
        lambda one, q, s: editing.add_section(version_id=one, **WHO),
        lambda one, q, s: editing.change_section(version_id=one, section_id=s, document={}, **WHO),
        lambda one, q, s: editing.move_section(version_id=one, section_id=s, **WHO),
        lambda one, q, s: editing.remove_section(version_id=one, section_id=s, **WHO),
        lambda one, q, s: editing.change_question(version_id=one, question_id=q, document={}, **WHO),
        lambda one, q, s: editing.change_kind(version_id=one, question_id=q, kind="text", **WHO),
        lambda one, q, s: editing.move_question(version_id=one, question_id=q, **WHO),
        lambda one, q, s: editing.copy_question(version_id=one, question_id=q, **WHO),
        lambda one, q, s: editing.remove_question(version_id=one, question_id=q, **WHO),
        lambda one, q, s: commands.discard_draft(version_id=one, **WHO),
    ],
)
def test_only_a_draft_is_edited(version, edit):
    other = draft(one("csat"))
    of_other = other.questions.get().pk
    for pk, wanted in ((0, NotFound), (published(one("csat")).pk, commands.Published)):
        with pytest.raises(wanted):
            edit(pk, of_other, 0)
    editing.remove_section(version_id=version.pk, section_id=section(version, "B").pk, **WHO)
    commands.publish(version_id=version.pk, **WHO)
    with pytest.raises(commands.Published):
        edit(version.pk, question(version, "a").pk, section(version, "A").pk)


def test_what_belongs_to_another_draft_is_not_found(version):
    other = draft(one("csat")).questions.get().pk
    with pytest.raises(NotFound):
        editing.remove_question(version_id=version.pk, question_id=other, **WHO)
    assert Question.objects.filter(pk=other).exists()


def test_a_draft_is_thrown_away(version):
    first = published(one("csat"))
    commands.discard_draft(version_id=commands.open_draft(survey_id=first.survey_id, **WHO).pk, **WHO)
    assert first.survey.versions.get() == first
    commands.discard_draft(version_id=version.pk, **WHO)
    assert not Survey.objects.filter(pk=version.survey_id).exists()  # it had nothing else
    asked = draft(one("csat"))
    launched_with = launched()
    launched_with.__class__.objects.create(
        code="later", name="x", survey=asked.survey, occasion="once", state="draft"
    )
    with pytest.raises(InUse):
        commands.discard_draft(version_id=asked.pk, **WHO)
    assert SurveyVersion.objects.filter(pk=asked.pk).exists()


def test_a_draft_is_replaced_whole_or_not_at_all(version):
    new = {
        "title": "新",
        "sections": [{"title": "S", "questions": [{"code": "x", "kind": "nps", "text": "x"}]}],
    }
    commands.replace_draft(survey_id=version.survey_id, document=new, **WHO)
    assert order(version) == [("S", "x")]
    out = published(one("csat"))
    made = commands.replace_draft(survey_id=out.survey_id, document=new, **WHO)
    assert made.number == 2
    assert order(out) == [("", "q")]


def test_retired_is_asked_no_more_and_comes_back():
    campaign = launched()
    survey = campaign.survey
    with pytest.raises(InUse):
        commands.retire(survey_id=survey.pk, **WHO)
    free = published(one("csat")).survey
    commands.retire(survey_id=free.pk, **WHO)
    commands.retire(survey_id=free.pk, **WHO)
    with pytest.raises(commands.Retired):
        commands.open_draft(survey_id=free.pk, **WHO)
    commands.restore(survey_id=free.pk, **WHO)
    assert commands.open_draft(survey_id=free.pk, **WHO).number == 2
    kinds = ["survey.retired", "survey.restored"]
    assert list(Event.objects.filter(kind__in=kinds).order_by("id").values_list("kind", flat=True)) == kinds


def test_a_code_is_taken_once():
    with pytest.raises(commands.CodeTaken):
        commands.create(survey=Survey(code=draft().survey.code, name="x"), title="x", **WHO)


@pytest.mark.django_db(transaction=True)
def test_of_two_who_change_a_question_at_once_one_is_told():
    made = draft(one("csat", "a"))
    was = question(made, "a")
    seen = digest(of_question(was))

    def change(text):
        new = {**of_question(was), "text": text}
        return lambda: editing.change_question(
            version_id=made.pk, question_id=was.pk, document=new, seen=seen, **WHO
        )

    results = at_once(change("甲"), change("乙"))
    assert [type(one) for one in refused(results)] == [Stale]


@pytest.mark.django_db(transaction=True)
def test_two_moves_at_once_leave_every_place_filled():
    made = draft(*[one("text", code) for code in "abcd"])
    first, last = question(made, "a").pk, question(made, "d").pk
    results = at_once(
        lambda: editing.move_question(version_id=made.pk, question_id=first, **WHO),
        lambda: editing.move_question(version_id=made.pk, question_id=last, before_id=first, **WHO),
    )
    assert not refused(results)
    places = made.questions.order_by("position").values_list("position", flat=True)
    assert list(places) == [1, 2, 3, 4]
