"""How long clocks may stand still, and for which reasons. Edits stay."""

from datetime import datetime, timedelta
from typing import NamedTuple

from feedback.models import Milestone, PauseReason, PauseRule

HOUR = timedelta(hours=1)
SOLVED, UPDATE, REFUNDED = Milestone.RESOLUTION, Milestone.PERIODIC_UPDATE, Milestone.REFUND


class Row(NamedTuple):
    """A rule that ships. Who waits for somebody outside owes the member news meanwhile."""

    milestones: tuple[Milestone, ...]
    cap: timedelta
    in_working_time: bool
    needs_review: bool


PAUSES = {
    PauseReason.WAITING_MEMBER: Row((SOLVED, UPDATE, REFUNDED), 7 * 24 * HOUR, False, False),
    PauseReason.WAITING_SUPPLIER: Row((SOLVED,), 48 * HOUR, True, True),
    PauseReason.WAITING_COURIER: Row((SOLVED,), 24 * HOUR, True, True),
    PauseReason.WAITING_BANK: Row((SOLVED, REFUNDED), 72 * HOUR, False, True),
}


def seed_pauses(_at: datetime) -> None:
    """Make the rules that are missing."""
    for reason, row in PAUSES.items():
        PauseRule.objects.get_or_create(
            reason=reason,
            defaults={
                "milestones": list(row.milestones),
                "cap": row.cap,
                "in_working_time": row.in_working_time,
                "needs_review": row.needs_review,
            },
        )
