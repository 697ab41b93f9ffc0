"""How the pages of results write numbers."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import template

from config.common.decimals import decimals
from surveys.results.figures import MEAN, NET, Change, Measure
from surveys.results.weighting import Weighted

register = template.Library()
ONE_PER_MILLE = 0.001


@register.filter
def measured(one: object) -> str:
    """A measure with its unit."""
    return _value(one.value, one.kind) if isinstance(one, Measure) else "–"


@register.filter
def between(one: object) -> str:
    """The interval of a measure; nothing where it has none."""
    if not isinstance(one, Measure) or one.low is None or one.high is None:
        return ""
    dash = " … " if one.low < 0 else "–"
    return f"{_value(one.low, one.kind, unit=False)}{dash}{_value(one.high, one.kind)}"


@register.simple_tag
def weighed(one: Weighted, kind: str) -> str:
    """A weighted figure with its interval."""
    low, high = _value(one.low, kind, unit=False), _value(one.high, kind)
    return f"{_value(one.value, kind)} ({low}–{high})"


@register.simple_tag
def moved(one: Change | None, kind: str) -> str:
    """A change with its sign, in points of what it is measured in."""
    if one is None or one.value is None:
        return ""
    sign = "+" if one.value > 0 else "−" if one.value < 0 else "±"
    return f"{sign}{_plain(abs(one.value), kind)}"


@register.filter
def chance(p: float | None) -> str:
    """How likely something is by chance."""
    if p is None:
        return "–"
    return "< 0.001" if p < ONE_PER_MILLE else decimals(p, 3)


@register.filter
def share(part: float | None) -> str:
    """A share from 0 to 1 in percent, with a decimal."""
    return "–" if part is None else f"{decimals(100 * part, 1)} %"


@register.filter
def wide(part: float | None) -> str:
    """A share as the width of a bar."""
    return f"{100 * (part or 0):.1f}"


@register.filter
def coordinate(value: float) -> str:
    """A number as SVG reads it, whatever the language."""
    return f"{value:.1f}"


@register.filter
def at(values: Mapping[Any, Any], key: object) -> Any:
    """What stands under a key."""
    return values.get(key)


@register.filter
def part_of(values: Sequence[Any], place: int) -> Any:
    """What stands at a place."""
    return values[place]


def _value(value: float | None, kind: str, *, unit: bool = True) -> str:
    if value is None:
        return "–"
    sign = "−" if value < 0 else ""
    return f"{sign}{_plain(abs(value), kind)}{' %' if unit and kind not in {MEAN, NET} else ''}"


def _plain(value: float, kind: str) -> str:
    digits = 2 if kind == MEAN else 1
    times = 1 if kind == MEAN else 100
    return decimals(times * value, digits)
