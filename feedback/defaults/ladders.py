"""The ladders that ship. Edits stay."""

from datetime import datetime, timedelta
from typing import Any

from config.common.seeding import never_given
from feedback.models import ApprovalKind, Ladder, Recipients, Rung, RungAction, Via
from feedback.sops.commands import publish_ladder

STANDARD, SOLUTION, INSTANT, REVIEW = "standard", "solution", "instant", "review"
HANDOFF, ACCEPT = "handoff", "handoff-accept"
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)

LADDERS: dict[str, tuple[str, str, list[dict[str, Any]]]] = {
    STANDARD: (
        "标准升级",
        "Standard escalation",
        [
            {"percent": 50, "action": RungAction.NOTIFY_AGENT, "via": Via.DESK},
            {"percent": 80, "action": RungAction.NOTIFY_AGENT},
            {"percent": 100, "action": RungAction.NOTIFY_LEAD},
            {"percent": 100, "action": RungAction.WATCH, "recipients": Recipients.LEADS, "via": Via.DESK},
            {"after": 30 * MINUTE, "action": RungAction.REASSIGN_LEAD},
            {"after": HOUR, "action": RungAction.RAISE_PRIORITY},
            {"after": 2 * HOUR, "action": RungAction.ESCALATE},
        ],
    ),
    SOLUTION: (  # whoever works on it knows it best: it is not taken from them at once
        "解决升级",
        "Escalation of solutions",
        [
            {"percent": 50, "action": RungAction.NOTIFY_AGENT, "via": Via.DESK},
            {"percent": 80, "action": RungAction.NOTIFY_AGENT},
            {"percent": 80, "action": RungAction.WATCH, "recipients": Recipients.LEADS, "via": Via.DESK},
            {"percent": 100, "action": RungAction.NOTIFY_LEAD},
            {"after": HOUR, "action": RungAction.RAISE_PRIORITY},
            {
                "after": 2 * HOUR,
                "action": RungAction.ASK_APPROVAL,
                "approval": ApprovalKind.COMPENSATE,
                "via": Via.DESK,
            },
            {"after": 4 * HOUR, "action": RungAction.REASSIGN_LEAD},
            {"after": 8 * HOUR, "action": RungAction.ESCALATE},
        ],
    ),
    INSTANT: (  # for what has seconds: a letter would come too late
        "秒级响应升级",
        "Escalation within seconds",
        [
            {"percent": 50, "action": RungAction.NOTIFY_AGENT, "via": Via.DESK},
            {
                "percent": 100,
                "action": RungAction.NOTIFY,
                "recipients": Recipients.DEPARTMENT,
                "via": Via.DESK,
            },
            {"after": MINUTE, "action": RungAction.NOTIFY_LEAD},
            {"after": 5 * MINUTE, "action": RungAction.REASSIGN_LEAD},
        ],
    ),
    REVIEW: (
        "评价回复升级",
        "Escalation of answers to reviews",
        [
            {"percent": 80, "action": RungAction.NOTIFY_AGENT},
            {"percent": 100, "action": RungAction.NOTIFY_LEAD},
            {"after": 4 * HOUR, "action": RungAction.NOTIFY, "recipients": Recipients.LEADS_ABOVE},
        ],
    ),
    HANDOFF: (  # a handoff stays where it is: the last rung tells the leads above
        "协同催办",
        "Handoff reminders",
        [
            {"percent": 50, "action": RungAction.NOTIFY_AGENT, "via": Via.DESK},
            {"percent": 80, "action": RungAction.NOTIFY_AGENT},
            {"percent": 100, "action": RungAction.NOTIFY_LEAD},
            {"after": HOUR, "action": RungAction.WATCH, "recipients": Recipients.LEADS, "via": Via.DESK},
            {"after": 2 * HOUR, "action": RungAction.ESCALATE},
        ],
    ),
    ACCEPT: (
        "协同接单催办",
        "Reminders to accept a handoff",
        [
            {"percent": 100, "action": RungAction.NOTIFY_LEAD},
            {"after": HOUR, "action": RungAction.NOTIFY, "recipients": Recipients.LEADS_ABOVE},
        ],
    ),
}


def seed_ladders(at: datetime) -> None:
    """Give each ladder once, published; one that came later is for whoever chooses it."""
    had = [code for code in (STANDARD, HANDOFF) if Ladder.objects.exists()]
    fresh = never_given("ladder", LADDERS, before=had, at=at)
    for code, (name, name_en, rungs) in LADDERS.items():
        if code in fresh and not Ladder.objects.filter(code=code).exists():
            ladder = Ladder.objects.create(code=code, name=name, name_en=name_en)
            Rung.objects.bulk_create(Rung(ladder=ladder, **rung) for rung in rungs)
            publish_ladder(ladder=ladder, actor=None, at=at)
