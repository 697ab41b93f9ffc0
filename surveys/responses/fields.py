"""A question as a page shows it, and what a page sends back of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy

from surveys.models import DraftFile, Question, QuestionKind
from surveys.models.questionnaire import in_language
from surveys.questionnaires.piping import ANSWER
from surveys.questionnaires.rules import SCORED, choices_for, ends
from surveys.responses.rules import FILED, KANO, LINE_LENGTH, TEXT_LENGTH, most_files

AGREED = (gettext_lazy("strongly disagree"), gettext_lazy("strongly agree"))
ENDS: dict[str, tuple[str | Promise, str | Promise]] = {
    QuestionKind.CSAT: (gettext_lazy("very dissatisfied"), gettext_lazy("very satisfied")),
    QuestionKind.CES: (gettext_lazy("very hard"), gettext_lazy("very easy")),
    QuestionKind.NPS: (gettext_lazy("not likely at all"), gettext_lazy("very likely")),
    QuestionKind.LIKERT: AGREED,
    QuestionKind.MATRIX: AGREED,
}
FELT = dict(
    zip(
        KANO,
        (
            pgettext_lazy("kano", "I like it"),
            pgettext_lazy("kano", "I expect it"),
            pgettext_lazy("kano", "It is all the same to me"),
            pgettext_lazy("kano", "I can live with it"),
            pgettext_lazy("kano", "I dislike it"),
        ),
        strict=True,
    )
)
HALVES = {
    "so": gettext_lazy("If it were so, how would you feel?"),
    "not": gettext_lazy("And if it were not so?"),
}
ACCEPT = {QuestionKind.PICTURE: "image/*", QuestionKind.VOICE: "audio/*"}
QUOTES = "{" + ANSWER + ":"
OTHER = "text"
"""What the line of text beside a choice is called, in a field's name and in an answer."""


def said_of_ends(question: Question) -> tuple[str, str]:
    """What the lowest and the highest score mean: in the question's own words, or in the usual ones."""
    usual = ENDS.get(question.kind, ("", ""))
    own = (
        in_language(question.low_end, question.low_end_en),
        in_language(question.high_end, question.high_end_en),
    )
    return own[0] or str(usual[0]), own[1] or str(usual[1])


