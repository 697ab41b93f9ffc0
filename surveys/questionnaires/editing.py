"""Editing a draft: its texts, its sections, its questions. Each command holds the draft while it is at work.

`seen` is the digest (documents.digest) of what somebody had before them: when another has changed it since,
nothing is written and they are told (Stale). Two who edit different questions are not in each other's way.
"""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from config.common.errors import Invalid, NotFound
from config.common.events import Actor, record
from surveys.models import Choice, Question, Section, SurveyVersion
from surveys.questionnaires import documents, fitting, reading
from surveys.questionnaires.commands import CodeTaken, draft, free_code, put_in_order, unchanged
from surveys.questionnaires.documents import OF_QUESTION, OF_SECTION, TEXTS, Document


@transaction.atomic
def change_texts(
    *, version_id: int, document: Document, seen: str | None = None, actor: Actor, at: datetime
) -> SurveyVersion:
    """Say something else around the questions: `document` holds the texts that are to be others."""
    version = draft(version_id)
    was = documents.of_texts(version)
    unchanged(was, seen)
    new = reading.checked({name: value for name, value in document.items() if name in TEXTS})
    changed = [name for name in new if new[name] != was[name]]
    for name in changed:
        setattr(version, name, new[name])
    if changed:
        version.save(update_fields=changed)
        record("survey.texts_changed", version.survey, actor=actor, at=at, fields=changed)
    return version


@transaction.atomic
def add_section(
    *, version_id: int, title: str = "", title_en: str = "", actor: Actor, at: datetime
) -> Section:
    """Put a section at the end of a draft."""
    version = draft(version_id)
    last = version.sections.order_by("-position").first()
    position = last.position + 1 if last else 1
    if position > reading.MOST_SECTIONS:
        raise Invalid(_("A questionnaire has at most %(most)s sections.") % {"most": reading.MOST_SECTIONS})
    section = Section.objects.create(version=version, position=position, title=title, title_en=title_en)
    record("survey.section_added", version.survey, actor=actor, at=at, section=section.pk)
    return section


@transaction.atomic
def change_section(
    *,
    version_id: int,
    section_id: int,
    document: Document,
    seen: str | None = None,
    actor: Actor,
    at: datetime,
) -> Section:
    """Name a section otherwise, or show it on another condition."""
    version = draft(version_id)
    section = _section(version, section_id)
    was = documents.of_section(section)
    unchanged(was, seen)
    reading.checked({"sections": [{**document, "questions": []}]})
    changed = [name for name in OF_SECTION if name in document and document[name] != getattr(section, name)]
    for name in changed:
        setattr(section, name, document[name])
    if changed:
        section.save(update_fields=changed)
        record(
            "survey.section_changed", version.survey, actor=actor, at=at, section=section.pk, fields=changed
        )
    return section


@transaction.atomic
def move_section(
    *, version_id: int, section_id: int, before_id: int | None = None, actor: Actor, at: datetime
) -> Section:
    """Put a section with its questions before another, or last."""
    version = draft(version_id)
    section = _section(version, section_id)
    others = list(version.sections.exclude(pk=section_id).order_by("position"))
    place = _place_of(before_id, [one.pk for one in others])
    others.insert(place, section)
    for position, one in enumerate(others, start=1):
        one.position = position
    Section.objects.bulk_update(others, ["position"])
    put_in_order(version)
    record("survey.section_moved", version.survey, actor=actor, at=at, section=section.pk, to=place + 1)
    return section


@transaction.atomic
def remove_section(*, version_id: int, section_id: int, actor: Actor, at: datetime) -> None:
    """Take a section away. Its questions stay: they go to the section before it, or before any section."""
    version = draft(version_id)
    section = _section(version, section_id)
    before = version.sections.filter(position__lt=section.position).order_by("-position").first()
    section.questions.update(section=before)
    section.delete()
    put_in_order(version)
    record("survey.section_removed", version.survey, actor=actor, at=at, section=section_id)


