"""What counts as an answer, kind by kind."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from config.common.errors import Invalid
from surveys.models import Question, QuestionKind
from surveys.questionnaires.conditions import Known, Value
from surveys.questionnaires.rules import SCORED, ends, shown

TEXT_LENGTH, LINE_LENGTH = 2_000, 200
LARGEST = Decimal(10) ** 9
KANO = range(1, 6)
FILED = (QuestionKind.PICTURE, QuestionKind.VOICE)
"""Answered with files."""
USUAL_FILES = 3


class BadAnswers(Invalid):
    """Some questions are not answered as they must be; `problems` says which and why, by code."""

    code = "bad_answers"
    default = _("Please look at the marked questions.")

    def __init__(self, problems: Mapping[str, str | Promise]) -> None:
        """Keep what is wrong by the question's code."""
        self.problems = dict(problems)
        super().__init__(None, questions={code: str(problem) for code, problem in problems.items()})


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What was answered to one question, or to one row of it."""

    question: Question
    row: str = ""
    score: int | None = None
    second: int | None = None
    picked: tuple[str, ...] | None = None
    number: Decimal | None = None
    day: date | None = None
    text: str = ""
    files: tuple[str, ...] = ()
    """The numbers under which they were kept with the draft."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What was answered so far: which questions are shown for it, what can be taken, and what is wrong."""

    asked: list[Question]
    taken: Mapping[str, Sequence[Given]]
    problems: Mapping[str, str | Promise]
    """By code, of those shown; a required question without an answer is one."""


def read(questions: Sequence[Question], answers: Mapping[str, Any], known: Known) -> list[Given]:
    """Check what was answered, by code, question by question.

    What was left out of the optional is left out, and so is what was answered to questions that are not shown
    to this person (branching): whoever goes back and takes another turn leaves such answers behind.

    Raises:
        BadAnswers: a required question is not answered, or an answer is none that the question takes.
        Invalid: a question that was not asked, or nothing at all.
    """
    if set(answers) - {question.code for question in questions}:
        raise Invalid(_("This question was not asked."))
    seen = look(questions, answers, known)
    if seen.problems:
        raise BadAnswers(seen.problems)
    found = [one for question in seen.asked for one in seen.taken.get(question.code, ())]
    if not found:
        raise Invalid(_("Please answer at least one question."))
    return found


def look(questions: Sequence[Question], answers: Mapping[str, Any], known: Known) -> Seen:
    """What the answers so far come to, by which questions are shown (see `read`)."""
    taken, wrong = _take(questions, answers)
    values = {code: value for code, given in taken.items() if (value := as_value(given)) is not None}
    asked = shown(questions, values, known)
    problems = {question.code: wrong[question.code] for question in asked if question.code in wrong}
    for question in asked:
        if question.is_required and question.code not in taken:
            problems.setdefault(question.code, _("Please answer this question."))
    return Seen(asked, taken, problems)


def _take(
    questions: Sequence[Question], answers: Mapping[str, Any]
) -> tuple[dict[str, list[Given]], dict[str, str | Promise]]:
    """What can be taken of the answers, by code, and what is wrong with the others."""
    taken: dict[str, list[Given]] = {}
    wrong: dict[str, str | Promise] = {}
    for question in questions:
        value = answers.get(question.code)
        if _is_empty(value):
            continue
        try:
            given = _READERS[QuestionKind(question.kind)](question, value)
        except Invalid as error:
            wrong[question.code] = str(error)
        else:
            if given:
                taken[question.code] = given
    return taken, wrong


def as_value(given: Sequence[Given]) -> Value | None:
    """An answer as conditions see it: its score or number, or the codes that were chosen."""
    first = given[0]
    if first.picked is not None:
        return frozenset(first.picked)
    if first.row:
        return frozenset(one.row for one in given)
    if first.score is not None:
        return first.score
    if first.number is not None:
        return float(first.number)
    return frozenset()


def is_bad(given: Iterable[Given]) -> bool:
    """Whether any score is at most what its question calls bad."""
    return any(
        one.score is not None and one.question.bad_up_to is not None and one.score <= one.question.bad_up_to
        for one in given
        if one.question.kind in SCORED
    )


def _is_empty(value: Any) -> bool:
    if isinstance(value, str):
        return not value.strip()
    return value is None or value in ([], {})


def _score(question: Question, value: Any) -> list[Given]:
    low, high = ends(question)
    return [Given(question=question, score=_whole(value, low, high))]


def _whole(value: Any, low: int, high: int) -> int:
    """A whole number on the scale, as number or as the digits that a form sends."""
    text = str(value)
    if isinstance(value, bool) or text not in {str(score) for score in range(low, high + 1)}:
        raise Invalid(_("Please choose a number from %(low)s to %(high)s.") % {"low": low, "high": high})
    return int(text)


def _choice(question: Question, value: Any) -> list[Given]:
    """One code, or as the others a list of codes; `{"picked": [...], "text": "..."}` with a line of text."""
    text = ""
    if isinstance(value, dict):
        value, text = value.get("picked"), _line(value.get("text") or "")
    codes = [value] if isinstance(value, str) else value
    if not isinstance(codes, list) or not all(isinstance(code, str) for code in codes) or not codes:
        raise Invalid(_("Please choose from the list."))
    offered = {choice.code: choice for choice in question.choices.all()}
    if not set(codes) <= offered.keys() or len(set(codes)) != len(codes):
        raise Invalid(_("Please choose from the list."))
    chosen = [offered[code] for code in codes]
    most = 1 if question.kind == QuestionKind.SINGLE else question.most or len(offered)
    if len(codes) > most:
        raise Invalid(_("Please choose at most %(most)s.") % {"most": most})
    if len(codes) > 1 and any(choice.is_alone for choice in chosen):
        raise Invalid(_("One of these excludes the others."))
    in_order = [choice.code for choice in sorted(chosen, key=lambda choice: choice.position)]
    if not any(choice.takes_text for choice in chosen):
        text = ""
    return [Given(question=question, picked=tuple(in_order), text=text)]


