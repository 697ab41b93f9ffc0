"""The lists of the admin site that people look for from their work, in the menu."""

from django.db.models import Model

from compensation.models import Member, Order
from config.common.registry import MenuItem
from feedback.models import (
    Agent,
    Calendar,
    Department,
    DepartmentRule,
    Ladder,
    Mailbox,
    PauseRule,
    Playbook,
    Policy,
    Review,
    Scorecard,
    Template,
)

LISTED: dict[str, dict[type[Model], str]] = {
    "rules": {
        Policy: "policy",
        Ladder: "stairs",
        PauseRule: "pause",
        Calendar: "schedule",
        DepartmentRule: "alt_route",
        Scorecard: "grading",
    },
    "knowledge": {Template: "short_text", Playbook: "checklist"},
    "customers": {Member: "group", Order: "shopping_bag", Review: "reviews"},
    "setup": {Department: "account_tree", Agent: "support_agent", Mailbox: "mail"},
}


def _item(group: str, model: type[Model], icon: str) -> MenuItem:
    meta = model._meta
    return MenuItem(
        meta.verbose_name_plural or "",
        f"{meta.app_label}_{meta.model_name}_changelist",
        icon,
        (f"{meta.app_label}.view_{meta.model_name}",),
        group=group,
    )


LISTS_MENU = [_item(group, model, icon) for group, models in LISTED.items() for model, icon in models.items()]
