"""Behaviour whose member does not want that it is known whose it was, or is forgotten altogether."""

from datetime import datetime

from django.db.models import Exists, OuterRef

from feedback.models import BehaviourDay, BehaviourEvent, BehaviourVisitor

NOBODYS = {"visitor": "", "session": "", "order_number": "", "query": "", "page": ""}
"""What an event tells that could lead back to somebody."""


def unname(member_id: int) -> int:
    """Leave of a member's events that they happened, in the caller's transaction; gives how many there were.

    The caller holds the member FOR UPDATE, so that no event of theirs comes in meanwhile.
    """
    unlink(member_id)
    BehaviourDay.objects.filter(member=member_id).delete()
    BehaviourVisitor.objects.filter(member=member_id).delete()
    return BehaviourEvent.objects.filter(member=member_id).update(member=None, **NOBODYS)


def unlink(member_id: int, *, at: datetime | None = None) -> None:  # noqa: ARG001 - one signature for all endings
    """Leave of what a member did before signing in that it happened, but on devices that others use too."""
    same = BehaviourVisitor.objects.filter(source=OuterRef("source"), visitor=OuterRef("visitor"))
    own = BehaviourVisitor.objects.filter(~Exists(same.exclude(member=member_id)), member=member_id)
    for source, visitor in own.values_list("source", "visitor"):
        BehaviourEvent.objects.filter(source=source, visitor=visitor, member=None).update(**NOBODYS)
