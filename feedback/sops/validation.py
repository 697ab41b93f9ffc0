"""What is wrong, or only odd, in a policy or ladder that somebody edits."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from compensation.models import OrderStatus
from config.common.errors import Invalid
from feedback.models import CaseKind, Channel, Milestone, Policy, Priority
from feedback.sops.calendar import WorkCalendar
from feedback.sops.ladder import Rung
from feedback.sops.rules import Rule, shadowed

CHOICES = {
    "kinds": frozenset(CaseKind.values),
    "channels": frozenset(Channel.values),
    "priorities": frozenset(Priority.values),
    "order_statuses": frozenset(OrderStatus.values),
}


EVERYWHERE = (
    Milestone.FIRST_REPLY,
    Milestone.NEXT_REPLY,
    Milestone.RESOLUTION,
    Milestone.HANDOFF,
    Milestone.COURIER_ANSWER,
    Milestone.CALL_BACK,
)
"""What can be promised in every case."""


def check_calendar(content: Mapping[str, Any]) -> None:
    """Refuse a calendar that is not well formed.

    Raises:
        CalendarError: with the path to what is wrong.
    """
    WorkCalendar.from_json(content)


def check_rungs(rungs: Iterable[Rung]) -> None:
    """Refuse a ladder that does the same thing twice at the same moment.

    Raises:
        Invalid: it does.
    """
    counted = Counter(
        (rung.order, rung.action, rung.in_working_time, rung.recipients, rung.department) for rung in rungs
    )
    for (_order, action, *_more), number in counted.items():
        if number > 1:
            raise Invalid(_("Two rungs do the same at the same time: %(action)s.") % {"action": action.label})


def check_policy(policy: Policy) -> None:
    """Refuse a policy whose conditions name what does not exist.

    Raises:
        Invalid: with the name of the field.
    """
    for field, known in CHOICES.items():
        if unknown := set(getattr(policy, field)) - known:
            names = ", ".join(sorted(map(str, unknown)))
            raise Invalid(_("%(names)s: not known here.") % {"names": names}, field=field)


def warnings(rules: Sequence[Rule], names: Mapping[str, Iterable[str]]) -> list[str]:
    """Tell what is allowed but hardly meant, for whoever edits the policies, in the order of the policies.

    `names` has the codes of the tiers and departments there are.
    """
    tiers, departments = set(names["tier"]), set(names["department"])
    found = [
        _("%(policy)s never decides %(milestone)s: %(cover)s comes first and takes every such case.")
        % {"policy": rule.name, "milestone": Milestone(milestone).label, "cover": cover.name}
        for rule, milestone, cover in shadowed(rules)
    ]
    found += [
        _("%(policy)s has no target.") % {"policy": rule.name}
        for rule in rules
        if rule.is_active and not rule.targets
    ]
    found += [
        _("%(policy)s asks for a tier that does not exist: %(tier)s.") % {"policy": rule.name, "tier": tier}
        for rule in rules
        for tier in rule.conditions["tier"]
        if tier not in tiers
    ]
    found += [
        _("%(policy)s asks for a department that does not exist: %(department)s.")
        % {"policy": rule.name, "department": department}
        for rule in rules
        for department in rule.conditions["department"]
        if department not in departments
    ]
    for milestone in EVERYWHERE:
        if not any(
            rule.is_active and milestone in rule.targets and not any(rule.conditions.values())
            for rule in rules
        ):
            found.append(
                _("No policy without conditions has a target for %(milestone)s: some cases may run without.")
                % {"milestone": milestone.label}
            )
    return found
