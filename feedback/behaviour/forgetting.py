"""Behaviour whose member does not want that it is known whose it was."""

from feedback.models import BehaviourDay, BehaviourEvent, BehaviourVisitor


def unname(member_id: int) -> int:
    """Leave of a member's events that they happened, in the caller's transaction; gives how many there were.

    The caller holds the member FOR UPDATE, so that no event of theirs comes in meanwhile.
    """
    BehaviourDay.objects.filter(member=member_id).delete()
    BehaviourVisitor.objects.filter(member=member_id).delete()
    return BehaviourEvent.objects.filter(member=member_id).update(
        member=None, visitor="", session="", order_number="", query="", page=""
    )
