"""Shares as the pages of triage write them."""

from django import template

register = template.Library()


@register.filter
def percent(value: float | str | None, digits: int = 0) -> str:
    """A share in percent; a dash where there is none (of what is missing Django gives "")."""
    return f"{100 * value:.{digits}f} %" if isinstance(value, float | int) else "–"
