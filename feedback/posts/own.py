"""A member's own suggestions, and what became of them."""

from django.db.models import QuerySet

from compensation.models import Member
from config.common.errors import NotFound
from feedback.models import Post, PostFile, PostKind


def own(member: Member) -> QuerySet[Post]:
    """What a member has suggested, newest first; nothing that they took back."""
    rows = Post.objects.filter(member=member, kind=PostKind.SUGGESTION, deleted_at=None)
    return rows.select_related("case", "product").prefetch_related("files").order_by("-written_at", "-pk")


def own_file(member: Member, file_id: int) -> PostFile:
    """A file of a member's own suggestion.

    Raises:
        NotFound: there is none with that number.
    """
    found = PostFile.objects.filter(pk=file_id, post__in=own(member).order_by()).first()
    if found is None:
        raise NotFound
    return found
