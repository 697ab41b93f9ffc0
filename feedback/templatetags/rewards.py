"""What reviews earned, on their pages."""

from collections.abc import Sequence

from django import template

from feedback.models import Review, ReviewReward

register = template.Library()


@register.simple_tag
def rewards_of(review: Review | None) -> Sequence[ReviewReward]:
    """Its rewards, oldest first."""
    if review is None or not review.pk:
        return []
    return list(review.rewards.select_related("rule", "grant__template").order_by("pk"))
