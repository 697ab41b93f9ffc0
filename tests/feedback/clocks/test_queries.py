from datetime import timedelta

import pytest
from django.utils import translation

from config.common.models import Event, Seal
from feedback.clocks import commands, words
from feedback.clocks.queries import (
    State,
    breaches,
    chips,
    replay,
    running_chips,
    standing,
    state_of,
)
from feedback.clocks.replay import Kind
from feedback.ladders.sweep import sweep
from feedback.models import Clock, PauseRule
from feedback.sops import words as sop_words
from tests.factories.common import UserFactory
from tests.factories.sop import (
    OFFICE,
    START,
    SopCalendarFactory,
    SopCaseFactory,
    SopDepartmentFactory,
    make_agent,
    make_ladder,
    make_policy,
)

pytestmark = [pytest.mark.django_db, pytest.mark.req("F8")]

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture(autouse=True)
def english():
    with translation.override("en"):
        yield


@pytest.fixture
def service():
    return SopDepartmentFactory(code="service")


def open_case(department, at=START, **fields):
    case = SopCaseFactory(department=department, opened_at=at, **fields)
    commands.start_for_case(case, actor=None, at=at)
    return case


def policy(**fields):
    return make_policy(ladder=make_ladder(), **fields)


def test_left_and_late():
    assert words.left(START + 12 * MINUTE, START) == "12 min left"
    assert words.left(START, START + 185 * MINUTE) == "3 h 5 min late"
    assert words.ended(START, START + MINUTE) == "met 1 min late"
    assert words.ended(START, START - MINUTE) == "met, 1 min to spare"
    assert words.exact(3723 * SECOND) == "1:02:03"


def test_chips_from_start_to_end(service):
    policy()
    case = open_case(service)

    def states(now):
        return [(chip.clock.milestone, chip.state, chip.words) for chip in chips(case, now=now)]

    assert states(START + 10 * MINUTE) == [
        ("first_reply", State.RUNNING, "20 min left"),
        ("resolution", State.RUNNING, "23 h 50 min left"),
    ]
    sweep(START + 25 * MINUTE)
    assert states(START + 25 * MINUTE)[0][1:] == (State.WARNED, "5 min left")
    assert states(START + 31 * MINUTE)[0][1:] == (State.BREACHED, "1 min late")  # no sweep saw it yet
    commands.replied(case, actor=None, at=START + 40 * MINUTE)
    commands.wait_for_member(case, actor=None, at=START + HOUR)
    assert states(START + 50 * HOUR) == [
        ("resolution", State.PAUSED, "paused, 23 h left"),
        ("first_reply", State.MET_LATE, "met 10 min late"),
    ]
    commands.stop_all(case, actor=None, at=START + 51 * HOUR)
    assert states(START + 52 * HOUR)[0][1:] == (State.STOPPED, "stopped")


def test_fraction_counts_working_time(service):
    make_policy(calendar=SopCalendarFactory(content=OFFICE), targets={"resolution": 8 * 60})
    case = open_case(service)
    assert chips(case, now=START + 4 * HOUR)[0].fraction == 3 / 8  # an hour of it is the midday break
    assert chips(case, now=START + 20 * HOUR)[0].fraction == 1.0


@pytest.mark.parametrize("number", [1, 3])
def test_chips_cost_two_queries(service, number, django_assert_num_queries):
    policy()
    case = open_case(service)
    for n in range(1, number):
        commands.resolved(case, actor=None, at=START + n * MINUTE)
        commands.reopened(case, actor=None, at=START + n * MINUTE)
    with django_assert_num_queries(2):
        assert (
            len([(chip.clock.department.name, chip.words) for chip in chips(case, now=START)]) >= 2 * number
        )
    with django_assert_num_queries(2):
        assert running_chips([case], now=START)[case.pk].clock.milestone in {"first_reply", "next_reply"}


