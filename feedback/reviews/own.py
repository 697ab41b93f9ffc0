"""What a member may review, and their own reviews."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Case as Choice
from django.db.models import DateTimeField, Exists, F, Max, OuterRef, Prefetch, Q, QuerySet, Subquery, When
from django.db.models.functions import Coalesce, Least

from compensation.models import Member, OrderLine, OrderStatus, Shipment
from config.common.errors import NotFound
from feedback.models import (
    PORTAL,
    Review,
    ReviewDimension,
    ReviewPicture,
    ReviewScore,
    ReviewSetup,
    ReviewStatus,
)
from feedback.reviews import rules

ARRIVED = (OrderStatus.DELIVERED, OrderStatus.RETURNED)
AT_LATEST = timedelta(days=30)
"""By when an order has come, for all we know: so nothing that is told of it later opens it for ever."""


def setup() -> ReviewSetup:
    """How the house takes reviews."""
    return ReviewSetup.objects.first() or ReviewSetup()


def with_receipt(lines: QuerySet[OrderLine]) -> QuerySet[Any]:
    """Add `received_at`: when the parcel of a line came, or the last one of its order; none before that.

    Where no parcel tells, it is when we learnt of it, `AT_LATEST` after the order. None of a cancelled order.
    """
    parcels = Shipment.objects.filter(order=OuterRef("order")).values("order")
    last = Subquery(parcels.annotate(last=Max("delivered_at")).values("last"))
    untold = Least(F("order__changed_at"), F("order__placed_at") + AT_LATEST)
    return lines.annotate(
        received_at=Choice(
            When(order__status=OrderStatus.CANCELLED, then=None),
            When(shipment__delivered_at__isnull=False, then=F("shipment__delivered_at")),
            When(order__status__in=ARRIVED, then=Coalesce(last, untold)),
            output_field=DateTimeField(),
        )
    )


def to_review(member: Member, at: datetime) -> QuerySet[Any]:
    """The lines of a member's orders that are open for a review, the latest received first."""
    since = at - timedelta(days=setup().window_days)
    return (
        with_receipt(OrderLine.objects.filter(order__member=member))
        .filter(
            ~Exists(Review.objects.filter(order_line=OuterRef("pk"), follows=None)),
            received_at__gte=since,
            received_at__lte=at,
        )
        .select_related("order", "product")
        .order_by("-received_at", "-pk")
    )


def dimensions(category: str) -> list[ReviewDimension]:
    """What is rated of products of a category beside the whole."""
    wanted = Q(categories=[]) | Q(categories__contains=[category])
    return list(ReviewDimension.objects.filter(wanted, is_active=True))


def own(member: Member) -> QuerySet[Review]:
    """A member's first reviews with all that belongs to them, newest first."""
    scores = ReviewScore.objects.select_related("dimension").order_by("dimension__position", "pk")
    follow_ups = Review.objects.select_related("reply", "refused_for", "appeal").prefetch_related("pictures")
    return (
        Review.objects.filter(member=member, follows=None)
        .select_related("reply", "product", "order", "refused_for", "appeal")
        .prefetch_related(
            "pictures",
            Prefetch("scores", scores),
            Prefetch("follow_ups", follow_ups.order_by("written_at", "pk")),
        )
        .order_by("-written_at", "-pk")
    )


def every(member: Member) -> QuerySet[Review]:
    """All reviews of a member, those that follow others too."""
    return Review.objects.filter(member=member)


def own_picture(member: Member, picture_id: int) -> ReviewPicture:
    """A picture that a member may see: of their own reviews, or of those that everybody may read.

    Raises:
        NotFound: there is none with that number.
    """
    public = Q(review__status=ReviewStatus.PUBLISHED, review__deleted_at=None)
    found = (
        ReviewPicture.objects.filter(pk=picture_id)
        .filter(public | Q(review__member=member, review__deleted_at=None))
        .first()
    )
    if found is None:
        raise NotFound
    return found


def actions(review: Review, at: datetime, follow_ups: Sequence[Review], terms: ReviewSetup) -> list[str]:
    """What the member may do with a first review now: "follow_up", "delete", "appeal"."""
    if review.deleted_at is not None:
        return []
    found = []
    if (
        review.source == PORTAL
        and review.status != ReviewStatus.REFUSED
        and len(follow_ups) < terms.follow_ups
        and at <= rules.closes_at(review.written_at, terms.follow_up_days)
    ):
        found.append("follow_up")
    if review.source == PORTAL:
        found.append("delete")
    if review.status == ReviewStatus.REFUSED and getattr(review, "appeal", None) is None:
        found.append("appeal")
    return found
