"""Why a policy was chosen, in words."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from compensation.models import OrderStatus
from feedback.models import CaseKind, Channel, Priority
from feedback.sops.rules import Condition, Rule, Verdict


def name(rule: Rule) -> str:
    """Name a policy in the language of the moment."""
    return rule.name_en if rule.name_en and (get_language() or "").startswith("en") else rule.name


Names = Mapping[str, Mapping[Any, Any]]
"""What the values of a fact are called, by the fact's name."""


def reason(verdict: Verdict, names: Names | None = None) -> str:
    """Say why a policy was taken, or what kept it from being taken; `names` of tiers and departments."""
    if verdict.taken:
        held = [_condition(item, names) for item in verdict.conditions if item.wanted]
        return _("; ").join(held) if held else _("takes every case")
    if not verdict.rule.is_active:
        return _("not in force")
    if not verdict.has_target:
        return _("has no target for this")
    return _("; ").join(_condition(item, names) for item in verdict.failed)


def field(name: str) -> str:
    """Name a fact that conditions are about."""
    return _FIELDS[name]()


def values(name: str, some: Sequence[Any], names: Names | None = None) -> str:
    """Say which values of a fact a policy wants."""
    labels = {**_CHOICES, **(names or {})}.get(name, {})
    return _(", ").join(str(labels.get(value, value)) for value in some) or _("any")


def _condition(item: Condition, names: Names | None) -> str:
    labels = {**_CHOICES, **(names or {})}.get(item.field, {})
    said = {
        "field": field(item.field),
        "actual": str(labels.get(item.actual, item.actual)) or "—",
        "wanted": values(item.field, item.wanted, names),
    }
    if item.holds:
        return _("%(field)s is %(actual)s") % said
    return _("%(field)s is %(actual)s, not %(wanted)s") % said


_FIELDS = {
    "kind": lambda: _("kind"),
    "channel": lambda: _("channel"),
    "priority": lambda: _("priority"),
    "tier": lambda: _("tier"),
    "category": lambda: _("product category"),
    "department": lambda: _("department"),
    "language": lambda: _("language"),
    "order_status": lambda: _("state of the order"),
}
_CHOICES: dict[str, dict[Any, Any]] = {
    "kind": dict(CaseKind.choices),
    "channel": dict(Channel.choices),
    "priority": dict(Priority.choices),
    "order_status": dict(OrderStatus.choices),
    "language": dict(settings.LANGUAGES),
}
