"""Figures as charts: what dashboards have in common."""

from collections.abc import Sequence
from datetime import date
from math import inf
from typing import Any

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from config.common.spans import span
from kpis.admin.boards.asking import Asked
from kpis.admin.boards.cells import cells_link
from kpis.admin.boards.hours import DAYS
from kpis.boards.causes import Cause
from kpis.boards.figures import Told
from kpis.boards.times import HOURS, Times, Took
from kpis.charts.drawing import Chart
from kpis.charts.heat import heat
from kpis.charts.lines import Band, Point, Series, line
from kpis.charts.pareto import Heads, Part, pareto
from kpis.charts.stacks import Layer, stack
from kpis.metrics.definition import Metric, Unit
from kpis.metrics.rules import Figure, Goal
from kpis.metrics.sketch import ERROR
from kpis.models import Direction, Grain, TallyOf
from kpis.templatetags.figures import said, value, written

MINUTE, HOUR = 60, 3600
LONG = 6 * HOUR
"""Times are drawn in hours when one of them is longer."""
SHOWN_CAUSES = 6
LIMITS = {
    Unit.PERCENT: (0.0, inf),
    Unit.OF_FIVE: (1.0, 5.0),
    Unit.POINTS: (-100.0, 100.0),
    Unit.DURATION: (0.0, inf),
}
"""What can be measured at all: an interval is not drawn beyond."""
TOPS = {Unit.PERCENT: 100.0, Unit.OF_FIVE: 5.0}


def label(first: date, grain: Grain) -> str:
    """What a part of the time is called: by its first day, its month or its quarter."""
    if grain == Grain.MONTH:
        return f"{first:%Y-%m}"
    if grain == Grain.QUARTER:
        return f"{first.year} Q{(first.month + 2) // 3}"
    return date_format(first, "m-d")


def head(grain: Grain) -> str:
    """What the parts of the time are."""
    names = {
        Grain.DAY: _("Day"),
        Grain.WEEK: _("Week from"),
        Grain.MONTH: _("Month"),
        Grain.QUARTER: _("Quarter"),
    }
    return names[grain]


def by_grain(grain: Grain) -> str:
    """By what a chart is told apart, for its title."""
    names = {
        Grain.DAY: _("by day"),
        Grain.WEEK: _("by week"),
        Grain.MONTH: _("by month"),
        Grain.QUARTER: _("by quarter"),
    }
    return names[grain]


def rows_link(metric: Metric, asked: Asked, **more: Any) -> str:
    """Where the rows behind a figure are."""
    return reverse("admin:figure", args=[metric.code]) + "?" + asked.rows(**more)


def factor(metric: Metric, seconds: Sequence[float | None]) -> tuple[float, str]:
    """What a value is divided by to be drawn, and the unit that it is drawn in."""
    if metric.unit is not Unit.DURATION:
        return 1.0, said(metric.unit)
    return scaled(seconds)


def scaled(seconds: Sequence[float | None]) -> tuple[float, str]:
    """The same of times: minutes, or hours where they are long."""
    if max((one for one in seconds if one is not None), default=0.0) > LONG:
        return HOUR, pgettext("unit", "hours")
    return MINUTE, _("min")


def point(figure: Figure, metric: Metric, by: float, href: str = "") -> Point:
    """A figure as a point of a line."""
    least, most = LIMITS[metric.unit]

    def drawn(one: float | None) -> float | None:
        return None if one is None else min(max(one, least), most) / by

    return Point(
        drawn(figure.value),
        figure.n,
        written(figure, metric.unit),
        drawn(figure.low),
        drawn(figure.high),
        href if figure.n else "",
    )


def band(goal: Goal | None, metric: Metric, by: float) -> Band | None:
    """A goal with the band beside it in which it is at risk."""
    if goal is None:
        return None
    sign = 1 if goal.direction == Direction.UP else -1
    more = "≥" if goal.direction == Direction.UP else "≤"
    edge = goal.value + sign * goal.warning
    return Band(goal.value / by, edge / by, f"{_('goal')} {more} {value(goal.value, metric.unit)}")


