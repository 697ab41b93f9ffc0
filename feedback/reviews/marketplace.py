"""Reviews that marketplaces tell us of: where they stand, and what becomes of their stars over there."""

from datetime import datetime

from django.db.models import QuerySet

from config.common.events import record
from feedback.models import Review, ReviewPlace, ReviewStars, WebhookSource


def stand(reviews: QuerySet[Review], *, at: datetime) -> None:
    """Note where reviews stand that came from one place, each once."""
    rows = list(reviews.values_list("pk", "source", "external_id"))
    known = WebhookSource.objects.in_bulk({source for _pk, source, _number in rows}, field_name="code")
    ReviewPlace.objects.bulk_create(
        [
            ReviewPlace(
                review_id=pk,
                channel=source,
                source=known.get(source),
                external_id=number.removeprefix(f"{source}:"),
                created_at=at,
            )
            for pk, source, number in rows
        ],
        ignore_conflicts=True,
    )


def restar(review: Review, stars: int, *, at: datetime) -> bool:
    """Keep that a locked review has other stars over there now; False when it has the same.

    This is the only way in which stars change: the database refuses every other.
    """
    if review.stars is None or stars == review.stars:
        return False
    change = ReviewStars.objects.create(
        review=review, before=review.stars, after=stars, source=review.source, at=at
    )
    Review.objects.filter(pk=review.pk).update(stars=stars)
    record(
        "review.stars_changed",
        review,
        actor=None,
        at=at,
        before=change.before,
        after=change.after,
        source=review.source,
    )
    review.stars = stars
    return True
