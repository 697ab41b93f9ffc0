"""The rows behind a figure."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from config.common.asked import within_years
from config.common.models import User
from config.common.screens import StaffRequest, page
from feedback.cases.queries import reads_cases, visible_to
from feedback.models import Department
from feedback.org.queries import departments_of
from kpis.admin.dashboard import SEE_COMPANY
from kpis.metrics.queries import Span, measure
from kpis.metrics.rows import Part, behind
from kpis.metrics.rules import METRICS
from kpis.metrics.rules import Part as Counted
from kpis.models import MetricCode
from kpis.snapshots.commands import day_span

PAGE = 50
LONGEST_DAYS = 366


class FigureForm(forms.Form):
    """Which rows are asked for."""

    start = forms.DateField(
        label=_("from"), validators=[within_years], widget=forms.DateInput(attrs={"type": "date"})
    )
    end = forms.DateField(
        label=_("up to and with"), validators=[within_years], widget=forms.DateInput(attrs={"type": "date"})
    )
    department = forms.ModelChoiceField(Department.objects.none(), label=_("department"), required=False)
    part = forms.ChoiceField(
        label=_("rows"),
        required=False,
        choices=[(Part.ALL, _("all")), (Part.COUNTED, _("those that count")), (Part.OTHERS, _("the others"))],
    )
    page = forms.IntegerField(min_value=0, max_value=10_000, required=False, widget=forms.HiddenInput)

    def clean(self) -> None:
        """Keep the time forward and short enough to be counted at once."""
        start, end = self.cleaned_data.get("start"), self.cleaned_data.get("end")
        if start and end and not 0 <= (end - start).days < LONGEST_DAYS:
            raise forms.ValidationError(_("Choose a time of one day up to one year."))


def figure(request: StaffRequest, metric: str) -> HttpResponse:
    """Show a page of the rows behind a figure, with the figure itself counted anew from them."""
    if metric not in MetricCode.values:
        raise Http404
    defined = METRICS[MetricCode(metric)]
    company = request.user.has_perm(SEE_COMPANY)
    if not (company or defined.by_department):
        raise PermissionDenied
    departments = departments_of(request.user)
    today = timezone.localdate()
    form = FigureForm({"start": today, "end": today, "part": Part.ALL, **request.GET.dict()})
    form.fields["department"].queryset = departments  # type: ignore[attr-defined]  # a ModelChoiceField
    context = {"metric": defined, "title": defined.code.label, "form": form}
    if not form.is_valid():
        return page(request, "kpis/figure.html", context, status=400)
    asked = form.cleaned_data
    chosen = [asked["department"]] if asked["department"] else None if company else list(departments)
    keys = None if chosen is None else [department.pk for department in chosen]
    span = _span(asked["start"], asked["end"])
    rows = behind(defined.code, span, departments=keys, part=Part(asked["part"] or Part.ALL))
    number = asked["page"] or 0
    found = list(rows.found[number * PAGE : (number + 1) * PAGE + 1])
    context |= {
        "kind": rows.kind,
        "rows": found[:PAGE],
        "readable": _readable(request.user, rows.kind, found[:PAGE]),
        "number": number,
        "has_more": len(found) > PAGE,
        "figure": defined.figure(_parts(defined.code, span, keys)),
    }
    return page(request, "kpis/figure.html", context)


def _readable(user: User, kind: str, rows: Sequence[Any]) -> set[int]:
    """The cases among the rows that this person may read; of the others a page shows the number alone."""
    if not reads_cases(user):
        return set()
    found = (case for row in rows for case in CASES[kind](row))
    return set(visible_to(user).filter(pk__in={pk for pk in found if pk}).values_list("pk", flat=True))


CASES: dict[str, Callable[[Any], tuple[int | None, ...]]] = {
    "clocks": lambda clock: (clock.case_id,),
    "cases": lambda case: (case.pk,),
    "answers": lambda answer: (answer.response.invitation.case_id, answer.response.follow_up_id),
    "orders": lambda _order: (),
}
"""The cases that a row of each kind names."""


def _span(start: date, end: date) -> Span:
    return Span(day_span(start).start, day_span(end).end)


def _parts(code: MetricCode, span: Span, keys: Sequence[int] | None) -> list[Counted]:
    return [
        part
        for part in measure(code, span)
        if (part.department_id is None if keys is None else part.department_id in keys)
    ]
