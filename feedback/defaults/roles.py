"""The roles of staff: groups with what each may do. Which cases each sees, the departments say."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import Group, Permission
from django.db.models import Max

from config.common.seeding import never_given


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
    "compensation.view_reward",
    "compensation.view_careact",
    "feedback.correct_triage",
    "feedback.view_memberexpectation",
    "feedback.view_crisis",
    "feedback.view_post",
    "feedback.view_postcluster",
    "feedback.decide_post",
    "surveys.view_need",
    "surveys.link_need",
    "kpis.view_improvement",
    "kpis.view_appraisal",
    "kpis.view_taskforce",
    "kpis.view_training",
)
_LEAD = (
    *_AGENT,
    "feedback.assign_case",
    "feedback.see_board",
    "feedback.decide_approval",
    "compensation.approve_grant",
    "compensation.view_delegation",
    "compensation.add_delegation",
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
    "feedback.change_crisis",
    "common.export_lists",
    "compensation.see_contacts",
    "compensation.view_batch",
    "compensation.add_batch",
    "feedback.arrange_postcluster",
    "feedback.view_watchword",
    "feedback.add_watchword",
    "feedback.change_watchword",
    "feedback.approve_reply",
    "feedback.see_reply_figures",
    "feedback.view_replyrule",
    "feedback.view_replytemplate",
    "kpis.see_team_appraisals",
    "kpis.mark_appraisals",
    "kpis.plan_training",
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
_CLAIMS = (
    "feedback.view_claim",
    "feedback.view_finding",
    "feedback.view_productfact",
    "feedback.add_claim",
    "feedback.decide_finding",
)
_LISTENING = (
    "surveys.view_need",
    "surveys.link_need",
    "surveys.add_need",
    "surveys.change_need",
    "surveys.view_interview",
    "surveys.hold_interview",
    "surveys.view_theme",
    "surveys.add_theme",
    "surveys.change_theme",
    "surveys.view_interviewguide",
)
_IMPROVING = ("kpis.add_improvement", "kpis.change_improvement")
_REPORTS = ("kpis.view_report", "kpis.add_reportnote")
_LOYALTY = ("kpis.view_loyaltyrun", "kpis.view_loyaltymonth")
_GOALS = ("kpis.view_target", "kpis.view_figurealert", "kpis.acknowledge_figurealert")
_FIGURES = (
    "surveys.view_campaign",
    "surveys.view_survey",
    "surveys.add_survey",
    "surveys.change_survey",
    "surveys.view_invitation",
    "surveys.view_skip",
    "surveys.view_response",
    "kpis.view_snapshot",
    "kpis.take_figures",
    *_GOALS,
    *_REPORTS,
)

ROLES: Mapping[str, Role] = {
    "agent": Role("客服", _AGENT),
    "team_lead": Role("组长", (*_LEAD, *_GOALS, *_IMPROVING, *_REPORTS, *_LOYALTY)),
    "supervisor": Role(
        "主管",
        (
            *_LEAD,
            *_FIGURES,
            "surveys.add_response",
            *_LISTENING,
            "surveys.publish_survey",
            "compensation.set_tier",
            "compensation.export_member",
            "compensation.see_finance",
            "compensation.revoke_coupon",
            "compensation.view_segment",
            "compensation.add_segment",
            "compensation.change_segment",
            "compensation.delete_segment",
            "compensation.list_segment",
            "compensation.view_carerule",
            *_WRITING,
            "feedback.end_remedyrequest",
            "compensation.view_budget",
            "compensation.view_cap",
            "compensation.view_rule",
            "compensation.view_ruleversion",
            "compensation.change_ruleversion",
            "feedback.view_promise",
            *_CLAIMS,
            "feedback.change_claim",
            "feedback.add_productfact",
            "feedback.waive_finding",
            "feedback.decide_overturned",
            "feedback.open_crisis",
            "feedback.publish_statement",
            "feedback.view_crisiswatch",
            "feedback.view_departmentrule",
            "feedback.review_pause",
            "feedback.view_legalhold",
            "feedback.add_legalhold",
            "feedback.change_legalhold",
            "feedback.moderate_review",
            "feedback.change_replyrule",
            "feedback.add_replytemplate",
            "feedback.change_replytemplate",
            "feedback.add_reviewpick",
            "feedback.view_rewardrule",
            "feedback.view_reviewreward",
            "feedback.view_triagemodel",
            "feedback.view_signweight",
            "feedback.change_signweight",
            "feedback.view_searchword",
            "feedback.add_searchword",
            "feedback.change_searchword",
            "feedback.delete_searchword",
            "feedback.view_expectationsetup",
            "feedback.change_expectationsetup",
            "feedback.view_lexiconentry",
            "feedback.add_lexiconentry",
            "feedback.change_lexiconentry",
            "common.see_history",
            "kpis.close_figures",
            "kpis.view_experiment",
            "kpis.change_funnelterms",
            *_IMPROVING,
            "kpis.add_taskforce",
            "kpis.change_taskforce",
            *_LOYALTY,
            "kpis.change_loyaltyweights",
            "kpis.change_reportreader",
            "kpis.score_appraisals",
            "kpis.decide_appraisals",
            "kpis.view_scheme",
        ),
    ),
    "moderator": Role(
        "评价审核",
        (
            *_CLAIMS,
            "feedback.view_review",
            "feedback.moderate_review",
            "feedback.add_reviewpick",
            "feedback.view_rewardrule",
            "feedback.view_reviewreward",
            "feedback.view_reply",
            "feedback.add_reply",
            "feedback.approve_reply",
            "feedback.see_reply_figures",
            "feedback.correct_triage",
            "feedback.view_triagemodel",
            "feedback.view_lexiconentry",
            "feedback.view_post",
            "feedback.view_postcluster",
            "surveys.view_need",
            "surveys.link_need",
            "compensation.view_member",
            "compensation.view_order",
            "compensation.view_product",
            "kpis.view_taskforce",
        ),
    ),
    "finance": Role(
        "财务",
        (
            "compensation.approve_grant",
            "compensation.view_delegation",
            "compensation.add_delegation",
            "compensation.view_batch",
            "compensation.approve_batch",
            "compensation.see_finance",
            "compensation.see_coupon_code",
            "compensation.revoke_coupon",
            "feedback.end_remedyrequest",
            "feedback.decide_all_departments",
            "compensation.settle_grant",
            "compensation.view_refundorder",
            "compensation.view_refundline",
            "compensation.view_budget",
            "compensation.add_budget",
            "compensation.change_budget",
            "compensation.view_cap",
            "compensation.add_cap",
            "compensation.change_cap",
            "compensation.view_rule",
            "compensation.view_ruleversion",
            "compensation.change_ruleversion",
            "compensation.publish_rule",
            "common.export_lists",
            "compensation.view_grant",
            "compensation.view_coupon",
            "compensation.view_coupontemplate",
            "compensation.view_account",
            "compensation.view_transaction",
            "compensation.view_entry",
            "compensation.view_earning",
            "compensation.view_earningrule",
            "compensation.view_reward",
            "compensation.view_carerule",
            "compensation.view_careact",
            "compensation.view_member",
            "compensation.view_order",
            "feedback.view_remedy",
            "kpis.view_taskforce",
        ),
    ),
    "analyst": Role(
        "分析师",
        (
            *_FIGURES,
            "surveys.see_all_results",
            "kpis.view_loyaltyrun",
            "kpis.view_improvement",
            "kpis.see_all_improvements",
            "kpis.view_taskforce",
            "kpis.see_all_task_forces",
            "kpis.view_experiment",
            "kpis.add_experiment",
            "kpis.run_experiment",
            "kpis.see_all_experiments",
            *_LISTENING,
            "feedback.see_board",
            "common.export_lists",
            "feedback.view_gap",
            "feedback.view_review",
            "feedback.view_reply",
            "feedback.see_reply_figures",
            "feedback.view_claim",
            "feedback.view_finding",
            "feedback.view_productfact",
            "feedback.view_promise",
            "feedback.view_crisis",
            "feedback.view_crisiswatch",
            "feedback.view_triagemodel",
            "feedback.view_post",
            "feedback.view_postcluster",
            "feedback.view_watchword",
            "compensation.view_segment",
            "compensation.view_carerule",
        ),
    ),
    "administrator": Role("管理员", ("*",)),
}
"""The roles by their code. The administrator's covers everything that can be configured or seen."""


