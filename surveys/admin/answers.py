"""Answers as staff read them: the question, how good it is on its scale, the words, the files."""

from collections.abc import Sequence
from dataclasses import dataclass

from surveys.models import Answer, AnswerFile, Question, Response
from surveys.questionnaires.rules import SCORED, ends
from surveys.responses.closing_words import said, was_bad


@dataclass(frozen=True, slots=True)
class Said:
    """One answer."""

    question: Question
    text: str
    is_bad: bool
    is_scored: bool
    percent: int
    """How good it is on its scale, where it is on one."""
    files: Sequence[AnswerFile]


def rows_of(response: Response, *, scores_only: bool = False) -> list[Said]:
    """The answers of a response in the order of its questions; prefetch questions, choices and files."""
    answers = sorted(response.answers.all(), key=lambda one: (one.question.position, one.pk))
    return [_row(one) for one in answers if not scores_only or one.question.kind in SCORED]


def _row(answer: Answer) -> Said:
    is_scored = answer.question.kind in SCORED and answer.score is not None
    percent = 0
    if is_scored and answer.score is not None:
        low, high = ends(answer.question)
        percent = round(100 * (answer.score - low) / (high - low))
    return Said(
        question=answer.question,
        text=said(answer),
        is_bad=was_bad(answer),
        is_scored=is_scored,
        percent=percent,
        files=list(answer.files.all()),
    )
