"""What is done in the builder: each parses and calls one command, and says what is edited then."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import QueryDict

from config.common.asked import id_in
from config.common.errors import Invalid, NotFound
from config.common.models import User
from surveys.admin.questionnaire_editor import Editor
from surveys.admin.questionnaire_outline import Outline, outline
from surveys.models import Question, QuestionKind, Section, SurveyVersion
from surveys.questionnaires import commands, editing


@dataclass(frozen=True, slots=True)
class Doing:
    """A button that was pressed: the words after its name, the form around it, and who pressed it."""

    version: SurveyVersion
    words: list[str]
    form: QueryDict
    who: dict[str, Any]

    def number(self, place: int) -> int:
        """The number of a row among the words.

        Raises:
            NotFound: there stands none.
        """
        number = id_in(self.words[place]) if len(self.words) > place else None
        if number is None:
            raise NotFound
        return number

    @property
    def is_section(self) -> bool:
        """Whether it is about a section, not a question."""
        return self.words[:1] == ["section"]

    @property
    def kind(self) -> str:
        """The kind of question that was chosen.

        Raises:
            Invalid: there is no such kind.
        """
        kind = self.form.get("kind", "")
        if kind not in QuestionKind.values:
            raise Invalid
        return kind


def act(did: str, form: QueryDict, version: SurveyVersion, *, actor: User, at: datetime) -> str:
    """Do what a button says, such as "up.question.12"; returns what is edited then, as the address says it.

    Raises:
        Invalid: no button says so.
    """
    name, *words = did.split(".")
    if name not in ACTS:
        raise Invalid
    return ACTS[name](Doing(version, words, form, {"actor": actor, "at": at}))


def save(editor: Editor, seen: str | None, *, actor: User, at: datetime) -> None:
    """Keep what stands in the editor's form, which is valid."""
    row = editor.row
    who: dict[str, Any] = {"actor": actor, "at": at, "seen": seen or None}
    if isinstance(row, Question):
        document = editor.form.document(editor.choices, editor.condition)
        editing.change_question(version_id=row.version_id, question_id=row.pk, document=document, **who)
    elif isinstance(row, Section):
        document = {**editor.form.cleaned_data, "show_if": dict(editor.condition)}
        editing.change_section(version_id=row.version_id, section_id=row.pk, document=document, **who)
    else:
        editing.change_texts(version_id=row.pk, document=editor.form.cleaned_data, **who)


def _add(it: Doing) -> str:
    where = id_in(it.form.get("where"))
    section = Section.objects.filter(version=it.version, pk=where).first() if where else None
    made = commands.add_question(version_id=it.version.pk, section=section, kind=it.kind, text="", **it.who)
    return f"question={made.pk}"


def _section(it: Doing) -> str:
    return f"section={editing.add_section(version_id=it.version.pk, **it.who).pk}"


def _copy(it: Doing) -> str:
    copy = editing.copy_question(version_id=it.version.pk, question_id=it.number(0), **it.who)
    return f"question={copy.pk}"


def _kind(it: Doing) -> str:
    changed = editing.change_kind(version_id=it.version.pk, question_id=it.number(0), kind=it.kind, **it.who)
    return f"question={changed.pk}"


def _remove(it: Doing) -> str:
    if it.is_section:
        editing.remove_section(version_id=it.version.pk, section_id=it.number(1), **it.who)
    else:
        editing.remove_question(version_id=it.version.pk, question_id=it.number(1), **it.who)
    return ""


def _up(it: Doing) -> str:
    return _step(it, up=True)


def _down(it: Doing) -> str:
    return _step(it, up=False)


def _step(it: Doing, *, up: bool) -> str:
    """One place up or down: a question at the end of its section goes over into the next."""
    number, found = it.number(1), outline(it.version)
    if it.is_section:
        sections = [part.section.pk for part in found.parts if part.section]
        if number not in sections:
            raise NotFound
        place = sections.index(number) + (-1 if up else 2)
        if place >= 0:
            before = sections[place] if place < len(sections) else None
            editing.move_section(version_id=it.version.pk, section_id=number, before_id=before, **it.who)
        return it.form.get("key", "")
    question = next((one for one in found.questions if one.pk == number), None)
    if question is None:
        raise NotFound
    if (to := _beside(found, question, up=up)) is not None:
        section, before = to
        editing.move_question(
            version_id=it.version.pk, question_id=number, section_id=section, before_id=before, **it.who
        )
    return it.form.get("key", "")


def _beside(found: Outline, question: Question, *, up: bool) -> tuple[int | None, int | None] | None:
    """The section and the question before which one comes that goes a place up or down."""
    part, place = found.neighbours(question)
    items = [item.question.pk for item in part.items]
    own = part.section.pk if part.section else None
    if up and place:
        return own, items[place - 1]
    if not up and place + 1 < len(items):
        return own, items[place + 2] if place + 2 < len(items) else None
    beyond = found.parts.index(part) + (-1 if up else 1)
    if not 0 <= beyond < len(found.parts):
        return None
    other = found.parts[beyond]
    section = other.section.pk if other.section else None
    return section, None if up or not other.items else other.items[0].question.pk


def _place(it: Doing) -> str:
    """Where it was dropped."""
    number, before = it.number(1), id_in(it.form.get("before"))
    if it.is_section:
        editing.move_section(version_id=it.version.pk, section_id=number, before_id=before, **it.who)
    else:
        editing.move_question(
            version_id=it.version.pk,
            question_id=number,
            section_id=id_in(it.form.get("section")) or None,
            before_id=before,
            **it.who,
        )
    return it.form.get("key", "")


ACTS: dict[str, Callable[[Doing], str]] = {
    "add": _add,
    "section": _section,
    "copy": _copy,
    "kind": _kind,
    "remove": _remove,
    "up": _up,
    "down": _down,
    "place": _place,
}
