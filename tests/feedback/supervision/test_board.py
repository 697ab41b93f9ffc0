"""The board's numbers, the rows behind them, and the forecast."""

from datetime import timedelta

import pytest

from feedback.clocks import commands
from feedback.ladders.sweep import sweep
from feedback.models import AttainmentTarget, Clock, Pace
from feedback.shifts import commands as presence
from feedback.supervision.board import NUMBERS, behind, board
from tests.factories.sop import (
    START,
    SopCaseFactory,
    SopDepartmentFactory,
    make_agent,
    make_ladder,
    make_policy,
)

pytestmark = [pytest.mark.django_db, pytest.mark.req("F8")]

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture
def service():
    return SopDepartmentFactory(code="service")


def policy(**targets):
    return make_policy(ladder=make_ladder(), targets=targets or {"first_reply": 30})


def open_case(department, at=START, **fields):
    case = SopCaseFactory(department=department, opened_at=at, **fields)
    commands.start_for_case(case, actor=None, at=at)
    return case


def a_day(service, now):
    """Something of everything, an hour after the day began."""
    commands.replied(open_case(service), actor=None, at=START + 5 * MINUTE)
    commands.replied(open_case(service, channel="chat"), actor=None, at=START + 50 * MINUTE)
    open_case(service)
    open_case(service, at=START + 35 * MINUTE)
    sweep(now - 20 * MINUTE)
    open_case(service, at=now - 30 * MINUTE)  # due this moment, and no sweep saw it
    open_case(service, at=now)
    commands.stop_all(open_case(service), actor=None, at=START + MINUTE)
    waiting = open_case(service, at=now)
    Clock.objects.filter(case=waiting).update(milestone="resolution", paused_at=now, next_fire_at=None)


def test_numbers_and_shares(service):
    policy()
    now = START + HOUR
    a_day(service, now)
    other = SopDepartmentFactory()
    open_case(other, at=now - 5 * HOUR)
    seen = board([service.pk, other.pk], now=now)
    row, elsewhere = seen.by_department[service.pk], seen.by_department[other.pk]
    assert (row.running, row.warned, row.breached, row.paused, row.next_hour) == (1, 1, 2, 1, 2)
    assert (row.today.met, row.today.due, row.week.due) == (1, 4, 4)
    assert row.today.percent == pytest.approx(25)
    assert (row.now.met, row.now.due) == (3, 5)
    assert (elsewhere.breached, elsewhere.today.due) == (1, 1)
    assert seen.total.breached == 3
    assert seen.by_channel["chat"].today.due == 1
    for name in ("running", "warned", "breached", "paused", "next_hour", "forecast"):
        total = getattr(seen.total, name)
        assert sum(getattr(one, name) for one in seen.by_channel.values()) == total
        assert sum(getattr(one, name) for one in seen.by_department.values()) == total


def test_each_number_has_as_many_rows(service):
    policy()
    now = START + HOUR
    a_day(service, now)
    Pace.objects.create(department=service, per_hour=1, late_share=0, n=20, since=now - HOUR, measured_at=now)
    seen = board([service.pk], now=now)
    assert seen.total.forecast == 2
    for name in NUMBERS:
        number = getattr(seen.total, name)
        rows = behind(name, [service.pk], now=now).count()
        assert rows == (number.due if name in {"today", "week"} else number), name
        for channel, numbers in seen.by_channel.items():
            number = getattr(numbers, name)
            rows = behind(name, [service.pk], channel=channel, now=now).count()
            assert rows == (number.due if name in {"today", "week"} else number), (name, channel)


def test_a_week_begins_on_monday(service):
    policy()
    for days in (0, 1, 2, 3):  # Wednesday, Tuesday, Monday, Sunday
        case = open_case(service, at=START - timedelta(days=days))
        commands.replied(case, actor=None, at=START - timedelta(days=days))
    row = board([service.pk], now=START + HOUR).total
    assert (row.today.due, row.week.due) == (1, 3)


def test_a_clock_counts_on_the_day_it_is_decided(service):
    """Met in time before midnight, due after it: it counts before, as in the figures."""
    policy()
    evening = START.replace(hour=15, minute=45)  # 23:45 in Shanghai
    case = open_case(service, at=evening)
    commands.replied(case, actor=None, at=evening + 5 * MINUTE)
    assert board([service.pk], now=evening + 10 * MINUTE).total.today.met == 1
    assert board([service.pk], now=evening + HOUR).total.today.due == 0


def test_nothing_is_no_share(service):
    total = board([service.pk], now=START).total
    assert (total.now.percent, total.today.percent, total.week.percent) == (None, None, None)


def test_targets_are_data(service):
    AttainmentTarget.objects.create(percent=95)
    AttainmentTarget.objects.create(department=service, percent=90)
    assert board([service.pk], now=START).targets == {None: 95, service.pk: 90}


def test_people_on_duty_with_load_and_presence(service):
    policy()
    busy, idle = make_agent(service, name="忙"), make_agent(service, name="闲")
    make_agent(SopDepartmentFactory(), name="别处")
    open_case(service, at=START - HOUR, agent=busy)
    open_case(service, agent=busy)
    presence.set_presence(agent=idle, state="online", at=START)
    first, second = board([service.pk], now=START).crews[service.pk].people
    assert (first.on_shift.agent, first.late, first.next_hour) == (busy, 1, 1)
    assert (first.on_shift.load.others, first.on_shift.state) == (2, "offline")
    assert (second.on_shift.agent, second.on_shift.state) == (idle, "online")


def test_nobody_on_duty_means_that_all_of_it_is_late(service):
    policy()
    for _ in range(3):
        open_case(service)
    assert board([service.pk], now=START).total.forecast == 3


def test_whoever_goes_home_does_no_more(service):
    policy()
    agent = make_agent(service)
    for _ in range(6):
        open_case(service)
    assert board([service.pk], now=START).total.forecast == 3  # six an hour, half an hour to go
    from feedback.models import Leave

    Leave.objects.create(agent=agent, starts_at=START + 10 * MINUTE, ends_at=START + HOUR)
    assert board([service.pk], now=START).total.forecast == 5


@pytest.mark.parametrize("rows", [1, 3])
def test_queries_do_not_grow(service, rows, django_assert_num_queries):
    policy()
    departments = [SopDepartmentFactory() for _ in range(rows)]
    for department in departments:
        for _ in range(rows):
            make_agent(department)
            open_case(department)
    with django_assert_num_queries(14):
        board([one.pk for one in departments], now=START)
