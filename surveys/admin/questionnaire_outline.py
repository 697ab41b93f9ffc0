"""The list of a draft's sections and questions, with what has to be mended and what is not translated."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from surveys.models import Question, Section, SurveyVersion
from surveys.questionnaires import checking
from surveys.questionnaires.checking import Problem
from surveys.questionnaires.piping import filled
from surveys.questionnaires.queries import questions_of


@dataclass(slots=True)
class Item:
    """A question in the list."""

    question: Question
    number: int
    is_untranslated: bool
    problems: Sequence[Problem]
    is_first: bool
    is_last: bool

    @property
    def text(self) -> str:
        """What is asked, to somebody of whom nothing is known."""
        return filled(str(self.question), {})

    @property
    def is_conditional(self) -> bool:
        """Whether it is asked of some only."""
        return bool(self.question.show_if)


@dataclass(slots=True)
class Part:
    """A section in the list; without one, the questions before any."""

    section: Section | None
    items: list[Item] = field(default_factory=list)
    is_untranslated: bool = False
    problems: Sequence[Problem] = ()
    is_first: bool = False
    is_last: bool = False


@dataclass(slots=True)
class Outline:
    """A draft at a glance."""

    version: SurveyVersion
    questions: list[Question]
    parts: list[Part]
    problems: list[Problem]
    missing: Mapping[str, Sequence[str]]

    @property
    def of_texts(self) -> list[Problem]:
        """What is wrong with what stands around the questions."""
        return [one for one in self.problems if isinstance(one.row, SurveyVersion)]

    @property
    def is_untranslated(self) -> bool:
        """Whether what stands around the questions is in one language only."""
        return "version" in self.missing

    def before(self, row: Question | Section) -> list[Question]:
        """The questions that are asked before one, or before the first of a section."""
        if isinstance(row, Question):
            codes = [one.pk for one in self.questions]
            return self.questions[: codes.index(row.pk)] if row.pk in codes else []
        places = {part.section.pk: place for place, part in enumerate(self.parts) if part.section}
        earlier = self.parts[: places.get(row.pk, 0)]
        return [item.question for part in earlier for item in part.items]

    def neighbours(self, question: Question) -> tuple[Part, int]:
        """The part of a question, and its place in it."""
        for part in self.parts:
            for place, item in enumerate(part.items):
                if item.question.pk == question.pk:
                    return part, place
        raise LookupError(question.pk)


def outline(version: SurveyVersion) -> Outline:
    """The list of a version, in a fixed number of queries."""
    questions = list(questions_of(version.pk).select_related("section", "need"))
    problems = checking.problems(version, questions)
    missing = checking.untranslated(version, questions)
    sections = list(version.sections.order_by("position"))
    parts = [Part(None), *(Part(section) for section in sections)]
    by_section = {part.section.pk if part.section else None: part for part in parts}
    for number, question in enumerate(questions, start=1):
        own = [one for one in problems if one.row == question]
        item = Item(question, number, f"question:{question.pk}" in missing, own, False, False)
        by_section[question.section_id].items.append(item)
    for place, part in enumerate(parts):
        part.is_first, part.is_last = place == 1, place == len(parts) - 1
        if part.section is not None:
            part.is_untranslated = f"section:{part.section.pk}" in missing
            part.problems = [one for one in problems if one.row == part.section]
    ordered = [item for part in parts for item in part.items]
    if ordered:
        ordered[0].is_first = parts[0].items != []
        ordered[-1].is_last = parts[-1].items != []
    return Outline(version, questions, parts, problems, missing)
