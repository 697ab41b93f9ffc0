"""Where gaps are more frequent than usual, opened to their rows, and what a gap costs in stars."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from django import forms
from django.http import Http404, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext
from django.views.decorators.http import require_GET

from config.common.asked import id_in
from config.common.registry import MenuItem, Page
from config.common.screens import StaffRequest, page
from feedback.admin.access import needs
from feedback.admin.files import offered
from feedback.admin.panels import Panel
from feedback.gaps import costs, hot_spots, statistics, words
from feedback.models import OF_TIME, Aspect, Severity, SpotBy

VIEW = "feedback.view_gap"
SPOT_PANELS: list[Callable[[StaffRequest, str, str, str], Panel | None]] = []
"""What apps above show on a spot's page by its aspect, what it is gathered by and value; None: nothing."""
SIZE = 50
EARLIEST, LATEST = date(2000, 1, 1), date(2999, 12, 31)


class SpotForm(forms.Form):
    """Which gaps, gathered by what, in which week."""

    aspect = forms.ChoiceField(required=False, label=gettext_lazy("gaps of"), choices=Aspect.choices)
    by = forms.ChoiceField(
        required=False,
        label=gettext_lazy("gathered by"),
        choices=[("", gettext_lazy("everything")), *((one.value, one.label) for one in hot_spots.SEARCHED)],
    )
    until = forms.DateField(
        required=False,
        label=gettext_lazy("week up to and including"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )

    def clean_aspect(self) -> str:
        """Delivery unless asked otherwise."""
        return self.cleaned_data["aspect"] or Aspect.DELIVERY

    def clean_until(self) -> date | None:
        """A day that calendars know."""
        until: date | None = self.cleaned_data["until"]
        if until is not None and not EARLIEST <= until <= LATEST:
            raise forms.ValidationError(_("Choose a day."))
        return until

    def week(self) -> date:
        """The last day of the week: yesterday, or the last day of which there are sums."""
        chosen: date | None = self.cleaned_data["until"]
        if chosen is not None:
            return chosen
        yesterday = timezone.localdate() - timedelta(days=1)
        return hot_spots.latest_week(self.cleaned_data["aspect"], yesterday)


def _form(request: StaffRequest) -> SpotForm:
    return SpotForm({"aspect": Aspect.DELIVERY, **request.GET.dict()})


def asked(request: StaffRequest, *, limit: int) -> hot_spots.Search | None:
    """The spots that the address asks for; None where it asks for what there is not."""
    form = _form(request)
    return _search(form, limit) if form.is_valid() else None


def _search(form: SpotForm, limit: int) -> hot_spots.Search:
    by = form.cleaned_data["by"]
    return hot_spots.search(
        form.cleaned_data["aspect"],
        until=form.week(),
        by=[by] if by else hot_spots.SEARCHED,
        limit=limit,
    )


@require_GET
@needs(VIEW)
def spots(request: StaffRequest) -> HttpResponse:
    """The spots of a week, those that have grown first."""
    at, form = timezone.now(), _form(request)
    if not form.is_valid():
        return page(request, "feedback/gaps/hot_spots.html", {"form": form}, at=at, status=400)
    found = _search(form, SIZE)
    aspect, until = form.cleaned_data["aspect"], found.until
    whole = hot_spots.whole(aspect, until=until)
    most = max((spot.rate.value or 0 for spot in found.spots), default=0) or 1
    context = {
        "form": form,
        "formats": offered(request),
        "aspect": aspect,
        "found": found,
        "rows": [
            (
                spot,
                SpotBy(spot.by).label,
                100 * (spot.rate.value or 0) / most,
                100 * min(1, (spot.usual.value or 0) / most),
            )
            for spot in found.spots
        ],
        "whole": statistics.share(whole.gaps, whole.n),
        "usual": statistics.share(whole.usual_gaps, whole.usual_n),
        "rate": round(100 * statistics.RATE),
        "weeks": hot_spots.USUAL_WEEKS,
    }
    return page(request, "feedback/gaps/hot_spots.html", context, at=at)


@require_GET
@needs(VIEW)
def spot(request: StaffRequest) -> HttpResponse:
    """One spot: week by week, and the gaps of the week behind it."""
    at, form = timezone.now(), SpotForm(request.GET)
    value = request.GET.get("value", "").replace("\0", "")[:80]
    by = request.GET.get("by") or SpotBy.ALL
    if not form.is_valid() and set(form.errors) - {"by"}:
        raise Http404
    if by not in SpotBy.values:
        raise Http404
    aspect, until = form.cleaned_data["aspect"], form.week()
    since = until - timedelta(days=hot_spots.WEEK - 1)
    number = id_in(request.GET.get("page")) or 0
    found = hot_spots.rows_of(aspect, by, value, since=since, until=until)
    shown = list(
        found.select_related("order", "member", "case", "clock").order_by("-severity", "-pk")[
            number * SIZE : (number + 1) * SIZE + 1
        ]
    )
    weeks = hot_spots.line(aspect, by, value, until=until)
    context: dict[str, Any] = {
        "aspect": Aspect(aspect).label,
        "kind": SpotBy(by).label,
        "voice": id_in(value) if by == SpotBy.PRODUCT else None,
        "name": hot_spots.names_of([(by, value)])[by, value],
        "since": since,
        "until": until,
        "rows": words.all_of(shown[:SIZE], at),
        "number": number,
        "has_more": len(shown) > SIZE,
        "weeks": weeks,
        "drawn": _drawn([interval for _day, interval in weeks]),
        "panels": [panel for make in SPOT_PANELS if (panel := make(request, aspect, by, value))],
    }
    return page(request, "feedback/gaps/hot_spot.html", context, at=at)


def _drawn(weeks: list[statistics.Interval]) -> list[tuple[float, float, float, float, float, float]]:
    """Of each week that has any: place, width, middle; its rate and the ends of its interval, as heights."""
    most = max((one.high or 0 for one in weeks), default=0) or 1
    step = 100 / len(weeks)
    return [
        (
            round(step * (place + 0.2), 2),
            round(step * 0.6, 2),
            round(step * (place + 0.5), 2),
            round(100 * (one.value or 0) / most, 2),
            round(100 * (one.low or 0) / most, 2),
            round(100 * (one.high or 0) / most, 2),
        )
        for place, one in enumerate(weeks)
        if one.n
    ]


@require_GET
@needs(VIEW)
def cost(request: StaffRequest) -> HttpResponse:
    """What a gap costs: stars and the share of bad reviews by how late it was."""
    at = timezone.now()
    context = {
        "tables": [
            (
                aspect.label,
                [
                    (
                        Severity(row.severity).label if row.severity else pgettext("promise", "kept"),
                        row,
                        20 * (row.mean.value or 0),
                        100 * (row.bad.value or 0),
                    )
                    for row in costs.by_severity(aspect)
                ],
            )
            for aspect in OF_TIME
        ],
    }
    return page(request, "feedback/gaps/cost.html", context, at=at)


SPOT_PAGES = [
    Page("hot-spots/", spots, "hot_spots"),
    Page("hot-spots/rows/", spot, "hot_spot"),
    Page("gap-cost/", cost, "gap_cost"),
]
SPOT_MENU = [
    MenuItem(gettext_lazy("Hot spots"), "hot_spots", "local_fire_department", (VIEW,), group="customers"),
    MenuItem(gettext_lazy("What a gap costs"), "gap_cost", "star_half", (VIEW,), group="customers"),
]
