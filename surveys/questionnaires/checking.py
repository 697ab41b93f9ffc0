"""What keeps a draft from being published, and what is not translated yet: told part by part."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from config.common.errors import Invalid
from surveys.models import Question, QuestionKind, Section, SurveyVersion
from surveys.questionnaires import fitting, piping
from surveys.questionnaires.conditions import NUMERIC, SETS, asked_in, check
from surveys.questionnaires.rules import CHOOSING, LISTED, SCORED, ends

FEWEST_CHOICES = 2
THANKS = ("thanks", "thanks_promoters", "thanks_passives")
TEXTS = {
    "version": ("title", "intro", *THANKS),
    "section": ("title",),
    "question": ("text", "help", "low_end", "high_end"),
    "choice": ("text",),
}
"""What is written in two languages, by what it belongs to."""
ADDRESS = re.compile(r"://|www\.|[a-z0-9-]\.(?:com|cn|net|org|shop|top|me|io)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Problem:
    """Something to be mended: on which row, at which field of it, and what."""

    row: SurveyVersion | Section | Question
    name: str
    text: str

    def __str__(self) -> str:
        """Say where and what."""
        if isinstance(self.row, Question):
            return f"{self.row.code}: {self.text}"
        return f"{self.row}: {self.text}" if isinstance(self.row, Section) else self.text


@dataclass(slots=True)
class _Before:
    """What was asked before the place that is looked at."""

    asked: dict[str, Question] = field(default_factory=dict)

    def quotable(self) -> list[str]:
        return [code for code, question in self.asked.items() if question.kind in piping.QUOTABLE]

    def loose(self) -> list[str]:
        """Questions that not everybody answers."""
        return [code for code, question in self.asked.items() if _is_loose(question)]


def _is_loose(question: Question) -> bool:
    of_section = question.section.show_if if question.section else {}
    return bool(not question.is_required or question.show_if or of_section)


def problems(version: SurveyVersion, questions: Sequence[Question]) -> list[Problem]:
    """What has to be mended before a draft can be published. `questions` come in order, with choices."""
    found = []
    if not questions:
        found.append(Problem(version, "questions", _("There is no question yet.")))
    before = _Before()
    found += _texts(version, "version", before, names=("title", "intro"))
    sections = {one.section_id for one in questions}
    found += [
        Problem(section, "title", _("There is no question in it yet."))
        for section in version.sections.order_by("position")
        if section.pk not in sections
    ]
    seen: set[int] = set()
    for question in questions:
        if question.section is not None and question.section.pk not in seen:
            seen.add(question.section.pk)
            found += _texts(question.section, "section", before)
            found += _condition(question.section, before)
        found += _one(question, before)
        before.asked[question.code] = question
    found += _texts(version, "version", before, names=THANKS)
    found += _ways(version)
    return found


def _ways(version: SurveyVersion) -> Iterator[Problem]:
    """What thanks some only must not show: a way, such as to reviews, that others are not shown."""
    for name in THANKS[1:]:
        for language in ("", "_en"):
            if ADDRESS.search(getattr(version, name + language)):
                told = _("No address here: whoever answers is shown the same way to reviews, or nobody is.")
                yield Problem(version, name + language, told)


def _one(question: Question, before: _Before) -> Iterator[Problem]:
    choices = list(question.choices.all())
    if question.kind in LISTED and len(choices) < FEWEST_CHOICES:
        yield Problem(question, "choices", _("It needs two choices or more."))
    for name, text in fitting.problems(question, choices):
        yield Problem(question, name, text)
    yield from _texts(question, "question", before)
    yield from _condition(question, before)
    for choice in choices:
        for text in _of_texts(choice, "choice", before):
            yield Problem(question, "choices", text)


def _texts(
    row: SurveyVersion | Section | Question, of: str, before: _Before, *, names: Sequence[str] = ()
) -> Iterator[Problem]:
    for name in names or TEXTS[of]:
        for language in ("", "_en"):
            for text in piping.problems(getattr(row, name + language), before.quotable(), before.loose()):
                yield Problem(row, name + language, text)
    first = TEXTS[of][0]
    if first in (names or TEXTS[of]) and not getattr(row, first).strip():
        yield Problem(row, first, _("It has no text yet."))


def _of_texts(row: Any, of: str, before: _Before) -> Iterator[str]:
    for name in TEXTS[of]:
        for language in ("", "_en"):
            yield from piping.problems(getattr(row, name + language), before.quotable(), before.loose())
        if not getattr(row, name).strip():
            yield _("A choice has no text yet.")


def _condition(row: Section | Question, before: _Before) -> Iterator[Problem]:
    try:
        condition = check(row.show_if, before.asked)
    except Invalid as error:
        yield Problem(row, "show_if", str(error))
        return
    for clause in asked_in(condition):
        if clause["of"] == "answer":
            for text in _fits(clause, before.asked[clause["name"]]):
                yield Problem(row, "show_if", text)


def _fits(clause: Mapping[str, Any], question: Question) -> Iterator[str]:
    """What is asked of an answer that the question cannot have."""
    code = {"code": question.code}
    if clause["is"] in NUMERIC:
        if question.kind == QuestionKind.NUMBER:
            return
        low, high = ends(question)
        if question.kind not in SCORED:
            yield _("The answer to %(code)s is no number.") % code
        elif not low <= clause["value"] <= high:
            yield _("The answer to %(code)s goes from %(low)s to %(high)s.") % {
                **code,
                "low": low,
                "high": high,
            }
    elif clause["is"] in SETS:
        if question.kind in CHOOSING or question.kind == QuestionKind.MATRIX:
            offered = {choice.code for choice in question.choices.all()}
        elif question.kind in SCORED:
            low, high = ends(question)
            offered = {str(score) for score in range(low, high + 1)}
        else:
            yield _("The answer to %(code)s is none of a list.") % code
            return
        if missing := sorted(set(clause["value"]) - offered):
            yield _("%(code)s does not offer: %(choices)s") % {**code, "choices": ", ".join(missing)}


def untranslated(version: SurveyVersion, questions: Sequence[Question]) -> dict[str, list[str]]:
    """Which texts have no English, by "version", "section:5" and "question:12"; where all have, nothing."""
    found = {"version": _missing(version, "version")}
    for section in version.sections.all():
        found[f"section:{section.pk}"] = _missing(section, "section")
    for question in questions:
        names = _missing(question, "question")
        if any(_missing(choice, "choice") for choice in question.choices.all()):
            names.append("choices")
        found[f"question:{question.pk}"] = names
    return {where: names for where, names in found.items() if names}


def _missing(row: Any, of: str) -> list[str]:
    return [
        f"{name}_en"
        for name in TEXTS[of]
        if getattr(row, name).strip() and not getattr(row, f"{name}_en").strip()
    ]
