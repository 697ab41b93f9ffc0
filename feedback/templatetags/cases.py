"""What the pages about cases are made of."""

from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from compensation.budgets.stops import why
from config.common.templatetags.staff import exact, moment, ms
from feedback.clocks.states import Chip, State
from feedback.org.letters import MODELS, About, address_of

register = template.Library()


@register.filter
def stopped_by(waiting: Any) -> str:
    """Why something waits for an approver though it is within authority: budget, cap, other claims.

    `waiting` is a round of approval, or a remedy as `remedies_of` gives it.
    """
    return why(waiting.because or "", waiting.details)


CLASSES = {State.RUNNING: "ok", State.MET_LATE: "late"}


@register.simple_tag
def clock(chip: Chip, href: str = "") -> SafeString:
    """Draw a clock as a bar, a colour and words; with `href` it opens its replay.

    The page's script lets a running one go on, and turn at `data-warn` and `data-due`.
    """
    runs = chip.is_running and chip.clock.paused_at is None
    return format_html(
        '<{0} class="clock is-{2}"{1} title="{3}"><progress class="clock-bar" max="100" value="{4}"'
        ' aria-hidden="true"></progress><span class="clock-words">{5} {6}</span></{0}>',
        "a" if href else "span",
        _attributes(chip, href, runs=runs),
        CLASSES.get(chip.state, chip.state.value),
        _("Due %(time)s") % {"time": exact(chip.clock.due_at)},
        round(chip.fraction * 100),
        chip.clock.get_milestone_display(),
        _running(chip) if runs else format_html("<b>{}</b>", chip.words),
    )


def _attributes(chip: Chip, href: str, *, runs: bool) -> SafeString:
    link = format_html(' href="{}"', href) if href else SafeString()
    if not runs:
        return link
    times = map(ms, (chip.bar_from, chip.warn_at, chip.clock.due_at))
    return link + format_html(' data-from="{}" data-warn="{}" data-due="{}"', *times)


def _running(chip: Chip) -> SafeString:
    by = _("by %(time)s") % {"time": moment(chip.clock.due_at)}
    return format_html("<b data-left>{}</b> · {}", chip.words, by)


@register.filter
def alert_name(about: About) -> str:
    """What the form calls it that an alert is about."""
    return next(name for name, model in MODELS.items() if isinstance(about, model)) or "case"


@register.filter
def address(about: About) -> str:
    """The page of what an alert is about."""
    return address_of(about)


@register.filter
def masked(contact: str) -> str:
    """Hide the middle of a phone number or e-mail address."""
    name, sign, host = contact.partition("@")
    if sign:
        return f"{name[:1]}***@{host}"
    return f"{contact[:3]}****{contact[-4:]}" if len(contact) > 7 else "****"  # noqa: PLR2004 - 3 + 4 shown
