"""The rows behind a figure."""

from collections.abc import Callable, Sequence
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
from feedback.models import Agent, Department
from feedback.org.queries import departments_of
from feedback.quality.queries import REVIEW as SCORES
from kpis.metrics.catalogue import METRICS
from kpis.metrics.rows import Part, behind, count
from kpis.models import Dimension, MetricCode
from kpis.models.metric import KEY
from kpis.snapshots.calendar import days_span
from kpis.snapshots.queries import SEE_COMPANY
from surveys.campaigns.queries import visible_responses
from surveys.results.reach import READS

PAGE = 50
LEADS = "feedback.see_board"
"""The right to see how each of one's people does."""
LONGEST_DAYS = 366
TOLD_APART = [
    (one.value, one.label) for one in Dimension if one not in {Dimension.WHOLE, Dimension.DEPARTMENT}
]


class FigureForm(forms.Form):
    """Which rows are asked for."""

    start = forms.DateField(
        label=_("from"),
        validators=[within_years],
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
    )
    end = forms.DateField(
        label=_("up to and with"),
        validators=[within_years],
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
    )
    department = forms.ModelChoiceField(Department.objects.none(), label=_("department"), required=False)
    part = forms.ChoiceField(
        label=_("rows"),
        required=False,
        choices=[(Part.ALL, _("all")), (Part.COUNTED, _("those that count")), (Part.OTHERS, _("the others"))],
    )
    by = forms.ChoiceField(
        label=_("told apart by"), required=False, choices=[("", _("everything")), *TOLD_APART], initial=""
    )
    key = forms.CharField(label=_("of"), required=False, max_length=KEY)
    mine = forms.BooleanField(required=False, widget=forms.HiddenInput)
    product = forms.IntegerField(min_value=1, max_value=2**63 - 1, required=False, widget=forms.HiddenInput)
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
    of = {}
    if asked["department"] or asked["mine"] or not company:
        chosen = [asked["department"]] if asked["department"] else departments
        of[Dimension.DEPARTMENT] = [str(department.pk) for department in chosen]
    if asked["by"] and asked["key"]:
        if asked["by"] not in defined.dimensions:
            form.add_error("by", _("This figure can't be told apart by it."))
            return page(request, "kpis/figure.html", context, status=400)
        of[Dimension(asked["by"])] = [asked["key"]]
    if not company:
        among_colleagues(request.user, defined.code, of)
    span = days_span(asked["start"], asked["end"])
    product = asked["product"]
    if product and Dimension.CATEGORY not in defined.dimensions:
        raise Http404
    rows = behind(defined.code, span, of=of, part=Part(asked["part"] or Part.ALL), product=product)
    number = asked["page"] or 0
    found = list(rows.found[number * PAGE : (number + 1) * PAGE + 1])
    context |= {
        "kind": rows.table,
        "rows": found[:PAGE],
        "readable": readable(request.user, rows.table, found[:PAGE]),
        "told": told(request.user, rows.table, found[:PAGE]),
        "number": number,
        "has_more": len(found) > PAGE,
        "figure": defined.figure(count(defined.code, span, of=of, product=product)),
    }
    return page(request, "kpis/figure.html", context)


def among_colleagues(user: User, code: MetricCode | None, of: dict[Dimension, list[str]]) -> None:
    """Let those who lead see their people's figures; others see none of a colleague, and of checks their own.

    Raises:
        PermissionDenied: this is a colleague's.
    """
    own = [str(pk) for pk in Agent.objects.filter(user=user).values_list("pk", flat=True)] or ["0"]
    if code == MetricCode.QUALITY and not user.has_perm(SCORES):
        of.setdefault(Dimension.AGENT, own)
    if not user.has_perm(LEADS) and of.get(Dimension.AGENT, own) != own:
        raise PermissionDenied


def told(user: User, kind: str, rows: Sequence[Any]) -> set[int]:
    """The responses among the rows that this person may read with all their answers."""
    if kind != "answers" or not user.has_perm(READS):
        return set()
    found = visible_responses(user).filter(pk__in={answer.response_id for answer in rows}, is_anonymous=False)
    return set(found.values_list("pk", flat=True))


def readable(user: User, kind: str, rows: Sequence[Any]) -> set[int]:
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
    "reviews": lambda _review: (),
    "gaps": lambda gap: (gap.case_id,),
    "checks": lambda check: (check.case_id,),
}
"""The cases that a row of each kind names."""
