"""Amounts of the ledger as finance reads them."""

from django import template

from compensation.models import GrantKind, GrantStatus, Unit
from config.common.money import display, grouped

register = template.Library()


@register.filter
def owed(amount: int, unit: str) -> str:
    """Points as a number, everything else in yuan."""
    return grouped(amount) if unit == Unit.POINTS else display(amount)


@register.filter
def grant_kind(code: str) -> str:
    """What is given, in words."""
    return str(GrantKind(code).label)


@register.filter
def grant_status(code: str) -> str:
    """How far a grant is, in words."""
    return str(GrantStatus(code).label)