def test_replay_adds_up_to_the_second(service):
    make_policy("vip", kinds=["refund"], position=1, targets={"resolution": 60})
    make_policy(
        calendar=SopCalendarFactory(content=OFFICE), ladder=make_ladder(), targets={"resolution": 10 * 60}
    )
    user = UserFactory(name="王芳")
    case = open_case(service)
    commands.wait_for_member(case, actor=user, at=START + 2 * HOUR + 17 * SECOND)
    commands.resume(case, actor=user, at=START + 5 * HOUR + 3 * SECOND)
    sweep(START + 30 * HOUR)
    end = START + 31 * HOUR + 41 * SECOND
    commands.resolved(case, actor=user, at=end)
    told = replay(Clock.objects.get(), now=START + 100 * HOUR)

    assert told.working + told.closed + told.paused == told.lasted == end - START
    assert told.paused == 3 * HOUR - 14 * SECOND
    assert (told.segments[0].start, told.segments[-1].end) == (START, end)
    assert all(one.end == other.start for one, other in zip(told.segments, told.segments[1:], strict=False))
    clock = told.clock
    assert told.working == clock.work + (told.working - clock.work)
    after_due = sum(
        (
            min(part.end, end) - max(part.start, clock.due_at)
            for part in told.segments
            if part.kind == Kind.WORKING and part.end > clock.due_at
        ),
        timedelta(),
    )
    assert told.working - after_due == clock.work
    assert told.late == end - clock.due_at
    assert [mark.kind for mark in told.marks if mark.kind.startswith("clock.") or mark.kind == "due"] == [
        "clock.started",
        "clock.paused",
        "clock.resumed",
        "due",
        "clock.breached",
        "clock.met",
    ]
    assert next(mark for mark in told.marks if mark.kind == "clock.paused").actor == "王芳"
    assert len(told.firings) == 3
    assert [sop_words.reason(verdict) for verdict in told.choice.verdicts] == [
        "kind is complaint, not refund",
        "takes every case",
    ]


def test_replay_names_the_seal(service):
    policy()
    open_case(service)
    clock = Clock.objects.first()
    assert replay(clock, now=START + MINUTE).seal is None
    txid = Event.objects.latest("id").txid
    seal = Seal.objects.create(
        from_txid=0, upto_txid=txid + 1, count=1, digests=b"", previous=b"", signature=b"1", sealed_at=START
    )
    assert replay(clock, now=START + MINUTE).seal == seal


def test_replay_of_a_clock_that_stands_still(service):
    policy(targets={"resolution": 60})
    case = open_case(service)
    commands.wait_for_member(case, actor=None, at=START + MINUTE)
    told = replay(Clock.objects.get(), now=START + HOUR)
    assert (told.working, told.paused, told.late) == (MINUTE, 59 * MINUTE, timedelta())
    assert "due" not in [mark.kind for mark in told.marks]


def test_breaches_filter(service):
    policy(targets={"first_reply": 30, "resolution": 60})
    case = open_case(service)
    open_case(SopDepartmentFactory())
    sweep(START + 2 * HOUR)
    commands.replied(case, actor=None, at=START + 3 * HOUR)
    assert [clock.milestone for clock in breaches([service])] == ["resolution", "first_reply"]
    assert breaches([service], since=START + HOUR).get().milestone == "resolution"
    assert breaches([service], until=START + HOUR).get().milestone == "first_reply"
    assert breaches([service], is_running=True).get().milestone == "resolution"
    assert breaches([service], milestones=["first_reply"], is_running=False).count() == 1


@pytest.mark.parametrize("number", [1, 3])
def test_breaches_cost_one_query(service, number, django_assert_num_queries):
    policy(targets={"first_reply": 30})
    agent = make_agent(service)
    for _ in range(number):
        open_case(service, agent=agent)
    sweep(START + HOUR)
    with django_assert_num_queries(1):
        rows = [
            (str(one.case.agent), one.case.member.name, one.department.name) for one in breaches([service])
        ]
    assert len(rows) == number


def test_states_in_sql_and_in_python_agree(service):
    policy(targets={"first_reply": 30, "resolution": 120})
    case = open_case(service)
    commands.wait_for_member(open_case(service, at=START + MINUTE), actor=None, at=START + 9 * MINUTE)
    late = open_case(service, at=START - 3 * HOUR)
    sweep(START)
    commands.wait_for_member(late, actor=None, at=START)
    for minutes in (0, 23, 24, 29, 30, 95, 96, 97, 119, 120, 130):
        now = START + minutes * MINUTE
        for state, condition in standing(now).items():
            found = set(Clock.objects.filter(condition))
            assert found == {clock for clock in Clock.objects.all() if state_of(clock, now) == state}
    assert state_of(case.clocks.get(milestone="first_reply"), START + 24 * MINUTE) == State.WARNED


def test_replay_of_a_clock_whose_facts_nobody_kept(service):
    policy()
    open_case(service)
    Clock.objects.update(facts={})
    told = replay(Clock.objects.first(), now=START + MINUTE)
    [verdict] = told.choice.verdicts
    assert (verdict.taken, verdict.conditions) == (True, ())


def test_replay_ends_a_pause_at_its_cap_before_anybody_looked(service):
    PauseRule.objects.create(reason="waiting_bank", milestones=["resolution"], cap=HOUR)
    policy()
    case = open_case(service)
    commands.hold(case, "waiting_bank", actor=None, at=START + HOUR)
    told = replay(Clock.objects.get(milestone="resolution"), now=START + 5 * HOUR)
    assert (told.paused, told.working) == (HOUR, 4 * HOUR)
    assert told.lasted == told.paused + told.working + told.closed
