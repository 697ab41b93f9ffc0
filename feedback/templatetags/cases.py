"""What the pages about cases are made of."""

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from config.common.templatetags.staff import exact, moment, ms, span
from feedback.clocks.chips import Chip

register = template.Library()


@register.simple_tag
def clock(chip: Chip, href: str = "") -> SafeString:
    """Draw a clock as a bar, a colour and words; with `href` it opens its replay."""
    return format_html(
        '<{0} class="clock is-{2}"{1} title="{3}"><progress class="clock-bar" max="100" value="{4}"'
        ' aria-hidden="true"></progress><span class="clock-words">{5} {6}</span></{0}>',
        "a" if href else "span",
        _attributes(chip, href),
        chip.state,
        _("Due %(time)s") % {"time": exact(chip.due_at)},
        chip.percent,
        chip.label,
        _words(chip),
    )


def _attributes(chip: Chip, href: str) -> SafeString:
    link = format_html(' href="{}"', href) if href else SafeString()
    if not chip.runs:
        return link
    return link + format_html(
        ' data-start="{}" data-due="{}" data-warn="{}"',
        ms(chip.started_at),
        ms(chip.due_at),
        ms(chip.warn_at),
    )


def _words(chip: Chip) -> SafeString:
    if chip.runs:
        late = chip.state == "breached"
        text = (_("%s late") if late else _("%s left")) % span(chip.left)
        return format_html("<b data-left>{}</b> · {}", text, _("by %(time)s") % {"time": moment(chip.due_at)})
    if chip.state == "paused":
        return format_html("<b>{}</b>", _("paused"))
    if chip.state == "late":
        return format_html("<b>{}</b>", _("%s late") % span(chip.left))
    return format_html("<b>{}</b>", _("in time") if chip.state == "met" else _("stopped"))


@register.filter
def masked(contact: str) -> str:
    """Hide the middle of a phone number or e-mail address."""
    name, sign, host = contact.partition("@")
    if sign:
        return f"{name[:1]}***@{host}"
    return f"{contact[:3]}****{contact[-4:]}" if len(contact) > 7 else "****"  # noqa: PLR2004 - 3 + 4 shown
