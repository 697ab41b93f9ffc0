"""Crises on other pages: what goes on, above a list of cases; which one a case is in."""

from typing import Any

from django import template

from feedback.crises import queries
from feedback.models import Case

register = template.Library()


@register.inclusion_tag("feedback/crises/banner.html")
def crises_going() -> dict[str, Any]:
    """What goes on, in a line each. One query."""
    return {"crises": list(queries.going()[: queries.SHOWN])}


@register.inclusion_tag("feedback/crises/chip.html", takes_context=True)
def crisis_chip(context: template.Context, case: Case) -> dict[str, Any]:
    """The crisis that a case is in. One query."""
    inside = [row.crisis for row in queries.crises_of(case) if row.is_live]
    return {"crisis": inside[0] if inside else None, "perms": context.get("perms")}