@dataclass(frozen=True, slots=True)
class Option:
    """Something that can be chosen."""

    value: str
    text: str
    is_chosen: bool
    meaning: str = ""
    takes_text: bool = False
    name: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a matrix, or one half of a Kano pair."""

    code: str
    name: str
    text: str
    options: Sequence[Option]


def name_of(question: Question, part: str = "") -> str:
    """The name of a question's field in a form; no code has a dot."""
    return f"q-{question.code}.{part}" if part else f"q-{question.code}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A question, with what was answered so far and what is wrong with that."""

    question: Question
    number: int
    value: Any
    who: str
    words: Callable[[str], str]
    problem: str = ""
    is_shown: bool = True
    files: Sequence[DraftFile] = ()
    begins: bool = False
    """Whether it is the first of its section that is shown, and has the title above it."""

    @property
    def code(self) -> str:
        """The question's."""
        return self.question.code

    @property
    def name(self) -> str:
        """The field's name in the form."""
        return name_of(self.question)

    @property
    def section(self) -> str:
        """The title of its section."""
        return self.words(str(self.question.section)) if self.question.section else ""

    @property
    def text(self) -> str:
        """What is asked, in the language of the moment."""
        return self.words(str(self.question))

    @property
    def help(self) -> str:
        """What explains it."""
        return self.words(in_language(self.question.help, self.question.help_en))

    @property
    def quoting(self) -> dict[str, str]:
        """The texts that say again what was answered before, by the ids of the elements that show them."""
        asked = self.question
        texts = {
            "part": str(asked.section or ""),
            "words": str(asked),
            "help": in_language(asked.help, asked.help_en),
            **{f"is-{choice.code}": str(choice) for choice in asked.choices.all()},
        }
        return {f"{self.name}-{part}": self.words(text) for part, text in texts.items() if QUOTES in text}

    @property
    def looks(self) -> str:
        """By which of the page's parts it is shown."""
        kind = self.question.kind
        if kind in SCORED and kind != QuestionKind.STARS:
            return "scores"
        return "files" if kind in FILED else str(kind)

    @property
    def ends(self) -> tuple[str, str]:
        """The lowest and the highest score, each with what it means."""
        (low, high), said = ends(self.question), self._said
        return f"{low} {said[0]}", f"{high} {said[1]}"

    @property
    def _said(self) -> tuple[str, str]:
        low, high = said_of_ends(self.question)
        return self.words(low), self.words(high)

    @property
    def scores(self) -> list[Option]:
        """The scores."""
        return self._scale(self.value)

    @property
    def stars(self) -> list[Option]:
        """The stars, each said in words."""
        return [
            Option(one.value, "★", one.is_chosen, ngettext("%(n)s star", "%(n)s stars", n) % {"n": n})
            for n, one in enumerate(self.scores, start=1)
        ]

    @property
    def options(self) -> list[Option]:
        """The choices, in the order of whoever answers; of a ranking each with its place."""
        if self.question.kind == QuestionKind.RANKING:
            places = _places(self.value)
            return [
                Option(choice.code, self.words(str(choice)), False, places.get(choice.code, ""),
                       name=name_of(self.question, choice.code))
                for choice in choices_for(self.question, self.who)
            ]  # fmt: skip
        chosen = _picked(self.value)
        return [
            Option(choice.code, self.words(str(choice)), choice.code in chosen, takes_text=choice.takes_text)
            for choice in choices_for(self.question, self.who)
        ]

    @property
    def places(self) -> list[str]:
        """The places of a ranking."""
        return [str(place) for place in range(1, len(self.question.choices.all()) + 1)]

    @property
    def other(self) -> str:
        """The line of text beside a choice."""
        return str(self.value.get(OTHER) or "") if isinstance(self.value, Mapping) else ""

    @property
    def rows(self) -> list[Row]:
        """The rows of a matrix."""
        held = self.value if isinstance(self.value, Mapping) else {}
        return [
            Row(
                one.code,
                name_of(self.question, one.code),
                self.words(str(one)),
                self._scale(held.get(one.code)),
            )
            for one in choices_for(self.question, self.who)
        ]

    @property
    def halves(self) -> list[Row]:
        """The halves of a Kano pair."""
        held = self.value if isinstance(self.value, Mapping) else {}
        return [
            Row(
                side,
                name_of(self.question, side),
                str(text),
                [
                    Option(str(score), str(felt), str(held.get(side)) == str(score))
                    for score, felt in FELT.items()
                ],
            )
            for side, text in HALVES.items()
        ]

    @property
    def plain(self) -> str:
        """What was typed."""
        return "" if self.value is None or isinstance(self.value, list | dict) else str(self.value)

    @property
    def is_agreed(self) -> bool:
        """Whether it was agreed to."""
        return self.value in (True, "1", "on", 1)

    @property
    def accept(self) -> str:
        """The kinds of files that it takes."""
        return ACCEPT[QuestionKind(self.question.kind)]

    @property
    def left(self) -> int:
        """How many files more it takes."""
        return max(0, most_files(self.question) - len(self.files))

    @property
    def most(self) -> int:
        """How many files it takes."""
        return most_files(self.question)

    @property
    def longest(self) -> int:
        """How many characters it takes."""
        return TEXT_LENGTH if self.question.kind == QuestionKind.TEXT else LINE_LENGTH

    @property
    def described(self) -> str:
        """The parts of the page that say more of it."""
        known = ((f"{self.name}-help", self.help), (f"{self.name}-problem", self.problem))
        return " ".join(name for name, text in known if text)

    def _scale(self, value: Any) -> list[Option]:
        low, high = ends(self.question)
        said = self._said
        meanings = {low: said[0], high: said[1]}
        return [
            Option(str(score), str(score), str(value) == str(score), meanings.get(score, ""))
            for score in range(low, high + 1)
        ]


def _picked(value: Any) -> list[str]:
    if isinstance(value, Mapping):
        value = value.get("picked")
    return [value] if isinstance(value, str) else [str(one) for one in value or []]


def _places(value: Any) -> dict[str, str]:
    if isinstance(value, list):
        return {str(code): str(place) for place, code in enumerate(value, start=1)}
    return {str(code): str(place) for code, place in value.items()} if isinstance(value, Mapping) else {}


def posted(question: Question, form: QueryDict) -> Any:
    """What a form sends of a question, as rules.read takes it; "" when it was left empty. No files."""
    name, kind = name_of(question), question.kind
    parts = [choice.code for choice in question.choices.all()]
    if kind in {QuestionKind.RANKING, QuestionKind.MATRIX}:
        return _by_part(question, form, parts)
    if kind == QuestionKind.KANO:
        return _by_part(question, form, list(HALVES))
    if kind in {QuestionKind.SINGLE, QuestionKind.MULTIPLE}:
        picked = [code for code in form.getlist(name) if code]
        text = form.get(name_of(question, OTHER), "")
        return {"picked": picked, OTHER: text} if picked and text else picked or ""
    return form.get(name, "")


def _by_part(question: Question, form: QueryDict, parts: Sequence[str]) -> Any:
    found = {part: form.get(name_of(question, part), "") for part in parts}
    return {part: value for part, value in found.items() if value} or ""
