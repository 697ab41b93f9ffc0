"""How figures are written in templates."""

from django import template
from django.utils.formats import number_format

from kpis.metrics.rules import Figure

register = template.Library()


@register.filter
def written(figure: Figure, unit: str) -> str:
    """A figure as people read it: "93.4 %", "4.62 / 5"; a dash where nothing was measured."""
    if figure.value is None:
        return "—"
    return f"{number_format(figure.value, 1 if unit == '%' else 2)} {unit}"


@register.filter
def interval(figure: Figure, unit: str) -> str:
    """The 95 % interval as people read it; empty where there is none."""
    if figure.low is None or figure.high is None:
        return ""
    digits = 1 if unit == "%" else 2
    return f"{number_format(figure.low, digits)}–{number_format(figure.high, digits)} {unit}"
