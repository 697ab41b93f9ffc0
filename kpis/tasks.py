"""What beat wakes: the figures of today, of the days about which facts came in, and long backfills."""

from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from kpis.alerts import commands as alerts
from kpis.appraisals import deadline as appeals
from kpis.experiments import commands as experiments
from kpis.funnels import commands as funnels
from kpis.funnels import late as late_for_funnels
from kpis.improvements import deadline, returning, telling
from kpis.loyalty import taking
from kpis.reports import commands as reports
from kpis.reports.deadline import DEADLINE as ON_REPORTS
from kpis.snapshots import backfilling, commands, late
from kpis.task_force import meetings
from kpis.task_force.deadline import DEADLINE as DECISIONS

MINUTES = timedelta(minutes=4)


@shared_task(name="kpis.take_today")
def take_today() -> None:
    """Take today's figures."""
    today = timezone.localdate()
    commands.take(first=today, last=today, at=timezone.now())


@shared_task(name="kpis.take_late")
def take_late() -> None:
    """Note the days about which facts came in, and take them again."""
    while late.note(at=timezone.now()):
        pass
    late.take_stale(at=timezone.now())


@shared_task(name="kpis.take_recent")
def take_recent() -> None:
    """Take the last days again whatever came in: nothing that tells of no event goes unseen for long."""
    commands.take_days(days=commands.recent_days(timezone.localdate()), at=timezone.now())


@shared_task(name="kpis.watch")
def watch() -> None:
    """Look for what alerts tell of the days that are over; take their figures first if need be."""
    for day in alerts.unwatched(timezone.localdate()):
        if not alerts.is_ready(day):
            commands.take(first=day, last=day, at=timezone.now())
        alerts.watch(day=day, at=timezone.now())


@shared_task(name="kpis.backfill")
def backfill() -> None:
    """Go on with backfills for some minutes."""
    until = timezone.now() + MINUTES
    while timezone.now() < until and backfilling.go_on(at=timezone.now()):
        pass


@shared_task(name="kpis.improvement_deadlines")
def improvement_deadlines() -> None:
    """Tell who has to know that improvements are soon due, due or late."""
    while deadline.sweep(at=timezone.now()) >= deadline.LIMIT:
        pass


@shared_task(name="kpis.appeal_deadlines")
def appeal_deadlines() -> None:
    """Tell who has to know that appeals against scores are soon due, due or late."""
    while appeals.DEADLINE.sweep(at=timezone.now()) >= deadline.LIMIT:
        pass


@shared_task(name="kpis.call_meetings")
def call_meetings() -> None:
    """Call the meetings of task forces that are near, and off those that were never begun."""
    meetings.lapse(at=timezone.now())
    meetings.call_weekly(at=timezone.now())


@shared_task(name="kpis.decision_deadlines")
def decision_deadlines() -> None:
    """Tell who has to know that decisions of meetings are soon due, due or late."""
    while DECISIONS.sweep(at=timezone.now()) >= deadline.LIMIT:
        pass


@shared_task(name="kpis.improvements_again")
def improvements_again() -> None:
    """Reopen improvements whose gap came back."""
    returning.look(at=timezone.now())


@shared_task(name="kpis.watch_experiments")
def watch_experiments() -> None:
    """End experiments that are full, and tell of harm and broken splits."""
    experiments.watch(at=timezone.now())


@shared_task(name="kpis.tell_members")
def tell_members() -> None:
    """Go on telling members what became of what they said, for some minutes."""
    until = timezone.now() + MINUTES
    while timezone.now() < until and telling.go_on(at=timezone.now()):
        pass


@shared_task(name="kpis.funnel")
def funnel() -> None:
    """Count the ways of days about which facts came in or whose window is over, for some minutes."""
    until = timezone.now() + MINUTES
    late_for_funnels.note(at=timezone.now())
    while timezone.now() < until and late_for_funnels.take_stale(at=timezone.now()):
        pass
    funnels.let_go(at=timezone.now())


@shared_task(name="kpis.make_reports")
def make_reports() -> None:
    """Make the reports of what is over, for some minutes."""
    reports.make_due(clock=timezone.now, until=timezone.now() + MINUTES)


@shared_task(name="kpis.report_deadlines")
def report_deadlines() -> None:
    """Tell who has to know that decisions on reports are soon due, due or late."""
    while ON_REPORTS.sweep(at=timezone.now()) >= deadline.LIMIT:
        pass


@shared_task(name="kpis.take_loyalty")
def take_loyalty() -> None:
    """Take the months of loyalty that are over, the oldest first, for some minutes."""
    until = timezone.now() + MINUTES
    for month in taking.due(timezone.localdate()):
        taking.take(month=month, at=timezone.now())
        if timezone.now() > until:
            break
