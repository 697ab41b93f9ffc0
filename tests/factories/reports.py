"""Weeks that are over, and their reports, for tests."""

from datetime import UTC, date, datetime, timedelta

from kpis.boards.periods import Days
from kpis.models import Dimension, MetricCode, ReportKind
from kpis.reports.commands import make
from tests.factories.figures import make_days, make_goal

MONDAY = datetime(2026, 11, 23, 2, tzinfo=UTC)
WEEK = Days(date(2026, 11, 16), date(2026, 11, 22))
MONTH = Days(date(2026, 10, 1), date(2026, 10, 31))


def weekly(department, *, at=MONDAY):
    return make(kind=ReportKind.WEEKLY, days=WEEK, department=department, at=at)


def monthly(*, at=MONDAY):
    return make(kind=ReportKind.MONTHLY, days=MONTH, department=None, at=at)


def measured(department=None):
    """Figures for all of it, with a goal that is missed."""
    place = {"dimension": Dimension.DEPARTMENT, "key": str(department.pk)} if department else {}
    for metric in (MetricCode.FIRST_REPLY, MetricCode.BAD_REVIEWS):
        make_days(WEEK.first - timedelta(90), WEEK.last, 0.9, metric=metric, **place)
    make_goal("95", **place)
