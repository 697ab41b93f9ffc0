"""What the member's pages say about time, and the pictures on them."""

from datetime import datetime, timedelta

from django import template
from django.templatetags.static import static
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

register = template.Library()


@register.simple_tag
def picture(name: str) -> SafeString:
    """Draw a picture of the sprite; the words beside it say what it means."""
    return format_html(
        '<svg class="pic" aria-hidden="true"><use href="{}#{}"/></svg>', static("portal/icons.svg"), name
    )


@register.filter
def when(value: datetime | None) -> str:
    """Say a moment as people do: "today 15:40", "tomorrow 09:00", "3 Nov 18:00", with the year if another."""
    if value is None:
        return ""
    local, today = timezone.localtime(value), timezone.localtime().date()
    clock = f"{local:%H:%M}"
    near = {
        today: _("today %(time)s"),
        today + timedelta(days=1): _("tomorrow %(time)s"),
        today - timedelta(days=1): _("yesterday %(time)s"),
    }
    if local.date() in near:
        return near[local.date()] % {"time": clock}
    return f"{day(value)} {clock}"


@register.filter
def day(value: datetime | None) -> str:
    """Say a date, with the year only when it is another."""
    if value is None:
        return ""
    local = timezone.localtime(value)
    same = local.year == timezone.localtime().year
    return date_format(local, "MONTH_DAY_FORMAT" if same else "DATE_FORMAT")
