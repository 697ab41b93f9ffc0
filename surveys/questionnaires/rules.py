"""Which questions of a questionnaire are shown to whom, with which scores and choices."""

import hashlib
from collections.abc import Iterable
from typing import Any

from surveys.models import Choice, Question, QuestionKind
from surveys.questionnaires.conditions import Answers, Known, Value, holds

SCALED = (QuestionKind.CSAT, QuestionKind.CES, QuestionKind.LIKERT, QuestionKind.STARS)
"""Answered from 1 up to the question's scale."""
SCORED = (*SCALED, QuestionKind.NPS)
CHOOSING = (QuestionKind.SINGLE, QuestionKind.MULTIPLE, QuestionKind.RANKING)
LISTED = (*CHOOSING, QuestionKind.MATRIX)
"""Kinds with choices, or with rows."""
USUAL_SCALE = {
    QuestionKind.CSAT: 5,
    QuestionKind.CES: 5,
    QuestionKind.LIKERT: 5,
    QuestionKind.STARS: 5,
    QuestionKind.MATRIX: 5,
}
NPS_TOP = 10


def ends(question: Question) -> tuple[int, int]:
    """The lowest and the highest score of a question that has scores."""
    if question.kind == QuestionKind.NPS:
        return 0, NPS_TOP
    return 1, question.scale or USUAL_SCALE.get(QuestionKind(question.kind), 5)


def shown(questions: Iterable[Question], answers: Answers, known: Known) -> list[Question]:
    """The questions that are put to somebody, in order; what was answered to any other does not count."""
    told: dict[str, Value] = {}
    found = []
    for question in questions:
        conditions: list[Any] = [question.show_if]
        if question.section is not None:
            conditions.append(question.section.show_if)
        if all(holds(condition, told, known) for condition in conditions):
            found.append(question)
            if question.code in answers:
                told[question.code] = answers[question.code]
    return found


def choices_for(question: Question, who: str) -> list[Choice]:
    """The choices in the order in which somebody sees them: always the same for the same person."""
    choices = list(question.choices.all())
    if not question.is_shuffled:
        return choices

    def place(choice: Choice) -> tuple[int, str]:
        if choice.is_last or choice.is_alone:
            return choice.position, ""
        return 0, hashlib.sha256(f"{who}|{question.code}|{choice.code}".encode()).hexdigest()

    return sorted(choices, key=place)
