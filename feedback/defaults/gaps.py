"""When a late promise is slight, moderate or severe. Edits are not overwritten; what follows is in rules."""

from datetime import datetime
from decimal import Decimal

from feedback.models import Aspect, GapThreshold

SLIGHT, MODERATE = Decimal("0.5"), Decimal(2)


def seed_gaps(_at: datetime) -> None:
    """Bring thresholds, where there are none."""
    for aspect in Aspect:
        GapThreshold.objects.get_or_create(
            aspect=aspect, defaults={"slight_days": SLIGHT, "moderate_days": MODERATE}
        )
