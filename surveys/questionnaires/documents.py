"""A version of a questionnaire as one document: what is exported, compared, copied and put back.

A document is plain JSON: the texts of the version, the questions that stand before any section, and the
sections with theirs. What is as usual is left out. `reading` checks one that comes from outside.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from surveys.models import Choice, Layout, Need, Question, Section, SurveyVersion
from surveys.questionnaires.queries import questions_of

FORMAT = "huiyin.questionnaire/1"
TEXTS = (
    "title", "title_en", "intro", "intro_en", "thanks", "thanks_en", "thanks_promoters",
    "thanks_promoters_en", "thanks_passives", "thanks_passives_en", "layout",
)  # fmt: skip
OF_SECTION = ("title", "title_en", "show_if")
OF_QUESTION = (
    "code", "kind", "text", "text_en", "help", "help_en", "low_end", "low_end_en", "high_end", "high_end_en",
    "is_required", "is_shuffled", "scale", "lowest", "highest", "most", "bad_up_to", "show_if", "aspect",
)  # fmt: skip
OF_CHOICE = ("code", "text", "text_en", "is_alone", "is_last", "takes_text")
EMPTY: tuple[Any, ...] = ("", None, {}, [])

Document = dict[str, Any]


def of_version(version: SurveyVersion) -> Document:
    """A version with all it asks. Three queries."""
    found: dict[int | None, list[Document]] = {None: []}
    sections = list(version.sections.order_by("position"))
    found |= {section.pk: [] for section in sections}
    for question in questions_of(version.pk).select_related("section", "need"):
        found[question.section_id].append(of_question(question))
    return {
        **_without_usual({name: getattr(version, name) for name in TEXTS}, {"layout": Layout.ALL}),
        "questions": found[None],
        "sections": [{**of_section(section), "questions": found[section.pk]} for section in sections],
    }


def of_texts(version: SurveyVersion) -> Document:
    """What a version says around its questions."""
    return {name: getattr(version, name) for name in TEXTS}


def of_section(section: Section) -> Document:
    """A section without its questions."""
    return _without_usual({name: getattr(section, name) for name in OF_SECTION}, {})


def of_question(question: Question) -> Document:
    """A question with its choices."""
    row = {name: _plain(getattr(question, name)) for name in OF_QUESTION}
    row["need"] = question.need.code if question.need else ""
    row["choices"] = [
        _without_usual({name: getattr(choice, name) for name in OF_CHOICE}, {})
        for choice in question.choices.all()
    ]
    return _without_usual(row, {"is_required": True})


def _plain(value: Any) -> Any:
    return f"{value.normalize():f}" if isinstance(value, Decimal) else value


def _without_usual(row: Mapping[str, Any], usual: Mapping[str, Any]) -> Document:
    """Leave out what is empty, or as it is where nothing is said."""
    return {
        name: value
        for name, value in row.items()
        if (value != usual[name] if name in usual else value is not False and value not in EMPTY)
    }


def questions_in(document: Document) -> Iterator[Document]:
    """The questions of a document in the order in which they are asked."""
    yield from document.get("questions", [])
    for section in document.get("sections", []):
        yield from section["questions"]


def digest(document: Any) -> str:
    """A short name for exactly this content: whoever saw it can say so when they change it."""
    text = json.dumps(document, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:20]


def write(version: SurveyVersion, document: Document) -> None:
    """Have a draft, held by the caller, ask what a checked document says, and nothing else."""
    for name in TEXTS:
        setattr(version, name, document.get(name, Layout.ALL if name == "layout" else ""))
    version.save(update_fields=TEXTS)
    version.questions.all().delete()
    version.sections.all().delete()
    needs = needs_by_code(questions_in(document))
    given: list[tuple[Section | None, Document]] = [(None, one) for one in document.get("questions", [])]
    for place, part in enumerate(document.get("sections", []), start=1):
        fields = {name: part[name] for name in OF_SECTION if name in part}
        section = Section.objects.create(version=version, position=place, **fields)
        given += [(section, one) for one in part["questions"]]
    made = Question.objects.bulk_create(
        Question(
            version=version,
            section=section,
            position=place,
            need=needs.get(one.get("need", "")),
            **{name: one[name] for name in OF_QUESTION if name in one},
        )
        for place, (section, one) in enumerate(given, start=1)
    )
    Choice.objects.bulk_create(
        choice
        for question, (_section, one) in zip(made, given, strict=True)
        for choice in choices_of(question, one.get("choices", []))
    )


def choices_of(question: Question, rows: Iterable[Mapping[str, Any]]) -> list[Choice]:
    """The choices of a question as rows, not kept yet."""
    return [Choice(question=question, position=place, **row) for place, row in enumerate(rows, start=1)]


def needs_by_code(questions: Iterable[Document]) -> dict[str, Need]:
    """The needs that some questions ask about."""
    return {need.code: need for need in Need.objects.filter(code__in=_codes(questions))}


def _codes(questions: Iterable[Document]) -> set[str]:
    return {one["need"] for one in questions if one.get("need")}
