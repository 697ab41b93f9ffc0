from datetime import UTC, date, datetime, timedelta
from threading import Barrier, Thread

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from compensation.models import OrderStatus
from feedback.models import CaseKind, Clock, Milestone
from kpis.models import Dimension, MetricCode, Snapshot
from kpis.snapshots import commands
from kpis.snapshots.commands import recent_days, take_days
from tests.factories.feedback import CaseFactory, DepartmentFactory
from tests.factories.kpis import make_answer, make_clock, make_promised_order

DAY = date(2026, 11, 18)
MIDNIGHT = datetime(2026, 11, 17, 16, tzinfo=UTC)  # in Shanghai
NOON = MIDNIGHT + timedelta(hours=12)
MINUTE = timedelta(minutes=1)


def take(*, day, at):
    return commands.take(first=day, last=day, at=at)


def snapshots(metric, dimension=Dimension.DEPARTMENT):
    rows = Snapshot.objects.filter(metric=metric, day=DAY, dimension__in=["", dimension])
    return {int(row.key) if row.key else None: (row.n, row.total, int(row.squares)) for row in rows}


@pytest.mark.req("K1")
@pytest.mark.django_db
def test_a_clock_counts_on_the_day_it_was_decided():
    ours, theirs = DepartmentFactory(), DepartmentFactory()
    make_clock(ours, due_at=NOON, met_at=NOON)  # at the very moment is in time
    make_clock(ours, due_at=NOON, met_at=NOON + MINUTE)
    make_clock(ours, due_at=NOON)
    make_clock(theirs, due_at=NOON, met_at=NOON - MINUTE)
    make_clock(ours, due_at=NOON, stopped_at=NOON - MINUTE)  # no longer mattered
    make_clock(ours, due_at=NOON + timedelta(days=2), met_at=NOON)  # met today, due later
    make_clock(ours, due_at=NOON, met_at=NOON - MINUTE, milestone=Milestone.RESOLUTION)

    take(day=DAY, at=NOON)

    assert snapshots(MetricCode.FIRST_REPLY) == {ours.pk: (4, 2, 2), theirs.pk: (1, 1, 1), None: (5, 3, 3)}
    assert snapshots(MetricCode.RESOLUTION) == {ours.pk: (1, 1, 1), None: (1, 1, 1)}


@pytest.mark.django_db
def test_a_day_begins_at_midnight_and_ends_before_the_next():
    ours = DepartmentFactory()
    make_clock(ours, due_at=NOON, met_at=MIDNIGHT)
    make_clock(ours, due_at=MIDNIGHT + timedelta(days=1))
    make_clock(ours, due_at=MIDNIGHT - timedelta(microseconds=1))
    take(day=DAY, at=NOON)
    assert snapshots(MetricCode.FIRST_REPLY)[None] == (1, 1, 1)


@pytest.mark.req("K1")
@pytest.mark.django_db
def test_satisfaction_keeps_what_its_interval_needs():
    ours, theirs = DepartmentFactory(), DepartmentFactory()
    for department, score in ((ours, 5), (ours, 2), (theirs, 4)):
        make_answer(department, score, at=NOON)
    make_answer(ours, 1, at=NOON - timedelta(days=1))
    take(day=DAY, at=NOON)
    assert snapshots(MetricCode.CSAT) == {ours.pk: (2, 7, 29), theirs.pk: (1, 4, 16), None: (3, 11, 45)}


@pytest.mark.req("K1")
@pytest.mark.django_db
def test_an_order_with_a_broken_promise_counts_once_whatever_its_lines():
    make_promised_order(due_at=NOON, late=True, lines=3)
    make_promised_order(due_at=NOON)
    make_promised_order(due_at=NOON, late=True, withdrawn=True)
    make_promised_order(due_at=NOON, late=True, status=OrderStatus.CANCELLED)
    make_promised_order(due_at=NOON + timedelta(days=1), late=True)
    take(day=DAY, at=NOON)
    assert snapshots(MetricCode.GAP_RATE) == {None: (3, 1, 1)}


@pytest.mark.req("K1")
@pytest.mark.django_db
def test_complaints_are_held_against_the_orders_of_the_day():
    make_promised_order(due_at=NOON + timedelta(days=3))
    make_promised_order(due_at=NOON + timedelta(days=3))
    CaseFactory(opened_at=NOON)
    CaseFactory(opened_at=NOON, kind=CaseKind.ENQUIRY)
    take(day=DAY, at=NOON)
    assert snapshots(MetricCode.COMPLAINT_RATE) == {None: (2, 1, 1)}


@pytest.mark.django_db
def test_taking_a_day_again_follows_the_facts():
    ours, theirs = DepartmentFactory(), DepartmentFactory()
    make_clock(ours, due_at=NOON)
    take(day=DAY, at=NOON)
    Clock.objects.update(department=theirs)
    take(day=DAY, at=NOON + MINUTE)
    assert snapshots(MetricCode.FIRST_REPLY) == {theirs.pk: (1, 0, 0), None: (1, 0, 0)}
    take(day=DAY, at=NOON + MINUTE)
    assert snapshots(MetricCode.FIRST_REPLY) == {theirs.pk: (1, 0, 0), None: (1, 0, 0)}


@pytest.mark.django_db
def test_the_cost_of_a_day_does_not_grow_with_its_facts():
    ours = DepartmentFactory()
    make_clock(ours, due_at=NOON)
    with CaptureQueriesContext(connection) as one:
        take(day=DAY, at=NOON)
    for _ in range(3):
        make_clock(DepartmentFactory(), due_at=NOON)
        make_answer(ours, 3, at=NOON)
    with CaptureQueriesContext(connection) as three:
        take(day=DAY, at=NOON)
    assert len(one) == len(three)


@pytest.mark.django_db(transaction=True)
def test_two_takers_of_one_day_leave_one_figure():
    ours = DepartmentFactory()
    make_clock(ours, due_at=NOON)
    start = Barrier(4)

    def run():
        start.wait()
        take(day=DAY, at=NOON)
        connection.close()

    threads = [Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert snapshots(MetricCode.FIRST_REPLY) == {ours.pk: (1, 0, 0), None: (1, 0, 0)}


@pytest.mark.django_db
def test_recent_days_end_with_today():
    days = recent_days(DAY)
    assert (days[-1], len(days)) == (DAY, 8)
    CaseFactory(opened_at=NOON)
    assert take_days(days=days[-2:], at=NOON) > 0
    assert take_days(days=days[-2:], at=NOON) == 0
