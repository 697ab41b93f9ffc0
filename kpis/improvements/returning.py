"""Gaps that come back: what was proved is looked at every night and reopened once when it is as before."""

from datetime import date, datetime, timedelta

from config.common.errors import MoveNotAllowed
from feedback.gaps import hot_spots
from kpis.deadlines.given import day_of
from kpis.improvements import commands, measuring, rules
from kpis.improvements.rules import Course, Days
from kpis.metrics.catalogue import METRICS
from kpis.metrics.rules import Counted
from kpis.models import Improvement, ImprovementStatus, MetricCode, Verdict

SPOT, FIGURE = "hot_spot", "figure"


def look(*, at: datetime) -> int:
    """Reopen what came back; gives how many. Whoever is second finds it reopened."""
    proved = Improvement.objects.filter(
        verdict=Verdict.PROVED, status__in=[ImprovementStatus.CHECKED, ImprovementStatus.CLOSED]
    )
    reopened = 0
    for improvement in proved.order_by("pk"):
        why = came_back(improvement, today=day_of(at))
        if not why:
            continue
        try:
            commands.reopen(improvement_id=improvement.pk, why=why, actor=None, at=at)
        except MoveNotAllowed:
            continue
        reopened += 1
    return reopened


def came_back(improvement: Improvement, *, today: date) -> str:
    """What came back: the hot spot it was about, or its figure; empty: nothing."""
    check = improvement.checks.filter(round=improvement.round, verdict=Verdict.PROVED).first()
    if check is None:
        return ""
    after_last = date.fromisoformat(check.numbers["after"]["last"])
    if improvement.spot_aspect and _spot_grew(improvement, after_last, today):
        return SPOT
    now = Days(max(after_last + timedelta(1), today - timedelta(improvement.window)), today - timedelta(1))
    if now.number < improvement.window:  # as many days as it was compared over, all of them since
        return ""
    metric, numbers = METRICS[MetricCode(improvement.metric)], check.numbers

    def course(key: str, before: str, after: str) -> Course:
        counted = measuring.by_day(improvement, key, now.first, now.last)
        return Course(_kept(numbers[before]), _kept(numbers[after]), rules.total(counted, now))

    control = None
    if improvement.control_key:
        control = course(improvement.control_key, "control_before", "control_after")
    own = course(improvement.key, "before", "after")
    is_back = rules.came_back(own, control, form=metric.form, better=metric.better)
    return FIGURE if is_back else ""


def _spot_grew(improvement: Improvement, after_last: date, today: date) -> bool:
    """Whether its hot spot has grown again, in a week since."""
    aspect = improvement.spot_aspect
    until = hot_spots.latest_week(aspect, today - timedelta(1))
    if until - timedelta(hot_spots.WEEK) < after_last:
        return False
    found = hot_spots.search(aspect, until=until, by=[improvement.spot_by])
    return any(spot.value == improvement.spot_value for spot in found.grown)


def _kept(side: dict[str, int]) -> Counted:
    return Counted(side["n"], side["total"], side["squares"])
