"""The rows behind a cell of the maps of weekday and hour."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.http import HttpResponse
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from config.common.screens import StaffRequest, page
from feedback.admin.access import needs
from feedback.org.queries import departments_of, remember
from kpis.admin.boards.asking import SEES, Asked, asked_of, form_of, whose
from kpis.admin.figures import readable
from kpis.boards.times import HOURLY, HOURS, WEEKDAYS, at_hour
from kpis.models import TallyOf

PAGE = 50
KINDS = {"came": TallyOf.ARRIVED, "breached": TallyOf.BREACHED}
DAYS = [_("Mon"), _("Tue"), _("Wed"), _("Thu"), _("Fri"), _("Sat"), _("Sun")]


class HourForm(forms.Form):
    """Which rows, of which weekday and hour."""

    what = forms.ChoiceField(
        label=_("rows"), choices=[("came", _("cases that came")), ("breached", _("breaches"))]
    )
    on = forms.TypedChoiceField(label=_("weekday"), coerce=int, choices=list(enumerate(DAYS, start=1)))
    hour = forms.IntegerField(label=_("hour"), min_value=0, max_value=HOURS - 1)
    page = forms.IntegerField(min_value=0, max_value=10_000, required=False, widget=forms.HiddenInput)


def cell_links(asked: Asked, what: str) -> Sequence[Sequence[str]]:
    """Where the rows of each cell of a map are."""
    given = dict(asked.query)
    at = reverse("admin:board_hour")
    return [
        [f"{at}?{urlencode(given | {'what': what, 'on': on, 'hour': hour})}" for hour in range(HOURS)]
        for on in range(1, WEEKDAYS + 1)
    ]


@require_safe
@needs(SEES)
def show_hour(request: StaffRequest) -> HttpResponse:
    """The cases that came, or the clocks that were breached, at an hour of a weekday in some time."""
    remember(request.user)
    of = departments_of(request.user)
    form, which = form_of(request, of), HourForm(request.GET)
    context: dict[str, Any] = {"form": form, "which": which, "title": _("By weekday and hour")}
    if not (form.is_valid() & which.is_valid()):
        return page(request, "kpis/boards/hour.html", context, status=400)
    chosen = which.cleaned_data
    asked = asked_of(form, whose(request.user, list(of), form.cleaned_data["department"]))
    what, number = KINDS[chosen["what"]], chosen["page"] or 0
    source = HOURLY[what]
    rows = at_hour(what, asked.days, asked.where, on=chosen["on"], hour=chosen["hour"])
    found = list(rows[number * PAGE : (number + 1) * PAGE + 1])
    context |= {
        "asked": asked,
        "kind": source.table,
        "rows": found[:PAGE],
        "n": rows.count(),
        "readable": readable(request.user, source.table, found[:PAGE]),
        "number": number,
        "has_more": len(found) > PAGE,
    }
    return page(request, "kpis/boards/hour.html", context)
