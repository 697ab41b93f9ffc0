"""How the pages of claims and hot spots write shares."""

from datetime import date
from urllib.parse import urlencode

from django import template

from config.common.decimals import decimals
from feedback.gaps.hot_spots import Spot

register = template.Library()
SMALL = 0.0995


@register.filter
def percent(share: float | None) -> str:
    """A share from 0 to 1 in percent: with a decimal below ten."""
    if share is None:
        return "–"
    digits = 1 if share < SMALL else 0
    return f"{decimals(100 * share, digits)} %"


@register.filter
def from_top(height: float) -> str:
    """Where something of a height in percent begins, counted from the top."""
    return f"{100 - height:.2f}"


@register.simple_tag
def spot_query(spot: Spot, until: date) -> str:
    """The address of a spot's rows."""
    return urlencode({"aspect": spot.aspect, "by": spot.by, "value": spot.value, "until": until.isoformat()})
