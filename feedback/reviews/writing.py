"""What members do with reviews: write one, follow it up, take it back, find another's helpful."""

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime

from django.core.files.base import File
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from compensation.models import Member, OrderLine
from config.common import idempotency
from config.common.errors import Invalid, NotFound, NotPermitted, Taken, WrongState
from config.common.events import record
from feedback.attachments.commands import keep, kept_with_the_transaction
from feedback.attachments.rules import Clean
from feedback.clocks import reviewing
from feedback.models import (
    PORTAL,
    Review,
    ReviewInvitation,
    ReviewPicture,
    ReviewPlace,
    ReviewScore,
    ReviewVote,
)
from feedback.moderation import screening
from feedback.moderation.commands import lock
from feedback.reviews import own, pictures, rules

NUMBER = 12


class NotOpen(WrongState):
    """It is not the time to review this: not received yet, or too long ago."""

    code = "not_open"


@kept_with_the_transaction()
@transaction.atomic
def write(
    *,
    member: Member,
    line_id: int,
    stars: int,
    scores: Mapping[str, object] | None = None,
    title: str = "",
    text: str = "",
    photos: Sequence["File[bytes]"] = (),
    video_url: str = "",
    device: str = "",
    key: str | None = None,
    at: datetime,
) -> Review:
    """Review a line of an order of one's own; it is public at once unless a moderator is to look first.

    `device` is a digest of what it is written on, `key` a client's own against sending twice.

    Raises:
        NotFound: there is no such line of the member's.
        NotOpen: the goods have not come, or came too long ago.
        Taken: there is a review of it, even if it was deleted.
        Invalid: stars, texts or addresses that cannot be.
        BadFile: a picture that is not taken.
        KeyReused: the client's key came before with other content.
    """
    line = own.with_receipt(OrderLine.objects.filter(order__member=member)).select_related("order", "product")
    found = line.filter(pk=line_id).first()
    if found is None:
        raise NotFound
    known = {one.code: one for one in own.dimensions(found.product.category)}
    stars, rated = rules.stars(stars), rules.scores(scores or {}, known)
    title, text = rules.clean(title, limit=rules.TITLE), rules.clean(text)
    video_url, files = rules.video(video_url), pictures.inspect(photos)

    def create() -> Review:
        _check_open(found.received_at, at)
        if Review.objects.filter(order_line=found, follows=None).exists():
            raise Taken(_("You have reviewed this already."))
        asked = ReviewInvitation.objects.filter(order=found.order_id).values_list("sent_at", flat=True)
        review = _add(
            Review(
                member=member,
                order=found.order,
                order_line=found,
                product=found.product,
                stars=stars,
                title=title,
                text=text,
                video_url=video_url,
                device=device[:64],
                asked_at=asked.first(),
            ),
            files,
            at,
        )
        ReviewScore.objects.bulk_create(
            [ReviewScore(review=review, dimension=known[code], stars=value) for code, value in rated.items()]
        )
        _written(review, files, at)
        return review

    content = {
        "line": line_id,
        "stars": stars,
        "scores": rated,
        "title": title,
        "text": text,
        "video_url": video_url,
        "files": [clean.sha256 for clean in files],
    }
    if key is None:
        return create()
    scope = f"review:{member.pk}"
    return idempotency.once(scope=scope, key=key, content=content, model=Review, perform=create)[0]


