"""A report as people read it, in the language of the moment: sections of tables and charts.

Page, PDF and workbook are written from these, so that they say the same.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from feedback.models import Aspect, GapCause, SpotBy
from kpis.charts.drawing import Chart
from kpis.charts.lines import Band, Point, Series, line
from kpis.metrics.catalogue import METRICS
from kpis.metrics.definition import Metric, Unit
from kpis.metrics.naming import names
from kpis.metrics.rules import Figure, Goal
from kpis.models import AlertKind, Dimension, Direction, ImprovementStatus, MetricCode, Report, Verdict
from kpis.reports.rules import DRAWN
from kpis.templatetags.figures import change, interval, said, value, written

MINUTE = 60


@dataclass(frozen=True, slots=True)
class Cell:
    """What stands in a table; `number` is the same for a workbook, in a `unit` that it writes behind it.

    `tone` says whether it is good or bad news.
    """

    text: str
    number: float | None = None
    tone: str = ""
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A table; the first column names its rows."""

    head: Sequence[str]
    rows: Sequence[Sequence[Cell]]


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a report under its heading; without rows it says that there was nothing."""

    name: str
    title: str
    table: Table
    charts: Sequence[Chart] = field(default=())


def title(report: Report) -> str:
    """What the report is called."""
    name = report.get_kind_display()
    of = f" · {report.department}" if report.department else ""
    return f"{name[:1].upper()}{name[1:]}{of}"


def sections(report: Report) -> list[Section]:
    """The parts of a report that have something to say; the figures always."""
    found = [make(report) for make in PARTS]
    return [one for one in found if one.name == "figures" or one.table.rows]


def _figures(report: Report) -> Section:
    head = [
        _("Figure"), pgettext("report", "Now"), "n", _("95 % interval"), _("Goal"),
        _("Change since the period before"), _("Change since the year before"),
    ]  # fmt: skip
    rows = [_figure(one) for one in report.content["figures"]]
    by_code = {one["metric"]: one for one in report.content["figures"]}
    charts = [_drawn(by_code[code]) for code in DRAWN[report.kind] if code in by_code]
    return Section("figures", _("Figures"), Table(head, rows), charts)


def _figure(one: Mapping[str, Any]) -> list[Cell]:
    metric, goal = METRICS[MetricCode(one["metric"])], _goal(one)
    now, before, year = (Figure(**one[name]) for name in ("now", "before", "year"))
    met = goal.met_by(now) if goal else None
    return [
        Cell(str(metric.code.label)),
        _measured(
            written(now, metric.unit), now.value, metric.unit, {True: "is-ok", False: "is-bad", None: ""}[met]
        ),
        Cell(f"{now.n}", now.n),
        Cell(interval(now, metric.unit) or "—"),
        Cell(_goal_words(goal, metric) if goal else "—"),
        _changed(now, before, metric),
        _changed(now, year, metric),
    ]


def _goal(one: Mapping[str, Any]) -> Goal | None:
    return Goal(**one["goal"]) if one["goal"] else None


def _goal_words(goal: Goal, metric: Metric) -> str:
    return f"{'≥' if goal.direction == Direction.UP else '≤'} {value(goal.value, metric.unit)}"


def _changed(now: Figure, then: Figure, metric: Metric) -> Cell:
    if now.value is None or then.value is None:
        return Cell("—")
    by = now.value - then.value
    better = "" if not by else "is-ok" if (by > 0) is (metric.better == Direction.UP) else "is-bad"
    cell = _measured(change(by, metric.unit), by, metric.unit, better)
    return replace(cell, unit=pgettext("unit", "pp")) if metric.unit is Unit.PERCENT else cell


def _measured(text: str, number: float | None, unit: Unit, tone: str) -> Cell:
    """A number of a metric; times as minutes, which can be reckoned with and be negative."""
    if unit is Unit.DURATION:
        return Cell(text, None if number is None else number / MINUTE, tone, _("min"))
    return Cell(text, number, tone, said(unit))


def _drawn(one: Mapping[str, Any]) -> Chart:
    """The figure by part of the period, with its goal."""
    metric, goal = METRICS[MetricCode(one["metric"])], _goal(one)
    by, unit = (MINUTE, _("min")) if metric.unit is Unit.DURATION else (1, said(metric.unit))
    points = [
        Point(None if number is None else number / by, n, written(Figure(number, n), metric.unit))
        for _first, _last, number, n in one["parts"]
    ]
    return line(
        str(metric.code.label),
        unit,
        [f"{date.fromisoformat(first):%m-%d}" for first, _last, _value, _n in one["parts"]],
        [Series(str(metric.code.label), points)],
        head=_("from"),
        band=_band(goal, metric, by) if goal else None,
        n=one["now"]["n"],
    )


def _band(goal: Goal, metric: Metric, by: int) -> Band:
    edge = goal.value + goal.warning * (1 if goal.direction == Direction.UP else -1)
    return Band(goal.value / by, edge / by, _goal_words(goal, metric))


def _counted(name: str, heading: str, what: str, rows: Sequence[tuple[str, int]]) -> Section:
    """What there were how many of, with shares."""
    whole = sum(number for _name, number in rows) or 1
    cells = [[Cell(said), Cell(f"{number}", number), _percent(100 * number / whole)] for said, number in rows]
    return Section(name, heading, Table([what, _("how many"), _("share")], cells))


def _breaches(report: Report) -> Section:
    rows = [(one["name"] or _("not said yet"), one["number"]) for one in report.content["breaches"]]
    return _counted("breaches", _("Breaches by cause"), pgettext("breach", "cause"), rows)


def _causes(report: Report) -> Section:
    labels = {one.value: str(one.label) for one in GapCause}
    rows = [
        (labels.get(one["code"], _("not said yet")), one["number"]) for one in report.content["gap_causes"]
    ]
    return _counted("gap_causes", _("Gaps by cause"), pgettext("breach", "cause"), rows)


def _gaps(report: Report) -> Section:
    head = [
        _("Gaps of"), _("how many"), _("period before"), _("Change since the period before"),
        _("year before"), _("Change since the year before"),
    ]  # fmt: skip
    rows = [
        [
            Cell(str(Aspect(one["aspect"]).label)),
            Cell(f"{one['number']}", one["number"]),
            *_since(one["number"], one["before"]),
            *_since(one["number"], one.get("year")),  # older reports know of none
        ]
        for one in report.content["gaps"]
        if one["number"] or one["before"] or one.get("year")
    ]
    return Section("gaps", _("Frequent gaps"), Table(head, rows))


def _since(now: int, then: int | None) -> tuple[Cell, Cell]:
    """How many there were then, and how many more there are now."""
    if then is None:
        return Cell("—"), Cell("—")
    return Cell(f"{then}", then), Cell(f"{now - then:+d}", now - then)


def _spots(report: Report) -> Section:
    head = [_("Where"), _("Gaps of"), _("Share"), _("Usual"), _("Gaps"), "n"]
    rows = [
        [
            Cell(f"{one['name'] or one['value'] or _('everything')} ({SpotBy(one['by']).label})"),
            Cell(str(Aspect(one["aspect"]).label)),
            _share(one["rate"], "is-bad" if one["grown"] else ""),
            _share(one["usual"]),
            Cell(f"{one['gaps']}", one["gaps"]),
            Cell(f"{one['n']}", one["n"]),
        ]
        for one in report.content["spots"]
    ]
    return Section("spots", _("Hot spots of gaps"), Table(head, rows))


def _share(rate: float | None, tone: str = "") -> Cell:
    return Cell("—") if rate is None else _percent(100 * rate, tone)


def _percent(number: float, tone: str = "") -> Cell:
    return Cell(f"{number:.1f} %", number, tone, "%")


def _improvements(report: Report) -> Section:
    head = [_("state"), pgettext("improvement", "verdict"), _("how many")]
    rows = [
        [
            Cell(str(ImprovementStatus(one["status"]).label)),
            Cell(str(Verdict(one["verdict"]).label) if one["verdict"] else "—"),
            Cell(f"{one['number']}", one["number"]),
        ]
        for one in report.content["improvements"]
    ]
    return Section("improvements", _("Improvements"), Table(head, rows))


def _alerts(report: Report) -> Section:
    head = [_("Figure"), _("told apart by"), _("what"), _("day")]
    keys: dict[str, set[str]] = {}
    for one in report.content["alerts"]:
        keys.setdefault(one["dimension"], set()).add(one["key"])
    known = {by: names(Dimension(by), some) for by, some in keys.items() if by}
    rows = [
        [
            Cell(str(MetricCode(one["metric"]).label)),
            Cell(known[one["dimension"]][one["key"]] if one["dimension"] else _("everything")),
            Cell(str(AlertKind(one["kind"]).label)),
            Cell(one["last"]),
        ]
        for one in report.content["alerts"]
    ]
    return Section("alerts", _("Alerts of figures"), Table(head, rows))


PARTS: Sequence[Callable[[Report], Section]] = (
    _figures, _gaps, _causes, _spots, _breaches, _improvements, _alerts,
)  # fmt: skip
