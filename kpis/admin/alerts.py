"""Alerts of figures: what is open, what explains it, and taking note."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext, pgettext_lazy
from django.views.decorators.http import require_POST, require_safe

from config.common.asked import id_in
from config.common.errors import DomainError
from config.common.models import User
from config.common.screens import StaffRequest, page
from feedback.admin.access import needs
from feedback.org.queries import department_ids
from kpis.admin.dashboard import drawn
from kpis.admin.goals import address
from kpis.admin.improving import of_alert
from kpis.alerts import queries
from kpis.alerts.commands import LONGEST_NOTE, acknowledge
from kpis.alerts.queries import Compared
from kpis.alerts.words import said
from kpis.metrics.catalogue import METRICS
from kpis.metrics.rules import Counted, Figure
from kpis.models import ABOUT_GOALS, AlertKind, Dimension, FigureAlert, MetricCode
from kpis.snapshots.queries import Slice, counted, days_of

SEES, ACKNOWLEDGES = "kpis.view_figurealert", "kpis.acknowledge_figurealert"
PAGE = 50
SHOWN_DAYS = 70
OPEN, NOTED, GONE, ALL = "open", "noted", "gone", "all"


class FilterForm(forms.Form):
    """What the list is narrowed to."""

    state = forms.ChoiceField(
        label=_("state"),
        required=False,
        choices=[
            (OPEN, pgettext_lazy("alert", "open")),
            (NOTED, _("taken note of")),
            (GONE, pgettext_lazy("alert", "gone")),
            (ALL, _("all")),
        ],
    )
    kind = forms.ChoiceField(label=_("kind"), required=False, choices=[("", _("all")), *AlertKind.choices])
    metric = forms.ChoiceField(
        label=_("figure"), required=False, choices=[("", _("all")), *MetricCode.choices]
    )
    page = forms.IntegerField(min_value=0, max_value=10_000, required=False, widget=forms.HiddenInput)


STATES: dict[str, dict[str, Any]] = {
    OPEN: {"closed_at": None, "acknowledged_at": None},
    NOTED: {"acknowledged_at__isnull": False},
    GONE: {"closed_at__isnull": False},
    ALL: {},
}


@require_safe
@needs(SEES)
def alerts(request: StaffRequest) -> HttpResponse:
    """The alerts that a person may see, the open ones unless others are asked for, the newest first."""
    return _list(request)


def _list(request: StaffRequest, error: str = "", status: int = 200) -> HttpResponse:
    form = FilterForm({"state": OPEN, **request.GET.dict()})
    context = {"title": _("Alerts of figures"), "form": form, "error": error}
    if not form.is_valid():
        return page(request, "kpis/alerts.html", context, status=400)
    asked = form.cleaned_data
    narrowed = {name: asked[name] for name in ("kind", "metric") if asked[name]}
    found = queries.seen_by(request.user).filter(**STATES[asked["state"] or OPEN], **narrowed)
    number = asked["page"] or 0
    rows = list(queries.in_order(found)[number * PAGE : (number + 1) * PAGE + 1])
    told = said(rows[:PAGE])
    context |= {
        "lines": [told[one.pk] for one in rows[:PAGE]],
        "number": number,
        "has_more": len(rows) > PAGE,
        "acknowledges": request.user.has_perm(ACKNOWLEDGES),
        "longest": LONGEST_NOTE,
    }
    return page(request, "kpis/alerts.html", context, status=status)


@require_POST
@needs(ACKNOWLEDGES)
def note(request: StaffRequest) -> HttpResponse:
    """Take note of the chosen alerts, as far as this person may see them."""
    chosen = [pk for text in request.POST.getlist("alert") if (pk := id_in(text))]
    seen = list(queries.seen_by(request.user).filter(pk__in=chosen).values_list("pk", flat=True))
    try:
        number = acknowledge(
            alert_ids=seen, actor=request.user, at=timezone.now(), note=request.POST.get("note", "")
        )
    except DomainError as error:
        return _list(request, str(error), status=400)
    if number:
        told = ngettext("Took note of %(n)s alert.", "Took note of %(n)s alerts.", number)
        messages.success(request, told % {"n": number})
    else:
        messages.warning(request, _("There was nothing to take note of."))
    return HttpResponseRedirect(_back(request))


def _back(request: StaffRequest) -> str:
    where = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(where, {request.get_host()}, require_https=request.is_secure()):
        return where
    return reverse("admin:figure_alerts")


@require_safe
@needs(SEES)
def alert(request: StaffRequest, alert_id: int) -> HttpResponse:
    """An alert with its days, what the method reckoned with, and the keys that moved most."""
    found = queries.in_order(queries.seen_by(request.user)).filter(pk=alert_id).first()
    if found is None:
        raise Http404
    told, today = said([found])[found.pk], timezone.localdate()
    days, explained = queries.explained(found, today=today)
    by_day, own = _days(found, today), {str(pk) for pk in department_ids(request.user)}
    context = {
        "title": told.title,
        "told": told,
        "alert": found,
        "days": days,
        "by_day": by_day,
        "explained": [(one, _linked(found, days, one, own)) for one in explained],
        "chart": drawn(
            told.metric, by_day, found.against, _("goal") if found.kind in ABOUT_GOALS else _("usual")
        ),
        "rows": _rows(found, days),
        "goal": _goal(found),
        "panel": of_alert(request, found, told.title),
        "acknowledges": request.user.has_perm(ACKNOWLEDGES) and not found.acknowledged_at,
        "longest": LONGEST_NOTE,
    }
    return page(request, "kpis/alert.html", context)


def _days(found: FigureAlert, today: date) -> Sequence[tuple[date, Figure]]:
    """The figure by day: some weeks up to the alert, and what came after."""
    code = MetricCode(found.metric)
    last = min(today, found.last + timedelta(14))
    first = last - timedelta(SHOWN_DAYS - 1)
    of = Slice(Dimension(found.dimension), (found.key,))
    metric, held = METRICS[code], counted([code], first, last, of)[code]
    return [(day, metric.figure(held.get(day, Counted()))) for day in days_of(first, last)]


def _place(found: FigureAlert) -> dict[str, str]:
    if found.dimension == Dimension.DEPARTMENT:
        return {"department": found.key}
    return {"by": found.dimension, "key": found.key} if found.dimension else {}


def _rows(found: FigureAlert, days: Compared, **more: str) -> str:
    asked = {"start": f"{days.first}", "end": f"{days.last}", **_place(found), **more}
    return reverse("admin:figure", args=[found.metric]) + "?" + urlencode(asked)


def _linked(
    found: FigureAlert, days: Compared, one: queries.Explained, own: set[str]
) -> list[tuple[queries.Moved, str]]:
    """Each key with where its rows are, as far as this person may open them."""
    links = []
    for moved in one.moved:
        place = {"by": one.dimension.value, "key": moved.key}
        if one.dimension == Dimension.DEPARTMENT:
            place = {"department": moved.key} if moved.key in own else {}
        links.append((moved, _rows(found, days, **place) if place else ""))
    return links


def _goal(found: FigureAlert) -> str:
    """Where the goal is that was missed."""
    if found.kind not in ABOUT_GOALS:
        return ""
    return address(MetricCode(found.metric), (found.dimension, found.key), found.grain)


def waiting(user: User) -> QuerySet[FigureAlert]:
    """What waits for a person on this page."""
    return queries.open_for(user)
