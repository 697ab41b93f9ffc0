"""The reviews that may have earned something, or lost it, are looked at one by one as triggers name them."""

import logging
from datetime import datetime

from django.db import DatabaseError, InterfaceError, OperationalError, transaction
from django.db.models import F, Q

from config.common.errors import DomainError
from feedback.models import RewardDue
from feedback.rewards import commands

logger = logging.getLogger(__name__)
AT_ONCE = 300
CUT = (OperationalError, InterfaceError)


def sweep(*, at: datetime) -> int:
    """Settle the reviews that are due; one whose member somebody holds just now is left to the next sweep.

    Returns how many there were.
    """
    due = RewardDue.objects.filter(Q(due_at=None) | Q(due_at__lte=at))
    keys = due.order_by(F("due_at").asc(nulls_first=True), "review").values_list("pk", flat=True)[:AT_ONCE]
    return sum(_settle(key, at) for key in list(keys))


def _settle(review_id: int, at: datetime) -> bool:
    """Settle one; what goes wrong with it keeps none of the others waiting, and is tried again tomorrow."""
    try:
        with transaction.atomic():
            return commands.settle(review_id=review_id, skip_locked=True, at=at) is not None
    except CUT:
        raise
    except (DomainError, DatabaseError):
        logger.exception("the reward of review %s could not be settled", review_id)
        commands.put_off(review_id, "", at)
    return True
