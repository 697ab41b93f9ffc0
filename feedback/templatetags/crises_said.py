"""Statements in the language of the page."""

from django import template

from feedback.models import Statement

register = template.Library()


@register.simple_tag
def said(statement: Statement, name: str) -> str:
    """A text of a statement, escaped as every text is."""
    return statement.said(name)
