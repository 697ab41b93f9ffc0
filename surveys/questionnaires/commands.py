"""The life of a questionnaire: begun, drafted, published, retired. What a draft says: see editing."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from config.common.errors import InUse, Invalid, NotFound, Stale, Taken, WrongState
from config.common.events import Actor, record
from config.common.models import User
from surveys.models import CampaignState, Choice, Question, Section, Survey, SurveyVersion
from surveys.questionnaires import checking, documents, fitting, shipped
from surveys.questionnaires.documents import Document
from surveys.questionnaires.queries import questions_of
from surveys.questionnaires.reading import MOST_QUESTIONS


class Published(WrongState):
    """A published version is never changed."""

    code = "published"
    default = _("This version is published and stays as it is. Open a new draft to change it.")


class Retired(WrongState):
    """Nothing is asked by it any more."""

    code = "retired"
    default = _("This questionnaire is retired. Restore it first.")


class CodeTaken(Taken):
    """Another questionnaire, or another question of the same draft, has the code."""

    default = _("There is another one with this code.")


class NotWhole(Invalid):
    """A draft that cannot be published yet; `problems` says what has to be mended."""

    code = "not_whole"

    def __init__(self, problems: Iterable[checking.Problem]) -> None:
        """Take what has to be mended."""
        self.problems = list(problems)
        told = [str(problem) for problem in self.problems]
        super().__init__(" ".join(told), problems=told)


@transaction.atomic
def create(*, survey: Survey, title: str, title_en: str = "", actor: Actor, at: datetime) -> SurveyVersion:
    """Begin a questionnaire with its first draft.

    Raises:
        CodeTaken: there is one with its code.
    """
    return create_from(
        survey=survey, document={"title": title, "title_en": title_en, "questions": []}, actor=actor, at=at
    )


@transaction.atomic
def create_from(*, survey: Survey, document: Document, actor: Actor, at: datetime) -> SurveyVersion:
    """Begin a questionnaire whose first draft is a checked document: another's, or one from a file.

    Raises:
        CodeTaken: there is one with its code.
    """
    if Survey.objects.filter(code=survey.code).exists():
        raise CodeTaken
    survey.save(force_insert=True)
    version = SurveyVersion.objects.create(survey=survey, number=1)
    documents.write(version, document)
    record("survey.created", survey, actor=actor, at=at)
    return version


@transaction.atomic
def install(template_code: str, *, code: str = "", actor: Actor = None, at: datetime) -> Survey:
    """The questionnaire of a template that ships, published; the one there is where it was brought in before.

    Raises:
        NotFound: no template has this code.
    """
    code = code or template_code
    known = Survey.objects.filter(code=code).first()
    if known is not None:
        return known
    template = shipped.template(template_code)
    survey = Survey(code=code, name=template.name, name_en=template.name_en, note=template.note)
    version = create_from(survey=survey, document=template.document, actor=actor, at=at)
    publish(version_id=version.pk, actor=actor if isinstance(actor, User) else None, at=at)
    return survey


@transaction.atomic
def rename(
    *, survey_id: int, name: str, name_en: str = "", note: str = "", actor: Actor, at: datetime
) -> Survey:
    """Call a questionnaire something else. What members read are the titles of its versions."""
    survey = _survey(survey_id)
    survey.name, survey.name_en, survey.note = name, name_en, note
    survey.save(update_fields=["name", "name_en", "note"])
    record("survey.renamed", survey, actor=actor, at=at)
    return survey


@transaction.atomic
def open_draft(*, survey_id: int, actor: Actor, at: datetime) -> SurveyVersion:
    """The draft of a questionnaire: the one there is, or a copy of what was published last.

    Raises:
        Retired: nothing is asked by it any more.
    """
    survey = _survey(survey_id)
    latest = survey.versions.order_by("-number").first()
    if latest is None:
        raise NotFound
    if latest.published_at is None:
        return latest
    if survey.retired_at is not None:
        raise Retired
    draft = SurveyVersion.objects.create(survey=survey, number=latest.number + 1)
    documents.write(draft, documents.of_version(latest))
    record("survey.draft_opened", survey, actor=actor, at=at, version=draft.number)
    return draft


@transaction.atomic
def discard_draft(*, version_id: int, actor: Actor, at: datetime) -> None:
    """Throw a draft away. A questionnaire that was never published goes with its only draft.

    Raises:
        Published: the version is no draft.
        InUse: a campaign is to ask what was never published.
    """
    version = draft(version_id)
    survey, number = version.survey, version.number
    record("survey.draft_discarded", survey, actor=actor, at=at, version=number, code=survey.code)
    is_only = not survey.versions.exclude(pk=version.pk).exists()
    if is_only and survey.campaigns.exists():
        raise InUse
    version.delete()
    if is_only:
        survey.delete()


@transaction.atomic
def replace_draft(
    *, survey_id: int, document: Document, seen: str | None = None, actor: Actor, at: datetime
) -> SurveyVersion:
    """Have the draft, a new one where there is none, say what a checked document says.

    `seen` is the digest of the draft that was read (documents.digest), where one was.

    Raises:
        Stale: somebody has changed the draft since.
    """
    version = draft(open_draft(survey_id=survey_id, actor=actor, at=at).pk)
    unchanged(documents.of_version(version), seen)
    documents.write(version, document)
    record("survey.draft_replaced", version.survey, actor=actor, at=at, version=version.number)
    return version


def unchanged(now: Any, seen: str | None) -> None:
    """Refuse what rests on something that somebody has changed since it was read.

    Raises:
        Stale: it is not what was seen; `now` and its digest come with the refusal.
    """
    if seen is not None and documents.digest(now) != seen:
        raise Stale(now=now, seen=documents.digest(now))


def _survey(survey_id: int) -> Survey:
    survey = Survey.objects.select_for_update(no_key=True).filter(pk=survey_id).first()
    if survey is None:
        raise NotFound
    return survey


@transaction.atomic
def add_question(
    *,
    version_id: int,
    section: Section | None = None,
    choices: Iterable[Mapping[str, Any]] = (),
    actor: Actor,
    at: datetime,
    **fields: Any,
) -> Question:
    """Put a question at the end of a draft, or of a section of it.

    `fields` are those of Question, `choices` have those of Choice. Without a code it gets one.

    Raises:
        Published: the version is no draft.
        CodeTaken: another of its questions has the code.
    """
    version = draft(version_id)
    if section is not None and section.version_id != version.pk:
        raise NotFound
    fields = {**fitting.usual(fields["kind"]), **fields}
    taken = set(version.questions.values_list("code", flat=True))
    if len(taken) >= MOST_QUESTIONS:
        raise Invalid(_("A questionnaire has at most %(most)s questions.") % {"most": MOST_QUESTIONS})
    fields["code"] = fields.get("code") or free_code(fields["kind"], taken)
    if fields["code"] in taken:
        raise CodeTaken
    last = version.questions.order_by("-position").first()
    question = Question.objects.create(
        version=version, section=section, position=last.position + 1 if last else 1, **fields
    )
    Choice.objects.bulk_create(documents.choices_of(question, choices))
    put_in_order(version)
    record("survey.question_added", version.survey, actor=actor, at=at, question=question.code)
    question.refresh_from_db(fields=["position"])
    return question


def free_code(wanted: str, taken: Iterable[str]) -> str:
    """A code like the one that is wanted that no other has."""
    known, base = set(taken), wanted[:44]
    number, code = 1, base
    while code in known:
        number += 1
        code = f"{base}-{number}"
    return code


def put_in_order(version: SurveyVersion) -> None:
    """Number the questions of a draft as they are asked: those before any section, then by section."""
    sections = version.sections.order_by("position").values_list("pk", flat=True)
    places: dict[int | None, int] = {pk: place for place, pk in enumerate(sections, start=1)}
    questions = sorted(
        version.questions.all(), key=lambda one: (places.get(one.section_id, 0), one.position, one.pk)
    )
    moved = []
    for place, question in enumerate(questions, start=1):
        if question.position != place:
            question.position = place
            moved.append(question)
    Question.objects.bulk_update(moved, ["position"])


def draft(version_id: int) -> SurveyVersion:
    """A version that can be edited, held until the transaction ends.

    Raises:
        NotFound: there is none.
        Published: it is out already.
    """
    version = (
        SurveyVersion.objects.select_for_update(no_key=True, of=("self",))
        .select_related("survey")
        .filter(pk=version_id)
        .first()
    )
    if version is None:
        raise NotFound
    if version.published_at is not None:
        raise Published
    return version


@transaction.atomic
def publish(*, version_id: int, seen: str | None = None, actor: User | None, at: datetime) -> SurveyVersion:
    """Give a draft out: whoever is asked from now on is asked this. It never changes again.

    `seen` is the digest of the draft as it was looked at.

    Raises:
        Published: it is out already.
        NotWhole: it is not whole.
        Retired: nothing is asked by it any more.
        Stale: somebody has changed it since it was looked at.
    """
    version = draft(version_id)
    if version.survey.retired_at is not None:
        raise Retired
    unchanged(documents.of_version(version), seen)
    problems = checking.problems(version, list(questions_of(version.pk)))
    if problems:
        raise NotWhole(problems)
    version.published_at, version.published_by = at, actor
    version.save(update_fields=["published_at", "published_by"])
    record("survey.published", version.survey, actor=actor, at=at, version=version.number)
    return version


@transaction.atomic
def retire(*, survey_id: int, actor: Actor, at: datetime) -> Survey:
    """Offer a questionnaire no more. Its answers and figures stay.

    Raises:
        InUse: a campaign that is not over asks it.
    """
    survey = _survey(survey_id)
    if survey.retired_at is not None:
        return survey
    using = survey.campaigns.exclude(state__in=[CampaignState.DRAFT, CampaignState.ENDED]).order_by("code")
    if names := ", ".join(map(str, using[:5])):
        raise InUse(_("Campaigns that are not over ask it: %(names)s") % {"names": names})
    survey.retired_at = at
    survey.save(update_fields=["retired_at"])
    record("survey.retired", survey, actor=actor, at=at)
    return survey


@transaction.atomic
def restore(*, survey_id: int, actor: Actor, at: datetime) -> Survey:
    """Take a questionnaire up again."""
    survey = _survey(survey_id)
    if survey.retired_at is not None:
        survey.retired_at = None
        survey.save(update_fields=["retired_at"])
        record("survey.restored", survey, actor=actor, at=at)
    return survey
