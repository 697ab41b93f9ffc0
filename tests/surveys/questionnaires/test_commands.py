"""A draft is edited, a published version stays, whoever tries."""

import pytest
from django.db import DatabaseError, transaction

from config.common.errors import Invalid, NotFound
from config.common.models import Event
from surveys.models import Choice, Question, SurveyVersion
from surveys.questionnaires import commands
from surveys.questionnaires.queries import current, questions_of
from tests.factories.compensation import T0
from tests.factories.questionnaires import draft, one, published
from tests.threads import at_once, behind, refused

pytestmark = [pytest.mark.django_db, pytest.mark.req("S3")]
WHO = {"actor": None, "at": T0}


def test_a_new_version_begins_as_a_copy_of_the_last():
    version = published(one("single", "why", choices=["a", "b"], is_shuffled=True), one("csat", "csat"))
    copy = commands.open_draft(survey_id=version.survey_id, **WHO)
    assert (copy.number, copy.published_at) == (2, None)
    assert [question.code for question in questions_of(copy.pk)] == ["why", "csat"]
    assert [choice.code for choice in questions_of(copy.pk)[0].choices.all()] == ["a", "b"]
    assert commands.open_draft(survey_id=version.survey_id, **WHO).pk == copy.pk  # there is one
    assert current(version.survey).pk == version.pk
    commands.add_question(version_id=copy.pk, **one("text", "words"), **WHO)
    commands.publish(version_id=copy.pk, **WHO)
    assert current(version.survey).pk == copy.pk
    assert questions_of(version.pk).count() == 2
    told = Event.objects.filter(kind="survey.published").order_by("id")
    assert list(told.values_list("data__version", flat=True)) == [1, 2]


def test_what_is_published_is_not_edited():
    version = published(one("csat"))
    with pytest.raises(commands.Published):
        commands.add_question(version_id=version.pk, **one("text", "words"), **WHO)
    with pytest.raises(commands.Published):
        commands.publish(version_id=version.pk, **WHO)
    with pytest.raises(NotFound):
        commands.publish(version_id=0, **WHO)


def test_what_is_not_whole_is_not_published():
    version = draft(one("single", choices=["a"]))
    with pytest.raises(Invalid):
        commands.publish(version_id=version.pk, **WHO)
    version.refresh_from_db()
    assert version.published_at is None


def test_the_database_keeps_a_published_version_as_it_is():
    version = published(one("single", choices=["a", "b"]))
    question = version.questions.get()
    other = draft(one("csat"))
    changes = [
        lambda: SurveyVersion.objects.filter(pk=version.pk).update(title="x"),
        lambda: SurveyVersion.objects.filter(pk=version.pk).update(published_at=None),
        version.delete,
        lambda: Question.objects.filter(pk=question.pk).update(text="x"),
        lambda: Question.objects.filter(pk=question.pk).update(version=other),
        lambda: other.questions.update(version=version, code="moved", position=9),
        question.delete,
        lambda: Question.objects.create(version=version, position=5, code="new", kind="text", text="x"),
        lambda: Choice.objects.filter(question=question).update(text="x"),
        lambda: Choice.objects.create(question=question, position=9, code="z", text="z"),
        question.choices.all().delete,
    ]
    for change in changes:
        with pytest.raises(DatabaseError), transaction.atomic():
            change()
    assert questions_of(version.pk).get().choices.count() == 2


@pytest.mark.django_db(transaction=True)
def test_two_who_open_a_draft_at_once_get_the_same():
    version = published(one("csat"))
    made = at_once(*[lambda: commands.open_draft(survey_id=version.survey_id, **WHO).pk] * 2)
    assert not refused(made)
    assert len(set(made)) == 1
    assert version.survey.versions.count() == 2


@pytest.mark.django_db(transaction=True)
def test_a_question_that_comes_while_the_version_is_published_is_refused():
    version = draft(one("csat"))

    def publish():
        commands.publish(version_id=version.pk, **WHO)

    def add():
        commands.add_question(version_id=version.pk, **one("text", "words"), **WHO)

    assert isinstance(behind(publish, add, lambda: None), commands.Published)
    assert version.questions.count() == 1
