"""How replies to reviews do: how soon, how many by themselves, what was changed, what became of stars."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from config.common.registry import MenuItem, Page
from config.common.screens import StaffRequest, page
from feedback.admin.access import needs
from feedback.models import PORTAL, Department, WebhookSource
from feedback.replies import figures

VIEW = "feedback.see_reply_figures"
WEEKS = ((4, _("4 weeks")), (12, _("12 weeks")), (26, _("26 weeks")))
EARLIEST, LATEST = date(2000, 1, 1), date(2999, 12, 31)


class FiguresForm(forms.Form):
    """Whose replies, where, and when."""

    department = forms.ModelChoiceField(
        Department.objects.all(), required=False, label=_("department"), empty_label=_("all")
    )
    source = forms.ChoiceField(required=False, label=_("written at"))
    weeks = forms.ChoiceField(required=False, choices=WEEKS, label=_("weeks shown"))
    until = forms.DateField(
        required=False,
        label=_("week up to and including"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Offer the portal and the marketplaces."""
        super().__init__(*args, **kwargs)
        sources = [(one.code, str(one)) for one in WebhookSource.objects.all()]
        self.fields["source"].choices = [("", _("everywhere")), (PORTAL, _("portal")), *sources]  # type: ignore[attr-defined]  # a ChoiceField's

    def clean_weeks(self) -> int:
        """The fewest unless asked otherwise."""
        return int(self.cleaned_data["weeks"] or WEEKS[0][0])

    def clean_until(self) -> date | None:
        """A day that calendars know."""
        until: date | None = self.cleaned_data["until"]
        if until is not None and not EARLIEST <= until <= LATEST:
            raise forms.ValidationError(_("Choose a day."))
        return until


@require_GET
@needs(VIEW)
def show(request: StaffRequest) -> HttpResponse:
    """Whole weeks, the last of them the one that holds the chosen day."""
    form = FiguresForm(request.GET)
    if not form.is_valid():
        return page(request, "feedback/replies/figures.html", {"form": form}, status=400)
    content = form.cleaned_data
    since, until = _span(content["until"] or timezone.localdate(), content["weeks"])
    department = content["department"]
    found = figures.replies(
        since=since,
        until=until,
        source=content["source"],
        department_id=department.pk if department else None,
    )
    told = figures.of(found, until=until)
    context = {
        "form": form,
        "since": since,
        "last": until - timedelta(days=1),
        "whole": told.whole,
        "weeks": told.weeks,
        "hours": _bars([_hours(one.median) for one in told.weeks], [_hours(one.p90) for one in told.weeks]),
        "shares": _bars([one.automatic_share or 0 for one in told.weeks], most=100),
    }
    return page(request, "feedback/replies/figures.html", context)


def _span(day: date, weeks: int) -> tuple[datetime, datetime]:
    """From a Monday to the Monday after the week of a day."""
    monday = day - timedelta(days=day.weekday())
    until = timezone.make_aware(datetime.combine(monday + timedelta(days=7), time.min))
    return until - timedelta(weeks=weeks), until


def _hours(length: timedelta | None) -> float:
    return length.total_seconds() / 3600 if length else 0.0


def _bars(
    values: Sequence[float], over: Sequence[float] = (), most: float = 0
) -> list[tuple[float, float, float, float]]:
    """Of each: its place and width, its height, and that of what stands behind it; of a hundred."""
    top = most or max([*values, *over], default=0) or 1
    step = 100 / max(len(values), 1)
    return [
        (
            round(step * (place + 0.2), 2),
            round(step * 0.6, 2),
            round(100 * value / top, 2),
            round(100 * over[place] / top, 2) if over else 0.0,
        )
        for place, value in enumerate(values)
    ]


REPLY_FIGURES_PAGES = [Page("replies/figures/", show, "reply_figures")]
REPLY_FIGURES_MENU = [
    MenuItem(_("How replies do"), "reply_figures", "insights", (VIEW,), group="customers"),
]
