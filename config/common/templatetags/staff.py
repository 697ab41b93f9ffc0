"""What the staff's templates say about time, and the pieces that they are made of."""

import uuid
from datetime import datetime

from django import template
from django.templatetags.static import static
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString

from config.common.money import display, grouped
from config.common.sending import FIELD
from config.common.spans import span, work_span

register = template.Library()
register.filter(span)
register.filter(work_span)


@register.simple_tag
def icon(name: str) -> SafeString:
    """Draw a picture of the sprite; the words beside it say what it means."""
    return format_html(
        '<svg class="icon" aria-hidden="true"><use href="{}#{}"/></svg>', static("staff/icons.svg"), name
    )


@register.simple_tag
def once() -> SafeString:
    """Give a form a key by which it is known when it is sent twice: see `config.common.sending`."""
    return format_html('<input type="hidden" name="{}" value="{}">', FIELD, uuid.uuid4().hex)


@register.filter
def moment(value: datetime | None) -> str:
    """Say a moment as shortly as it stays clear: the time today, else day and time, else with the year."""
    if value is None:
        return ""
    local, today = timezone.localtime(value), timezone.localtime()
    if local.date() == today.date():
        return local.strftime("%H:%M")
    return local.strftime("%m-%d %H:%M" if local.year == today.year else "%Y-%m-%d %H:%M")


@register.filter
def exact(value: datetime | None) -> str:
    """Say a moment in full, for the tip of a short one."""
    return date_format(timezone.localtime(value), "Y-m-d H:i:s") if value else ""


@register.filter
def minute(value: datetime | None) -> str:
    """Say a moment with its day, to the minute, wherever it stands by itself."""
    return date_format(timezone.localtime(value), "Y-m-d H:i") if value else ""


@register.filter
def ms(value: datetime | None) -> str:
    """Give a moment as milliseconds, as the page's script counts it."""
    return str(round(value.timestamp() * 1000)) if value else ""


@register.filter
def number(value: object) -> str:
    """Give a number with a comma after each thousand, as money has it; a text stays as it is."""
    return grouped(value)


@register.filter
def yuan(value: int | None) -> str:
    """Give fen as yuan."""
    return "" if value is None else display(value)