@transaction.atomic
def change_question(
    *,
    version_id: int,
    question_id: int,
    document: Document,
    seen: str | None = None,
    actor: Actor,
    at: datetime,
) -> Question:
    """Have a question say what a document says (documents.of_question), choices included.

    Raises:
        Published: the version is no draft.
        Stale: somebody has changed the question since.
        CodeTaken: another question of the draft has the code.
        Unreadable: the document is none of a question.
    """
    version = draft(version_id)
    question = _question(version, question_id)
    was = documents.of_question(question)
    unchanged(was, seen)
    reading.checked({"questions": [document]})
    if version.questions.filter(code=document["code"]).exclude(pk=question_id).exists():
        raise CodeTaken
    changed = sorted(name for name in {*was, *document} if was.get(name) != document.get(name))
    if not changed:
        return question
    new = reading.question_of(document)
    for name in OF_QUESTION:
        setattr(question, name, getattr(new, name))
    question.need = documents.needs_by_code([document]).get(document.get("need", ""))
    question.save()
    if "choices" in changed:
        question.choices.all().delete()
        Choice.objects.bulk_create(documents.choices_of(question, document.get("choices", [])))
    record(
        "survey.question_changed",
        version.survey,
        actor=actor,
        at=at,
        question=question.code,
        fields=changed,
    )
    return _question(version, question_id)


@transaction.atomic
def change_kind(*, version_id: int, question_id: int, kind: str, actor: Actor, at: datetime) -> Question:
    """Ask a question in another way; what the new kind does not have is left behind."""
    question = _question(draft(version_id), question_id)
    document = fitting.as_kind(documents.of_question(question), kind)
    return change_question(
        version_id=version_id, question_id=question_id, document=document, actor=actor, at=at
    )


@transaction.atomic
def move_question(
    *,
    version_id: int,
    question_id: int,
    section_id: int | None = None,
    before_id: int | None = None,
    actor: Actor,
    at: datetime,
) -> Question:
    """Put a question before another, or at the end of a section, or of those before any section."""
    version = draft(version_id)
    question = _question(version, question_id)
    section = _section(version, section_id) if section_id is not None else None
    others = list(version.questions.filter(section=section).exclude(pk=question_id).order_by("position"))
    place = _place_of(before_id, [one.pk for one in others])
    question.section = section
    others.insert(place, question)
    top = version.questions.count()
    for position, one in enumerate(others, start=top + 1):  # behind all others, until all are numbered
        one.position = position
    Question.objects.bulk_update(others, ["position", "section"])
    put_in_order(version)
    question.refresh_from_db()
    record(
        "survey.question_moved",
        version.survey,
        actor=actor,
        at=at,
        question=question.code,
        to=question.position,
    )
    return question


@transaction.atomic
def copy_question(*, version_id: int, question_id: int, actor: Actor, at: datetime) -> Question:
    """Put a copy of a question behind it, under a code of its own."""
    version = draft(version_id)
    question = _question(version, question_id)
    if version.questions.count() >= reading.MOST_QUESTIONS:
        raise Invalid(_("A questionnaire has at most %(most)s questions.") % {"most": reading.MOST_QUESTIONS})
    document = documents.of_question(question)
    after = version.questions.filter(section=question.section, position__gt=question.position)
    following = after.order_by("position").first()
    code = free_code(question.code, version.questions.values_list("code", flat=True))
    last = version.questions.count() + 1
    new = reading.question_of({**document, "code": code})
    new.version, new.section, new.need, new.position = version, question.section, question.need, last
    new.save()
    Choice.objects.bulk_create(documents.choices_of(new, document.get("choices", [])))
    record("survey.question_added", version.survey, actor=actor, at=at, question=code, copy_of=question.code)
    return move_question(
        version_id=version_id,
        question_id=new.pk,
        section_id=question.section_id,
        before_id=following.pk if following else None,
        actor=actor,
        at=at,
    )


@transaction.atomic
def remove_question(
    *, version_id: int, question_id: int, seen: str | None = None, actor: Actor, at: datetime
) -> None:
    """Take a question out of a draft."""
    version = draft(version_id)
    question = _question(version, question_id)
    unchanged(documents.of_question(question), seen)
    question.delete()
    put_in_order(version)
    record("survey.question_removed", version.survey, actor=actor, at=at, question=question.code)


def _section(version: SurveyVersion, section_id: int) -> Section:
    section = version.sections.filter(pk=section_id).first()
    if section is None:
        raise NotFound
    return section


def _question(version: SurveyVersion, question_id: int) -> Question:
    found = version.questions.select_related("section", "need").prefetch_related("choices")
    question = found.filter(pk=question_id).first()
    if question is None:
        raise NotFound
    return question


def _place_of(before_id: int | None, others: list[int]) -> int:
    if before_id is None:
        return len(others)
    if before_id not in others:
        raise NotFound
    return others.index(before_id)
