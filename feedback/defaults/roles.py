"""The roles of staff: groups with what each may do. Which cases each sees, the departments say."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import Group, Permission
from django.db.models import Q


@dataclass(frozen=True, slots=True)
class Role:
    """A group's name and its permissions as "app.codename"."""

    name: str
    permissions: tuple[str, ...]


_AGENT = (
    "feedback.work_case",
    "feedback.view_case",
    "feedback.view_message",
    "feedback.view_gap",
    "feedback.view_review",
    "feedback.add_reply",
    "feedback.view_reply",
    "compensation.view_member",
    "compensation.view_order",
    "compensation.view_orderline",
    "compensation.view_shipment",
    "compensation.view_product",
    "compensation.view_coupontemplate",
    "compensation.view_coupon",
    "compensation.view_grant",
    "compensation.add_grant",
)
_LEAD = (
    *_AGENT,
    "feedback.assign_case",
    "feedback.see_board",
    "feedback.decide_approval",
    "feedback.plan_roster",
    "feedback.view_clock",
    "feedback.view_handoff",
    "feedback.view_agent",
    "feedback.view_membership",
    "feedback.view_department",
    "feedback.change_gap",
    "feedback.view_call",
    "feedback.hear_recording",
    "feedback.view_channelmessage",
    "feedback.audit_breach",
    "feedback.review_quality",
    "common.export_lists",
    "compensation.see_contacts",
)
_WRITING = (
    "feedback.view_topic",
    "feedback.view_article",
    "feedback.add_article",
    "feedback.change_article",
    "feedback.view_articletext",
    "feedback.add_articletext",
    "feedback.change_articletext",
    "feedback.view_template",
    "feedback.add_template",
    "feedback.change_template",
)
_FIGURES = (
    "surveys.view_campaign",
    "surveys.view_invitation",
    "surveys.view_response",
    "kpis.view_snapshot",
    "kpis.view_target",
)

ROLES: Mapping[str, Role] = {
    "agent": Role("客服", _AGENT),
    "team_lead": Role("组长", _LEAD),
    "supervisor": Role(
        "主管",
        (
            *_LEAD,
            *_FIGURES,
            "compensation.approve_grant",
            "compensation.set_tier",
            *_WRITING,
            "feedback.end_remedyrequest",
            "feedback.view_promise",
            "feedback.view_departmentrule",
            "feedback.review_pause",
            "common.see_history",
        ),
    ),
    "moderator": Role(
        "评价审核",
        (
            "feedback.view_review",
            "feedback.view_reply",
            "feedback.add_reply",
            "compensation.view_member",
            "compensation.view_order",
            "compensation.view_product",
        ),
    ),
    "finance": Role(
        "财务",
        (
            "compensation.approve_grant",
            "compensation.see_coupon_code",
            "feedback.end_remedyrequest",
            "feedback.decide_all_departments",
            "compensation.view_grant",
            "compensation.view_coupon",
            "compensation.view_coupontemplate",
            "compensation.view_account",
            "compensation.view_transaction",
            "compensation.view_entry",
            "compensation.view_member",
            "compensation.view_order",
            "feedback.view_remedy",
        ),
    ),
    "analyst": Role(
        "分析师",
        (
            *_FIGURES,
            "feedback.see_board",
            "common.export_lists",
            "feedback.view_gap",
            "feedback.view_review",
            "feedback.view_promise",
        ),
    ),
    "administrator": Role("管理员", ("*",)),
}
"""The roles by their code. The administrator's covers everything that can be configured or seen."""


def seed_roles(_at: datetime) -> None:
    """Make the groups that are missing; one that exists keeps what people made of it."""
    for role in ROLES.values():
        group, is_new = Group.objects.get_or_create(name=role.name)
        if is_new:
            group.permissions.set(_permissions(role.permissions))


def _permissions(names: tuple[str, ...]) -> list[Permission]:
    if names == ("*",):
        return list(Permission.objects.all())
    wanted = Q(pk__in=[])
    for name in names:
        app, codename = name.split(".")
        wanted |= Q(content_type__app_label=app, codename=codename)
    found = list(Permission.objects.filter(wanted))
    if len(found) != len(names):
        known = {f"{one.content_type.app_label}.{one.codename}" for one in found}
        raise LookupError(f"no such permissions: {sorted(set(names) - known)}")
    return found
