"""Replies for screens and lists: what waits for people, what stands where, what a product was told."""

from django.db.models import Exists, OuterRef, Prefetch, QuerySet

from config.common.models import User
from feedback.models import (
    PostingState,
    Reply,
    ReplyDecision,
    ReplyPost,
    ReplyState,
    ReplyVersion,
    ReplyWay,
    ReviewStatus,
)
from feedback.replies.commands import APPROVES

OPEN = (ReplyState.DRAFT, ReplyState.WAITING)


def of_product(product_id: int) -> QuerySet[Reply]:
    """The replies that everybody may read to the reviews of a product, newest first, with their reviews."""
    return (
        Reply.objects.filter(
            review__product=product_id, review__status=ReviewStatus.PUBLISHED, review__deleted_at=None
        )
        .exclude(public_text="")
        .select_related("review__member", "user")
        .order_by("-at", "-pk")
    )


def to_look_at() -> QuerySet[Reply]:
    """The drafts, and what waits for approval, of reviews that everybody may read. Reads reply_to_look_at."""
    readable = {"review__status": ReviewStatus.PUBLISHED, "review__deleted_at": None}
    return shown(Reply.objects.filter(state__in=OPEN, **readable))


def to_approve(user: User) -> QuerySet[Reply]:
    """Of those, what this person could approve as far as rights go: others' texts, where they may."""
    found = to_look_at().filter(state=ReplyState.WAITING).exclude(user=user)
    return found if user.has_perm(APPROVES) else found.none()


def to_write() -> QuerySet[ReplyDecision]:
    """What somebody has to write, or whose answer may fit no more. Reads replydecision_by_hand."""
    is_open = Reply.objects.filter(review=OuterRef("review"), state__in=OPEN)
    found = ReplyDecision.objects.filter(
        ~Exists(is_open),
        way=ReplyWay.BY_HAND,
        seen_at=None,
        review__status=ReviewStatus.PUBLISHED,
        review__deleted_at=None,
    )
    return found.select_related(
        "rule", "review__member", "review__product", "review__order", "review__follows", "review__reply",
        "review__triage",
    ).prefetch_related("review__pictures")  # fmt: skip


def to_post() -> QuerySet[ReplyPost]:
    """What somebody has to put, change or take down over there. Reads replypost_by_hand."""
    return _with_replies(ReplyPost.objects.filter(state=PostingState.WAITING, by_hand=True))


def failed() -> QuerySet[ReplyPost]:
    """What did not get to where it belongs. Reads replypost_failed."""
    return _with_replies(ReplyPost.objects.filter(state=PostingState.FAILED))


def shown(replies: QuerySet[Reply]) -> QuerySet[Reply]:
    """With what a page shows of each."""
    return replies.select_related(
        "review__member", "review__product", "review__order", "review__follows", "rule", "template", "user",
        "approved_by",
    ).prefetch_related(
        "review__triage", "review__pictures", "review__reply_decision__rule", posts()
    )  # fmt: skip


def _with_replies(found: QuerySet[ReplyPost]) -> QuerySet[ReplyPost]:
    """With what is to be posted, and where."""
    return found.select_related("place", "reply__review__product", "reply__review__member")


def posts() -> "Prefetch[str, QuerySet[ReplyPost], str]":
    """The places where a reply belongs."""
    return Prefetch("posts", ReplyPost.objects.select_related("place", "ticked_by").order_by("pk"))


def versions(reply: Reply) -> QuerySet[ReplyVersion]:
    """What a reply said, newest first."""
    return ReplyVersion.objects.filter(reply=reply).select_related("user").order_by("-number")
