"""What is different between two versions of a questionnaire, in words."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.text import capfirst
from django.utils.translation import gettext as _

from surveys.models import Choice, Question, Section, SurveyVersion
from surveys.questionnaires.conditions import KNOWN, TESTS, asked_in
from surveys.questionnaires.documents import OF_CHOICE, OF_QUESTION, OF_SECTION, TEXTS, Document, questions_in

NONE = "–"


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is another: where, what of it, how it was and is; empty where there was nothing."""

    where: str
    what: str
    was: str = ""
    now: str = ""


def differences(was: Document, now: Document) -> list[Difference]:
    """What somebody would see who laid two versions beside each other: texts, sections, questions, order."""
    found = list(_fields(SurveyVersion, TEXTS, was, now, _("The questionnaire")))
    found += _sections(was, now)
    before, after = ({one["code"]: one for one in questions_in(of)} for of in (was, now))
    for code, question in after.items():
        if code not in before:
            found.append(Difference(code, _("new question"), now=question.get("text", "")))
    for code, question in before.items():
        if code not in after:
            found.append(Difference(code, _("no longer asked"), was=question.get("text", "")))
        else:
            found += of_questions(question, after[code])
    stayed = [[code for code in of if code in before and code in after] for of in (before, after)]
    if stayed[0] != stayed[1]:
        found.append(
            Difference(_("The questionnaire"), _("order"), ", ".join(stayed[0]), ", ".join(stayed[1]))
        )
    places = [_places(of) for of in (was, now)]
    for code in stayed[1]:
        if places[0][code] != places[1][code]:
            found.append(Difference(code, _("section"), places[0][code] or NONE, places[1][code] or NONE))
    return found


def of_questions(was: Document, now: Document) -> list[Difference]:
    """What is different between two states of one question."""
    code = now["code"]
    found = list(_fields(Question, OF_QUESTION, was, now, code))
    if was.get("need", "") != now.get("need", ""):
        found.append(Difference(code, _("need"), was.get("need", NONE), now.get("need", NONE)))
    before, after = ({one["code"]: one for one in of.get("choices", [])} for of in (was, now))
    for name, choice in after.items():
        if name not in before:
            found.append(Difference(code, _("new choice"), now=choice.get("text", "")))
        else:
            where = f"{code} · {choice.get('text') or name}"
            found += _fields(Choice, OF_CHOICE, before[name], choice, where)
    found += [
        Difference(code, _("no longer offered"), was=choice.get("text", ""))
        for name, choice in before.items()
        if name not in after
    ]
    stayed = [[name for name in of if name in before and name in after] for of in (before, after)]
    if stayed[0] != stayed[1]:
        found.append(Difference(code, _("order of the choices"), ", ".join(stayed[0]), ", ".join(stayed[1])))
    return found


def _sections(was: Document, now: Document) -> Iterator[Difference]:
    """Sections have no code: those in the same place are compared."""
    before, after = was.get("sections", []), now.get("sections", [])
    for place, (old, new) in enumerate(zip(before, after, strict=False), start=1):
        yield from _fields(Section, OF_SECTION, old, new, _("section %(place)s") % {"place": place})
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
    model: type[SurveyVersion | Section | Question | Choice],
    names: tuple[str, ...],
    was: Document,
    now: Document,
    where: str,
) -> Iterator[Difference]:
    for name in names:
        field: Any = model._meta.get_field(name)
        usual = field.get_default() if name in {"is_required", "layout"} else None
        old, new = was.get(name, usual), now.get(name, usual)
        if old != new and (old or new or 0 in (old, new)):
            label = capfirst(str(field.verbose_name))
            yield Difference(where, label, _said(field, old), _said(field, new))


def _said(field: Any, value: Any) -> str:
    if isinstance(value, bool) or (value is None and field.get_internal_type() == "BooleanField"):
        return _("yes") if value else _("no")
    if value in (None, "", {}):
        return NONE
    if field.name == "show_if":
        return in_words(value)
    choices = dict(field.flatchoices)
    return str(choices.get(value, value))


def in_words(condition: Mapping[str, Any]) -> str:
    """A condition as a person says it."""
    joint = _(" or ") if "any" in condition else _(" and ")
    return joint.join(map(_clause, asked_in(condition)))


def _clause(clause: Mapping[str, Any]) -> str:
    name, value = clause["name"], clause.get("value", "")
    subject = str(KNOWN.get(name, name)) if clause["of"] == "known" else f"“{name}”"
    told = ", ".join(value) if isinstance(value, list) else str(value)
    return " ".join(filter(None, (subject, str(TESTS[clause["is"]]), told)))
