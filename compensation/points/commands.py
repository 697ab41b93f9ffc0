"""What can be said of points: what they are worth."""

from datetime import datetime

from django.db import transaction

from compensation.models import PointsRule
from config.common.events import Actor, record


@transaction.atomic
def save_rule(*, rule: PointsRule, actor: Actor, at: datetime) -> PointsRule:
    """Keep what points are worth from now on. What was given stays as it is."""
    rule.save()
    record("pointsrule.saved", rule, actor=actor, at=at, points=rule.points, worth_fen=rule.worth_fen)
    return rule
