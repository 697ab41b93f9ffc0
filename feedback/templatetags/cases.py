"""What the pages about cases are made of."""

from datetime import datetime, timedelta

from django import template
from django.template import Context
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from config.common.spans import span
from config.common.templatetags.staff import exact, moment, ms
from feedback.clocks.states import Chip, State

register = template.Library()


CLASSES = {State.RUNNING: "ok", State.MET_LATE: "late"}
SOON = 0.8


@register.simple_tag(takes_context=True)
def clock(context: Context, chip: Chip, href: str = "") -> SafeString:
    """Draw a clock as a bar, a colour and words; with `href` it opens its replay.

    The page's script lets a running one go on from `data-from`, the share that is used, to its due time.
    """
    runs = chip.is_running and chip.clock.paused_at is None
    is_soon = chip.state == State.RUNNING and chip.fraction >= SOON
    return format_html(
        '<{0} class="clock is-{2}"{1} title="{3}"><progress class="clock-bar" max="100" value="{4}"'
        ' aria-hidden="true"></progress><span class="clock-words">{5} {6}</span></{0}>',
        "a" if href else "span",
        _attributes(chip, href, runs=runs),
        "warned" if is_soon else CLASSES.get(chip.state, chip.state.value),
        _("Due %(time)s") % {"time": exact(chip.clock.due_at)},
        round(chip.fraction * 100),
        chip.clock.get_milestone_display(),
        _running(chip, context.get("now") or timezone.now())
        if runs
        else format_html("<b>{}</b>", chip.words),
    )


def _attributes(chip: Chip, href: str, *, runs: bool) -> SafeString:
    link = format_html(' href="{}"', href) if href else SafeString()
    if not runs:
        return link
    return link + format_html(' data-due="{}" data-from="{}"', ms(chip.clock.due_at), f"{chip.fraction:.4f}")


def _running(chip: Chip, now: datetime) -> SafeString:
    left = chip.clock.due_at - now
    text = (_("%s late") if left < timedelta() else _("%s left")) % span(left)
    return format_html(
        "<b data-left>{}</b> · {}", text, _("by %(time)s") % {"time": moment(chip.clock.due_at)}
    )


@register.filter
def masked(contact: str) -> str:
    """Hide the middle of a phone number or e-mail address."""
    name, sign, host = contact.partition("@")
    if sign:
        return f"{name[:1]}***@{host}"
    return f"{contact[:3]}****{contact[-4:]}" if len(contact) > 7 else "****"  # noqa: PLR2004 - 3 + 4 shown
