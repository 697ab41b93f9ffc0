"""The days of figures: months that are closed, what came to light since, days that are taken anew."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from config.common.asked import within_years
from config.common.errors import DomainError
from config.common.screens import StaffRequest, page
from feedback.admin.access import needs
from kpis.models import Backfill
from kpis.snapshots import backfilling, commands, standing
from kpis.snapshots.queries import SEE_COMPANY

CLOSES, TAKES = "kpis.close_figures", "kpis.take_figures"
NEWEST = 20


class MonthForm(forms.Form):
    """Which month is closed."""

    month = forms.DateField(
        label=_("month to close"),
        input_formats=["%Y-%m"],
        validators=[within_years],
        widget=forms.DateInput(format="%Y-%m", attrs={"type": "month"}),
    )


class DaysForm(forms.Form):
    """Which days are taken anew."""

    first = forms.DateField(
        label=_("from"), validators=[within_years], widget=forms.DateInput(attrs={"type": "date"})
    )
    last = forms.DateField(
        label=_("up to and with"), validators=[within_years], widget=forms.DateInput(attrs={"type": "date"})
    )


@require_safe
@needs(SEE_COMPANY)
def days(request: StaffRequest) -> HttpResponse:
    """Show how the days of figures stand."""
    return _show(request, MonthForm(), DaysForm())


@require_POST
@needs(CLOSES)
def close(request: StaffRequest) -> HttpResponse:
    """Close a month: its figures stay from now on."""
    form = MonthForm(request.POST)
    if form.is_valid():
        try:
            closed = commands.close_month(
                month=form.cleaned_data["month"],
                actor=request.user,
                at=timezone.now(),
                today=timezone.localdate(),
            )
        except DomainError as error:
            form.add_error("month", str(error))
        else:
            told = _("The month is closed.") if closed else _("The month was closed before.")
            return _done(request, told)
    return _show(request, form, DaysForm(), status=400)


@require_POST
@needs(TAKES)
def take(request: StaffRequest) -> HttpResponse:
    """Have the figures of some days taken anew."""
    form = DaysForm(request.POST)
    if form.is_valid():
        try:
            backfilling.ask(
                first=form.cleaned_data["first"],
                last=form.cleaned_data["last"],
                actor=request.user,
                at=timezone.now(),
                today=timezone.localdate(),
            )
        except DomainError as error:
            form.add_error("last", str(error))
        else:
            return _done(request, _("The figures of these days are taken anew; it begins within a minute."))
    return _show(request, MonthForm(), form, status=400)


@require_POST
@needs(TAKES)
def stop(request: StaffRequest, backfill_id: int) -> HttpResponse:
    """Stop taking days anew."""
    try:
        backfilling.stop(backfill_id=backfill_id, actor=request.user, at=timezone.now())
    except Backfill.DoesNotExist as error:
        raise Http404 from error
    except DomainError as error:
        messages.warning(request, str(error))
        return HttpResponseRedirect(reverse("admin:figure_days"))
    return _done(request, _("Stopped. What was taken stays."))


def _done(request: StaffRequest, told: Any) -> HttpResponse:
    messages.success(request, told)
    return HttpResponseRedirect(reverse("admin:figure_days"))


def _show(request: StaffRequest, closing: MonthForm, taking: DaysForm, status: int = 200) -> HttpResponse:
    context = {
        "title": _("Days of figures"),
        "closing": closing if request.user.has_perm(CLOSES) else None,
        "taking": taking if request.user.has_perm(TAKES) else None,
        "state": standing.state(),
        "corrections": standing.corrections(limit=NEWEST),
        "backfills": standing.backfills(limit=NEWEST),
    }
    return page(request, "kpis/days.html", context, status=status)
