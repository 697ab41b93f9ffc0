"""What was promised in time: first replies, resolutions, and everything with a clock."""

from django.db.models import Q, QuerySet
from django.utils.functional import Promise as Words
from django.utils.translation import gettext_lazy as _

from feedback.models import Clock, Milestone
from feedback.supervision.board import DECIDED
from kpis.metrics.definition import SHARE_OF, Metric, Unit
from kpis.metrics.rules import Form
from kpis.metrics.sources import Late, Source
from kpis.models import Dimension, Direction, MetricCode

NAMES = {
    Dimension.DEPARTMENT: "department",
    Dimension.AGENT: "case__agent",
    Dimension.CHANNEL: "case__channel",
    Dimension.REGION: "case__member__region",
}
OF_CASE = Late("case")
OF_CLOCK = Late("pk", key="clock")
LATE = {
    "case.assigned": OF_CASE,
    "case.claimed": OF_CASE,
    "case.routed": OF_CASE,
    "case.transferred": OF_CASE,
    "case.corrected": OF_CASE,
    "case.recognised": OF_CASE,
    "case.merged": OF_CASE,
    "case.took_in": OF_CASE,
    "case.reopened": OF_CASE,
    "case.reassigned": OF_CASE,
    "clock.breached": OF_CLOCK,
    "clock.breach_withdrawn": OF_CLOCK,
    "clock.met": OF_CLOCK,
    "clock.moved": Late("pk", key="clocks"),
    "clock.pause_reviewed": OF_CLOCK,
    "clock.retargeted": OF_CLOCK,
    "clock.stopped": OF_CLOCK,
}


def _clocks() -> QuerySet[Clock]:
    return Clock.objects.all()


def _attainment(code: MetricCode, only: Q, counted: Words, measured: Words, left_out: Words) -> Metric:
    return Metric(
        code,
        Form.SHARE,
        Unit.PERCENT,
        Direction.UP,
        (
            Source(
                "clocks",
                _clocks,
                DECIDED,
                only=only,
                hits=Q(breached_at=None),
                member="case__member",
                order="case__order",
                names=NAMES,
                late=LATE,
            ),
        ),
        counted,
        measured,
        left_out,
        SHARE_OF,
    )


_UNDECIDED = _("clocks that still run, and those stopped before they were due")

METRICS = (
    _attainment(
        MetricCode.FIRST_REPLY,
        Q(milestone=Milestone.FIRST_REPLY),
        _("first replies given by their due time"),
        _("first replies that were given or became overdue in the time"),
        _UNDECIDED,
    ),
    _attainment(
        MetricCode.RESOLUTION,
        Q(milestone=Milestone.RESOLUTION),
        _("cases resolved by their due time"),
        _("cases that were resolved or became overdue in the time"),
        _UNDECIDED,
    ),
    _attainment(
        MetricCode.SLA,
        Q(),
        _("milestones of all kinds that were met by their due time"),
        _("milestones of cases, handoffs and reviews that were met or became overdue in the time"),
        _UNDECIDED,
    ),
)
