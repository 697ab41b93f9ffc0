"""The admin's first page: figures against goals, for the departments that one may see."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from config.common.models import User
from feedback.org.queries import departments_of
from kpis.alerts import words
from kpis.alerts.queries import in_order, open_for
from kpis.metrics.definition import Metric, Unit
from kpis.metrics.rules import Figure
from kpis.models import Dimension, Direction, MetricCode
from kpis.snapshots.calendar import period_of
from kpis.snapshots.queries import SEE_COMPANY, WHOLE, Slice
from kpis.targets.cards import Card, dashboard
from kpis.targets.goals import WHOLE as WHOLE_PLACE
from kpis.targets.goals import Goals
from kpis.targets.queries import Period, Standing, judge
from kpis.templatetags.figures import said

PERIODS = (7, 30, 90)
FRONT = (
    MetricCode.FIRST_REPLY,
    MetricCode.RESOLUTION,
    MetricCode.CSAT,
    MetricCode.NPS,
    MetricCode.ON_TIME,
    MetricCode.COMPLAINT_RATE,
)
"""What the first page shows."""
BEST = {Unit.OF_FIVE: 5, Unit.POINTS: 100, Unit.PERCENT: 100}
MINUTE = 60
SHOWN_ALERTS = 3


def fill(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add the figures to the context of the first page."""
    user = request.user
    if not isinstance(user, User):
        return context
    days = next((days for days in PERIODS if request.GET.get("days") == str(days)), 30)
    until = timezone.localdate()
    company = user.has_perm(SEE_COMPANY)
    departments, goals = list(departments_of(user)), Goals()
    cards, lines = dashboard(
        until=until, days=days, departments=departments, company=company, goals=goals, codes=FRONT
    )
    of = WHOLE if company else Slice(Dimension.DEPARTMENT, tuple(str(one.pk) for one in departments))
    standing = _standing(cards, of, goals, until)
    period = {"start": until - timedelta(days - 1), "end": until}
    context["figures"] = {
        "cards": [
            {
                "card": card,
                "link": link(card, period),
                "chart": chart(card),
                "standing": standing.get(card.metric.code),
            }
            for card in cards
        ],
        "lines": [
            {
                "department": line.department,
                "cells": [
                    (card, figure, met, link(card, {**period, "department": line.department.pk}))
                    for card, figure, met in line.cells
                ],
            }
            for line in lines
        ],
        "by_department": [card for card in cards if card.metric.by_department],
        "alerts": _alerts(user),
        "company": company,
        "days": days,
        "periods": PERIODS,
        **period,
    }
    return context


def _standing(cards: Sequence[Card], of: Slice, goals: Goals, today: date) -> dict[MetricCode, Standing]:
    """How the period that runs stands, of each card's goal."""
    asked = []
    for card in cards:
        code = card.metric.code
        held = goals.of_day(code, WHOLE_PLACE, today)
        if held and of.keys:
            asked.append(Period(code, of, held[0], *period_of(today, held[0])))
    return {one.metric.code: one for one in judge(asked, goals, today=today)}


def _alerts(user: User) -> list[words.Told]:
    """The newest open alerts, for those who have their page."""
    if not user.has_perm("kpis.view_figurealert"):
        return []
    found = list(in_order(open_for(user))[:SHOWN_ALERTS])
    told = words.said(found)
    return [told[one.pk] for one in found]


def link(card: Card, query: dict[str, Any]) -> str:
    """Where the rows behind a figure are."""
    return reverse("admin:figure", args=[card.metric.code]) + "?" + urlencode(query)


def chart(card: Card) -> dict[str, Any]:
    """What the page's script draws: the days of a figure and its goal."""
    line = card.goal.value if card.goal else None
    return {**drawn(card.metric, card.days, line, _("goal")), "top": _top(card)}


def drawn(
    metric: Metric, days: Sequence[tuple[date, Figure]], line: float | None, label: str | Promise
) -> dict[str, Any]:
    """The days of a figure with a line to hold them against."""
    return {
        "id": f"chart-{metric.code}",
        "title": str(metric.code.label),
        "unit": _("min") if metric.unit is Unit.DURATION else said(metric.unit),
        "labels": [date_format(day, "m-d") for day, _figure in days],
        "values": [_rounded(figure, metric.unit) for _day, figure in days],
        "n": [figure.n for _day, figure in days],
        "goal": None if line is None else _drawn(line, metric.unit),
        "top": BEST.get(metric.unit),
        "goal_label": str(label),
    }


def _top(card: Card) -> float | None:
    """Where the scale ends at least: the best value, or well above a goal that is not to be exceeded."""
    if card.goal and card.goal.direction == Direction.DOWN:
        return 2 * _drawn(card.goal.value, card.metric.unit)
    return BEST.get(card.metric.unit)


def _rounded(figure: Figure, unit: Unit) -> float | None:
    return None if figure.value is None else _drawn(figure.value, unit)


def _drawn(value: float, unit: Unit) -> float:
    """A value as charts draw it; durations in minutes."""
    return round(value / MINUTE if unit is Unit.DURATION else value, 2)
