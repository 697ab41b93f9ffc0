"""Gaps of service: clocks towards members that were not kept."""

from datetime import timedelta

import pytest
from django.db import transaction

from config.common.events import record
from config.common.models import Event
from feedback.gaps import commands, queries, service
from feedback.models import Clock, Gap, GapThreshold, Overturned
from tests.factories.kpis import make_clock
from tests.factories.sop import START, SopDepartmentFactory

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.req("F12")]
HOUR = timedelta(hours=1)
DUE = START


def breach(**options):
    """A clock that is late on record."""
    clock = make_clock(options.pop("department", None) or SopDepartmentFactory(), due_at=DUE)
    Clock.objects.filter(pk=clock.pk).update(breached_at=DUE, next_fire_at=None, **options)
    tell(clock, "clock.breached")
    return clock


@transaction.atomic
def tell(clock, kind):
    record(kind, clock.case, actor=None, at=DUE, clock=clock.pk)


def search(at=DUE + HOUR):
    while service.catch_up(at=at):
        pass
    service.grow(at=at)
    return Gap.objects.filter(aspect="service")


def test_a_breach_is_a_gap_of_its_member_even_without_an_order():
    clock = breach()
    gap = search().get()
    assert (gap.member, gap.order, gap.case, gap.clock, gap.kind) == (
        clock.case.member,
        clock.case.order,
        clock.case,
        clock,
        "service",
    )
    assert (gap.expected_at, gap.actual_at, gap.severity) == (DUE, None, 2)
    assert queries.of_member(clock.case.member).get() == gap
    assert Event.objects.get(kind="gap.found").data["about"] == f"clock:{clock.pk}"


def test_reading_again_finds_nothing_new():
    breach()
    search()
    service.compare_anew()
    assert search().count() == 1
    assert Event.objects.filter(kind="gap.found").count() == 1


def test_it_grows_by_waiting_and_ends_when_it_is_met():
    clock = breach()
    assert search(DUE + HOUR / 4).get().severity == 1
    assert search(DUE + HOUR).get().severity == 2
    assert search(DUE + 5 * HOUR).get().severity == 3
    Clock.objects.filter(pk=clock.pk).update(met_at=DUE + 2 * HOUR)
    tell(clock, "clock.met")
    gap = search(DUE + 9 * HOUR).get()
    assert (gap.actual_at, gap.severity) == (DUE + 2 * HOUR, 2)


def test_a_clock_that_stands_still_grows_no_worse():
    clock = breach()
    search(DUE + HOUR / 4)
    Clock.objects.filter(pk=clock.pk).update(paused_at=DUE + HOUR / 3, milestone="resolution")
    tell(clock, "clock.paused")
    assert search(DUE + 9 * HOUR).get().severity == 1
    assert service.grow(at=DUE + 9 * HOUR) == 0  # nor is it looked at again and again


def test_a_breach_that_is_withdrawn_takes_the_gap_along():
    clock = breach()
    search()
    Clock.objects.filter(pk=clock.pk).update(breached_at=None, due_at=DUE + 9 * HOUR, met_at=DUE + HOUR)
    tell(clock, "clock.breach_withdrawn")
    assert search().get().withdrawn_at == DUE + HOUR


def test_what_was_met_in_time_and_other_events_are_none():
    clock = make_clock(SopDepartmentFactory(), due_at=DUE, met_at=DUE - HOUR)
    tell(clock, "clock.met")
    tell(clock, "case.noted")
    assert not search().exists()


def test_thresholds_are_hours_and_grade_anew():
    breach()
    search()
    threshold = GapThreshold(aspect="service", slight=2, moderate=4)
    commands.save_threshold(threshold=threshold, actor=None, at=DUE)
    assert search().get().severity == 1


def test_a_breach_that_is_withdrawn_asks_no_supervisor_about_a_case_that_was_there_before():
    clock = breach()
    assert search().get().case == clock.case
    Clock.objects.filter(pk=clock.pk).update(breached_at=None, met_at=DUE)
    tell(clock, "clock.breach_withdrawn")
    assert search().get().withdrawn_at is not None
    assert not Overturned.objects.exists()
