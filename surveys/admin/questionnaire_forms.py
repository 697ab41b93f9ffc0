"""The forms of the builder: a question with just the fields of its kind, its choices, its condition."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from compensation.models import Product, Segment, Tier
from feedback.models import Language, VoiceAspect
from surveys.models import Need, Question, QuestionKind, Section, Survey, SurveyVersion
from surveys.questionnaires import documents, fitting
from surveys.questionnaires.conditions import KNOWN, MOST, NUMERIC, SETS, TESTS
from surveys.questionnaires.rules import CHOOSING, LISTED, SCORED, ends

CHOICE = re.compile(r"choice-(\d{1,4})-(code|text|text_en|is_alone|is_last|takes_text)")
CLAUSE = re.compile(r"if-(\d{1,2})-about")
BLANK_CHOICES, BLANK_CLAUSES = 2, 1
MOST_CATEGORIES = 100
WORDS = ("text", "text_en", "help", "help_en")
OWN = ("scale", "bad_up_to", "lowest", "highest", "most", "need")
SWITCHES = ("is_required", "is_shuffled")
MORE = ("code", "aspect")


class DraftForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """Something of a draft: what is not finished yet is kept all the same."""

    def clean(self) -> dict[str, Any]:
        """Ask the rows alone: what a draft as a whole has to be, its commands see to."""
        return self.cleaned_data


class QuestionForm(DraftForm):
    """A question, with the fields of its kind."""

    class Meta:
        model = Question
        fields = [*WORDS, *fitting.ENDS, *OWN, *SWITCHES, *MORE]
        widgets = {name: forms.Textarea(attrs={"rows": 2}) for name in ("text", "text_en")}

    def __init__(self, data: QueryDict | None, *, instance: Question) -> None:
        """Leave out what such a question does not have."""
        super().__init__(data, instance=instance)
        kind = QuestionKind(instance.kind)
        for name in [*OWN, *fitting.ENDS, *SWITCHES]:
            if not fitting.has(kind, name):
                del self.fields[name]
        if kind not in fitting.ASPECTS:
            del self.fields["aspect"]
        self.fields["text"].required = False
        if "need" in self.fields:
            self.fields["need"].queryset = Need.objects.order_by("code")  # type: ignore[attr-defined]
        if kind in fitting.SCALES:
            offered = [(scale, scale) for scale in fitting.SCALES[kind]]
            label = Question._meta.get_field("scale").verbose_name
            self.fields["scale"] = forms.TypedChoiceField(choices=offered, coerce=int, label=label)
        if "bad_up_to" in self.fields:
            low, high = ends(instance)
            self.fields["bad_up_to"].widget.attrs |= {"min": low, "max": high - 1}
        for name in self.fields:
            if name.endswith("_en"):
                self.fields[name].widget.attrs |= {"placeholder": _("not translated yet"), "lang": "en"}

    def document(self, choices: Sequence[Mapping[str, Any]], show_if: Mapping[str, Any]) -> dict[str, Any]:
        """The question as a document; call it when the form is valid."""
        row = documents.of_question(self.instance)
        row |= {"choices": [dict(choice) for choice in choices], "show_if": dict(show_if)}
        return {name: value for name, value in row.items() if value not in ([], {})}


class TextsForm(DraftForm):
    """What stands around the questions."""

    class Meta:
        model = SurveyVersion
        fields = list(documents.TEXTS)

    def __init__(self, data: QueryDict | None, *, instance: SurveyVersion) -> None:
        """Let it be unfinished."""
        super().__init__(data, instance=instance)
        _unfinished(self)


class SectionForm(DraftForm):
    """A section's title."""

    class Meta:
        model = Section
        fields = ["title", "title_en"]

    def __init__(self, data: QueryDict | None, *, instance: Section) -> None:
        """Let it be unfinished."""
        super().__init__(data, instance=instance)
        _unfinished(self)


def _unfinished(form: forms.BaseForm) -> None:
    form.fields["title"].required = False
    for name in form.fields:
        if name.endswith("_en"):
            form.fields[name].widget.attrs |= {"placeholder": _("not translated yet"), "lang": "en"}
        if isinstance(form.fields[name].widget, forms.Textarea):
            form.fields[name].widget.attrs["rows"] = 3


class NamesForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """How a questionnaire is called among us."""

    class Meta:
        model = Survey
        fields = ["name", "name_en", "note"]


class NewForm(NamesForm):
    """A new questionnaire: empty, or as another one, or from a file."""

    source = forms.ChoiceField(label=gettext_lazy("Begin with"), required=False)
    file = forms.FileField(
        label=gettext_lazy("or a file"),
        required=False,
        help_text=gettext_lazy("JSON, as it is taken out of a questionnaire here."),
        widget=forms.FileInput(attrs={"accept": "application/json,.json"}),
    )

    class Meta(NamesForm.Meta):
        fields = ["code", "name", "name_en", "note"]

    def __init__(self, data: Any, files: Any, *, sources: Sequence[Any], source: str = "") -> None:
        """Take what it can begin with."""
        super().__init__(data, files, initial={"source": source})
        self.fields["source"].choices = [("", _("an empty draft")), *sources]  # type: ignore[attr-defined]


@dataclass(slots=True)
class ChoiceRow:
    """A choice as the editor shows it."""

    place: int
    row: Mapping[str, Any]


def choices_in(form: QueryDict, kind: str) -> list[dict[str, Any]]:
    """The choices that a form sends, in the order in which they stand; those without a text are none."""
    rows: dict[int, dict[str, Any]] = {}
    for name in form:
        if (found := CHOICE.fullmatch(name)) and kind in LISTED:
            rows.setdefault(int(found[1]), {})[found[2]] = form.get(name, "").strip()
    allowed = {name for name, kinds in fitting.OF_CHOICES.items() if kind in kinds}
    made = []
    for row in rows.values():
        if not row.get("text") and not row.get("text_en"):
            continue
        flags = {name: True for name in fitting.OF_CHOICES if name in row and name in allowed}
        words = {name: row[name] for name in ("code", "text", "text_en") if row.get(name)}
        made.append({"code": "", "text": "", **words, **flags})
    taken = {row["code"] for row in made}
    for row in made:
        if not row["code"]:
            row["code"] = _free(taken)
            taken.add(row["code"])
    return made


def _free(taken: set[str]) -> str:
    number = 1
    while f"c{number}" in taken:
        number += 1
    return f"c{number}"


def choice_rows(choices: Sequence[Mapping[str, Any]]) -> list[ChoiceRow]:
    """The choices with a few empty ones behind them, whose codes no other has."""
    rows = [dict(choice) for choice in choices]
    taken = {row.get("code", "") for row in rows}
    for _blank in range(BLANK_CHOICES):
        code = _free(taken)
        taken.add(code)
        rows.append({"code": code})
    return [ChoiceRow(place, row) for place, row in enumerate(rows)]


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
