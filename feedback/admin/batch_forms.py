"""The forms of a batch: what is given and why, and to whom."""

from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.utils.timezone import make_aware
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from compensation.batches.commands import Terms
from compensation.batches.sources import LIST, SOURCES
from compensation.models import Batch, CouponTemplate
from config.common.asked import within_years
from feedback.models import Aspect, CaseKind, Department, GapCause, Severity

MOST_BYTES = 10_000_000
ANY = ("", "—")


class Day(forms.DateField):
    """A day, by the browser's own picker."""

    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    default_validators = [within_years]


class TermsForm(forms.Form):
    """What is given and why."""

    name = forms.CharField(label=pgettext_lazy("batch", "Name"), max_length=120)
    refunds = forms.BooleanField(
        label=_("Full refund"),
        required=False,
        help_text=_(
            "What is left of the orders that the members are chosen for goes back, freight included."
            " Who has been refunded already still gets the rest."
        ),
    )
    template = forms.ModelChoiceField(
        label=_("Coupon"), queryset=CouponTemplate.objects.filter(is_active=True), required=False
    )
    points = forms.IntegerField(
        label=_("Points"), required=False, min_value=1, help_text=_("Choose one of these or several.")
    )
    reason = forms.CharField(label=_("Reason"), max_length=500)
    reason_code = forms.CharField(label=_("Kind of reason"), max_length=40, required=False)
    department = forms.ChoiceField(label=_("Department"), required=False)
    problem = forms.CharField(
        label=_("Problem"),
        max_length=120,
        required=False,
        help_text=_("Such as crisis:7: who has something live for it already is left out."),
    )
    same_reason_days = forms.IntegerField(
        label=_("Leave out who was compensated for the same kind of reason in the last (days)"),
        min_value=0,
        max_value=3650,
        initial=30,
    )
    message = forms.CharField(
        label=_("Text for the members"),
        max_length=1000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(self, *args: Any, batch: Batch | None = None, **kwargs: Any) -> None:
        """Begin with what a batch has."""
        if batch is not None:
            kwargs["initial"] = {name: getattr(batch, name) for name in self.base_fields}
        super().__init__(*args, **kwargs)
        field = self.fields["department"]
        if isinstance(field, forms.ChoiceField):
            field.choices = [ANY, *((one.code, str(one)) for one in Department.objects.order_by("pk"))]

    def terms(self) -> Terms:
        """What was filled in; the command says what is wrong with it as a whole."""
        return Terms(**self.cleaned_data)


class ChooseForm(forms.Form):
    """Whom it is for: one source, and what narrows it down."""

    source = forms.ChoiceField(label=_("Members from"))
    since = Day(label=_("From"), required=False)
    until = Day(label=_("Up to and with"), required=False)
    product = forms.CharField(label=_("Product number"), required=False, max_length=64)
    category = forms.CharField(label=_("Product category"), required=False, max_length=80)
    region = forms.CharField(label=_("Region"), required=False, max_length=64)
    kind = forms.ChoiceField(label=_("Kind of case"), required=False, choices=[ANY, *CaseKind.choices])
    department = forms.ChoiceField(label=_("Department of the case"), required=False)
    words = forms.CharField(label=_("Words in the subject"), required=False, max_length=80)
    aspect = forms.ChoiceField(label=_("Promise about"), required=False, choices=[ANY, *Aspect.choices])
    cause = forms.ChoiceField(label=_("Cause"), required=False, choices=[ANY, *GapCause.choices])
    severity = forms.TypedChoiceField(
        label=_("At least"), required=False, choices=[ANY, *Severity.choices], coerce=int, empty_value=None
    )
    listed = forms.CharField(
        label=_("Member or order numbers, one a line"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    file = forms.FileField(label=_("or a file of them"), required=False, help_text=_("CSV or text"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Offer every source."""
        super().__init__(*args, **kwargs)
        source, department = self.fields["source"], self.fields["department"]
        if isinstance(source, forms.ChoiceField) and isinstance(department, forms.ChoiceField):
            source.choices = [
                *((name, one.label) for name, one in SOURCES.items()),
                (LIST, pgettext_lazy("batch", "a list")),
            ]
            department.choices = [ANY, *((one.code, str(one)) for one in Department.objects.order_by("pk"))]

    def clean(self) -> dict[str, Any]:
        """Read the file."""
        data = super().clean() or {}
        if file := data.get("file"):
            raw: bytes = file.read(MOST_BYTES + 1)
            if len(raw) > MOST_BYTES:
                raise forms.ValidationError(_("The file is too large."))
            data["listed"] = _decoded(raw)
        return data

    def criteria(self) -> dict[str, Any]:
        """What narrows the source down, as it is kept."""
        data = self.cleaned_data
        kept = {
            name: value
            for name, value in data.items()
            if value and name not in {"source", "listed", "file", "since", "until"}
        }
        if data.get("since"):
            kept["since"] = _midnight(data["since"])
        if data.get("until"):
            kept["until"] = _midnight(data["until"] + timedelta(days=1))
        return kept


def _midnight(day: date) -> str:
    return make_aware(datetime.combine(day, time.min)).isoformat()


def _decoded(raw: bytes) -> str:
    """The text of a file, in UTF-8 or as older Chinese spreadsheets write it."""
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("gb18030", errors="replace")
