"""Reports: made once, told once to those who may read them, kept as they were; comments and decisions."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from config.common.errors import Invalid, NotFound, NotPermitted
from config.common.events import timeline
from config.common.models import OutboxMessage
from kpis import tasks
from kpis.boards.figures import Where, figures
from kpis.metrics.rules import Figure
from kpis.models import FigureDay, MetricCode, Report, ReportKind, ReportNote, ReportReader, Snapshot
from kpis.reports import commands, queries
from kpis.reports.rules import FIGURES, MOST_MISSED, last_period, periods_due
from kpis.snapshots.calendar import days_span
from tests.factories.feedback import DepartmentFactory, StaffFactory
from tests.factories.improvements import staff
from tests.factories.reports import MONDAY, MONTH, WEEK, measured, monthly, weekly
from tests.threads import at_once, refused

pytestmark = [pytest.mark.django_db, pytest.mark.req("K3")]


@pytest.fixture
def department():
    return DepartmentFactory()


@pytest.fixture
def lead(department):
    return staff(department, "team_lead")


def letters():
    return OutboxMessage.objects.filter(key__startswith="report:").count()


@given(st.sampled_from(ReportKind), st.dates(date(2020, 1, 1), date(2040, 1, 1)))
def test_the_last_period_is_the_last_that_is_over(kind, today):
    days = last_period(kind, today)
    assert days.first <= days.last < today
    assert last_period(kind, days.last + timedelta(1)) == days
    assert (last_period(kind, days.last) == days) is False
    length = (days.last - days.first).days + 1
    assert length in {ReportKind.WEEKLY: {7}, ReportKind.MONTHLY: {28, 29, 30, 31}, "": set()}.get(
        kind, {90, 91, 92}
    )


def test_what_is_due_is_made_once(department):
    DepartmentFactory(is_active=False)
    today = timezone.localdate(MONDAY)
    wanted = list(commands.due(today))
    assert [(kind, one) for kind, _days, one in wanted] == [
        (ReportKind.WEEKLY, department),
        (ReportKind.MONTHLY, None),
        (ReportKind.QUARTERLY, None),
    ]
    for kind, days, one in wanted:
        assert commands.make(kind=kind, days=days, department=one, at=MONDAY)
        assert commands.make(kind=kind, days=days, department=one, at=MONDAY) is None
    assert list(commands.due(today)) == []


def test_periods_in_which_the_system_stood_still_are_made_good(department):
    today = timezone.localdate(MONDAY)
    first = last_period(ReportKind.WEEKLY, today - timedelta(21))
    commands.make(kind=ReportKind.WEEKLY, days=first, department=department, at=MONDAY)
    weeks = [days.first for kind, days, _one in commands.due(today) if kind == ReportKind.WEEKLY]
    assert weeks == [first.first + timedelta(7 * number) for number in (1, 2, 3)]


@given(st.sampled_from(ReportKind), st.dates(date(2020, 1, 1), date(2040, 1, 1)), st.integers(0, 900))
def test_periods_due_follow_each_other_up_to_the_last(kind, today, ago):
    newest = last_period(kind, today - timedelta(ago)).first
    found = periods_due(kind, today, newest)
    assert found[-1] == last_period(kind, today)
    assert all(one.last + timedelta(1) == next_one.first for one, next_one in pairwise(found))
    assert found[0].first == newest or len(found) == MOST_MISSED
    assert periods_due(kind, today, None) == found[-1:]


@time_machine.travel(datetime(2026, 11, 25, 4, tzinfo=UTC), tick=False)  # their days differ
def test_it_waits_until_its_last_day_is_taken(department):
    for kind in ReportKind:
        last = last_period(kind, timezone.localdate()).last
        FigureDay.objects.filter(day=last).delete()
    tasks.make_reports()
    assert not Report.objects.exists()
    week = last_period(ReportKind.WEEKLY, timezone.localdate())
    FigureDay.objects.create(day=week.last, taken_at=days_span(week.last, week.last).end)
    tasks.make_reports()
    assert [(one.kind, one.department) for one in Report.objects.all()] == [("weekly", department)]


def test_a_period_that_is_not_over_has_none(department):
    with pytest.raises(Invalid):
        weekly(department, at=MONDAY - timedelta(days=1))


def test_it_holds_the_figures_as_they_are_told_elsewhere(department):
    measured(department)
    report = weekly(department)
    shown = figures(FIGURES[ReportKind.WEEKLY], WEEK, Where((department.pk,)))
    for one in report.content["figures"]:
        told = shown[MetricCode(one["metric"])]
        assert Figure(**one["now"]) == told.now
        assert Figure(**one["before"]) == told.before
    assert report.content["figures"][0]["now"]["n"] == 700
    assert report.content["figures"][0]["goal"]["value"] == 95


def test_what_came_in_later_changes_nothing_but_is_said():
    measured()
    report = monthly()
    kept = report.content
    assert queries.changed(report) == []
    Snapshot.objects.filter(metric=MetricCode.BAD_REVIEWS, day=MONTH.first).update(n=101)
    report.refresh_from_db()
    assert report.content == kept
    assert queries.changed(report) == [MetricCode.BAD_REVIEWS]


def test_readers_are_told_once_if_they_may_read_it(department, lead):
    stranger = staff(DepartmentFactory(), "team_lead")
    commands.subscribe(kind="weekly", department=department, user=lead, is_on=True, actor=lead, at=MONDAY)
    ReportReader.objects.create(kind="weekly", department=department, user=stranger)
    assert weekly(department)
    assert letters() == 1
    assert str(WEEK.first) in OutboxMessage.objects.get(key__startswith="report:").payload["subject"]


@pytest.mark.django_db(transaction=True)
def test_two_workers_make_one(department, lead):
    ReportReader.objects.create(kind="weekly", department=department, user=lead)
    results = at_once(*[lambda: weekly(department)] * 4)
    assert not refused(results)
    assert len([one for one in results if one]) == 1
    assert Report.objects.count() == letters() == 1
    assert timeline([Report.objects.get()]).filter(kind="report.made").count() == 1


@pytest.mark.parametrize(
    "row", [{"kind": "weekly"}, {"kind": "monthly", "department": True}, {"kind": "x"}, {"first": WEEK.last}]
)
def test_the_table_holds_no_report_that_makes_no_sense(department, row):
    if row.get("department"):
        row = row | {"department": department}
    whole = {"kind": "monthly", "first": WEEK.first, "last": WEEK.first, "made_at": MONDAY, "content": {}}
    with pytest.raises(IntegrityError), transaction.atomic():
        Report.objects.create(**whole | row)


def test_a_decision_has_an_owner_and_a_day_and_is_ticked_once(department, lead):
    report = weekly(department)
    given = {"report_id": report.pk, "actor": lead, "at": MONDAY}
    commands.note(**given, text="看起来不错")
    with pytest.raises(Invalid):
        commands.note(**given, text="x", owner=lead)
    with pytest.raises(Invalid):
        commands.note(**given, text="x", owner=lead, due_on=WEEK.first)
    with pytest.raises(Invalid):
        commands.note(**given, text="  ")
    with pytest.raises(Invalid):
        commands.note(**given, text="x", owner=StaffFactory(is_staff=False), due_on=date(2150, 1, 1))
    made = commands.note(**given, text="加一个夜班", owner=lead, due_on=date(2150, 1, 1))
    for _again in range(2):
        commands.done(report_id=report.pk, note_id=made.pk, actor=lead, at=MONDAY)
    assert timeline([report]).filter(kind="report.done").count() == 1
    assert ReportNote.objects.filter(done_at=None).count() == 1
    with pytest.raises(NotFound):
        commands.done(report_id=report.pk, note_id=0, actor=lead, at=MONDAY)


def test_who_may_not_read_it_may_do_nothing_with_it(department):
    report = weekly(department)
    stranger, agent = staff(DepartmentFactory(), "team_lead"), staff(department, "agent")
    for user in (stranger, agent):
        with pytest.raises(NotFound):
            commands.note(report_id=report.pk, text="x", actor=user, at=MONDAY)


def test_nobody_puts_others_on_a_list_without_the_right_nor_whom_it_is_not_for(department, lead):
    other, boss = staff(department, "team_lead"), staff(department)
    given = {"kind": "weekly", "department": department, "is_on": True, "at": MONDAY}
    with pytest.raises(NotPermitted):
        commands.subscribe(**given, user=other, actor=lead)
    with pytest.raises(Invalid):
        commands.subscribe(**given, user=staff(DepartmentFactory(), "team_lead"), actor=boss)
    with pytest.raises(Invalid):
        commands.subscribe(**given | {"kind": "monthly", "department": None}, user=lead, actor=lead)
    for wrong in ({"kind": "x"}, {"department": None}, {"kind": "monthly"}):
        with pytest.raises(Invalid):
            commands.subscribe(**given | wrong, user=boss, actor=boss)
    for is_on in (True, True, False, False):
        commands.subscribe(**given | {"is_on": is_on}, user=other, actor=boss)
    assert not ReportReader.objects.exists()
    assert timeline([other]).filter(kind="report.readers").count() == 2
