"""Schemes of appraisal: what each role is judged by, and a change tried on the last closed month first."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from config.common.asked import within_years
from config.common.errors import DomainError
from config.common.registry import Page
from config.common.screens import StaffRequest, page
from feedback.admin.access import needs
from kpis.appraisals import schemes
from kpis.appraisals.held import SET
from kpis.appraisals.schemes import Line, Trial
from kpis.metrics.catalogue import METRICS
from kpis.metrics.definition import Unit
from kpis.models import JudgedBy, MetricCode, Scheme, SchemeLine, SchemeVersion
from kpis.snapshots import standing

VIEW_SCHEME = "kpis.view_scheme"
MINUTE, EMPTY = 60, 3


class LineForm(forms.Form):
    """One line; times are typed in minutes and kept in seconds. Without a weight it is left out."""

    judged_by = forms.ChoiceField(label=_("whose figure"), choices=JudgedBy.choices, required=False)
    metric = forms.ChoiceField(label=_("figure"), choices=[("", "—"), *MetricCode.choices], required=False)
    name = forms.CharField(label=_("name of a mark"), max_length=80, required=False)
    name_en = forms.CharField(label=_("English name"), max_length=80, required=False)
    weight = forms.IntegerField(label=_("weight (%)"), min_value=0, max_value=100, required=False)
    floor = forms.DecimalField(label=_("floor"), max_digits=11, decimal_places=3, required=False)
    goal = forms.DecimalField(label=_("goal"), max_digits=11, decimal_places=3, required=False)
    least_n = forms.IntegerField(label=_("smallest n"), min_value=0, max_value=1_000_000, required=False)
    is_satisfaction = forms.BooleanField(label=_("about satisfaction"), required=False)

    def line(self) -> Line | None:
        """What was typed; None where the line has no weight."""
        given = self.cleaned_data
        if not given.get("weight"):
            return None
        factor = _factor(given["metric"])
        return Line(
            judged_by=given["judged_by"],
            weight=given["weight"],
            metric=given["metric"],
            floor=None if given["floor"] is None else given["floor"] * factor,
            goal=None if given["goal"] is None else given["goal"] * factor,
            least_n=given["least_n"] or 0,
            is_satisfaction=given["is_satisfaction"],
            name=given["name"],
            name_en=given["name_en"],
        )


LineForms = forms.formset_factory(LineForm, extra=EMPTY, max_num=schemes.MOST_LINES)


class VersionForm(forms.Form):
    """From when it holds, and the days of appeals."""

    since = forms.DateField(
        label=_("from the month of"),
        input_formats=["%Y-%m"],
        validators=[within_years],
        widget=forms.DateInput(format="%Y-%m", attrs={"type": "month"}),
    )
    appeal_days = forms.IntegerField(label=_("appeals within (days)"), min_value=1, max_value=90)
    decide_days = forms.IntegerField(label=_("decided within (days)"), min_value=1, max_value=90)
    note = forms.CharField(label=_("note"), max_length=500, required=False)


@require_safe
@needs(VIEW_SCHEME, SET)
def all_schemes(request: StaffRequest) -> HttpResponse:
    """What each role is judged by."""
    found = Scheme.objects.select_related("group", "department").prefetch_related("versions__lines")
    rows = [(one, sorted(one.versions.all(), key=lambda each: each.since)) for one in found]
    return page(request, "kpis/appraisals/schemes.html", {"rows": rows})


@require_http_methods(["GET", "HEAD", "POST"])
@needs(VIEW_SCHEME, SET)
def scheme(request: StaffRequest, pk: int) -> HttpResponse:
    """A scheme with its versions; a change is tried, then set."""
    found = Scheme.objects.select_related("group", "department").filter(pk=pk).first()
    if found is None:
        raise Http404
    versions = list(found.versions.prefetch_related("lines").order_by("-since"))
    if request.method != "POST":
        return _show(request, found, versions, VersionForm(initial=_initial(versions)), _lines(versions))
    if not request.user.has_perm(SET):
        raise PermissionDenied
    form, lines = VersionForm(request.POST), LineForms(request.POST)
    if not (form.is_valid() and lines.is_valid()):
        return _show(request, found, versions, form, lines, status=400)
    given = [line for one in lines.forms if (line := one.line()) is not None]
    try:
        if "try" in request.POST:
            trial = _try(found, given)
            return _show(request, found, versions, form, lines, trial=trial)
        schemes.set_version(
            scheme_id=found.pk, lines=given, **form.cleaned_data, actor=request.user, at=timezone.now()
        )
    except DomainError as error:
        form.add_error(None, str(error))
        return _show(request, found, versions, form, lines, status=error.status)
    messages.success(request, _("It holds from then on."))
    return redirect("admin:appraisal_scheme", found.pk)


def _try(found: Scheme, given: list[Line]) -> tuple[date, list[Trial]] | None:
    """What a change would do to the last closed month; None where none is closed."""
    closed = standing.state().closed
    return (closed[0], schemes.preview(found, given, closed[0])) if closed else None


def _show(
    request: StaffRequest,
    found: Scheme,
    versions: list[SchemeVersion],
    form: VersionForm,
    lines: Any,
    *,
    trial: tuple[date, list[Trial]] | None = None,
    status: int = 200,
) -> HttpResponse:
    context = {
        "one": found,
        "versions": versions,
        "form": form,
        "lines": lines,
        "trial": trial,
        "is_tried": "try" in request.POST and status == 200,  # noqa: PLR2004 - HTTP
        "may_set": request.user.has_perm(SET),
    }
    return page(request, "kpis/appraisals/scheme.html", context, status=status)


def _initial(versions: list[SchemeVersion]) -> dict[str, Any]:
    """From the next month on, as it is now."""
    following = (timezone.localdate().replace(day=1) + timedelta(31)).replace(day=1)
    newest = versions[0] if versions else SchemeVersion()
    return {"since": following, "appeal_days": newest.appeal_days, "decide_days": newest.decide_days}


def _lines(versions: list[SchemeVersion]) -> Any:
    held = list(versions[0].lines.all()) if versions else []
    return LineForms(initial=[_typed(line) for line in held])


def _typed(line: SchemeLine) -> dict[str, Any]:
    factor = _factor(line.metric)
    return {
        "judged_by": line.judged_by,
        "metric": line.metric,
        "name": line.name,
        "name_en": line.name_en,
        "weight": line.weight,
        "floor": None if line.floor is None else _short(line.floor / factor),
        "goal": None if line.goal is None else _short(line.goal / factor),
        "least_n": line.least_n,
        "is_satisfaction": line.is_satisfaction,
    }


def _short(number: Decimal) -> str:
    return f"{number.quantize(Decimal('0.001')).normalize():f}"


def _factor(metric: str) -> int:
    is_time = metric in MetricCode.values and METRICS[MetricCode(metric)].unit is Unit.DURATION
    return MINUTE if is_time else 1


SCHEME_PAGES = [
    Page("appraisals/schemes/", all_schemes, "appraisal_schemes"),
    Page("appraisals/schemes/<int:pk>/", scheme, "appraisal_scheme"),
]