def _ranking(question: Question, value: Any) -> list[Given]:
    offered = {choice.code for choice in question.choices.all()}
    places = value if isinstance(value, list) else None
    if isinstance(value, dict):  # a form gives each choice its place
        places = _in_places(value)
    if places is None or set(map(str, places)) != offered or len(places) != len(offered):
        raise Invalid(_("Please give each one its own place."))
    return [Given(question=question, picked=tuple(places))]


def _in_places(value: Mapping[str, Any]) -> list[str] | None:
    try:
        places = {_whole(place, 1, len(value)): code for code, place in value.items()}
    except Invalid:
        return None
    return [places[place] for place in sorted(places)]


def _matrix(question: Question, value: Any) -> list[Given]:
    rows = [choice.code for choice in question.choices.all()]
    if not isinstance(value, dict) or not set(value) <= set(rows):
        raise Invalid(_("Please answer row by row."))
    low, high = ends(question)
    given = [
        Given(question=question, row=row, score=_whole(value[row], low, high))
        for row in rows
        if not _is_empty(value.get(row))
    ]
    if question.is_required and len(given) < len(rows):
        raise Invalid(_("Please answer each row."))
    return given


def _kano(question: Question, value: Any) -> list[Given]:
    if not isinstance(value, dict) or any(_is_empty(value.get(side)) for side in ("so", "not")):
        raise Invalid(_("Please answer both halves."))
    so, otherwise = (_whole(value[side], KANO[0], KANO[-1]) for side in ("so", "not"))
    return [Given(question=question, score=so, second=otherwise)]


def _number(question: Question, value: Any) -> list[Given]:
    if isinstance(value, bool):
        raise Invalid(_("Please type a number."))
    try:
        number = Decimal(str(value).strip().replace(",", "").replace("，", ""))
    except InvalidOperation:
        raise Invalid(_("Please type a number.")) from None
    if not number.is_finite() or abs(number) > LARGEST:
        raise Invalid(_("Please type a number."))
    if question.lowest is not None and number < question.lowest:
        raise Invalid(_("At least %(lowest)s, please.") % {"lowest": f"{question.lowest:f}"})
    if question.highest is not None and number > question.highest:
        raise Invalid(_("At most %(highest)s, please.") % {"highest": f"{question.highest:f}"})
    return [Given(question=question, number=number.quantize(Decimal("0.01")))]


def _date(question: Question, value: Any) -> list[Given]:
    try:
        return [Given(question=question, day=date.fromisoformat(str(value).strip()))]
    except ValueError:
        raise Invalid(_("Please choose a day.")) from None


def _text(question: Question, value: Any) -> list[Given]:
    if not isinstance(value, str):
        raise Invalid(_("Please answer in words."))
    text = _cleaned(value)
    if not text:
        return []
    if question.kind == QuestionKind.SHORT:
        return [Given(question=question, text=_line(text))]
    if len(text) > TEXT_LENGTH:
        raise Invalid(_("Please keep it below 2,000 characters."))
    return [Given(question=question, text=text)]


def _line(value: Any) -> str:
    text = " ".join(_cleaned(str(value)).split())
    if len(text) > LINE_LENGTH:
        raise Invalid(_("Please keep it below 200 characters."))
    return text


def _cleaned(value: str) -> str:
    kept = (c for c in value.replace("\r\n", "\n") if c in "\n\t" or (c.isprintable() or c == "\u200d"))
    return "".join(kept).strip()


def _consent(question: Question, value: Any) -> list[Given]:
    if value not in (True, "1", "on", 1):
        if question.is_required:
            raise Invalid(_("Without this we cannot go on."))
        return [Given(question=question, score=0)]
    return [Given(question=question, score=1)]


def _files(question: Question, value: Any) -> list[Given]:
    if not isinstance(value, list) or not all(isinstance(ref, str) for ref in value):
        raise Invalid(_("Please choose a file."))
    if len(value) > (most := most_files(question)):
        raise Invalid(_("At most %(most)s files, please.") % {"most": most})
    return [Given(question=question, files=tuple(value))]


def most_files(question: Question) -> int:
    """How many files a question takes."""
    return min(question.most or USUAL_FILES, settings.ATTACHMENTS_PER_MESSAGE)


_READERS: dict[QuestionKind, Callable[[Question, Any], list[Given]]] = {
    **dict.fromkeys(SCORED, _score),
    QuestionKind.SINGLE: _choice,
    QuestionKind.MULTIPLE: _choice,
    QuestionKind.RANKING: _ranking,
    QuestionKind.MATRIX: _matrix,
    QuestionKind.KANO: _kano,
    QuestionKind.NUMBER: _number,
    QuestionKind.DATE: _date,
    QuestionKind.SHORT: _text,
    QuestionKind.TEXT: _text,
    QuestionKind.PICTURE: _files,
    QuestionKind.VOICE: _files,
    QuestionKind.CONSENT: _consent,
}
