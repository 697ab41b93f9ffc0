"""What a draft changes in a policy, in words."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.translation import gettext as _

from config.common.spans import work_span
from feedback.models import Milestone
from feedback.sops import words
from feedback.sops.rules import FIELDS, Rule, Target


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is other than in force."""

    what: str
    before: str
    after: str


def differences(before: Rule | None, after: Rule, names: words.Names) -> list[Difference]:
    """Say what would change; of a policy that is not in force yet, what it would say."""
    return [one for one in _all(before, after, names) if one.before != one.after]


def _all(before: Rule | None, after: Rule, names: words.Names) -> Iterator[Difference]:
    yield Difference(_("name"), words.name(before) if before else "", words.name(after))
    yield Difference(_("position"), str(before.position) if before else "", str(after.position))
    yield Difference(_("in force"), _yes(before.is_active) if before else "", _yes(after.is_active))
    for field in FIELDS:
        yield Difference(
            words.field(field),
            words.values(field, before.conditions[field], names) if before else _("any"),
            words.values(field, after.conditions[field], names),
        )
    for milestone in Milestone:
        old = before.targets.get(milestone) if before else None
        new = after.targets.get(milestone)
        yield Difference(str(milestone.label), _target(old, names), _target(new, names))


def _target(target: Target | None, names: words.Names) -> str:
    if target is None:
        return "—"
    calendar = names["calendar"].get(target.calendar, "") or _("the department's hours")
    ladder = names["ladder"].get(target.ladder, "") or _("no ladder")
    return f"{work_span(target.within)} · {calendar} · {ladder}"


def _yes(value: bool) -> str:
    return _("yes") if value else _("no")
