"""The supervisor's dashboard: did we keep our word, why not, and when does it get crowded? Of departments."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from config.common.models import User
from feedback.admin.board import NUMBER_NAMES
from feedback.models import Aspect, CountOf, Department, SpotBy
from feedback.supervision.counts import tallies
from kpis.admin.boards.asking import Asked
from kpis.admin.boards.drawing import (
    causes_over_time,
    causes_ranked,
    durations,
    rows_link,
    trend,
    weekly,
)
from kpis.admin.boards.executive import compared, improvements, spots
from kpis.admin.boards.hours import cell_links
from kpis.boards import causes
from kpis.boards.figures import Told, by_department, figures
from kpis.boards.times import Times, by_hour, times
from kpis.charts.drawing import Chart
from kpis.charts.gauge import gauge
from kpis.charts.stacks import Layer, stack
from kpis.metrics.catalogue import METRICS
from kpis.metrics.rules import NOTHING, Goal
from kpis.models import Dimension, MetricCode, TallyOf
from kpis.targets.goals import WHOLE, Goals, Place, goal_of
from kpis.targets.rules import attainment
from kpis.templatetags.figures import written

COMPARED = (
    MetricCode.FIRST_REPLY,
    MetricCode.RESOLUTION,
    MetricCode.SLA,
    MetricCode.FIRST_REPLY_TIME,
    MetricCode.RESOLUTION_TIME,
    MetricCode.REOPENED,
    MetricCode.QUALITY,
    MetricCode.CSAT,
)
DRAWN = (MetricCode.FIRST_REPLY, MetricCode.RESOLUTION, MetricCode.SLA)
GAUGES = (*DRAWN, MetricCode.CSAT)
TOLD = (MetricCode.FIRST_REPLY, MetricCode.RESOLUTION, MetricCode.FIRST_REPLY_TIME, MetricCode.CSAT)
STATES = (
    (CountOf.RUNNING, "is-ok"),
    (CountOf.WARNED, "is-warn"),
    (CountOf.BREACHED, "is-bad"),
    (CountOf.PAUSED, "rest"),
)
SEES_BREACHES = "feedback.see_board"


def supervisor(
    asked: Asked, user: User, departments: Sequence[Department], *, now: datetime, only: Department | None
) -> dict[str, Any]:
    """What the page shows: of all departments that one sees, or only one."""
    days, where, goals = asked.days, asked.where, Goals()
    told = figures(COMPARED, days, where)
    place = (Dimension.DEPARTMENT, str(only.pk)) if only else WHOLE
    broken = causes.of_breaches(days, where)
    took = times(MetricCode.FIRST_REPLY_TIME, days, where)
    context = {
        "gauges": [
            _gauge(told[code], goal, asked)
            for code in GAUGES
            if code in told and (goal := _goal(goals, code, place, asked))
        ],
        "trends": [
            trend(
                one,
                asked,
                _goal(goals, code, place, asked),
                with_interval=code == MetricCode.CSAT,
            )
            for code in GAUGES
            if (one := told.get(code))
        ],
        "compared": compared(asked, told.values()),
        "times": took,
        "time_chart": durations(
            _("Time to the first reply"), took, METRICS[MetricCode.FIRST_REPLY_TIME], asked
        ),
        "time_lines": _time_lines(took, asked),
        "queue": _queue([one for one in departments if not only or one == only], now)
        if not where.by
        else None,
        "causes": causes_over_time(_("Breaches by cause"), broken, TallyOf.CAUSE, asked),
        "pareto": causes_ranked(
            _("Causes of breaches, the most frequent first"), broken, TallyOf.CAUSE, asked
        ),
        "heat": [
            weekly(
                _("Cases that came, by weekday and hour"),
                by_hour(TallyOf.ARRIVED, days, where),
                cell_links(asked, "came"),
            ),
            weekly(
                _("Breaches, by weekday and hour"),
                by_hour(TallyOf.BREACHED, days, where),
                cell_links(asked, "breached"),
                "breach",
            ),
        ],
        "breaches": _breaches(asked),
        "lines": _lines(asked, [] if only else departments, goals) if not where.by else [],
        "told": [METRICS[code] for code in TOLD],
        "spots": None
        if where.by
        else spots(days.last, user, (Aspect.SERVICE,), [SpotBy.DEPARTMENT], str(only.pk))
        if only
        else spots(days.last, user, (Aspect.SERVICE, Aspect.DELIVERY)),
    }
    return context | (improvements(user, department=only) if only else {"improvements": None})


def _goal(goals: Goals, code: MetricCode, place: Place, asked: Asked) -> Goal | None:
    found = goals.of_day(code, place, asked.days.last)
    return goal_of(found[1]) if found else None


def _gauge(told: Told, goal: Goal, asked: Asked) -> Chart:
    """How far the goal that holds is reached by the days' figure."""
    return gauge(
        str(told.metric.code.label),
        attainment(goal, told.now.value),
        text=written(told.now, told.metric.unit),
        style={True: "is-ok", False: "is-bad", None: "is-calm"}[goal.met_by(told.now)],
        n=told.now.n,
        head=_("Attainment"),
        href=rows_link(told.metric, asked),
    )


