"""What moderation knows of a review, for its page."""

from typing import Any

from django import template

from feedback.models import Review, ReviewAppeal
from feedback.moderation.words import lines

register = template.Library()


@register.simple_tag
def moderation_of(review: Review) -> dict[str, Any]:
    """Its pictures, its signals in words, what was decided, latest first, and the second look asked for."""
    return {
        "pictures": review.pictures.all(),
        "signals": lines(review.signals.all()),
        "decisions": review.decisions.select_related("user", "reason"),
        "appeal": ReviewAppeal.objects.filter(review=review).first(),
    }
