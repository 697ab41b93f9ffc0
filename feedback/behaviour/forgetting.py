"""Behaviour that is not kept: what is too old, and whose it was where the member does not want that."""

from datetime import datetime

from django.db import connection, transaction

from feedback.behaviour.taking_in import oldest
from feedback.models import BehaviourDay, BehaviourEvent, BehaviourVisitor

AT_ONCE = 10_000


def unname(member_id: int) -> int:
    """Leave of a member's events that they happened, in the caller's transaction; gives how many there were.

    The caller holds the member FOR UPDATE, so that no event of theirs comes in meanwhile.
    """
    BehaviourDay.objects.filter(member=member_id).delete()
    BehaviourVisitor.objects.filter(member=member_id).delete()
    return BehaviourEvent.objects.filter(member=member_id).update(
        member=None, visitor="", session="", order_number="", query="", page=""
    )


@transaction.atomic
def forget_old(*, at: datetime) -> int:
    """Delete the next events that are older than is kept; gives how many."""
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM feedback_behaviourevent WHERE ctid = ANY(ARRAY("
            " SELECT ctid FROM feedback_behaviourevent WHERE at < %s LIMIT %s))",
            [oldest(at), AT_ONCE],
        )
        gone = int(cursor.rowcount)
    BehaviourVisitor.objects.filter(first_at__lt=oldest(at)).delete()
    return gone
