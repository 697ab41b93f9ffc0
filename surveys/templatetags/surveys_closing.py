"""What the templates of needs and interviews look up."""

from collections.abc import Mapping

from django import template

register = template.Library()


@register.filter
def of(counts: Mapping[str, int], key: str) -> int:
    """How many there are of a kind."""
    return counts.get(key, 0)
