"""What is different between two versions of a questionnaire, in words."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from surveys.models import Choice, Question, Section, SurveyVersion
from surveys.models.questionnaire import in_language
from surveys.questionnaires.conditions import KNOWN, TESTS, asked_in
from surveys.questionnaires.documents import OF_CHOICE, OF_QUESTION, OF_SECTION, TEXTS, Document, questions_in

NONE, ORDERED = "–", " · "
SHORT = 40
"""Characters of a question by which it is named."""
FIELDS: Mapping[type[models.Model], Sequence[str]] = {
    SurveyVersion: TEXTS,
    Section: OF_SECTION,
    Question: OF_QUESTION,
    Choice: OF_CHOICE,
}
Names = Mapping[str, str]
"""By the codes of questions what they are called."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is another: where, what of it, how it was and is; empty where there was nothing."""

    where: str
    what: str
    was: str = ""
    now: str = ""


def differences(was: Document, now: Document) -> list[Difference]:
    """What somebody would see who laid two versions beside each other: texts, sections, questions, order."""
    found = list(_fields(SurveyVersion, was, now, _("The questionnaire")))
    before, after = ({one["code"]: one for one in questions_in(of)} for of in (was, now))
    names = {code: name_of(question) for code, question in {**before, **after}.items()}
    found += _sections(was, now, names)
    for code, question in after.items():
        if code not in before:
            found.append(Difference(names[code], _("new question"), now=question.get("text", "")))
    for code, question in before.items():
        if code not in after:
            found.append(Difference(names[code], _("no longer asked"), was=question.get("text", "")))
        else:
            found += of_questions(question, after[code], names)
    stayed = [[code for code in of if code in before and code in after] for of in (before, after)]
    if stayed[0] != stayed[1]:
        orders = [ORDERED.join(names[code] for code in of) for of in stayed]
        found.append(Difference(_("The questionnaire"), _("order"), *orders))
    places = [_places(of) for of in (was, now)]
    for code in stayed[1]:
        if places[0][code] != places[1][code]:
            told = [of[code] or NONE for of in places]
            found.append(Difference(names[code], _("section"), *told))
    return found


def name_of(question: Document) -> str:
    """What a question, or a choice, is called: by its words, and by its code where it has none."""
    text = in_language(question.get("text", ""), question.get("text_en", "")) or question["code"]
    return text if len(text) <= SHORT else f"{text[: SHORT - 1]}…"


def of_questions(was: Document, now: Document, names: Names | None = None) -> list[Difference]:
    """What is different between two states of one question; `names` are those of what conditions ask for."""
    names = names or {}
    where = name_of(now)
    found = list(_fields(Question, was, now, where, names))
    if was.get("need", "") != now.get("need", ""):
        found.append(Difference(where, _("need"), was.get("need", NONE), now.get("need", NONE)))
    before, after = ({one["code"]: one for one in of.get("choices", [])} for of in (was, now))
    for name, choice in after.items():
        if name not in before:
            found.append(Difference(where, _("new choice"), now=choice.get("text", "")))
        else:
            found += _fields(Choice, before[name], choice, f"{where} · {name_of(choice)}")
    found += [
        Difference(where, _("no longer offered"), was=choice.get("text", ""))
        for name, choice in before.items()
        if name not in after
    ]
    stayed = [[name for name in of if name in before and name in after] for of in (before, after)]
    if stayed[0] != stayed[1]:
        said = {code: name_of(choice) for code, choice in {**before, **after}.items()}
        orders = [ORDERED.join(said[name] for name in of) for of in stayed]
        found.append(Difference(where, _("order of the choices"), *orders))
    return found


def _sections(was: Document, now: Document, names: Names) -> Iterator[Difference]:
    """Sections have no code: those in the same place are compared."""
    before, after = was.get("sections", []), now.get("sections", [])
    for place, (old, new) in enumerate(zip(before, after, strict=False), start=1):
        yield from _fields(Section, old, new, _("section %(place)s") % {"place": place}, names)
    for new in after[len(before) :]:
        yield Difference(_("The questionnaire"), _("new section"), now=new.get("title", ""))
    for old in before[len(after) :]:
        yield Difference(_("The questionnaire"), _("section taken away"), was=old.get("title", ""))


def _places(of: Document) -> dict[str, str]:
    found = {question["code"]: "" for question in of.get("questions", [])}
    for section in of.get("sections", []):
        found |= {question["code"]: section.get("title", "") for question in section["questions"]}
    return found


def _fields(
    model: type[models.Model], was: Document, now: Document, where: str, names: Names | None = None
) -> Iterator[Difference]:
    for name in FIELDS[model]:
        field: Any = model._meta.get_field(name)
        usual = field.get_default() if name in {"is_required", "layout"} else None
        old, new = was.get(name, usual), now.get(name, usual)
        if old != new and (old or new or 0 in (old, new)):
            label = capfirst(str(field.verbose_name))
            yield Difference(where, label, *(_said(field, value, names or {}) for value in (old, new)))


def _said(field: Any, value: Any, names: Names) -> str:
    if isinstance(value, bool) or (value is None and field.get_internal_type() == "BooleanField"):
        return _("yes") if value else _("no")
    if value in (None, "", {}):
        return NONE
    if field.name == "show_if":
        return in_words(value, names)
    choices = dict(field.flatchoices)
    return str(choices.get(value, value))


def in_words(condition: Mapping[str, Any], names: Names) -> str:
    """A condition as a person says it; questions by their names."""
    joint = _(" or ") if "any" in condition else _(" and ")
    return joint.join(_clause(clause, names) for clause in asked_in(condition))


def _clause(clause: Mapping[str, Any], names: Names) -> str:
    name, value = clause["name"], clause.get("value", "")
    known = clause["of"] == "known"
    subject = str(KNOWN.get(name, name)) if known else _("“%(text)s”") % {"text": names.get(name, name)}
    told = ", ".join(value) if isinstance(value, list) else str(value)
    return " ".join(filter(None, (subject, str(TESTS[clause["is"]]), told)))
