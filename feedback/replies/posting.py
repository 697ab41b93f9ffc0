"""Where a reply stands: at every place of its review, put there by the outbox or else by hand.

What is put, changed or taken down is a turn of its own with a message of its own; whatever a worker brings
later than the next turn changes nothing. The content names its version, so that the other side knows which
of two is the newer.
"""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from config.common import outbox, vault
from config.common.errors import NotFound, WrongState
from config.common.events import record
from config.common.models import OutboxMessage, OutboxStatus, User
from config.common.outbox import Dropped, Refused
from feedback.channels.base import CHANNELS
from feedback.models import (
    PORTAL,
    PlaceQueue,
    PostingState,
    Reply,
    ReplyPost,
    Review,
    ReviewPlace,
    WebhookSource,
)

KIND = "feedback.review_reply"
AT_ONCE = 200
WHY = 300


def spread(reply: Reply, *, at: datetime) -> list[ReplyPost]:
    """Have what is public now stand at every place of the locked review. Again changes nothing."""
    known = {post.place_id: post for post in ReplyPost.objects.filter(reply=reply).select_for_update()}
    posts = []
    for place in ReviewPlace.objects.filter(review=reply.review_id).select_related("source").order_by("pk"):
        post = known.get(place.pk) or ReplyPost(reply=reply, place=place, version=0)
        post.place = place
        if post.version != reply.public_version:
            post.version = reply.public_version
            _put(post, at)
            posts.append(post)
    return posts


def _put(post: ReplyPost, at: datetime) -> None:
    """Have a place brought up to date."""
    was_there = bool(post.sent_version)
    post.by_hand = post.place.channel != PORTAL and not takes_replies(post.place.source)
    post.error, post.changed_at, post.ticked_by = "", at, None
    post.turn = post.turn + 1 if post.pk else 1
    post.state = PostingState.WAITING
    if post.place.channel == PORTAL:
        _done(post, at)
    elif post.by_hand and post.version == 0 and not was_there:
        post.state = PostingState.WITHDRAWN
    post.save()
    if post.state == PostingState.WAITING and not post.by_hand:
        _dispatch(post, at)


def _dispatch(post: ReplyPost, at: datetime) -> None:
    payload = {"post": post.pk, "turn": post.turn}
    outbox.put(KIND, key=_key(post), recipient=post.place.channel, payload=payload, at=at)


def _key(post: ReplyPost) -> str:
    return f"reply:{post.pk}:{post.turn}"


def _done(post: ReplyPost, at: datetime) -> None:
    """It stands there as it should."""
    post.sent_version, post.error, post.changed_at = post.version, "", at
    post.state = PostingState.POSTED if post.version else PostingState.WITHDRAWN
    if post.version:
        post.posted_at = at


def takes_replies(source: WebhookSource | None) -> bool:
    """Whether a source takes replies from us."""
    return source is not None and source.is_active and bool(source.reply_url)


def send(message: OutboxMessage) -> None:
    """Put a reply where it belongs, change it or take it down, under the message's request id at every try.

    Raises:
        Dropped: something newer is to be sent, or it is to be done by hand now.
        Refused: the other side will never take it; agents see it among what failed.
        OSError: not now.
    """
    found = ReplyPost.objects.select_related("reply__review__member", "place__source")
    post = found.filter(pk=message.payload["post"], turn=message.payload["turn"]).first()
    if post is None or post.reply.review.member.erased_at is not None:
        raise Dropped("something newer is to be sent, or the member was erased")
    source, at = post.place.source, timezone.now()
    if source is None or not takes_replies(source):
        ReplyPost.objects.filter(pk=post.pk, turn=post.turn).update(by_hand=True, changed_at=at)
        raise Dropped("the source takes no replies any more")
    content = _content(post, message, at)
    try:
        number = CHANNELS[source.channel].answer_review(source, content, sending=message)
    except Refused as error:
        _failed(post, str(error), at)
        raise
    except (OSError, vault.Unreadable) as error:
        if message.attempts >= settings.OUTBOX_MAX_ATTEMPTS:
            _failed(post, str(error), at)
        raise
    _arrived(post.pk, post.turn, number, at)


