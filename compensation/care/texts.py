"""The texts of the programme: variables in braces, nothing else that is carried out. Pure functions."""

import re
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from compensation.members.rules import clean_name
from compensation.models import Trigger
from config.common.errors import Invalid

BRACED = re.compile(r"\{([a-z_]+)\}")
ORDERS = frozenset({Trigger.FIRST_ORDER, Trigger.ORDER_PAID, Trigger.SHIPPED, Trigger.DELIVERED})

VARIABLES: Mapping[str, Any] = {
    "name": _("the member's name"),
    "tier": _("their tier"),
    "order": _("number of the order"),
    "product": _("what was bought"),
    "carrier": pgettext_lazy("care", "carrier"),
    "tracking": _("tracking number"),
    "coupon": _("name of the coupon that is given"),
    "coupon_value": _("its value"),
    "coupon_until": _("its last day"),
    "points": _("points that are given"),
    "expiring_points": _("points that expire"),
    "expires_on": _("the day on which they expire"),
    "festival": _("name of the festival"),
}
"""What may stand in braces."""

_ORDER = frozenset({"order", "product"})
ONLY: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(_ORDER, ORDERS),
    **dict.fromkeys(("carrier", "tracking"), frozenset({Trigger.SHIPPED})),
    **dict.fromkeys(("expiring_points", "expires_on"), frozenset({Trigger.POINTS_EXPIRING})),
    "festival": frozenset({Trigger.FESTIVAL}),
}
"""The occasions on which a variable has a value, where that is not each."""


def check(text: str, trigger: str) -> None:
    """Refuse a text that holds something in braces that has no value on this occasion.

    Raises:
        Invalid: it is named.
    """
    for name in BRACED.findall(text):
        if name not in VARIABLES:
            raise Invalid(_("There is no such variable: %(name)s") % {"name": f"{{{name}}}"})
        if name in ONLY and trigger not in ONLY[name]:
            raise Invalid(_("%(name)s has no value on this occasion.") % {"name": f"{{{name}}}"})
    if rest := re.search(r"[{}]", BRACED.sub("", text)):
        raise Invalid(
            _("A brace stands for a variable only, such as {name}: %(text)s")
            % {"text": text[max(rest.start() - 5, 0) : rest.end() + 10]}
        )


def fill(text: str, values: Mapping[str, str]) -> str:
    """Put the values in. A line that names one without a value is left out; values are not looked into.

    What a member or the shop wrote comes in on one line, without control and direction signs.
    """
    lines = []
    for line in text.replace("\r\n", "\n").split("\n"):
        names = BRACED.findall(line)
        if any(not values.get(name) for name in names):
            continue
        lines.append(BRACED.sub(lambda found: clean_name(values[found[1]]), line))
    return "\n".join(lines).strip()
