"""Sweeps that run at once, race a reply, or die in the middle."""

import contextlib
import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction

from compensation.models import Notice
from config.common.models import Event, OutboxMessage
from feedback.clocks import commands
from feedback.ladders import sweep as sweeping
from feedback.ladders.sweep import sweep
from feedback.models import Alert, Case, Clock, Firing
from tests.factories.sop import (
    START,
    SopCaseFactory,
    SopDepartmentFactory,
    make_agent,
    make_ladder,
    make_policy,
)
from tests.threads import at_once, refused

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.req("F3")]

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
LATE = START + 5 * HOUR
CASES = 12


@pytest.fixture
def cases():
    make_policy(ladder=make_ladder(), targets={"first_reply": 30})
    top = SopDepartmentFactory()
    service = SopDepartmentFactory(parent=top)
    agent = make_agent(service)
    make_agent(service, is_lead=True)
    make_agent(top, is_lead=True)
    cases = [SopCaseFactory(department=service, agent=agent) for _ in range(CASES)]
    with transaction.atomic():
        for case in cases:
            commands.start_for_case(case, actor=None, at=START)
    return cases


def reply_to(case, at):
    with transaction.atomic():
        commands.replied(Case.objects.select_for_update(no_key=True).get(pk=case.pk), actor=None, at=at)


def check_once():
    """Every rung fired once, with one event and one alert each, and each member was told how it ended."""
    assert Firing.objects.count() == 4 * CASES
    assert Alert.objects.count() == 4 * CASES
    assert Notice.objects.count() == OutboxMessage.objects.filter(kind="member").count() == CASES
    assert Event.objects.filter(kind="clock.breached").count() == CASES
    assert Event.objects.filter(kind="case.transferred").count() == CASES
    assert set(Case.objects.values_list("version", flat=True)) == {2}
    assert not Clock.objects.filter(next_fire_at__isnull=False).exists()


def hold_at_write(monkeypatch, parties):
    """Make the first writes of a sweep wait for each other, so that the sweeps truly overlap."""
    barrier = threading.Barrier(parties)
    write = sweeping.write

    def slow(*args):
        with contextlib.suppress(threading.BrokenBarrierError):
            barrier.wait(timeout=1)
        write(*args)

    monkeypatch.setattr(sweeping, "write", slow)


def test_two_sweepers_share_the_work(cases, monkeypatch, caplog):
    hold_at_write(monkeypatch, 2)
    results = at_once(lambda: sweep(LATE, chunk=4), lambda: sweep(LATE, chunk=4))
    assert not refused(results)
    assert not caplog.records  # neither ran into what the other did
    sweep(LATE)  # what both passed over because the other held it
    check_once()


def test_workers_of_a_pass_share_its_chunks(cases, monkeypatch, caplog):
    hold_at_write(monkeypatch, 2)
    write, threads = sweeping.write, set()

    def noted(*args):
        threads.add(threading.current_thread().name)
        write(*args)

    monkeypatch.setattr(sweeping, "write", noted)
    result = sweep(LATE, chunk=4, workers=2)
    assert (result.clocks, result.breached, sum(result.fired.values())) == (CASES, CASES, 4 * CASES)
    assert len(threads) == 2
    assert not caplog.records
    check_once()


def test_workers_tell_of_each_case_that_failed(cases, caplog):
    broken = {case.pk for case in cases[::5]}
    for clock in Clock.objects.filter(case__in=broken):
        Firing.objects.create(clock=clock, rung=0, action="notify_agent", due_at=START, fired_at=START)
    result = sweep(LATE, chunk=4, workers=2)
    assert set(result.failed) == broken
    assert result.clocks == CASES - len(broken)


def test_sweep_passes_over_a_case_that_somebody_holds(cases):
    held, go = threading.Event(), threading.Event()

    def reply():
        with transaction.atomic():
            case = Case.objects.select_for_update(no_key=True).get(pk=cases[0].pk)
            held.set()
            go.wait(timeout=10)
            commands.replied(case, actor=None, at=START + 29 * MINUTE)

    def pass_by():
        held.wait(timeout=10)
        with connection.cursor() as cursor:
            cursor.execute("SET statement_timeout = '1s'")  # it would wait for ever instead of passing over
        try:
            return sweep(LATE)
        finally:
            go.set()

    results = at_once(reply, pass_by)
    assert not refused(results)
    assert (results[1].clocks, results[1].failed) == (CASES - 1, [])
    clock = Clock.objects.get(case=cases[0])
    assert (clock.met_at, clock.breached_at) == (START + 29 * MINUTE, None)
    assert not clock.firings.exists()
    assert sweep(LATE).clocks == 0


def test_clock_met_after_it_was_picked_fires_nothing(cases, monkeypatch):
    lock = sweeping._lock

    def reply_first(ids):
        for case in cases[:3]:
            reply_to(case, START + MINUTE)
        monkeypatch.setattr(sweeping, "_lock", lock)
        return lock(ids)

    monkeypatch.setattr(sweeping, "_lock", reply_first)
    assert sweep(LATE).clocks == CASES - 3
    assert Firing.objects.count() == 4 * (CASES - 3)


def test_killed_between_two_chunks_the_next_pass_goes_on(cases, monkeypatch):
    class Killed(BaseException):
        pass

    put, calls = sweeping.digests.add_many, []

    def dies(*args, **kwargs):
        calls.append(args)
        if len(calls) == 2:
            raise Killed
        put(*args, **kwargs)

    monkeypatch.setattr(sweeping.digests, "add_many", dies)
    with pytest.raises(Killed):
        sweep(LATE, chunk=4)
    assert Firing.objects.count() == 4 * 4  # the first chunk stands, the second left nothing behind
    monkeypatch.setattr(sweeping.digests, "add_many", put)
    assert sweep(LATE + MINUTE).clocks == CASES - 4
    check_once()


def test_repeated_beats_change_nothing(cases):
    sweep(LATE)
    before = Event.objects.count(), OutboxMessage.objects.count()
    for _ in range(3):
        assert sweep(LATE).clocks == 0
    assert (Event.objects.count(), OutboxMessage.objects.count()) == before
    check_once()


def test_a_reply_in_time_that_came_after_the_sweep_withdraws_the_breach(cases):
    sweep(START + 30 * MINUTE)
    reply_to(cases[0], START + 30 * MINUTE - timedelta(milliseconds=1))
    clock = Clock.objects.get(case=cases[0])
    assert clock.breached_at is None
    assert Event.objects.filter(kind="clock.breach_withdrawn", subject_id=cases[0].pk).count() == 1
    assert clock.firings.count() == 2  # what was done stays on record
