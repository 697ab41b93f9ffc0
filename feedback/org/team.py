"""How departments work together, as the administrators set it."""

from datetime import timedelta

from feedback.models import TeamRule

WINDOW, BOUNCES = timedelta(minutes=5), 3


def team_rule() -> TeamRule:
    """Give the rules in force; what ships, where nobody has set any."""
    return TeamRule.objects.first() or TeamRule(pk=1, alert_window=WINDOW, bounce_limit=BOUNCES)
