"""What counts as an answer."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from config.common.errors import Invalid
from surveys.models import Question, QuestionKind

LOWEST, HIGHEST = 1, 5
TEXT_LENGTH = 2_000


class BadAnswers(Invalid):
    """Some questions are not answered as they must be; `problems` says which and why."""

    code = "bad_answers"
    default = _("Please look at the marked questions.")

    def __init__(self, problems: Mapping[int, str | Promise]) -> None:
        """Keep what is wrong by the question's number."""
        self.problems = dict(problems)
        super().__init__(None, questions={str(pk): str(problem) for pk, problem in problems.items()})


@dataclass(frozen=True, slots=True)
class Given:
    """The answer to one question: a score or a text."""

    question: Question
    score: int | None = None
    text: str = ""


def read(questions: Sequence[Question], answers: Mapping[int, Any]) -> list[Given]:
    """Check what was answered, question by question; what was left out of the optional is left out.

    Raises:
        BadAnswers: a required question is not answered, a score is not 1 to 5, a text too long.
        Invalid: a question that was not asked.
    """
    if set(answers) - {question.pk for question in questions}:
        raise Invalid(_("This question was not asked."))
    given: list[Given] = []
    problems: dict[int, str | Promise] = {}
    for question in questions:
        value = answers.get(question.pk)
        if value is None or (isinstance(value, str) and not value.strip()):
            if question.is_required:
                problems[question.pk] = _("Please answer this question.")
            continue
        try:
            given.append(_read_one(question, value))
        except Invalid as error:
            problems[question.pk] = str(error)
    if problems:
        raise BadAnswers(problems)
    if not given:
        raise Invalid(_("Please answer at least one question."))
    return given


def is_bad(given: Iterable[Given], bad_score: int) -> bool:
    """Whether any score is at most the campaign's bad score."""
    return any(one.score is not None and one.score <= bad_score for one in given)


def _read_one(question: Question, value: Any) -> Given:
    if question.kind == QuestionKind.TEXT:
        return Given(question, text=_text(value))
    return Given(question, score=_score(value))


def _score(value: Any) -> int:
    """A whole number from 1 to 5, as number or as the digit that a form sends."""
    text = str(value)
    if isinstance(value, bool) or text not in {str(score) for score in range(LOWEST, HIGHEST + 1)}:
        raise Invalid(_("Please choose a number from 1 to 5."))
    return int(text)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise Invalid(_("Please answer in words."))
    kept = (c for c in value.replace("\r\n", "\n") if c in "\n\t" or (c.isprintable() or c == "\u200d"))
    text = "".join(kept).strip()
    if len(text) > TEXT_LENGTH:
        raise Invalid(_("Please keep it below 2,000 characters."))
    return text
