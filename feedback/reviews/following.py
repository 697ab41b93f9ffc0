"""Bad reviews become cases: their clocks hold us to a public answer and to a call."""

from datetime import datetime, timedelta

from django.db.models import CharField, Exists, F, OuterRef, QuerySet, Value
from django.db.models.functions import Cast, Concat
from django.utils import translation
from django.utils.translation import gettext as _

from feedback.cases import commands as cases
from feedback.models import Case, CaseKind, Channel, Reply, Review

BAD = 2  # stars, and fewer
FRESH = timedelta(days=7)  # nobody is called about what is older, such as reviews brought in from before
AT_ONCE = 100


def key_of(review_id: int) -> str:
    """The key of the one case that follows a review up."""
    return f"review:{review_id}"


def case_of(review_id: int) -> int | None:
    """The case that follows a review up, if there is one."""
    return Case.objects.filter(key=key_of(review_id)).values_list("pk", flat=True).first()


def waiting(at: datetime) -> QuerySet[Review]:
    """The bad reviews that nobody has answered and that have no case yet, oldest first."""
    followed = Case.objects.filter(key=Concat(Value("review:"), Cast(OuterRef("pk"), CharField())))
    return (
        Review.objects.filter(stars__lte=BAD, written_at__gt=at - FRESH, written_at__lte=at)
        .filter(~Exists(followed), ~Exists(Reply.objects.filter(review=OuterRef("pk"))))
        .select_related("member", "order")
        .order_by(F("written_at").asc(), "pk")
    )


def follow_up(*, at: datetime) -> int:
    """Open the cases of bad reviews that have none, each once. Returns how many there were."""
    found = list(waiting(at)[:AT_ONCE])
    for review in found:
        with translation.override(review.member.language):
            subject = _("Your review with %(stars)s of 5 stars") % {"stars": review.stars}
        cases.open_case(
            member=review.member,
            kind=CaseKind.REVIEW,
            channel=Channel.MARKETPLACE,
            subject=subject,
            body="\n".join(filter(None, (review.title, review.text))) or "★" * review.stars,
            order=review.order,
            key=key_of(review.pk),
            actor=None,
            at=at,
        )
    return len(found)
