"""Looking tiers up: who was in which, and how far it is to the next."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import QuerySet

from compensation.models import Member, Tier, TierPeriod
from compensation.tiers import moving


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a member stands between two tiers."""

    tier: Tier
    spending_fen: int
    """Within the window that counts."""
    next_tier: Tier | None
    missing_fen: int
    """What is still to be spent for the next tier; 0 where there is none."""
    kept_until: datetime | None

    @property
    def percent(self) -> int:
        """How much of the way to the next tier is gone, in whole percent; 100 at the top."""
        if self.next_tier is None:
            return 100
        whole = self.spending_fen + self.missing_fen
        return self.spending_fen * 100 // whole if whole else 0


def history(member: Member) -> QuerySet[TierPeriod]:
    """The member's tier periods, latest first."""
    return TierPeriod.objects.filter(member=member).select_related("tier").order_by("-starts_at")


def progress(member: Member, at: datetime) -> Progress:
    """How far a member has come towards the next tier."""
    window = timedelta(days=moving.rule().window_days)
    spent = moving.spending({member.pk: at - window}, until=at)[member.pk]
    tier = member.tier
    following = Tier.objects.filter(rank__gt=tier.rank).order_by("rank").first()
    running = history(member).filter(ends_at=None).first()
    return Progress(
        tier=tier,
        spending_fen=spent,
        next_tier=following,
        missing_fen=max(following.above_fen + 1 - spent, 0) if following else 0,
        kept_until=running.review_at if running else None,
    )
