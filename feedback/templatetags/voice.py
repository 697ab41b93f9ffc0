"""How the pages of reviews' words and products' voices write things."""

from collections.abc import Iterable

from django import template

from config.common.decimals import decimals
from feedback.gaps.statistics import Interval
from feedback.models import VoiceAspect
from feedback.voice.search import is_answered

register = template.Library()
register.filter(is_answered)


@register.filter
def aspect_names(aspects: Iterable[str]) -> list[str]:
    """What aspects are called."""
    return [str(VoiceAspect(one).label) for one in aspects]


@register.filter
def mean(one: Interval) -> str:
    """A mean number of stars."""
    return "–" if one.value is None else decimals(one.value, 2)


@register.filter
def signed(value: float | None) -> str:
    """A change, with its sign."""
    if value is None:
        return "–"
    sign = "+" if value > 0 else "−" if value < 0 else "±"
    return f"{sign}{decimals(abs(value), 2)}"


@register.filter
def width(one: Interval) -> str:
    """A share as the width of its bar."""
    return f"{100 * (one.value or 0):.1f}"
