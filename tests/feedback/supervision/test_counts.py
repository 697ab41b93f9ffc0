"""The kept counts say at every moment what a count of all clocks says."""

import random
import threading
from datetime import timedelta

import pytest
from django.db import connection, connections, transaction
from django.utils import timezone

from feedback.clocks import commands
from feedback.clocks.queries import RUNNING, standing
from feedback.ladders.sweep import sweep
from feedback.models import BoardCount, Case, Clock
from feedback.supervision import counts
from tests.factories.sop import START, SopCaseFactory, SopDepartmentFactory, make_ladder, make_policy

pytestmark = [pytest.mark.django_db, pytest.mark.req("F8")]

MINUTE = timedelta(minutes=1)
CHANNELS = ("portal", "chat", "phone")


@pytest.fixture
def department():
    make_policy(ladder=make_ladder(), targets={"first_reply": 30, "next_reply": 60, "resolution": 240})
    return SopDepartmentFactory()


def open_case(department, at=START, **fields):
    case = SopCaseFactory(department=department, opened_at=at, **fields)
    commands.start_for_case(case, actor=None, at=at)
    return case


def by_hand(departments, now):
    """Count every clock, one after the other."""
    found = {}
    for department in departments:
        for channel in CHANNELS:
            mine = Clock.objects.filter(department=department, facts__channel=channel)
            row = {
                str(state): mine.filter(RUNNING, condition).count()
                for state, condition in standing(now).items()
            }
            late = [one for one in mine if one.breached_at or _late_unseen(one, now)]
            met = [one for one in mine if one.met_at and not one.breached_at]
            days = {}
            for clocks, what, moment in ((late, "missed", "due_at"), (met, "met", "met_at")):
                for one in clocks:
                    key = (timezone.localtime(getattr(one, moment)).date(), what)
                    days[key] = days.get(key, 0) + 1
            found[department.pk, channel] = (row, days)
    return found


def _late_unseen(clock, now):
    runs = not (clock.met_at or clock.stopped_at or clock.paused_at)
    return runs and clock.due_at <= now


def kept(departments, now):
    told = counts.tallies([one.pk for one in departments], since=START.date() - timedelta(days=9), now=now)
    empty = counts.Tally()
    found = {}
    for department in departments:
        for channel in CHANNELS:
            tally = told.get((department.pk, channel), empty)
            row = {name: tally.now.get(name, 0) for name in ("running", "warned", "breached", "paused")}
            found[department.pk, channel] = (row, {key: n for key, n in tally.days.items() if n})
    return found


@pytest.mark.parametrize("seed", range(3))
def test_whatever_happens_the_counts_are_those_of_a_recount(department, seed):
    """A day at random: cases open, are answered, wait, move, are let go, swept or not, counts are folded."""
    chance, other = random.Random(seed), SopDepartmentFactory()
    both, cases, now = [department, other], [], START
    for _step in range(45):
        now += timedelta(seconds=chance.randrange(1, 1500))
        act = chance.choice(
            ("open", "open", "reply", "speak", "wait", "resume", "move", "stop", "sweep", "fold")
        )
        case = chance.choice(cases) if cases else None
        if act == "open" or case is None:
            cases.append(open_case(chance.choice(both), at=now, channel=chance.choice(CHANNELS)))
        elif act == "reply":
            commands.replied(case, actor=None, at=now)
        elif act == "speak":
            commands.member_spoke(case, at=now)
        elif act == "wait":
            commands.wait_for_member(case, actor=None, at=now)
        elif act == "resume":
            commands.resume(case, actor=None, at=now)
        elif act == "move":
            case.department = other if case.department == department else department
            case.save()
            commands.moved(case, actor=None, at=now)
        elif act == "stop":
            commands.stop_all(case, actor=None, at=now)
        elif act == "sweep":
            sweep(now)
            cases = [type(one).objects.get(pk=one.pk) for one in cases]
        else:
            counts.fold()
        assert kept(both, now) == by_hand(both, now), act
    assert counts.differences() == []


def test_deleted_clocks_count_no_more(department):
    case = open_case(department)
    case.clocks.all().delete()
    assert kept([department], START) == by_hand([department], START)


def test_folding_changes_no_sum_and_leaves_one_row_each(department):
    for _ in range(3):
        commands.replied(open_case(department), actor=None, at=START + MINUTE)
    before = kept([department], START + MINUTE)
    assert counts.fold() > 0
    rows = list(BoardCount.objects.values_list("department", "channel", "day", "what"))
    assert len(rows) == len(set(rows))
    assert kept([department], START + MINUTE) == before
    assert counts.fold() == 0


def test_a_recount_mends_what_somebody_broke(department):
    open_case(department)
    BoardCount.objects.update(n=7)
    assert counts.differences() != []
    counts.recount()
    assert counts.differences() == []


@pytest.mark.parametrize("rows", [1, 3])
def test_two_queries_for_any_number(department, rows, django_assert_num_queries):
    departments = [SopDepartmentFactory() for _ in range(rows)]
    for one in departments:
        open_case(one)
    with django_assert_num_queries(2):
        counts.tallies([one.pk for one in departments], since=START.date(), now=START)


def test_what_nobody_has_swept_is_found_by_the_index_of_the_sweep(department):
    first = open_case(department)
    clock = first.clocks.first()
    cases = [Case(**{**values(first), "key": None}) for _ in range(500)]
    Case.objects.bulk_create(cases)
    for n, case in enumerate(cases):
        due = clock.due_at + n * MINUTE
        case.clock = Clock(**{**values(clock), "case_id": case.pk, "due_at": due, "next_fire_at": due})
    Clock.objects.bulk_create([case.clock for case in cases])
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE feedback_clock")
    found = Clock.objects.filter(counts.UNSEEN, next_fire_at__lte=START, department__in=[department.pk])
    assert "clock_fire" in found.explain()


def values(row):
    return {
        field.attname: getattr(row, field.attname)
        for field in row._meta.concrete_fields
        if field.name != "id"
    }


@pytest.mark.django_db(transaction=True)
def test_two_who_change_clocks_at_once_do_not_wait_for_one_another(department):
    """One holds its transaction open while the other commits: kept sums are rows of their own."""
    with transaction.atomic():
        first, second = open_case(department), open_case(department)
    done = threading.Event()

    def other():
        try:
            with transaction.atomic():
                commands.replied(second, actor=None, at=START + MINUTE)
            counts.fold()
            done.set()
        finally:
            connections.close_all()

    with transaction.atomic():
        commands.replied(first, actor=None, at=START + MINUTE)
        thread = threading.Thread(target=other)
        thread.start()
        assert done.wait(20)
    thread.join()
    assert counts.differences() == []
