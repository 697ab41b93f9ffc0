"""Reports: made once, told once to those who may read them, kept as they were; comments and decisions."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from config.common.errors import Invalid, NotPermitted
from config.common.events import timeline
from config.common.models import OutboxMessage
from kpis import tasks
from kpis.boards.figures import Where, figures
from kpis.metrics.rules import Figure
from kpis.models import FigureDay, MetricCode, Report, ReportKind, ReportReader, Snapshot
from kpis.reports import commands, queries
from kpis.reports.rules import FIGURES, MOST_MISSED, last_period, periods_due
from kpis.snapshots.calendar import days_span
from kpis.snapshots.commands import untaken
from kpis.snapshots.queries import days_of
from tests.factories.feedback import DepartmentFactory
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


def taken_whole(days):
    """All days of a period as taken after they were over."""
    FigureDay.objects.bulk_create(
        [FigureDay(day=day, taken_at=days_span(day, day).end) for day in days_of(days.first, days.last)],
        ignore_conflicts=True,
    )


@pytest.fixture
def periods():
    """What is due on a day on which week, month and quarter end on different days, all taken."""
    with time_machine.travel(datetime(2026, 11, 25, 4, tzinfo=UTC), tick=False):
        found = {kind: last_period(kind, timezone.localdate()) for kind in ReportKind}
        for days in found.values():
            taken_whole(days)
        yield found


@pytest.mark.parametrize("change", [{"taken_at": None}, {"stale_at": MONDAY}, {"taken_at": "at noon"}])
def test_days_that_were_not_taken_since_they_were_over_are_taken_first(department, periods, change):
    gaps = [days.first + timedelta(2) for days in periods.values()]
    for day in gaps:
        if "taken_at" in change:
            noon = days_span(day, day).end - timedelta(hours=12)
            change = {"taken_at": None if change["taken_at"] is None else noon}
        FigureDay.objects.filter(day=day).update(**change)
    tasks.make_reports()
    assert {one.kind for one in Report.objects.all()} == set(ReportKind)
    rows = FigureDay.objects.filter(taken_at__gte=timezone.now())
    assert set(rows.values_list("day", flat=True)) == set(gaps)
    assert not any(untaken(days.first, days.last) for days in periods.values())


def test_a_missed_week_of_which_no_day_was_taken_has_its_report(department, periods):
    first = periods["weekly"].first - timedelta(14)
    Report.objects.create(
        kind="weekly",
        department=department,
        first=first,
        last=first + timedelta(6),
        made_at=MONDAY,
        content={},
    )
    tasks.make_reports()
    weeks = Report.objects.filter(kind="weekly", first__gt=first).order_by("first")
    assert [one.first for one in weeks] == [first + timedelta(7), first + timedelta(14)]


def test_a_report_that_fails_holds_up_no_other(department, periods, monkeypatch, caplog):
    real = commands.gather

    def broken(kind, *rest):
        if kind == ReportKind.WEEKLY:
            raise ZeroDivisionError
        return real(kind, *rest)

    monkeypatch.setattr(commands, "gather", broken)
    tasks.make_reports()
    assert {one.kind for one in Report.objects.all()} == {"monthly", "quarterly"}
    assert "weekly" in caplog.text
    monkeypatch.undo()
    tasks.make_reports()
    assert Report.objects.count() == 3


def test_what_takes_too_long_is_gone_on_with_the_next_time(department, periods):
    days = periods["weekly"]
    FigureDay.objects.filter(day__range=(days.first, days.last)).update(taken_at=None)
    moments = iter([MONDAY] * 5 + [MONDAY + timedelta(minutes=9)] * 9)
    commands.make_due(clock=lambda: next(moments), until=MONDAY + timedelta(minutes=4))
    assert not Report.objects.exists()
    assert 0 < len(untaken(days.first, days.last)) < 7
    tasks.make_reports()
    assert Report.objects.count() == 3


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


def test_an_interval_that_is_reckoned_otherwise_is_no_other_number():
    measured()
    report = monthly()
    for one in report.content["figures"]:
        one["now"] |= {"low": None, "high": None}
    report.save()
    assert queries.changed(report) == []


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
