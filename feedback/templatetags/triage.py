"""Shares as the pages of triage write them."""

from django import template

register = template.Library()


@register.filter
def percent(value: float | None, digits: int = 0) -> str:
    """A share in percent; a dash where there is none."""
    return "–" if value is None or isinstance(value, str) else f"{100 * value:.{digits}f} %"
