"""The demo shop's reports: of the weeks, the month and the quarter that are over, with what was decided."""

from datetime import datetime, timedelta

from django.utils import timezone

from config.common.models import User
from feedback.models import Department
from kpis.models import Report, ReportKind
from kpis.reports import commands, deciding
from kpis.reports.rules import last_period

WEEKS = 3
COMMENT = "首次回复这周没有达标，主要是午休时段没有人接。"
DECISION = "十二点到一点半留一人值班，两周后再看。"


def seed(at: datetime) -> None:
    """Make the reports of the last weeks and what else is due; comment and decide on the service's newest."""
    today = timezone.localdate(at)
    for back in range(WEEKS, 0, -1):
        days = last_period(ReportKind.WEEKLY, today - timedelta(7 * (back - 1)))
        for department in Department.objects.filter(is_active=True).order_by("pk"):
            commands.make(kind=ReportKind.WEEKLY, days=days, department=department, at=at)
    for kind, days, one in list(commands.due(today)):
        commands.make(kind=kind, days=days, department=one, at=at)
    supervisor, lead = (User.objects.filter(username=name).first() for name in ("supervisor", "lead"))
    newest = (
        Report.objects.filter(kind=ReportKind.WEEKLY, department__code="service").order_by("first").last()
    )
    if supervisor is None or lead is None or newest is None:
        return
    commands.subscribe(
        kind=newest.kind, department=newest.department, user=lead, is_on=True, actor=lead, at=at
    )
    deciding.note(report_id=newest.pk, text=COMMENT, actor=lead, at=at)
    due_on = today + timedelta(days=14)
    deciding.note(report_id=newest.pk, text=DECISION, owner=lead, due_on=due_on, actor=supervisor, at=at)