@kept_with_the_transaction()
@transaction.atomic
def follow_up(
    *,
    member: Member,
    review_id: int,
    text: str,
    photos: Sequence["File[bytes]"] = (),
    video_url: str = "",
    device: str = "",
    key: str | None = None,
    at: datetime,
) -> Review:
    """Say more about what one reviewed before; the stars stay what they were.

    Raises:
        NotFound: there is no such first review of the member's.
        WrongState: too late, as often as is taken already, deleted, refused, or written elsewhere.
        Invalid: no text, or one that cannot be.
        BadFile, KeyReused: as for `write`.
    """
    text, video_url, files = rules.clean(text), rules.video(video_url), pictures.inspect(photos)
    if not text:
        raise Invalid(_("Write a few words."), field="text")

    def create() -> Review:
        first = lock(review_id, member=member)
        if first.follows_id is not None:
            raise NotFound
        known = list(first.follow_ups.all())
        if "follow_up" not in own.actions(first, at, known, own.setup()):
            raise WrongState(_("No follow-up is possible any more."))
        review = _add(
            Review(
                member=member,
                order=first.order,
                order_line=first.order_line,
                product=first.product,
                follows=first,
                text=text,
                video_url=video_url,
                device=device[:64],
            ),
            files,
            at,
        )
        _written(review, files, at, follows=first.pk)
        return review

    if key is None:
        return create()
    content = {
        "review": review_id,
        "text": text,
        "video_url": video_url,
        "files": [clean.sha256 for clean in files],
    }
    scope = f"review:{member.pk}"
    return idempotency.once(scope=scope, key=key, content=content, model=Review, perform=create)[0]


@transaction.atomic
def delete(*, member: Member, review_id: int, at: datetime) -> Review:
    """Take a review of one's own back, with what follows it. Its words are public no longer; it still counts.

    Again changes nothing.

    Raises:
        NotFound: there is no such review of the member's.
        WrongState: it stands elsewhere, and is deleted there.
    """
    review = lock(review_id, member=member)
    if review.deleted_at is not None:
        return review
    if review.source != PORTAL:
        raise WrongState(_("This review was written elsewhere. Delete it there."))
    following = Review.objects.select_for_update(no_key=True).filter(follows=review, deleted_at=None)
    for one in (review, *following.order_by("pk")):
        one.deleted_at = at
        one.save(update_fields=["deleted_at"])
        record("review.deleted", one, actor=member, at=at)
        reviewing.stop(one, why="deleted", actor=member, at=at)
    return review


@transaction.atomic
def vote(*, member: Member, review_id: int, helpful: bool, at: datetime) -> Review:
    """Say that somebody else's review helped, or no longer say so. Again changes nothing.

    Raises:
        NotFound: there is no such public review.
        NotPermitted: it is one's own.
    """
    review = lock(review_id)
    if not review.is_public:
        raise NotFound
    if review.member_id == member.pk:
        raise NotPermitted(_("This is your own review."))
    if helpful:
        changed = int(ReviewVote.objects.get_or_create(review=review, member=member, defaults={"at": at})[1])
    else:
        changed = -ReviewVote.objects.filter(review=review, member=member).delete()[0]
    if changed:
        Review.objects.filter(pk=review.pk).update(helpful_votes=F("helpful_votes") + changed)
        review.refresh_from_db(fields=["helpful_votes"])
    return review


def _check_open(received: datetime | None, at: datetime) -> None:
    if received is None or received > at:
        raise NotOpen(_("You can review it once you have received it."))
    days = own.setup().window_days
    if at > rules.closes_at(received, days):
        raise NotOpen(_("It can be reviewed for %(days)s days after it arrived.") % {"days": days})


def _add(review: Review, files: Sequence[Clean], at: datetime) -> Review:
    """Write a row of the portal's down, where it stands, and its pictures.

    Raises:
        Taken: somebody was quicker.
    """
    review.source, review.written_at = PORTAL, at
    review.external_id = f"P{secrets.token_hex(NUMBER // 2).upper()}"
    try:
        with transaction.atomic():
            review.save(force_insert=True)
    except IntegrityError as error:
        if "review_once_a_line" in str(error):
            raise Taken(_("You have reviewed this already.")) from error
        raise
    ReviewPlace.objects.create(review=review, channel=PORTAL, external_id=review.external_id, created_at=at)
    keep(ReviewPicture, files, review=review)
    return review


def _written(review: Review, files: Sequence[Clean], at: datetime, **data: int) -> None:
    record(
        "review.written",
        review,
        actor=review.member,
        at=at,
        stars=review.stars,
        pictures=len(files),
        length=len(review.text),
        **data,
    )
    screening.screen([review], at=at)
