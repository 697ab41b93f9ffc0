"""Crises on other pages: what goes on, above a list of cases; which one a case is in."""

from typing import Any

from django import template
from django.utils.translation import gettext, ngettext

from feedback.crises import queries
from feedback.models import Case

register = template.Library()


HOUR, DAY = 60, 24 * 60


@register.filter
def after(minutes: int) -> str:
    """How long after the first case, in minutes, hours or days."""
    if minutes < 2 * HOUR:
        return ngettext("after %(n)s minute", "after %(n)s minutes", minutes) % {"n": minutes}
    if minutes < 2 * DAY:
        return gettext("after %(n)s h") % {"n": f"{minutes / HOUR:.1f}"}
    return gettext("after %(n)s days") % {"n": f"{minutes / DAY:.1f}"}


@register.inclusion_tag("feedback/crises/banner.html")
def crises_going() -> dict[str, Any]:
    """What goes on, in a line each. One query."""
    return {"crises": list(queries.going()[: queries.SHOWN])}


@register.inclusion_tag("feedback/crises/chip.html", takes_context=True)
def crisis_chip(context: template.Context, case: Case) -> dict[str, Any]:
    """The crisis that a case is in. One query."""
    inside = [row.crisis for row in queries.crises_of(case) if row.is_live]
    return {"crisis": inside[0] if inside else None, "perms": context.get("perms")}
