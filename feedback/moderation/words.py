"""What moderation found, in words for moderators."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from feedback.models import ReviewSignal, Signal

UNVERIFIED: Mapping[str, str | Promise] = {
    "not_paid": gettext_lazy("the order was not paid, or was cancelled"),
    "before_order": gettext_lazy("it was written before the order"),
    "not_in_order": gettext_lazy("the order has no such product"),
}
SORTS: Mapping[str, str | Promise] = {
    "phone": gettext_lazy("telephone"),
    "wechat": gettext_lazy("WeChat"),
    "qq": gettext_lazy("QQ"),
    "email": gettext_lazy("e-mail"),
    "web": gettext_lazy("web address"),
}


def evidence(found: ReviewSignal) -> str:
    """What shows a signal, in a line; "" where its name says all."""
    told: Mapping[str, Any] = found.evidence
    if found.signal == Signal.BURST_MEMBER:
        return _("%(n)s orders within %(hours)s h") % {"n": told.get("orders"), "hours": told.get("hours")}
    if found.signal == Signal.BURST_DEVICE:
        return _("%(n)s members within %(hours)s h") % {"n": told.get("members"), "hours": told.get("hours")}
    if found.signal == Signal.STARS_TEXT:
        return _("%(stars)s of 5 stars, but the text reads as %(value)s from −1 to 1") % {
            "stars": told.get("stars"),
            "value": told.get("sentiment"),
        }
    if found.signal == Signal.UNVERIFIED:
        return str(UNVERIFIED.get(str(told.get("why")), ""))
    if found.signal == Signal.CONTACT:
        return " · ".join(f"{SORTS.get(sort, sort)}: {words}" for sort, words in told.get("found", ()))
    return " · ".join(f"“{one}”" for one in told.get("words", ()))


def lines(found: Iterable[ReviewSignal]) -> list[tuple[str, int, str, list[tuple[int, int]]]]:
    """Signals as (name, weight, evidence, texts that are nearly the same)."""
    return [(one.get_signal_display(), one.weight, evidence(one), others(one)) for one in found]


def others(found: ReviewSignal) -> list[tuple[int, int]]:
    """The reviews whose text is nearly the same, as (number, percent)."""
    return [(one["review"], one["percent"]) for one in found.evidence.get("reviews", ())]
