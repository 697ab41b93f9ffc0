"""What rungs did, as a story: when each fired, what it did, to whom, in the language of the moment."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.common.spans import span
from feedback.models import ApprovalKind, Milestone, Priority, RungAction

LADDER = gettext_lazy("Escalation ladder")
DUE = 100
TOLERANCE = timedelta(minutes=1)
"""A rung that fired later than this says when it was to fire."""

DID: dict[str, Promise] = {
    RungAction.REASSIGN_LEAD: gettext_lazy("gave the case to %(agent)s"),
    RungAction.RAISE_PRIORITY: gettext_lazy("raised the priority from %(before)s to %(after)s"),
    RungAction.ESCALATE: gettext_lazy("moved the case from %(before)s to %(after)s and told %(told)s"),
    RungAction.WATCH: gettext_lazy("had %(told)s watch the case"),
    RungAction.HAND_OFF: gettext_lazy("asked %(asked)s and told %(told)s"),
    RungAction.PLAYBOOK: gettext_lazy("began the playbook"),
    RungAction.ASK_APPROVAL: gettext_lazy("asked %(told)s to approve: %(approval)s"),
}
TOLD = gettext_lazy("told %(told)s")
NOBODY = gettext_lazy("found nobody to tell")
NOTHING_LEFT = gettext_lazy("found nothing left to do")


@dataclass(frozen=True, slots=True)
class Names:
    """What accounts, agents and departments are called, by their keys."""

    users: Mapping[int, str] = field(default_factory=dict)
    agents: Mapping[int, str] = field(default_factory=dict)
    departments: Mapping[int, str] = field(default_factory=dict)


def sentence(
    action: str, milestone: str, outcome: Mapping[str, Any], names: Names, *, due_at: datetime, at: datetime
) -> str:
    """Say when a rung fired and what it did; `due_at` is when it was to fire and `at` when it did."""
    words = {"when": _when(milestone, outcome), "what": _what(action, outcome, names)}
    said = _("%(when)s: %(what)s") % words
    if at - due_at <= TOLERANCE:
        return said
    due = date_format(timezone.localtime(due_at), "m-d H:i:s")
    return _("%(said)s (it was to happen at %(due)s)") % {"said": said, "due": due}


def _when(milestone: str, outcome: Mapping[str, Any]) -> str:
    when = outcome.get("when", {})
    words = {"milestone": Milestone(milestone).label, "percent": when.get("percent")}
    if "percent" in when:
        if when["percent"] >= DUE:
            return _("“%(milestone)s” due") % words
        return _("%(percent)s%% of the time for “%(milestone)s” used") % words
    words["time"] = span(when.get("before", when.get("after")))
    if "before" in when:
        return _("%(time)s before “%(milestone)s” is due") % words
    if "after" in when:
        return _("%(time)s after “%(milestone)s” was due") % words
    return str(words["milestone"])


def _what(action: str, outcome: Mapping[str, Any], names: Names) -> str:
    if outcome.get("unchanged"):
        return str(NOTHING_LEFT)
    told = _(", ").join(names.users.get(pk, "—") for pk in outcome.get("told", ()))
    before, after = _ends(outcome, names)
    words = {
        "told": told or _("nobody"),
        "agent": names.agents.get(outcome.get("agent", 0), "—"),
        "asked": names.departments.get(outcome.get("asked", 0), "—"),
        "before": before,
        "after": after,
        "approval": _approval(outcome.get("approval")),
    }
    changed = {"agent", "departments", "priorities", "asked", "approval", "playbook"}
    if changed.intersection(outcome) or (action == RungAction.WATCH and told):
        return str(DID[action]) % words
    return str(TOLD) % words if told else str(NOBODY)


def _ends(outcome: Mapping[str, Any], names: Names) -> tuple[str, str]:
    if "departments" in outcome:
        before, after = outcome["departments"]
        return names.departments.get(before, "—"), names.departments.get(after, "—")
    if "priorities" in outcome:
        before, after = outcome["priorities"]
        return str(Priority(before).label), str(Priority(after).label)
    return "", ""


def _approval(kind: str | None) -> str:
    return str(ApprovalKind(kind).label) if kind else ""
