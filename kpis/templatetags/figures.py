"""How figures are written in templates."""

from typing import Any

from django import template
from django.utils.safestring import SafeString
from django.utils.translation import gettext, pgettext

from config.common.decimals import decimals, signed
from config.common.spans import span
from feedback.models import Aspect, Severity
from kpis.charts import writing
from kpis.charts.drawing import Chart
from kpis.metrics.definition import Unit
from kpis.metrics.rules import Figure
from surveys.models import Question
from surveys.questionnaires.rules import ends as ends_of

register = template.Library()
DIGITS = {Unit.PERCENT: 1, Unit.OF_FIVE: 2, Unit.POINTS: 1}


@register.filter
def written(figure: Figure, unit: Unit) -> str:
    """A figure as people read it: "93.4 %", "4.62 / 5", "1 h 5 min"; a dash where nothing was measured."""
    return "—" if figure.value is None else value(figure.value, unit)


@register.filter
def interval(figure: Figure, unit: Unit) -> str:
    """The 95 % interval as people read it; empty where there is none."""
    if figure.low is None or figure.high is None:
        return ""
    if unit is Unit.DURATION:
        return f"{span(max(0, figure.low))} – {span(figure.high)}"
    return f"{decimals(figure.low, DIGITS[unit])}–{decimals(figure.high, DIGITS[unit])} {said(unit)}"


@register.filter
def value(number: float, unit: Unit) -> str:
    """A number in a metric's unit."""
    return span(number) if unit is Unit.DURATION else f"{decimals(number, DIGITS[unit])} {said(unit)}"


@register.filter
def change(number: float, unit: Unit) -> str:
    """A change in a metric's unit, with its sign; of percentages it is in points of them."""
    sign, much = "−" if number < 0 else "+", abs(number)
    if unit is Unit.PERCENT:
        return f"{sign}{decimals(much, DIGITS[unit])} {pgettext('unit', 'pp')}"
    return f"{sign}{value(much, unit)}"


def ends(low: float, high: float, digits: int) -> str:
    """The interval of a difference as people read it: "−0.20 to −0.10"."""
    return gettext("%(low)s to %(high)s") % {"low": signed(low, digits), "high": signed(high, digits)}


@register.filter
def said(unit: Unit) -> str:
    """A unit as it is written."""
    if unit is Unit.POINTS:
        return pgettext("unit", "points")
    return "" if unit is Unit.DURATION else unit.value


@register.filter
def marks(chart: Chart) -> SafeString:
    """What a chart is drawn of, within its frame."""
    return SafeString(writing.svg(chart.marks))


@register.filter
def values(chart: Chart) -> SafeString:
    """The table behind a chart."""
    return SafeString(writing.html(chart.table))


@register.filter
def gap_told(order: Any) -> str:
    """Of what the worst gap of an order is, and how bad; the order as `rows` shows it."""
    return f"{Aspect(order.aspect).label} · {Severity(order.severity).label}"


@register.filter
def top(question: Question) -> int:
    """The highest score that a question takes."""
    return ends_of(question)[1]
