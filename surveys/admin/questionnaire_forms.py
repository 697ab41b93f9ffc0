"""The forms of the builder: a question with just the fields of its kind, and its choices."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from surveys.models import Need, Question, QuestionKind, Section, Survey, SurveyVersion
from surveys.questionnaires import documents, fitting
from surveys.questionnaires.rules import LISTED, ends

CHOICE = re.compile(r"choice-(\d{1,4})-(code|text|text_en|is_alone|is_last|takes_text)")
BLANK_CHOICES = 2
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
