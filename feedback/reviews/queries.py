"""Which reviews are to be answered by when: by a clock of their own, or by that of the case they became."""

from datetime import datetime
from typing import Any

from django.db.models import BigIntegerField, CharField, OuterRef, QuerySet, Subquery, Value, When
from django.db.models import Case as Choice
from django.db.models.functions import Cast, Coalesce, Concat, Substr

from feedback.clocks import words
from feedback.clocks.queries import RUNNING
from feedback.models import Clock, Milestone, Review
from feedback.reviews.following import KEY

TIMED = Clock.objects.filter(milestone=Milestone.REVIEW_REPLY, stopped_at=None)


def to_answer() -> QuerySet[Clock]:
    """The clocks of the answers that are still to come."""
    return TIMED.filter(RUNNING)


def promised(late_at: datetime | None = None) -> QuerySet[Clock, Any]:
    """The reviews whose answer is still to come, or is late at a moment. Reads clock_reviews."""
    found = to_answer() if late_at is None else to_answer().filter(due_at__lte=late_at)
    of_case = Cast(Substr("case__key", len(KEY) + 1), BigIntegerField())
    followed = Choice(When(case__key__startswith=KEY, then=of_case))
    return found.values_list(Coalesce("review_id", followed))


def with_promises(found: QuerySet[Review]) -> QuerySet[Review]:
    """Add what `say` needs: `clock`, `due` and `met` of the clock that its answer has, if any."""
    key = Concat(Value(KEY), Cast(OuterRef("pk"), CharField()))
    own, followed = TIMED.filter(review=OuterRef("pk")), TIMED.filter(case__key=key).order_by("-pk")
    found = found.annotate(
        clock=Coalesce(Subquery(own.values("pk")[:1]), Subquery(followed.values("pk")[:1]))
    )
    clock = Clock.objects.filter(pk=OuterRef("clock"))
    return found.annotate(due=Subquery(clock.values("due_at")), met=Subquery(clock.values("met_at")))


def say(review: Any, now: datetime) -> str:
    """Say how the promise of an answer stands, of a review with its promise."""
    return words.ended(review.due, review.met) if review.met else words.left(review.due, now)
