"""The shop's answers to reviews."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from config.common.errors import Invalid, NotFound, WrongState
from config.common.events import record
from config.common.models import User
from feedback.cases.locking import lock, save
from feedback.clocks import commands as clocks
from feedback.clocks import reviewing
from feedback.models import Milestone, Reply, Review
from feedback.org import alerts
from feedback.reviews.following import case_of

LONGEST = 2_000


@transaction.atomic
def reply(*, review_id: int, text: str, actor: User, at: datetime) -> Reply:
    """Answer a review in public, once; its clock, or that of the case that follows it up, is met by it.

    Raises:
        NotFound: there is no such review.
        Invalid: the text is empty or too long.
        WrongState: it has an answer.
    """
    text = text.strip().replace("\0", "")
    if not text or len(text) > LONGEST:
        raise Invalid(_("Write an answer of at most %(limit)s characters.") % {"limit": LONGEST})
    case = lock(case_id) if (case_id := case_of(review_id)) else None
    review = Review.objects.select_for_update(no_key=True, of=("self",)).filter(pk=review_id).first()
    if review is None:
        raise NotFound
    if Reply.objects.filter(review=review).exists():
        raise WrongState(_("This review has been answered."))
    answer = Reply.objects.create(review=review, text=text, user=actor, at=at)
    record("review.replied", review, actor=actor, at=at, reply=answer.pk)
    if case is not None:
        save(case)
        clocks.met(case, Milestone.REVIEW_REPLY, actor=actor, at=at)
    reviewing.met(review, actor=actor, at=at)
    alerts.read_all_of(review, at=at)
    return answer
