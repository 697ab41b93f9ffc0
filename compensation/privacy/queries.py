"""What erasing a member waits for, and what it ends."""

from dataclasses import dataclass
from datetime import datetime

from compensation.coupons.queries import standing as coupons_of
from compensation.ledger.queries import holding
from compensation.models import Member
from config.common.personal import STANDING


@dataclass(frozen=True, slots=True)
class Ending:
    """What a member loses by it."""

    points: int
    coupons: int


def standing(member_id: int) -> list[str]:
    """What stands in the way of erasing a member, in words."""
    return [str(reason) for look in STANDING for reason in look(member_id, hold=False)]


def ending(member: Member, at: datetime) -> Ending:
    """What a member would lose."""
    held = holding(member, at)
    now, later = coupons_of(member, at)
    return Ending(held.available + held.pending, len(now) + len(later))
