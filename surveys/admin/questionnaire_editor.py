"""What is edited in the builder: one question, one section, or the texts around them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.http import Http404, QueryDict

from config.common.asked import id_in
from config.common.errors import Invalid
from surveys.admin.questionnaire_conditions import clause_rows, condition_in, subjects_before
from surveys.admin.questionnaire_forms import (
    OWN,
    QuestionForm,
    SectionForm,
    TextsForm,
    choice_rows,
    choices_in,
)
from surveys.admin.questionnaire_outline import Outline
from surveys.models import Choice, Question, QuestionKind, Section, SurveyVersion
from surveys.questionnaires import documents, fitting
from surveys.questionnaires.conditions import structure
from surveys.questionnaires.differences import Difference, of_questions
from surveys.questionnaires.piping import ANSWER, NAMES, QUOTABLE

TEXTS = "texts"


@dataclass(slots=True)
class Editor:
    """What is edited: its form, choices and condition, what was seen, what is wrong, what is theirs."""

    outline: Outline
    row: SurveyVersion | Section | Question
    form: Any
    choices: list[dict[str, Any]] = field(default_factory=list)
    condition: Mapping[str, Any] = field(default_factory=dict)
    errors: dict[str, list[str]] = field(default_factory=dict)
    seen: str = ""
    offered: str = ""
    """What was there when it could not be kept: to be named by whoever overrides it."""
    theirs: list[Difference] = field(default_factory=list)
    """What somebody else has made of it meanwhile."""

    @property
    def name(self) -> str:
        """Which of the editor's parts shows it."""
        return {SurveyVersion: TEXTS, Section: "section", Question: "question"}[type(self.row)]

    @property
    def key(self) -> str:
        """How the address of the page says what is edited."""
        return f"{self.name}={self.row.pk}" if self.name != TEXTS else TEXTS

    @property
    def choice_rows(self) -> list[Any]:
        """The choices, and some empty ones."""
        return choice_rows(self.choices)

    @property
    def clause_rows(self) -> list[Any]:
        """The parts of the condition, and an empty one."""
        return clause_rows(self.condition, self.subjects)

    @property
    def subjects(self) -> list[Any]:
        """What the condition can ask about."""
        return (
            subjects_before(self.outline.before(self.row)) if not isinstance(self.row, SurveyVersion) else []
        )

    @property
    def join(self) -> str:
        """How the parts of the condition are joined."""
        return next(iter(self.condition), "all")

    @property
    def flags(self) -> list[tuple[str, Any]]:
        """What can be said of a choice of this kind."""
        if not isinstance(self.row, Question):
            return []
        from_model = self.row.choices.model._meta
        kind = QuestionKind(self.row.kind)
        return [
            (name, getattr(from_model.get_field(name), "verbose_name", name))
            for name, kinds in fitting.OF_CHOICES.items()
            if kind in kinds
        ]

    @property
    def has_choices(self) -> bool:
        """Whether it has any."""
        return isinstance(self.row, Question) and fitting.has(self.row.kind, "choices")

    @property
    def own(self) -> list[Any]:
        """The fields that only this kind has, drawn."""
        return [self.form[name] for name in OWN if name in self.form.fields]

    @property
    def problems(self) -> list[str]:
        """What keeps it from being published."""
        return [one.text for one in self.outline.problems if one.row == self.row]

    @property
    def places(self) -> list[tuple[str, Any]]:
        """What can be filled in in its texts."""
        given = [("{" + name + "|…}", label) for name, label in NAMES.items()]
        before = self.outline.questions
        if not isinstance(self.row, SurveyVersion):
            before = self.outline.before(self.row)
        quotable = [one for one in before if one.kind in QUOTABLE]
        return given + [("{" + f"{ANSWER}:{one.code}" + "|…}", one) for one in quotable]

    @property
    def slots(self) -> str:
        """The parts of the page that saving brings up to date, while what is typed stays."""
        names = [*self.form.fields, "choices", "show_if", "all"]
        return ",".join(["#outline", "#saved", "#conditions", *(f"#e-{name}" for name in names)])

    def check(self) -> bool:
        """Whether what stands in the form can be kept; what cannot is told beside its field."""
        self.errors = {
            "all" if name == NON_FIELD_ERRORS else name: [str(one) for one in found]
            for name, found in self.form.errors.items()
        }
        try:
            structure(self.condition)
        except Invalid as error:
            self.errors["show_if"] = [str(error)]
        if isinstance(self.row, Question) and not self.form.errors:
            for name, text in self._of_choices(self.row):
                self.errors.setdefault(name, []).append(text)
        return not self.errors

    def _of_choices(self, question: Question) -> Iterator[tuple[str, str]]:
        choices = [Choice(**row) for row in self.choices]
        yield from fitting.problems(question, choices)
        for choice in choices:
            try:
                choice.clean_fields(exclude=["question", "position", *([] if choice.text else ["text"])])
            except ValidationError as error:
                yield from (("choices", f"{choice.text or choice.code}: {one}") for one in error.messages)

    def compare(self, now: Mapping[str, Any]) -> list[Difference]:
        """What somebody else has made of it (`now`), beside what stands in the form."""
        if isinstance(self.row, Question):
            names = {one.code: str(one) for one in self.outline.questions}
            return of_questions(self.form.document(self.choices, self.condition), dict(now), names)
        mine = self.form.cleaned_data
        return [
            Difference("", str(self.form.fields[name].label), str(mine[name]), str(now.get(name, "")))
            for name in mine
            if mine[name] != now.get(name, "")
        ]


def editor_of(found: Outline, asked: QueryDict, data: QueryDict | None = None) -> Editor:
    """The editor of what an address or a form asks for; of the first question where it asks for nothing."""
    version = found.version
    question_id, section_id = (id_in(asked.get(name)) for name in ("question", "section"))
    if question_id is not None:
        question = next((one for one in found.questions if one.pk == question_id), None)
        if question is None:
            raise Http404
        return _of_question(found, question, data)
    if section_id is not None:
        section = next(
            (part.section for part in found.parts if part.section and part.section.pk == section_id), None
        )
        if section is None:
            raise Http404
        row = documents.of_section(section)
        editor = Editor(found, section, SectionForm(data, instance=section), seen=documents.digest(row))
        editor.condition = section.show_if if data is None else condition_in(data, editor.subjects)
        return editor
    if TEXTS in asked or not found.questions:
        seen = documents.digest(documents.of_texts(version))
        return Editor(found, version, TextsForm(data, instance=version), seen=seen)
    return _of_question(found, found.questions[0], data)


def _of_question(found: Outline, question: Question, data: QueryDict | None) -> Editor:
    row = documents.of_question(question)
    editor = Editor(found, question, None, seen=documents.digest(row))
    if data is None:
        editor.choices, editor.condition = row.get("choices", []), row.get("show_if", {})
    else:
        editor.choices = choices_in(data, question.kind)
        editor.condition = condition_in(data, editor.subjects)
    editor.form = QuestionForm(data, instance=question)
    return editor
