"""The questionnaires that ship: whole, in both languages, brought in once."""

import pytest

from config.common.models import Given
from surveys.defaults import questionnaires
from surveys.models import Question, QuestionKind, Survey
from surveys.questionnaires import checking, commands, documents, reading, shipped
from surveys.questionnaires.queries import current, questions_of
from surveys.questionnaires.rules import shown
from tests.factories.compensation import T0

pytestmark = [pytest.mark.django_db, pytest.mark.req("S3")]


@pytest.mark.parametrize("code", shipped.codes())
def test_each_is_whole_and_in_both_languages(code):
    reading.checked(shipped.template(code).document)
    survey = commands.install(code, at=T0)
    version = current(survey)
    questions = list(questions_of(version.pk))
    assert checking.problems(version, questions) == []
    assert checking.untranslated(version, questions) == {}
    assert reading.checked(documents.of_version(version)) == documents.of_version(version)
    for question in questions:
        assert len(question.text) > 5


def test_the_quarterly_one_asks_three_questions():
    questions = questions_of(current(commands.install("quarterly", at=T0)).pk)
    assert [question.kind for question in questions] == ["csat", "single", "text"]
    assert {"logistics", "service", "product", "process"} < {c.code for c in questions[1].choices.all()}


@pytest.mark.parametrize(
    ("score", "code"),
    [(0, "detractor-why"), (6, "detractor-why"), (7, "passive-words"), (9, "promoter-words")],
)
def test_who_recommends_us_is_asked_other_things(score, code):
    questions = list(questions_of(current(commands.install("nps", at=T0)).pk))
    assert shown(questions, {"nps": score}, {})[1].code == code


def test_they_are_brought_in_once_and_what_people_changed_stays():
    questionnaires.seed(T0)
    assert set(shipped.codes()) <= set(Survey.objects.values_list("code", flat=True))
    changed = Survey.objects.get(code="nps")
    commands.rename(survey_id=changed.pk, name="推荐", actor=None, at=T0)
    draft = commands.open_draft(survey_id=changed.pk, actor=None, at=T0)
    questionnaires.seed(T0)
    Given.objects.filter(kind="questionnaire", code="kano").delete()
    questionnaires.seed(T0)
    assert Survey.objects.get(code="nps").name == "推荐"
    assert changed.versions.count() == draft.number == 2
    assert Survey.objects.get(code="kano").versions.count() == 1


def test_the_kano_one_has_pairs():
    commands.install("kano", at=T0)
    assert Question.objects.filter(kind=QuestionKind.KANO).count() == 5
