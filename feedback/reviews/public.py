"""Reviews of a product as everybody may read them."""

from django.db.models import Prefetch, QuerySet

from feedback.models import Review, ReviewScore, ReviewStatus


def of_product(product_id: int) -> QuerySet[Review]:
    """The published first reviews of a product with what belongs to them, newest first."""
    scores = ReviewScore.objects.select_related("dimension").order_by("dimension__position", "pk")
    follow_ups = (
        Review.objects.filter(status=ReviewStatus.PUBLISHED, deleted_at=None)
        .select_related("reply")
        .prefetch_related("pictures")
        .order_by("written_at", "pk")
    )
    return (
        Review.objects.filter(
            product=product_id, follows=None, status=ReviewStatus.PUBLISHED, deleted_at=None
        )
        .select_related("member", "reply")
        .prefetch_related(
            "pictures",
            Prefetch("scores", scores),
            Prefetch("follow_ups", follow_ups, to_attr="public_follow_ups"),
        )
        .order_by("-written_at", "-pk")
    )