def _time_lines(took: Times, asked: Asked) -> list[tuple[str, Any, str]]:
    """The percentiles of the days, those before and a year before, each with its rows."""
    metric, before, year = METRICS[MetricCode.FIRST_REPLY_TIME], asked.days.before, asked.days.year_before
    return [
        (pgettext("period", "now"), took.now, rows_link(metric, asked)),
        (
            _("period before"),
            took.before,
            rows_link(metric, asked, start=before.first, end=before.last),
        ),
        (
            _("year before"),
            took.year_before,
            rows_link(metric, asked, start=year.first, end=year.last),
        ),
    ]


def _queue(departments: Collection[Department], now: datetime) -> Chart:
    """The clocks that run at this moment, by department and how they stand."""
    found = tallies([one.pk for one in departments], since=now.date(), now=now)
    sums: dict[int, dict[str, int]] = {}
    for (department, _channel), tally in found.items():
        held = sums.setdefault(department, {})
        for what, number in tally.now.items():
            held[what] = held.get(what, 0) + number
    shown = [one for one in departments if any(sums.get(one.pk, {}).values())]
    layers = [
        Layer(
            str(NUMBER_NAMES[what.value][0]),
            [sums[one.pk].get(what, 0) for one in shown],
            [_clocks(one, what) for one in shown],
            style=style,
        )
        for what, style in STATES
    ]
    return stack(
        _("Queue: clocks that run now"),
        _("how many"),
        [str(one) for one in shown],
        layers,
        head=_("Department"),
        whole=_("all"),
    )


def _clocks(department: Department, what: CountOf) -> str:
    """Where the clocks of a department are that stand in some way."""
    query: dict[str, Any] = {"department": department.pk, "state": what.value}
    return reverse("admin:board_clocks") + "?" + urlencode(query)


def _breaches(asked: Asked) -> str:
    """Where the list of breaches is."""
    query: dict[str, Any] = {"since": asked.days.first, "until": asked.days.last}
    if asked.where.departments is not None and len(asked.where.departments) == 1:
        query["department"] = asked.where.departments[0]
    return reverse("admin:breaches") + "?" + urlencode(query)


def _lines(asked: Asked, departments: Sequence[Department], goals: Goals) -> list[dict[str, Any]]:
    """The departments beside each other; each leads to its own dashboard."""
    if len(departments) < 2:  # noqa: PLR2004 - one alone is the page itself
        return []
    found = by_department(TOLD, asked.days, [one.pk for one in departments])
    lines = []
    for one in departments:
        cells = []
        for code in TOLD:
            metric, figure = METRICS[code], found.get(one.pk, {}).get(code, NOTHING)
            goal = _goal(goals, code, (Dimension.DEPARTMENT, str(one.pk)), asked)
            met = goal.met_by(figure) if goal else None
            cells.append((metric, figure, met, rows_link(metric, asked, department=one.pk)))
        lines.append({"department": one, "cells": cells})
    return lines
