"""How long cases take, how often they come back, and how well they are handled."""

from django.db.models import DurationField, Exists, ExpressionWrapper, F, OuterRef, Q, QuerySet
from django.db.models.functions import Extract
from django.utils.functional import Promise as Words
from django.utils.translation import gettext_lazy as _

from config.common.models import Event
from feedback.models import Case, CheckStatus, Clock, Milestone, QualityCheck
from kpis.metrics.catalogue.clocks import LATE as LATE_CLOCKS
from kpis.metrics.catalogue.clocks import NAMES as NAMES_OF_CLOCKS
from kpis.metrics.definition import MEAN_OF, SHARE_OF, Metric, Unit
from kpis.metrics.rules import Form
from kpis.metrics.sources import Late, Source
from kpis.models import Dimension, Direction, MetricCode

ITSELF = Late("pk")
NAMES = {
    Dimension.DEPARTMENT: "department",
    Dimension.AGENT: "agent",
    Dimension.CHANNEL: "channel",
    Dimension.REGION: "member__region",
}
GIVEN = dict.fromkeys(
    (
        "case.opened",  # split off from another one, it came when that was said
        "case.assigned",
        "case.claimed",
        "case.routed",
        "case.transferred",
        "case.reassigned",
        "case.corrected",
        "case.recognised",
        "case.merged",
        "case.took_in",
        "case.reopened",
    ),
    ITSELF,
)
NOT_MERGED = Q(merged_into=None)
_AGAIN = Event.objects.filter(
    subject_type="case", subject_id=OuterRef("case"), kind="case.reopened", at__gte=OuterRef("met_at")
)


def _cases() -> QuerySet[Case]:
    return Case.objects.all()


def _resolutions() -> QuerySet[Clock]:
    return Clock.objects.filter(milestone=Milestone.RESOLUTION)


def _checks() -> QuerySet[QualityCheck]:
    return QualityCheck.objects.all()


def _seconds(until: str) -> Extract:
    return Extract(ExpressionWrapper(F(until) - F("opened_at"), output_field=DurationField()), "epoch")


def _time(code: MetricCode, until: str, said: Words, left_out: Words) -> Metric:
    return Metric(
        code,
        Form.MEAN,
        Unit.DURATION,
        Direction.DOWN,
        (
            Source(
                "cases",
                _cases,
                until,
                only=NOT_MERGED,
                value=_seconds(until),
                member="member",
                order="order",
                names=NAMES,
                late=GIVEN,
            ),
        ),
        _("sum of the times since the case was opened, by the wall's clock"),
        said,
        left_out,
        MEAN_OF,
    )


METRICS = (
    _time(
        MetricCode.FIRST_REPLY_TIME,
        "first_replied_at",
        _("cases first replied to in the time"),
        _("cases that were merged into another, and those without a reply"),
    ),
    _time(
        MetricCode.RESOLUTION_TIME,
        "resolved_at",
        _("cases resolved in the time and not open again"),
        _("cases that were merged into another, and those that are open"),
    ),
    Metric(
        MetricCode.REOPENED,
        Form.SHARE,
        Unit.PERCENT,
        Direction.DOWN,
        (
            Source(
                "clocks",
                _resolutions,
                "met_at",
                hits=Q(Exists(_AGAIN)),
                member="case__member",
                order="case__order",
                names=NAMES_OF_CLOCKS,
                late=LATE_CLOCKS,
            ),
        ),
        _("resolutions after which the case was reopened, whenever that was"),
        _("resolutions in the time, of cases for which one was promised"),
        _("cases without a promised time, and those that were merged into another"),
        SHARE_OF,
    ),
    Metric(
        MetricCode.QUALITY,
        Form.MEAN,
        Unit.PERCENT,
        Direction.UP,
        (
            Source(
                "checks",
                _checks,
                "scored_at",
                only=Q(status=CheckStatus.SCORED),
                value=F("score"),
                member="case__member",
                order="case__order",
                names={
                    Dimension.DEPARTMENT: "department",
                    Dimension.AGENT: "agent",
                    Dimension.CHANNEL: "case__channel",
                    Dimension.REGION: "case__member__region",
                },
                late={"quality.appeal_decided": ITSELF, "quality.scored": ITSELF},
            ),
        ),
        _("sum of the scores of checked conversations, in whole percent"),
        _("conversations whose quality was scored in the time"),
        _("conversations that wait for a score"),
        MEAN_OF,
    ),
)
