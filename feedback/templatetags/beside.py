"""Cards of apps above beside words that somebody wrote."""

from typing import Any

from django import template
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from config.common.registry import BESIDE_WORDS

register = template.Library()


@register.simple_tag(takes_context=True)
def beside_words(context: template.Context, what: str, number: int | None) -> SafeString:
    """Fetch the cards that there are for whoever looks at a review or post."""
    request: Any = context.get("request")
    if request is None or number is None:
        return SafeString("")
    found = [address for find in BESIDE_WORDS if (address := find(request.user, what, number))]
    return format_html_join(
        "", '<div hx-get="{}" hx-trigger="load" hx-swap="outerHTML"></div>', ((one,) for one in found)
    )
