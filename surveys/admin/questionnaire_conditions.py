"""The conditions of the builder: what they can ask about, how they look, and what a form sends of them."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict

from compensation.models import Product, Segment, Tier
from feedback.models import Language, VoiceAspect
from surveys.models import Question, QuestionKind
from surveys.questionnaires.conditions import KNOWN, MOST, NUMERIC, SETS, TESTS
from surveys.questionnaires.rules import CHOOSING, SCORED, ends

CLAUSE = re.compile(r"if-(\d{1,2})-about")
BLANK_CLAUSES = 1
MOST_CATEGORIES = 100


@dataclass(frozen=True, slots=True)
class Subject:
    """Something that a condition can ask about: an earlier answer, or something known."""

    key: str
    text: str
    tests: Sequence[str]
    codes: Sequence[tuple[str, str]] = ()
    low: int | None = None
    high: int | None = None


@dataclass(slots=True)
class ClauseRow:
    """A part of a condition as the editor shows it."""

    place: int
    subject: Subject | None = None
    test: str = ""
    number: Any = ""
    codes: Sequence[str] = field(default_factory=list)
    is_lost: bool = False
    """Whether its subject is not asked before, or not any more."""

    @property
    def tests(self) -> list[tuple[str, Any]]:
        """How its subject can be asked about."""
        return [(test, TESTS[test]) for test in self.subject.tests] if self.subject else []

    @property
    def is_numeric(self) -> bool:
        """Whether it compares with a number."""
        return self.test in NUMERIC

    @property
    def offered(self) -> list[tuple[str, str]]:
        """What can be ticked; what is no longer offered can be taken away."""
        known = list(self.subject.codes) if self.subject and self.test in SETS else []
        return known + [(code, code) for code in self.codes if code not in dict(known) and self.test in SETS]


def subjects_before(questions: Sequence[Question]) -> list[Subject]:
    """What a condition can ask about after some questions."""
    return [*(_of_answer(question) for question in questions), *_of_known()]


def _of_answer(question: Question) -> Subject:
    key, text = f"answer:{question.code}", f"{question.code} · {question}"[:60]
    if question.kind in SCORED:
        low, high = ends(question)
        scores = [(str(score), str(score)) for score in range(low, high + 1)]
        return Subject(key, text, [*NUMERIC, *SETS, "answered"], scores, low, high)
    if question.kind in (*CHOOSING, QuestionKind.MATRIX):
        choices = [(choice.code, str(choice)) for choice in question.choices.all()]
        return Subject(key, text, [*SETS, "answered"], choices)
    if question.kind == QuestionKind.NUMBER:
        return Subject(key, text, [*NUMERIC, "answered"])
    return Subject(key, text, ["answered"])


def _of_known() -> Iterator[Subject]:
    categories = Product.objects.exclude(category="").order_by("category").values_list("category", flat=True)
    codes: dict[str, list[tuple[str, str]]] = {
        "tier": [(one.code, str(one)) for one in Tier.objects.all()],
        "segment": [(one.code, str(one)) for one in Segment.objects.order_by("code")],
        "language": [(value, str(label)) for value, label in Language.choices],
        "category": [(one, one) for one in categories.distinct()[:MOST_CATEGORIES]],
        "aspect": [(value, str(label)) for value, label in VoiceAspect.choices],
    }
    for name, label in KNOWN.items():
        yield Subject(f"known:{name}", str(label), SETS, codes.get(name, []))


def condition_in(form: QueryDict, subjects: Sequence[Subject]) -> dict[str, Any]:
    """The condition that a form sends; parts without a subject are none."""
    known = {subject.key: subject for subject in subjects}
    places = sorted({int(found[1]) for name in form if (found := CLAUSE.fullmatch(name))})[: MOST + 1]
    clauses = []
    for place in places:
        of, _colon, name = form.get(f"if-{place}-about", "").partition(":")
        if not name:
            continue
        subject = known.get(f"{of}:{name}")
        test = form.get(f"if-{place}-is", "")
        if subject is not None and test not in subject.tests:
            test = subject.tests[0]
        clause: dict[str, Any] = {"of": of, "name": name, "is": test}
        if test in NUMERIC:
            lowest = str(subject.low or 0) if subject else ""  # until somebody says another
            clause["value"] = _number(form.get(f"if-{place}-number", lowest))
        elif test in SETS:
            clause["value"] = form.getlist(f"if-{place}-codes")
        clauses.append(clause)
    join = "any" if form.get("if-join") == "any" else "all"
    return {join: clauses} if clauses else {}


def _number(text: str) -> float | int | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return int(number) if number.is_integer() else number


def clause_rows(condition: Mapping[str, Any], subjects: Sequence[Subject]) -> list[ClauseRow]:
    """The parts of a condition with an empty one behind them."""
    known = {subject.key: subject for subject in subjects}
    rows: list[ClauseRow] = []
    for clause in next(iter(condition.values()), []):
        key = f"{clause['of']}:{clause['name']}"
        subject = known.get(key) or Subject(key, clause["name"], [clause["is"]])
        value = clause.get("value", "")
        is_set = isinstance(value, list)
        rows.append(
            ClauseRow(
                len(rows),
                subject,
                clause["is"],
                "" if is_set or value is None else value,
                value if is_set else [],
                is_lost=key not in known,
            )
        )
    if len(rows) < MOST:
        rows += [ClauseRow(len(rows) + more) for more in range(BLANK_CLAUSES)]
    return rows
