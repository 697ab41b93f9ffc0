"""What members answer when they are asked. Anonymous answers have no moment and are left out."""

from django.db.models import Case, F, Q, QuerySet, Value, When
from django.db.models.expressions import Combinable
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from kpis.metrics.definition import MEAN_OF, Metric, Unit
from kpis.metrics.rules import Form
from kpis.metrics.sources import Late, Source
from kpis.models import Dimension, Direction, MetricCode
from surveys.models import Answer, QuestionKind

FIVE = 5
PROMOTER, DETRACTOR = 9, 6
KEPT = {
    "survey.answered": Late("response", key="response"),
    "survey.paper_entered": Late("response", key="response"),
}
"""An answer that was begun before midnight may be kept after its day was taken."""
SCORED = Q(score__isnull=False)
LEFT_OUT = _(
    "surveys that were not answered, anonymous answers, which have no moment, and other scales than of five"
)


def _answers() -> QuerySet[Answer]:
    return Answer.objects.filter(response__at__isnull=False)


def _of(kind: QuestionKind, only: Q, value: Combinable) -> tuple[Source]:
    return (
        Source(
            "answers",
            _answers,
            "response__at",
            only=Q(question__kind=kind) & SCORED & only,
            value=value,
            member="response__invitation__member",
            product="response__product",
            late=KEPT,
            names={
                Dimension.DEPARTMENT: "response__department",
                Dimension.AGENT: "response__agent",
                Dimension.CHANNEL: "response__channel",
                Dimension.REGION: "response__invitation__member__region",
            },
        ),
    )


def _mean(
    code: MetricCode, kind: QuestionKind, numerator: Promise | str, denominator: Promise | str
) -> Metric:
    sources = _of(kind, Q(question__scale=FIVE), F("score"))
    return Metric(
        code, Form.MEAN, Unit.OF_FIVE, Direction.UP, sources, numerator, denominator, LEFT_OUT, MEAN_OF
    )


METRICS = (
    _mean(
        MetricCode.CSAT,
        QuestionKind.CSAT,
        _("sum of the answers to the satisfaction question, 1 to 5"),
        _("answers to it in the time"),
    ),
    _mean(
        MetricCode.CES,
        QuestionKind.CES,
        _("sum of the answers to the question how easy it was, 1 to 5"),
        _("answers to it in the time"),
    ),
    Metric(
        MetricCode.NPS,
        Form.MEAN,
        Unit.POINTS,
        Direction.UP,
        _of(
            QuestionKind.NPS,
            Q(),
            Case(
                When(score__gte=PROMOTER, then=Value(100)),
                When(score__lte=DETRACTOR, then=Value(-100)),
                default=Value(0),
            ),
        ),
        _("100 for each promoter (9 or 10), −100 for each detractor (0 to 6)"),
        _("answers to the question of recommendation in the time"),
        _("surveys that were not answered, and anonymous answers, which have no moment"),
        _(
            "Percent of promoters − percent of detractors (Reichheld 2003); 95 % interval after Student,"
            " within the scale."
        ),
    ),
)
