"""What stops a grant: a budget that is used up, a cap that is reached, a claim that is unlike others'.

The refusal says so to whoever gives; the round of approval that follows keeps it, to be said anew to whoever
decides, in their language.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from compensation.budgets import doubts
from compensation.models import Because, CapScope
from config.common.errors import WrongState
from config.common.money import display

EMPTY = gettext_lazy(
    "The budget for %(line)s until %(day)s has %(left)s left; this costs %(cost)s. "
    "Whoever owns the budget can raise it."
)
WHOSE: Mapping[str, Promise] = {
    CapScope.MEMBER: gettext_lazy("This member has had %(used)s of at most %(limit)s until %(day)s"),
    CapScope.AGENT: gettext_lazy("This agent has given %(used)s of at most %(limit)s until %(day)s"),
    CapScope.RULE: gettext_lazy("This rule has given %(used)s of at most %(limit)s until %(day)s"),
}
TIMES = gettext_lazy("%(count)s grants")
AN_APPROVER = gettext_lazy("this is for an approver to decide.")


class Exhausted(WrongState):
    """Nothing is given by itself: a person has to decide."""

    because: ClassVar[Because]

    def __init__(self, **details: Any) -> None:
        """Take what the message is made of, as JSON values."""
        super().__init__(why(self.because, details), **details)


class BudgetEmpty(Exhausted):
    """The budget has not so much left."""

    code = "budget_empty"
    because = Because.BUDGET


class CapReached(Exhausted):
    """A cap for the member, the agent or the rule is reached."""

    code = "cap_reached"
    because = Because.CAP


class Unusual(Exhausted):
    """The member's claims are unlike others'; see compensation.signals."""

    code = "unusual_claims"
    because = Because.SIGNALS


def why(because: str, details: Mapping[str, Any]) -> str:
    """Say what stopped a grant, in the language of the moment; nothing where it was authority alone."""
    match because:
        case Because.BUDGET:
            return str(EMPTY) % {
                "line": line(details["department"], details["reason_code"]),
                "day": _day(details["until"]),
                "left": display(details["left_fen"]),
                "cost": display(details["cost_fen"]),
            }
        case Because.CAP:
            counted = details["limit_fen"] is None
            used = _times(details["used_count"]) if counted else display(details["used_fen"])
            limit = _times(details["limit_count"]) if counted else display(details["limit_fen"])
            said = str(WHOSE[details["scope"]]) % {
                "used": used, "limit": limit, "day": _day(details["until"]),
            }  # fmt: skip
            return f"{said}; {AN_APPROVER}"
        case Because.SIGNALS:
            return f"{'; '.join(doubts.say(details['reasons']))}; {AN_APPROVER}"
    return ""


def line(department: str, reason_code: str) -> str:
    """Name what a budget is for."""
    parts = [part for part in (department, reason_code) if part]
    return " / ".join(parts) or _("everything")


def _day(moment: str) -> str:
    return f"{timezone.localtime(datetime.fromisoformat(moment)):%Y-%m-%d %H:%M}"


def _times(count: int) -> str:
    return str(TIMES) % {"count": count}
