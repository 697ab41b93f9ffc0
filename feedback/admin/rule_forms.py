"""The form of an automatic rule's draft, and of what it gives."""

from typing import Any

from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.admin import TabularInline

from compensation.admin.forms import YuanField
from compensation.models import GrantKind, RuleGive, RuleVersion, Tier
from feedback.admin.sops import Choices
from feedback.models import Aspect, CaseKind, Department, GapCause, GapKind, Priority, Problem, Severity

KINDS = [
    (kind.value, kind.label)
    for kind in (
        GrantKind.COUPON,
        GrantKind.POINTS,
        GrantKind.RESHIPMENT,
        GrantKind.REFUND,
        GrantKind.PRICE_DIFFERENCE,
    )
]


class VersionForm(forms.ModelForm):  # type: ignore[type-arg]  # generic in the stubs only
    """What a draft says."""

    aspects = Choices(label=gettext_lazy("about"), choices=Aspect.choices)
    gap_kinds = Choices(label=gettext_lazy("kind of gap"), choices=GapKind.choices)
    causes = Choices(label=gettext_lazy("cause"), choices=GapCause.choices)
    severity_from = forms.TypedChoiceField(
        label=gettext_lazy("from severity"), choices=Severity.choices, coerce=int
    )
    case_kinds = Choices(label=gettext_lazy("kind of case"), choices=CaseKind.choices)
    problems = Choices(label=gettext_lazy("problem"), choices=Problem.choices)
    tiers = Choices(label=gettext_lazy("tier"))
    priority = forms.TypedChoiceField(
        label=gettext_lazy("priority"), choices=Priority.choices, coerce=int, initial=Priority.NORMAL
    )
    department = forms.ChoiceField(label=gettext_lazy("department"), required=False)

    class Meta:
        model = RuleVersion
        fields = (
            "trigger", "aspects", "gap_kinds", "causes", "severity_from", "case_kinds", "problems", "tiers",
            "categories", "amount_from_fen", "amount_up_to_fen", "pictures_from", "within_days",
            "opens_case", "department", "priority", "once_an_order", "tells_member", "asks_person",
        )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Offer the tiers and departments that there are."""
        super().__init__(*args, **kwargs)
        if "tiers" in self.fields:
            self.fields["tiers"].choices = [(tier.code, str(tier)) for tier in Tier.objects.all()]  # type: ignore[attr-defined]  # a choice field
            self.fields["department"].choices = [  # type: ignore[attr-defined]  # a choice field
                ("", "—"),
                *((one.code, str(one)) for one in Department.objects.filter(is_active=True)),
            ]

    def clean(self) -> dict[str, Any]:
        """Refuse a case for no department."""
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("opens_case") and not cleaned.get("department"):
            self.add_error("department", _("Say whose case it is."))
        return cleaned


class GiveInline(TabularInline):
    """What it gives."""

    model = RuleGive
    extra = 0
    hide_title = True
    fields = ("position", "kind", "template", "points", "amount", "amount_fen")

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Amounts in yuan; the kinds that a rule can give."""
        if db_field.name == "amount_fen":
            return YuanField(label=gettext_lazy("amount (yuan)"), required=False)
        if db_field.name == "kind":
            return forms.ChoiceField(label=db_field.verbose_name, choices=KINDS)
        return super().formfield_for_dbfield(db_field, request, **kwargs)
