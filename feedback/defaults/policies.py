"""The SOP that ships: how soon we answer whom. Edits stay."""

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from compensation.models import OrderStatus
from feedback.defaults import calendars, ladders
from feedback.models import (
    Calendar,
    CaseKind,
    Channel,
    Ladder,
    Milestone,
    Policy,
    PolicyTarget,
    Priority,
)
from feedback.sops.commands import publish_policy

FIRST, NEXT, SOLVED, HANDOFF = (
    Milestone.FIRST_REPLY,
    Milestone.NEXT_REPLY,
    Milestone.RESOLUTION,
    Milestone.HANDOFF,
)
PICKED_UP, UPDATE, COURIER = Milestone.PICK_UP, Milestone.PERIODIC_UPDATE, Milestone.COURIER_ANSWER
REFUNDED, REVIEWED, CALLED = Milestone.REFUND, Milestone.REVIEW_REPLY, Milestone.CALL_BACK
ACCEPTED = Milestone.ACCEPT
LADDER_OF = {
    SOLVED: ladders.SOLUTION,
    PICKED_UP: ladders.INSTANT,
    REVIEWED: ladders.REVIEW,
    HANDOFF: ladders.HANDOFF,
    ACCEPTED: ladders.ACCEPT,
}
"""Where it is not the standard one, or the one for what has seconds."""
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
DAY = 12 * HOUR
"""What service hours have in a day."""


class Row(NamedTuple):
    """A policy that ships; its targets count on `calendar`."""

    code: str
    name: str
    name_en: str
    targets: dict[Milestone, timedelta]
    conditions: dict[str, list[Any]] = {}
    calendar: str = calendars.SERVICE


POLICIES = [
    Row(
        "chat",
        "在线聊天",
        "Chat",
        {FIRST: 30 * SECOND, NEXT: MINUTE},
        {"channels": [Channel.CHAT]},
        calendars.ALWAYS,
    ),
    Row("phone", "电话", "Phone", {PICKED_UP: 10 * SECOND}, {"channels": [Channel.PHONE]}, calendars.ALWAYS),
    Row(
        "missed-call",
        "未接来电回电",
        "Call back after a phone call",
        {CALLED: 30 * MINUTE},
        {"channels": [Channel.PHONE]},
    ),
    Row("courier", "物流答复", "Courier's answer", {COURIER: 10 * MINUTE}, {}, calendars.ALWAYS),
    Row(
        "refund-unshipped",
        "未发货退款",
        "Refund of an unshipped order",
        {REFUNDED: MINUTE},
        {
            "kinds": [CaseKind.REFUND],
            "order_statuses": [OrderStatus.PLACED, OrderStatus.PAID, OrderStatus.CANCELLED],
        },
        calendars.ALWAYS,
    ),
    Row(
        "refund-returned",
        "退货到仓退款",
        "Refund of returned goods",
        {REFUNDED: 24 * HOUR},
        {"kinds": [CaseKind.REFUND], "order_statuses": [OrderStatus.RETURNED]},
        calendars.ALWAYS,
    ),
    Row(
        "urgent",
        "紧急",
        "Urgent",
        {FIRST: 15 * MINUTE, NEXT: HOUR, SOLVED: 4 * HOUR, UPDATE: 2 * HOUR},
        {"priorities": [Priority.URGENT]},
    ),
    Row(
        "gold-complaint",
        "金卡会员投诉",
        "Complaint of a gold member",
        {FIRST: 15 * MINUTE, NEXT: HOUR, SOLVED: 12 * HOUR, UPDATE: 6 * HOUR},
        {"kinds": [CaseKind.COMPLAINT], "tiers": ["gold"]},
    ),
    Row(
        "high-complaint",
        "优先投诉",
        "Complaint of high priority",
        {FIRST: 20 * MINUTE, NEXT: 90 * MINUTE, SOLVED: 12 * HOUR, UPDATE: 6 * HOUR},
        {"kinds": [CaseKind.COMPLAINT], "priorities": [Priority.HIGH]},
    ),
    Row(
        "found",
        "主动发现的问题",
        "Found by us or by a survey",
        {FIRST: 2 * HOUR, NEXT: 2 * HOUR, SOLVED: 24 * HOUR},
        {"channels": [Channel.GAP, Channel.SURVEY]},
    ),
    Row(
        "complaint",
        "投诉",
        "Complaint",
        {FIRST: 30 * MINUTE, NEXT: 2 * HOUR, SOLVED: 24 * HOUR, UPDATE: DAY},
        {"kinds": [CaseKind.COMPLAINT]},
    ),
    Row(
        "gold",
        "金卡会员",
        "Gold member",
        {FIRST: 20 * MINUTE, NEXT: HOUR, SOLVED: 12 * HOUR},
        {"tiers": ["gold"]},
    ),
    Row(
        "refund",
        "退款",
        "Refund",
        {FIRST: 30 * MINUTE, NEXT: 2 * HOUR, SOLVED: 24 * HOUR, UPDATE: DAY},
        {"kinds": [CaseKind.REFUND]},
    ),
    Row(
        "review",
        "差评跟进",
        "Follow-up of a bad review",
        {REVIEWED: 2 * HOUR, CALLED: 24 * HOUR, FIRST: 2 * HOUR, NEXT: 2 * HOUR, SOLVED: 24 * HOUR},
        {"kinds": [CaseKind.REVIEW]},
    ),
    Row("other-review", "其他评价回复", "Answer to any other review", {REVIEWED: 24 * HOUR}),
    Row(
        "enquiry",
        "咨询",
        "Enquiry",
        {FIRST: HOUR, NEXT: 2 * HOUR, SOLVED: 24 * HOUR},
        {"kinds": [CaseKind.ENQUIRY]},
    ),
    Row(
        "suggestion",
        "建议",
        "Suggestion",
        {FIRST: 24 * HOUR, NEXT: 24 * HOUR, SOLVED: 72 * HOUR},
        {"kinds": [CaseKind.SUGGESTION]},
    ),
    Row("others", "其他", "All others", {FIRST: HOUR, NEXT: 2 * HOUR, SOLVED: 24 * HOUR}),
    Row("call-back", "约定回电", "Promised call", {CALLED: 4 * HOUR}),
    Row(  # on its own hours
        "handoff",
        "部门协同",
        "Handoff to a department",
        {HANDOFF: 4 * HOUR, ACCEPTED: 30 * MINUTE},
        {},
        "",
    ),
]
STEP = 10
SOON = 5 * MINUTE
"""What has less than this is a matter of seconds."""


def seed_policies(at: datetime) -> None:
    """Make and publish the policies where there are none; calendars and ladders were seeded before."""
    if Policy.objects.exists():
        return
    known = {calendar.code: calendar for calendar in Calendar.objects.all()}
    rungs = {ladder.code: ladder for ladder in Ladder.objects.all()}
    for place, row in enumerate(POLICIES, start=1):
        policy = Policy.objects.create(
            code=row.code, name=row.name, name_en=row.name_en, position=place * STEP, **row.conditions
        )
        PolicyTarget.objects.bulk_create(
            PolicyTarget(
                policy=policy,
                milestone=milestone,
                within=within,
                calendar=known.get(row.calendar),
                ladder=rungs.get(_ladder(milestone, within)),
            )
            for milestone, within in row.targets.items()
        )
        publish_policy(policy=policy, actor=None, at=at)


def _ladder(milestone: Milestone, within: timedelta) -> str:
    return ladders.INSTANT if within < SOON else LADDER_OF.get(milestone, ladders.STANDARD)
