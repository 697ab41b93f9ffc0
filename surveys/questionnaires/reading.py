"""Documents from outside: read whole or not at all, whatever somebody has put into them."""

import json
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext as _

from config.common.errors import Invalid
from config.common.parsing import is_plain
from surveys.models import Choice, Need, Question, QuestionKind, Section, SurveyVersion
from surveys.questionnaires import fitting
from surveys.questionnaires.conditions import structure
from surveys.questionnaires.documents import (
    FORMAT,
    OF_CHOICE,
    OF_QUESTION,
    OF_SECTION,
    TEXTS,
    Document,
    questions_in,
)

MOST_BYTES = 1_000_000
MOST_QUESTIONS, MOST_SECTIONS = 200, 50
MOST_TOLD = 20
NAMED = ("code", "name", "name_en", "note")
BOUNDS = ("lowest", "highest")


class Unreadable(Invalid):
    """A document that is no questionnaire; `problems` says where and why, line by line."""

    code = "unreadable"

    def __init__(self, problems: Iterable[str]) -> None:
        """Take what is wrong, the first few of it."""
        self.problems = list(problems)
        told = self.problems[:MOST_TOLD]
        if len(self.problems) > MOST_TOLD:
            told.append(_("and %(count)s more") % {"count": len(self.problems) - MOST_TOLD})
        self.problems = told
        super().__init__(" ".join(told), problems=told)


def parsed(content: bytes) -> Document:
    """The document of a file.

    Raises:
        Unreadable: too large, no JSON, or no questionnaire (see `checked`).
    """
    if len(content) > MOST_BYTES:
        raise Unreadable([_("The file is larger than a megabyte.")])
    try:
        data = json.loads(content.decode("utf-8-sig"), parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise Unreadable([_("The file is not JSON in UTF-8.")]) from None
    if not is_plain(data):
        raise Unreadable([_("This JSON is nested too deeply, or has a sign in it that no text has.")])
    return checked(data)


def _refuse(_constant: str) -> Any:
    raise ValueError


def checked(data: Any) -> Document:
    """The document, when each part of it is one that a draft can hold. It need not be whole yet.

    Raises:
        Unreadable: it is not.
    """
    if not isinstance(data, dict) or data.get("format", FORMAT) != FORMAT:
        raise Unreadable([_("This is no questionnaire of the kind “%(format)s”.") % {"format": FORMAT}])
    wrong = list(_shape(data))
    if wrong:
        raise Unreadable(wrong)
    wrong += _rows(SurveyVersion, data, TEXTS, "")
    for place, part in enumerate(data.get("sections", []), start=1):
        wrong += _rows(Section, part, OF_SECTION, _("section %(place)s") % {"place": place})
    for question in questions_in(data):
        wrong += _question(question)
    codes = [question["code"] for question in questions_in(data)]
    twice = sorted({code for code in codes if codes.count(code) > 1}, key=str)
    wrong += [_("Two questions have the code %(code)s.") % {"code": code} for code in twice]
    wrong += _needs(data)
    if wrong:
        raise Unreadable(wrong)
    return {name: data[name] for name in (*TEXTS, "questions", "sections") if name in data}


def _shape(data: Mapping[str, Any]) -> Iterator[str]:
    """What is not there, or is of another kind than it has to be."""
    yield from _strange(data, (*TEXTS, *NAMED, "format", "questions", "sections"), "")
    sections, loose = data.get("sections", []), data.get("questions", [])
    if not _is_rows(sections) or not _is_rows(loose):
        yield _("Questions and sections are lists.")
        return
    if len(sections) > MOST_SECTIONS:
        yield _("At most %(most)s sections.") % {"most": MOST_SECTIONS}
    count = len(loose)
    for place, part in enumerate(sections, start=1):
        yield from _strange(part, (*OF_SECTION, "questions"), _("section %(place)s") % {"place": place})
        if not _is_rows(part.get("questions")):
            yield _("Questions and sections are lists.")
            return
        count += len(part["questions"])
    if count > MOST_QUESTIONS:
        yield _("At most %(most)s questions.") % {"most": MOST_QUESTIONS}
        return
    for place, question in enumerate(questions_in(dict(data)), start=1):
        where = _("question %(place)s") % {"place": place}
        if not isinstance(question.get("code"), str) or question.get("kind") not in QuestionKind.values:
            yield f"{where}: " + _("It needs a code and a kind.")
        if not _is_rows(question.get("choices", [])):
            yield f"{where}: " + _("Choices are a list.")
        yield from _strange(question, (*OF_QUESTION, "need", "choices"), where)


def _is_rows(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, dict) for one in value)


