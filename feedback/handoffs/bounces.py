"""When departments have sent a case back so often that a lead has to decide."""

from feedback.models import Case, HandoffStatus
from feedback.org.team import team_rule


def is_up_to_a_lead(case: Case) -> bool:
    """Tell whether the case was rejected too often since a lead last decided."""
    return rejections(case) >= team_rule().bounce_limit


def rejections(case: Case) -> int:
    """Count the rejections since a lead last decided who answers."""
    asked = list(case.handoffs.order_by("pk").values_list("status", "is_binding"))
    decided = max((place for place, (_status, is_binding) in enumerate(asked) if is_binding), default=-1)
    return sum(status == HandoffStatus.REJECTED for status, _is_binding in asked[decided + 1 :])
