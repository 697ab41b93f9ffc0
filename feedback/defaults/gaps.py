"""When a gap is slight, moderate or severe. Edits are not overwritten; what follows is in rules."""

from datetime import datetime

from feedback.gaps.rules import THRESHOLDS
from feedback.models import GapThreshold


def seed_gaps(_at: datetime) -> None:
    """Bring thresholds, where there are none."""
    for aspect, (slight, moderate) in THRESHOLDS.items():
        GapThreshold.objects.get_or_create(aspect=aspect, defaults={"slight": slight, "moderate": moderate})