def seed_roles(at: datetime) -> None:
    """Make the groups and give each of their permissions once: what people took away or added stays so.

    A group that people renamed or deleted is theirs from then on. Where groups are older than the notes of
    what was given, they get the permissions that came after the newest that any of them has: those that
    existed then, people may have taken away.
    """
    groups = {one.name: one for one in Group.objects.filter(name__in=[role.name for role in ROLES.values()])}
    known = {_name(one): one for one in Permission.objects.select_related("content_type").order_by("pk")}
    held = Permission.objects.filter(group__in=groups.values()).aggregate(Max("pk"))["pk__max"] or 0
    made = never_given("role", ROLES, before=[code for code in ROLES if ROLES[code].name in groups], at=at)
    for code in made:
        groups.setdefault(ROLES[code].name, Group.objects.get_or_create(name=ROLES[code].name)[0])
    for code, role in ROLES.items():
        names = _names(role, known)
        before = () if code in made else [name for name in names if known[name].pk <= held]
        fresh = never_given(f"role {code}", names, before=before, at=at)
        if group := groups.get(role.name):
            group.permissions.add(*(known[name] for name in fresh))


def _names(role: Role, known: Mapping[str, Permission]) -> list[str]:
    """Name the permissions of a role.

    Raises:
        LookupError: one does not exist.
    """
    if role.permissions == ("*",):
        return list(known)
    if missing := sorted(set(role.permissions) - known.keys()):
        raise LookupError(f"no such permissions: {missing}")
    return list(role.permissions)


def _name(permission: Permission) -> str:
    return f"{permission.content_type.app_label}.{permission.codename}"