def trend(told: Told, asked: Asked, goal: Goal | None = None, *, with_interval: bool = False) -> Chart:
    """A figure by part of the days, with its goal; each value leads to its rows."""
    metric, days = told.metric, asked.days
    by, unit = factor(metric, [figure.value for _first, _last, figure in told.parts])
    points = [
        point(figure, metric, by, rows_link(metric, asked, start=first, end=last))
        for first, last, figure in told.parts
    ]
    title = f"{metric.code.label} · {by_grain(days.grain)}"
    return line(
        title,
        unit,
        [label(first, days.grain) for first, _last, _figure in told.parts],
        [Series(str(metric.code.label), points)],
        head=head(days.grain),
        band=band(goal, metric, by),
        top=TOPS.get(metric.unit) if metric.better == Direction.UP else None,
        least=0 if metric.unit is Unit.DURATION or metric.better == Direction.DOWN else None,
        n=told.now.n,
        with_interval=with_interval,
        hint=_("with the 95 % interval") if with_interval else "",
    )


def durations(title: str, times: Times, metric: Metric, asked: Asked) -> Chart:
    """The median and 90th percentile of a time by part of the days; each leads to its rows."""
    days = asked.days
    by, unit = scaled([took.p90 for _first, _last, took in times.parts])

    def points(name: str) -> list[Point]:
        return [
            _point(took, name, by, rows_link(metric, asked, start=first, end=last))
            for first, last, took in times.parts
        ]

    return line(
        f"{title} · {by_grain(days.grain)}",
        unit,
        [label(first, days.grain) for first, _last, _took in times.parts],
        [Series(_("median"), points("median")), Series(_("90th percentile"), points("p90"))],
        head=head(days.grain),
        least=0,
        n=times.now.n,
        hint=_("to within %(error)s %%") % {"error": round(100 * ERROR)} if times.is_sketched else "",
    )


def _point(took: Took, name: str, by: float, href: str) -> Point:
    seconds: float | None = getattr(took, name)
    if seconds is None:
        return Point(None, took.n, "—")
    return Point(seconds / by, took.n, span(seconds), href=href)


def causes_over_time(title: str, causes: Sequence[Cause], of: TallyOf, asked: Asked) -> Chart:
    """Causes stacked by part of the days; the rarer ones together. Each number leads to its rows."""
    days = asked.days

    def links(*some: Cause) -> list[str]:
        cells = [cell for one in some for cell in one.cells]
        return [cells_link(asked, of, cells, start=first, end=last) for first, last in days.parts]

    labels = [label(first, days.grain) for first, _last in days.parts]
    named = [one for one in causes if one.name]
    layers = [Layer(one.name, one.numbers, links(one)) for one in named[:SHOWN_CAUSES]]
    rest = named[SHOWN_CAUSES:]
    if rest:
        sums = [sum(each) for each in zip(*(one.numbers for one in rest), strict=True)]
        layers.append(Layer(_("other causes"), sums, links(*rest)))
    layers += [
        Layer(_("not said yet"), one.numbers, links(one), style="rest") for one in causes if not one.name
    ]
    heading = f"{title} · {by_grain(days.grain)}"
    return stack(
        heading, _("how many"), labels, layers, head=head(days.grain), whole=_("all"), wholes=links()
    )


def causes_ranked(title: str, causes: Sequence[Cause], of: TallyOf, asked: Asked) -> Chart:
    """Which causes are the most frequent, and what they make up together."""
    parts = [
        Part(
            one.name or _("not said yet"),
            one.number,
            cells_link(asked, of, one.cells),
            is_rest=not one.name,
        )
        for one in causes
    ]
    return pareto(title, _("how many"), parts, heads=cause_heads())


def cause_heads() -> Heads:
    """The headings of a table of causes."""
    return Heads(pgettext("breach", "cause"), _("how many"), _("share"), _("cumulated"))


def weekly(
    title: str, cells: Sequence[Sequence[int]], hrefs: Sequence[Sequence[str]], style: str = "heat"
) -> Chart:
    """A map of weekday × hour; each number leads to its rows."""
    days, hours = [str(one) for one in DAYS], [f"{hour:02}" for hour in range(HOURS)]
    return heat(title, _("how many"), days, hours, cells, hrefs=hrefs, head=_("Weekday"), style=style)
