"""What is asked of the pages about drivers, and to whose answers they are narrowed."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, TypeVar

from django import forms
from django.core.exceptions import PermissionDenied
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from config.common.screens import StaffRequest
from feedback.org.queries import departments_of
from kpis.admin.figures import FigureForm, among_colleagues
from kpis.attribution import queries
from kpis.attribution.lost import JUDGED_AFTER, State
from kpis.metrics.rows import Of
from kpis.models import Dimension, MetricCode
from kpis.snapshots.queries import SEE_COMPANY

DAYS, LOST_DAYS = 90, 183
"""Fewer are lost than answer."""


class DriversForm(FigureForm):
    """Which answers are asked for."""

    metric = forms.ChoiceField(
        label=_("figure"), choices=[(code.value, code.label) for code in queries.EXPLAINED]
    )
    part = None  # type: ignore[assignment]  # Django's way to leave out an inherited field
    field_order = ("metric", "start", "end", "department", "by", "key")
    values = forms.RegexField(r"^-?\d{1,3}(,-?\d{1,3}){0,9}$", required=False, widget=forms.HiddenInput)
    driver = forms.CharField(required=False, max_length=200, widget=forms.HiddenInput)

    @staticmethod
    def usual(today: date) -> dict[str, Any]:
        """Where nothing is asked for: satisfaction, which is asked after every case."""
        return {"metric": MetricCode.CSAT, "start": today - timedelta(DAYS), "end": today}

    def clean_values(self) -> tuple[int, ...]:
        """The values one by one; none are all."""
        return tuple(int(one) for one in self.cleaned_data["values"].split(",") if one)


class LostForm(FigureForm):
    """Which lost members are asked for."""

    part = None  # type: ignore[assignment]  # Django's way to leave out an inherited field
    trait = forms.CharField(required=False, max_length=200, widget=forms.HiddenInput)
    state = forms.ChoiceField(
        required=False,
        choices=[("", ""), *((one.value, one.value) for one in State)],
        widget=forms.HiddenInput,
    )

    @staticmethod
    def usual(today: date) -> dict[str, Any]:
        """Where nothing is asked for: those of whom it is known whether they came back."""
        end = today - JUDGED_AFTER
        return {"start": end - timedelta(LOST_DAYS), "end": end}


Asked = TypeVar("Asked", DriversForm, LostForm)


def asked_of(request: StaffRequest, shape: type[Asked]) -> tuple[Asked, Of]:
    """The form, bound, and to what the answers are narrowed: never beyond what figures show them of.

    Raises:
        PermissionDenied: no department is theirs to see, or a colleague's answers are asked for.
    """
    departments, company = departments_of(request.user), request.user.has_perm(SEE_COMPANY)
    if not company and not departments:
        raise PermissionDenied
    form = shape({**shape.usual(timezone.localdate()), **request.GET.dict()})
    form.fields["department"].queryset = departments  # type: ignore[attr-defined]  # a ModelChoiceField
    of: dict[Dimension, list[str]] = {}
    if form.is_valid():
        asked: Mapping[str, Any] = form.cleaned_data
        if asked["department"] or not company:
            chosen = [asked["department"]] if asked["department"] else departments
            of[Dimension.DEPARTMENT] = [str(department.pk) for department in chosen]
        if asked["by"] and asked["key"]:
            of[Dimension(asked["by"])] = [asked["key"]]
        if not company:
            among_colleagues(request.user, None, of)
    return form, of
