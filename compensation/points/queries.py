"""What points are worth by the rule in the database."""

from compensation.models import PointsRule
from compensation.points import rules


def worth_fen(points: int) -> int:
    """What giving that many points costs, by the rule in the database.

    Raises:
        PointsRule.DoesNotExist: the defaults were never seeded.
    """
    rule = PointsRule.objects.get()
    return rules.worth_fen(points, per_points=rule.points, fen=rule.worth_fen)