def _strange(row: Mapping[str, Any], known: tuple[str, ...], where: str) -> Iterator[str]:
    unknown = sorted(str(name)[:30] for name in set(row) - set(known))
    if unknown:
        yield _at(where) + _("Not known: %(names)s") % {"names": ", ".join(unknown)}


def _at(where: str) -> str:
    return f"{where}: " if where else ""


def _rows(model: type[models.Model], row: Mapping[str, Any], names: Iterable[str], where: str) -> list[str]:
    """What one row of a document holds that its table does not take."""
    wrong, values = [], {}
    for name in names:
        if name not in row:
            continue
        field = model._meta.get_field(name)
        if not _is_of(field, row[name]):
            wrong.append(_at(where) + _("%(name)s is of the wrong kind.") % {"name": name})
        elif name not in BOUNDS or row[name] is None:
            values[name] = row[name]
        else:
            values[name] = _decimal(row[name])
            if values[name] is None:
                wrong.append(_at(where) + _("%(name)s is of the wrong kind.") % {"name": name})
    if wrong:
        return wrong
    one = model(**values)
    wanted = {name for name in names if name in values}
    left_out = {field.name for field in model._meta.fields if field.name not in wanted}
    left_out |= {name for name in ("title", "text") if values.get(name) == ""}  # a draft may be unfinished
    try:
        one.clean_fields(exclude=left_out)
    except ValidationError as error:
        wrong += _lines(error, where)
    try:
        structure(values.get("show_if"))
    except Invalid as error:
        wrong.append(_at(where) + str(error))
    return wrong


def _is_of(field: Any, value: Any) -> bool:
    """Whether a JSON value is of a kind that a column takes."""
    if value is None:
        return bool(field.null)
    if isinstance(field, models.BooleanField):
        return isinstance(value, bool)
    if isinstance(field, models.JSONField):
        return isinstance(value, dict)
    if isinstance(field, models.DecimalField):
        return isinstance(value, str | int | float) and not isinstance(value, bool)
    if isinstance(field, models.IntegerField):
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, str) and all(c.isprintable() or c in "\n\t\u200d" for c in value)


def _decimal(value: Any) -> Decimal | None:
    try:
        found = Decimal(str(value))
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def _question(row: Document) -> list[str]:
    where = str(row["code"])[:50]
    choices = row.get("choices", [])
    wrong = _rows(Question, row, OF_QUESTION, where)
    for choice in choices:
        if not isinstance(choice.get("code"), str):
            wrong.append(_at(where) + _("A choice needs a code."))
        wrong += _strange(choice, OF_CHOICE, where)
        if not wrong:
            wrong += _rows(Choice, choice, OF_CHOICE, where)
        if len(wrong) > MOST_TOLD:
            break
    if wrong:
        return wrong
    question = question_of(row)
    given = [Choice(**choice) for choice in choices]
    return [_at(where) + problem for _field, problem in fitting.problems(question, given)]


def question_of(row: Mapping[str, Any]) -> Question:
    """A question of a document as a row, not kept; without section, need and choices."""
    values = {name: row[name] for name in OF_QUESTION if name in row}
    for name in BOUNDS:
        if values.get(name) is not None:
            values[name] = _decimal(values[name])
    return Question(**values)


def _needs(data: Document) -> list[str]:
    given = [question["need"] for question in questions_in(data) if question.get("need")]
    if not all(isinstance(code, str) and code.isprintable() for code in given):
        return [_("There is no such need: %(code)s") % {"code": "?"}]
    asked = set(given)
    known = set(Need.objects.filter(code__in=asked).values_list("code", flat=True))
    return [_("There is no such need: %(code)s") % {"code": code} for code in sorted(asked - known)]


def _lines(error: ValidationError, where: str) -> list[str]:
    return [
        _at(where) + f"{name}: {message}" for name, found in error.message_dict.items() for message in found
    ]