def _content(post: ReplyPost, message: OutboxMessage, at: datetime) -> dict[str, Any]:
    """What the other side is told: a reply with its text, or that there is none any more."""
    place, reply = post.place, post.reply
    content: dict[str, Any] = {
        "type": "review.reply" if post.version else "review.reply_withdrawn",
        "id": str(message.request_id),
        "review": place.external_id,
        "reply": post.external_id,
        "version": reply.version if post.version == 0 else post.version,
        "at": (reply.at or at).isoformat(),
    }
    if post.version:
        content["text"] = reply.public_text
    return content


@transaction.atomic
def _arrived(post_id: int, turn: int, number: str, at: datetime) -> None:
    post = ReplyPost.objects.select_for_update().select_related("reply__review").get(pk=post_id)
    post.external_id = number or post.external_id
    if post.turn == turn:
        _done(post, at)
    post.save()
    record(
        "review.reply_posted" if post.version else "review.reply_taken_down",
        post.reply.review,
        actor=None,
        at=at,
        post=post.pk,
        version=post.version,
    )


@transaction.atomic
def _failed(post: ReplyPost, why: str, at: datetime) -> None:
    changed = ReplyPost.objects.filter(pk=post.pk, turn=post.turn, state=PostingState.WAITING)
    if changed.update(state=PostingState.FAILED, error=why[:WHY] or "?", changed_at=at):
        record("review.reply_failed", post.reply.review, actor=None, at=at, post=post.pk)


@transaction.atomic
def tick(*, post_id: int, turn: int, actor: User, at: datetime) -> ReplyPost:
    """Somebody has put, changed or taken down over there what is to be done by hand. Again changes nothing.

    Raises:
        NotFound: there is no such posting.
        WrongState: it goes there by itself, or the text is another by now.
    """
    post = _lock(post_id)
    if post.turn != turn:
        raise WrongState(_("The reply is another by now: look at it again."))
    if post.state != PostingState.WAITING and post.ticked_by_id is not None:
        return post
    if post.state != PostingState.WAITING or not post.by_hand:
        raise WrongState(_("This is not done by hand."))
    _done(post, at)
    post.ticked_by = actor
    post.save()
    record("review.reply_ticked", post.reply.review, actor=actor, at=at, post=post.pk, version=post.version)
    return post


@transaction.atomic
def retry(*, post_id: int, actor: User, at: datetime) -> ReplyPost:
    """Have what failed tried again under the same request number; where the source is gone, by hand.

    Raises:
        NotFound: there is no such posting.
        WrongState: it did not fail.
    """
    post = _lock(post_id)
    if post.state != PostingState.FAILED:
        raise WrongState(_("This did not fail."))
    post.by_hand = not takes_replies(post.place.source)
    post.state, post.error, post.changed_at = PostingState.WAITING, "", at
    post.save()
    if not post.by_hand:
        dead = OutboxMessage.objects.filter(key=_key(post), status=OutboxStatus.DEAD)
        if not outbox.retry(ids=list(dead.values_list("pk", flat=True)), actor=actor, at=at):
            post.turn += 1  # the relay is about to bury it: another message takes its place
            post.save()
            _dispatch(post, at)
    record("review.reply_retried", post.reply.review, actor=actor, at=at, post=post.pk)
    return post


def _lock(post_id: int) -> ReplyPost:
    rows = ReplyPost.objects.select_for_update(of=("self",)).select_related("reply__review", "place__source")
    post = rows.filter(pk=post_id).first()
    if post is None:
        raise NotFound
    return post


@transaction.atomic
def catch_up(*, at: datetime) -> int:
    """Put the replies that are public already at the places that came to be known. Returns how many places.

    A reply that is being approved holds the row of its review: it is waited for, and seen here or there.
    """
    rows = PlaceQueue.objects.order_by("pk").select_for_update(skip_locked=True)
    waiting = list(rows.values_list("pk", "place__review")[:AT_ONCE])
    if waiting:
        reviews = sorted({review for _place, review in waiting})
        list(Review.objects.select_for_update(no_key=True).filter(pk__in=reviews).order_by("pk").values("pk"))
        for reply in Reply.objects.filter(review__in=reviews).exclude(public_text="").order_by("review"):
            spread(reply, at=at)
        PlaceQueue.objects.filter(pk__in=[place for place, _review in waiting]).delete()
    return len(waiting)
