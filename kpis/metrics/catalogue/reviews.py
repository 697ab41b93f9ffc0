"""What members write about what they bought."""

from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from feedback.models import Review
from feedback.reviews.figures import COUNTED
from kpis.metrics.definition import MEAN_OF, SHARE_OF, Metric, Unit
from kpis.metrics.rules import Form
from kpis.metrics.sources import Late, Source
from kpis.models import Dimension, Direction, MetricCode

BAD_UP_TO = 2
LATE = {
    kind: Late("pk")
    for kind in (
        "review.written",
        "review.stars_changed",
        "review.refused",
        "review.published",
        "review.decided",
    )
}
LEFT_OUT = _("follow-ups, which have no stars, and reviews that were found to be false")


def _reviews() -> QuerySet[Review]:
    return Review.objects.all()


def _source(**measured: object) -> Source:
    return Source(
        "reviews",
        _reviews,
        "written_at",
        only=COUNTED,
        member="member",
        product="product",
        names={Dimension.CHANNEL: "source", Dimension.REGION: "member__region"},
        late=LATE,
        **measured,  # type: ignore[arg-type]  # hits or value
    )


METRICS = (
    Metric(
        MetricCode.REVIEW_SCORE,
        Form.MEAN,
        Unit.OF_FIVE,
        Direction.UP,
        (_source(value=F("stars")),),
        _("sum of the stars, 1 to 5"),
        _("reviews written in the time"),
        LEFT_OUT,
        MEAN_OF,
    ),
    Metric(
        MetricCode.BAD_REVIEWS,
        Form.SHARE,
        Unit.PERCENT,
        Direction.DOWN,
        (_source(hits=Q(stars__lte=BAD_UP_TO)),),
        _("reviews of one or two stars"),
        _("reviews written in the time"),
        LEFT_OUT,
        SHARE_OF,
    ),
)
