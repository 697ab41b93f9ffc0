"""Every fresh review is to be answered in time, whatever its stars.

A bad one becomes a case, whose clocks hold us to a public answer and to a call. Each of the others has a
clock of its own until it is answered.
"""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import CharField, Exists, F, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Cast, Concat
from django.utils import translation
from django.utils.translation import gettext as _

from feedback.cases import commands as cases
from feedback.clocks import reviewing
from feedback.models import Case, CaseKind, Channel, Reply, Review, ReviewStars, ReviewStatus

BAD = 2  # stars, and fewer
FRESH = timedelta(days=7)  # what is older, such as reviews brought in from before, starts nothing
AT_ONCE = 100
KEY = "review:"


def key_of(review_id: int) -> str:
    """The key of the one case that follows a review up."""
    return f"{KEY}{review_id}"


def case_of(review_id: int) -> int | None:
    """The case that follows a review up, if there is one."""
    return Case.objects.filter(key=key_of(review_id)).values_list("pk", flat=True).first()


def waiting(at: datetime) -> QuerySet[Review]:
    """The bad reviews that nobody has answered and that have no case yet, oldest first."""
    return _fresh(at).filter(stars__lte=BAD).select_related("member", "order")


def untimed(at: datetime) -> QuerySet[Review]:
    """The other reviews that nobody has answered and that were not taken up yet, oldest first."""
    return _fresh(at).filter(Q(stars__gt=BAD) | Q(stars=None), taken_up_at=None)


def _fresh(at: datetime) -> QuerySet[Review]:
    """Fresh ones that nobody has answered, or whose stars fell to bad ones after that."""
    followed = Case.objects.filter(key=Concat(Value(KEY), Cast(OuterRef("pk"), CharField())))
    since = at - FRESH
    worse = ReviewStars.objects.filter(
        review=OuterRef("pk"), after__lte=BAD, before__gt=BAD, at__gt=OuterRef("reply__at")
    )
    written = Review.objects.filter(released_at=None, written_at__gt=since, written_at__lte=at)
    released = Review.objects.filter(released_at__gt=since, released_at__lte=at)
    return Review.objects.filter(
        # each by its index: with an OR of both the oldest of all would be walked through first
        Q(pk__in=written.values("pk").union(released.values("pk"))),
        ~Exists(followed),
        ~Exists(Reply.objects.filter(review=OuterRef("pk"), at__isnull=False)) | Exists(worse),
        status=ReviewStatus.PUBLISHED,
        deleted_at=None,
    ).order_by(F("written_at").asc(), "pk")


def follow_up(*, at: datetime) -> int:
    """Open the cases of bad reviews that have none, each once. Returns how many there were."""
    found = list(waiting(at)[:AT_ONCE])
    for review in found:
        _open(review, at)
    return len(found)


@transaction.atomic
def _open(review: Review, at: datetime) -> None:
    """Open the case of a bad review; one that was better at first has a clock, in whose place the case is."""
    with translation.override(review.member.language):
        subject = _("Your review with %(stars)s of 5 stars") % {"stars": review.stars}
    cases.open_case(
        member=review.member,
        kind=CaseKind.REVIEW,
        channel=Channel.MARKETPLACE,
        subject=subject,
        body="\n".join(filter(None, (review.title, review.text))) or review.shown_stars,
        order=review.order,
        key=key_of(review.pk),
        actor=None,
        at=at,
    )
    if review.taken_up_at is not None:
        locked = Review.objects.select_for_update(no_key=True).get(pk=review.pk)
        reviewing.stop(locked, why="case", actor=None, at=at)


@transaction.atomic
def take_up(*, at: datetime) -> int:
    """Start the clocks of the reviews that are to be answered without a case. Returns how many there were.

    Where no policy has a target none starts: a policy that comes later is for the reviews after it.
    """
    found = list(
        untimed(at)
        .select_related("member", "product")
        .select_for_update(of=("self",), no_key=True, skip_locked=True)[:AT_ONCE]
    )
    reviewing.start(found, at=at)
    Review.objects.filter(pk__in=[review.pk for review in found]).update(taken_up_at=at)
    return len(found)
