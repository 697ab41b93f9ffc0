"""The figure of an improvement by week, drawn."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from kpis.admin.boards import drawing
from kpis.charts.drawing import Chart
from kpis.charts.lines import Band, Point, Series, line
from kpis.improvements.course import Phase, Week, course
from kpis.metrics.catalogue import METRICS
from kpis.metrics.definition import Metric
from kpis.metrics.rules import joined
from kpis.models import Direction, Grain, Improvement, MetricCode
from kpis.templatetags.figures import change

NOTHING = Point(None)


def drawn(
    improvement: Improvement, called: Mapping[str, str], *, today: date, with_rows: bool
) -> Chart | None:
    """Its weeks before, meanwhile and after, beside its control group; None of one without a figure.

    `called` says what its keys are called. The band leads from what it was before to what is hoped for. With
    `with_rows` each value of the table leads to its rows.
    """
    found = course(improvement, today=today)
    if not found:
        return None
    metric = METRICS[MetricCode(improvement.metric)]
    figures = [metric.figure(one) for week in found for one in (week.own, week.control) if one is not None]
    by, unit = drawing.factor(metric, [figure.value for figure in figures])
    own = [_point(improvement, metric, week, by, with_rows=with_rows) for week in found]
    lines = [_line(name, phase, found, own) for phase, name in _phases()]
    series = [one for one in lines if any(point is not NOTHING for point in one.points)]
    if improvement.control_key:
        others = [drawing.point(metric.figure(week.control), metric, by) for week in found if week.control]
        series.append(Series(called[improvement.control_key], others, is_dashed=True))
    return line(
        f"{metric.code.label} · {drawing.by_grain(Grain.WEEK)}",
        unit,
        [drawing.label(week.days.first, Grain.WEEK) for week in found],
        series,
        head=drawing.head(Grain.WEEK),
        band=_hoped(improvement, metric, found, by),
        n=sum(week.own.n for week in found),
    )


def _phases() -> list[tuple[Phase, str]]:
    return [
        (Phase.BEFORE, pgettext("improvement", "Before")),
        (Phase.MEANWHILE, _("while it is worked on")),
        (Phase.AFTER, pgettext("improvement", "After")),
    ]


def _line(name: str, phase: Phase, weeks: Sequence[Week], points: Sequence[Point]) -> Series:
    of_it = [point if week.phase == phase else NOTHING for week, point in zip(weeks, points, strict=True)]
    return Series(name, of_it)


def _point(improvement: Improvement, metric: Metric, week: Week, by: float, *, with_rows: bool) -> Point:
    asked: dict[str, Any] = {"start": week.days.first, "end": week.days.last}
    if improvement.dimension:
        asked |= {"by": improvement.dimension, "key": improvement.key}
    href = f"{reverse('admin:figure', args=[metric.code])}?{urlencode(asked)}" if with_rows else ""
    return drawing.point(metric.figure(week.own), metric, by, href)


def _hoped(improvement: Improvement, metric: Metric, weeks: Sequence[Week], by: float) -> Band | None:
    was = metric.figure(joined(week.own for week in weeks if week.phase == Phase.BEFORE)).value
    if was is None or improvement.expected is None:
        return None
    hoped = float(improvement.expected) * (1 if metric.better == Direction.UP else -1)
    name = _("hoped for: %(change)s") % {"change": change(hoped, metric.unit)}
    return Band((was + hoped) / by, was / by, name)
