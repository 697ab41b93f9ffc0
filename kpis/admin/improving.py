"""Improvements beside what they are about: a need, a hot spot, an alert; and the way to a new one."""

from datetime import datetime

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from config.common.screens import StaffRequest
from feedback.admin.panels import Panel
from kpis.improvements.held import ADD, VIEW, visible_to
from kpis.models import FigureAlert, Improvement
from surveys.models import Need

SHOWN = 20


def of_need(request: StaffRequest, need: Need, _at: datetime) -> Panel | None:
    """The improvements that a need led to."""
    return _panel(request, Improvement.objects.filter(need=need), need=need.pk, title=need.name)


def of_spot(request: StaffRequest, aspect: str, by: str, value: str) -> Panel | None:
    """The improvements that a hot spot led to."""
    found = Improvement.objects.filter(spot_aspect=aspect, spot_by=by, spot_value=value)
    return _panel(request, found, aspect=aspect, by=by, value=value)


def of_alert(request: StaffRequest, alert: FigureAlert, title: str) -> Panel | None:
    """The improvements that an alert led to."""
    about = {"metric": alert.metric, "dimension": alert.dimension, "key": alert.key}
    return _panel(request, Improvement.objects.filter(alert=alert), alert=alert.pk, title=title, **about)


def _panel(request: StaffRequest, about: QuerySet[Improvement], **asked: str | int) -> Panel | None:
    if not request.user.has_perm(VIEW):
        return None
    seen = about.filter(pk__in=visible_to(request.user).values("pk"))
    given = {name: value for name, value in asked.items() if value}
    new = f"{reverse('admin:improvement_new')}?{urlencode(given)}" if request.user.has_perm(ADD) else ""
    context = {"found": list(seen.order_by("-pk")[:SHOWN]), "new": new}
    return Panel(_("Improvements"), "kpis/improvements/beside.html", context)
