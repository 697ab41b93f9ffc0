"""How departments work together, as it ships. Edits stay."""

from datetime import datetime

from feedback.models import TeamRule
from feedback.org.team import BOUNCES, WINDOW


def seed_team_rule(_at: datetime) -> None:
    """Make the one row that is not there."""
    TeamRule.objects.get_or_create(pk=1, defaults={"alert_window": WINDOW, "bounce_limit": BOUNCES})
