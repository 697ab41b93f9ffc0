"""What the places are called where reviews and posts are written."""

from django import template

from feedback.channels import places

register = template.Library()


@register.simple_tag(takes_context=True)
def source_name(context: template.Context, code: str) -> str:
    """What a place is called; its code where nobody named it. One query a page."""
    request = context["request"]
    names = getattr(request, "source_names", None) or places.names()
    request.source_names = names
    return str(names.get(code, code))
