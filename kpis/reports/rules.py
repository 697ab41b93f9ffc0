"""Which period a report is of, and when it is due. Pure."""

from datetime import date, timedelta

from kpis.boards.periods import Days
from kpis.models import Grain, MetricCode, ReportKind
from kpis.snapshots.calendar import period_of

M = MetricCode
MOST_MISSED = 8
"""How many periods are made good that nothing was made in, because the system stood still."""
GRAINS = {
    ReportKind.WEEKLY: Grain.WEEK,
    ReportKind.MONTHLY: Grain.MONTH,
    ReportKind.QUARTERLY: Grain.QUARTER,
}
FIGURES: dict[str, tuple[MetricCode, ...]] = {
    ReportKind.WEEKLY: (
        M.FIRST_REPLY, M.RESOLUTION, M.SLA, M.FIRST_REPLY_TIME, M.RESOLUTION_TIME,
        M.REOPENED, M.QUALITY, M.CSAT,
    ),
    ReportKind.MONTHLY: (
        M.CSAT, M.NPS, M.CES, M.REVIEW_SCORE, M.BAD_REVIEWS, M.COMPLAINT_RATE, M.RETURN_RATE,
        M.GAP_RATE, M.GAP_PRODUCT, M.GAP_SERVICE, M.GAP_PRICE,
    ),
    ReportKind.QUARTERLY: tuple(MetricCode),
}  # fmt: skip
"""What each report tells of."""
DRAWN: dict[str, tuple[MetricCode, ...]] = {
    ReportKind.WEEKLY: (M.FIRST_REPLY, M.RESOLUTION, M.CSAT),
    ReportKind.MONTHLY: (M.CSAT, M.REVIEW_SCORE, M.GAP_RATE, M.GAP_PRODUCT),
    ReportKind.QUARTERLY: (M.CSAT, M.NPS, M.SLA, M.GAP_RATE, M.COMPLAINT_RATE, M.REPURCHASE),
}
"""What of it is drawn as well."""


def last_period(kind: str, today: date) -> Days:
    """The last week (Monday to Sunday), month or quarter that is over."""
    running, _last = period_of(today, GRAINS[ReportKind(kind)])
    return Days(*period_of(running - timedelta(1), GRAINS[ReportKind(kind)]))


def periods_due(kind: str, today: date, newest: date | None) -> list[Days]:
    """The periods that are over and may lack reports, the oldest first: back to the newest that has one.

    `newest` is the first day of that; without any only the last period is due. At most `MOST_MISSED`.
    """
    found = [last_period(kind, today)]
    while newest is not None and found[-1].first > newest and len(found) < MOST_MISSED:
        found.append(last_period(kind, found[-1].first))
    return found[::-1]
