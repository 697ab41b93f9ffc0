"""Time by department: where the time of the cases that were resolved in a period went."""

from collections.abc import Iterator
from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_GET

from config.common.models import User
from config.common.screens import StaffRequest, page
from config.common.sheets import Row, Table
from feedback.admin.access import needs
from feedback.admin.board import SEES, kept
from feedback.admin.breaches import DAYS
from feedback.admin.files import answer, filters, offered
from feedback.clocks.words import exact
from feedback.handoffs.times import Report, TooManyCases, report
from feedback.models import Department
from feedback.org.queries import departments_of

LONGEST = timedelta(days=92)
USUAL = timedelta(days=7)


class PeriodForm(forms.Form):
    """Of which cases: the department that has them, and when they were resolved."""

    department = forms.ModelChoiceField(
        Department.objects.none(),
        required=False,
        label=gettext_lazy("department"),
        empty_label=gettext_lazy("all departments"),
    )
    since = forms.DateField(
        validators=DAYS,
        label=gettext_lazy("from this day"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    until = forms.DateField(
        validators=DAYS,
        label=gettext_lazy("up to and including"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )

    def __init__(self, user: User, data: Any, at: datetime) -> None:
        """Offer the departments that this person sees; without a period the last seven days."""
        today = timezone.localdate(at)
        usual = {"since": str(today - USUAL + timedelta(days=1)), "until": str(today)}
        super().__init__({**usual, **{name: data[name] for name in data if data[name]}})
        self.departments = departments_of(user)
        field: forms.ModelChoiceField[Department] = self.fields["department"]  # type: ignore[assignment]  # is one
        field.queryset = self.departments

    def clean(self) -> dict[str, Any]:
        """Refuse a period that ends before it begins, or that takes too long to add up."""
        data = super().clean() or self.cleaned_data
        since, until = data.get("since"), data.get("until")
        if since and until and until < since:
            raise forms.ValidationError(_("The time ends before it begins."))
        if since and until and until - since >= LONGEST:
            told = _("Choose %(days)s days at most.")
            raise forms.ValidationError(told % {"days": LONGEST.days})
        return data

    def told(self) -> Report:
        """The report."""
        one = self.cleaned_data["department"]
        return report(
            [one] if one else list(self.departments),
            since=_midnight(self.cleaned_data["since"]),
            until=_midnight(self.cleaned_data["until"] + timedelta(days=1)),
        )


@require_GET
@needs(SEES)
def show(request: StaffRequest) -> HttpResponse:
    """The report as a page: each department's part as a bar and in figures that add up."""
    at = timezone.now()
    form = PeriodForm(request.user, request.GET.dict(), at)
    context: dict[str, Any] = {"form": form, "query": kept(request), "formats": offered(request)}
    if not form.is_valid():
        return page(request, "feedback/board/handoff_report.html", context, at=at, status=400)
    try:
        told = form.told()
    except TooManyCases as error:
        form.add_error(None, str(error))
        return page(request, "feedback/board/handoff_report.html", context, at=at, status=400)
    context |= {"told": told, "lines": [(line, told.percent(line)) for line in told.lines]}
    return page(request, "feedback/board/handoff_report.html", context, at=at)


HEAD = (
    gettext_lazy("department"), gettext_lazy("time"), gettext_lazy("hours"), gettext_lazy("part (%)"),
    gettext_lazy("cases"), gettext_lazy("each (h)"), pgettext_lazy("how often", "asked"),
    pgettext_lazy("how often", "answered"), pgettext_lazy("how often", "rejected"),
)  # fmt: skip


@require_GET
@needs(SEES)
def export(request: StaffRequest, kind: str) -> HttpResponseBase:
    """The same as a file."""
    form = PeriodForm(request.user, request.GET.dict(), timezone.now())
    back = reverse("admin:handoff_report")
    if not form.is_valid():
        return redirect(f"{back}?{kept(request)}")
    try:
        told = form.told()
    except TooManyCases:  # the page says so
        return redirect(f"{back}?{kept(request)}")
    table = Table("time-by-department", HEAD, len(told.lines) + 1, lambda: _rows(told), filters(request))
    return answer(request, kind, table, back=back)


def _rows(told: Report) -> Iterator[Row]:
    for line in told.lines:
        yield [
            str(line.department or _("member or others outside")),
            exact(line.time),
            round(line.time.total_seconds() / 3600, 2),
            round(told.percent(line), 1),
            line.cases,
            round(line.mean.total_seconds() / 3600, 2),
            line.asked,
            line.answered,
            line.rejected,
        ]
    yield [_("in all"), exact(told.whole), round(told.whole.total_seconds() / 3600, 2), 100, told.cases]


def _midnight(day: Any) -> datetime:
    return timezone.make_aware(datetime.combine(day, time()))
