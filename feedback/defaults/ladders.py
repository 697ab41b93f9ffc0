"""The ladders that ship. Edits stay."""

from datetime import datetime, timedelta
from typing import Any

from feedback.models import Ladder, Rung, RungAction
from feedback.sops.commands import publish_ladder

STANDARD, HANDOFF = "standard", "handoff"

LADDERS: dict[str, tuple[str, str, list[dict[str, Any]]]] = {
    STANDARD: (
        "标准升级",
        "Standard escalation",
        [
            {"percent": 80, "action": RungAction.NOTIFY_AGENT},
            {"percent": 100, "action": RungAction.NOTIFY_LEAD},
            {"after": timedelta(minutes=30), "action": RungAction.REASSIGN_LEAD},
            {"after": timedelta(hours=2), "action": RungAction.ESCALATE},
        ],
    ),
    HANDOFF: (  # a handoff stays where it is: the last rung tells the leads above
        "协同催办",
        "Handoff reminders",
        [
            {"percent": 80, "action": RungAction.NOTIFY_AGENT},
            {"percent": 100, "action": RungAction.NOTIFY_LEAD},
            {"after": timedelta(hours=2), "action": RungAction.ESCALATE},
        ],
    ),
}


def seed_ladders(at: datetime) -> None:
    """Make and publish the ladders that are not there."""
    for code, (name, name_en, rungs) in LADDERS.items():
        if not Ladder.objects.filter(code=code).exists():
            ladder = Ladder.objects.create(code=code, name=name, name_en=name_en)
            Rung.objects.bulk_create(Rung(ladder=ladder, **rung) for rung in rungs)
            publish_ladder(ladder=ladder, actor=None, at=at)
