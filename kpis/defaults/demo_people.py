"""The demo shop's last month as it was closed and scored, with an appeal that waits."""

from datetime import datetime, timedelta

from django.utils import timezone

from config.common.models import User
from kpis.appraisals import appealing, marks, queries, scoring
from kpis.models import Appraisal, Grain
from kpis.snapshots.calendar import period_of
from kpis.snapshots.commands import close_month

POINTS = (85, 70, 92, 60)
APPEAL = "月中有三天系统故障，回复慢不是我的原因，请重新考虑首次回复时间这一项。"


def seed(at: datetime) -> None:
    """Close last month, mark and score it, and have somebody appeal."""
    today = timezone.localdate(at)
    month, _last = period_of(today.replace(day=1) - timedelta(1), Grain.MONTH)
    supervisor, lead = (User.objects.filter(username=name).first() for name in ("supervisor", "lead"))
    if supervisor is None or lead is None:
        return
    close_month(month=month, actor=supervisor, at=at, today=today)
    for number, one in enumerate(queries.to_mark(lead, month)):
        marks.give_mark(
            line_id=one.line.pk, month=month, person=one.person, points=POINTS[number % len(POINTS)],
            actor=lead, at=at,
        )  # fmt: skip
    for actor in (supervisor, None):  # who sees some departments; then the rest
        scoring.score_month(month=month, actor=actor, at=at)
    theirs = Appraisal.objects.filter(month=month, agent__user__username="agent2").first()
    if theirs is not None and theirs.agent is not None:
        appealing.appeal(appraisal_id=theirs.pk, text=APPEAL, actor=theirs.agent.user, at=at)
