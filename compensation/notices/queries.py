"""What a member was told."""

from django.db.models import QuerySet

from compensation.models import Member, Notice


def of_member(member: Member) -> QuerySet[Notice]:
    """A member's notices, newest first."""
    return Notice.objects.filter(member=member).order_by("-created_at", "-id")


def unread(member: Member) -> int:
    """How many of them are unread."""
    return Notice.objects.filter(member=member, read_at=None).count()
