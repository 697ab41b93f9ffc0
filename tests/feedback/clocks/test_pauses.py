"""A supervisor's verdict on a pause: what does not count makes the due time come sooner, ended or not."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from config.common.errors import Invalid, NotFound, NotPermitted
from config.common.models import Event
from feedback.clocks import commands
from feedback.clocks.pauses import review
from feedback.clocks.queries import replay
from feedback.clocks.rules import ALWAYS as AROUND
from feedback.clocks.rules import Terms, left_of_cap
from feedback.ladders.sweep import sweep
from feedback.models import Case, Clock, Pause, PauseRule
from feedback.sops.calendar import WorkCalendar
from tests.factories.common import UserFactory
from tests.factories.sop import START, SopCaseFactory, SopDepartmentFactory, make_policy

MINUTE, HOUR, SECOND = timedelta(minutes=1), timedelta(hours=1), timedelta(seconds=1)


@pytest.fixture
def case(db):
    make_policy(targets={"resolution": 120})
    PauseRule.objects.create(
        reason="waiting_bank", milestones=["resolution"], cap=9 * HOUR, needs_review=True
    )
    case = SopCaseFactory(department=SopDepartmentFactory())
    commands.start_for_case(case, actor=None, at=START)
    return case


@pytest.fixture
def agent(db):
    return UserFactory()


def held(case, agent, since=30, until=90):
    commands.hold(case, "waiting_bank", actor=agent, at=START + since * MINUTE)
    if until:
        commands.resume(case, actor=agent, at=START + until * MINUTE)
    return Pause.objects.latest("pk")


def judge(pause, verdict="rejected", at=100, remark="银行当天已到账", actor=None):
    return review(
        pause_id=pause.pk,
        verdict=verdict,
        remark=remark,
        actor=actor or UserFactory(),
        at=START + at * MINUTE,
    )


def clock_of(case):
    return Clock.objects.get(case=case)


@pytest.mark.req("F8")
def test_a_rejected_pause_does_not_count(case, agent):
    pause = held(case, agent)
    assert (pause.needs_review, clock_of(case).due_at) == (True, START + 180 * MINUTE)
    boss = UserFactory()
    judge(pause, actor=boss)
    pause.refresh_from_db()
    assert (pause.verdict, pause.reviewed_by, pause.reviewed_at) == ("rejected", boss, START + 100 * MINUTE)
    clock = clock_of(case)
    assert (clock.due_at, clock.next_fire_at, clock.breached_at) == (START + 2 * HOUR, START + 2 * HOUR, None)
    case.refresh_from_db()
    assert case.next_due_at == START + 2 * HOUR
    told = Event.objects.get(kind="clock.pause_reviewed")
    assert (told.data["verdict"], told.actor) == ("rejected", f"user:{boss.pk}")
    assert replay(clock, now=START + 100 * MINUTE).working == 100 * MINUTE
    sweep(START + 2 * HOUR)
    assert clock_of(case).breached_at == START + 2 * HOUR


def test_what_was_met_in_time_is_late_without_its_pause_and_in_time_again_with_it(case, agent):
    pause = held(case, agent)
    commands.met(case, "resolution", actor=agent, at=START + 150 * MINUTE)
    judge(pause, at=200)
    clock = clock_of(case)
    assert (clock.met_at, clock.due_at, clock.breached_at) == (
        START + 150 * MINUTE,
        START + 120 * MINUTE,
        START + 120 * MINUTE,
    )
    assert Event.objects.get(kind="clock.breached").at == START + 120 * MINUTE
    judge(pause, "accepted", at=210, remark="")
    clock = clock_of(case)
    assert (clock.due_at, clock.breached_at) == (START + 180 * MINUTE, None)
    assert Event.objects.filter(kind="clock.breach_withdrawn").count() == 1


def test_late_by_the_rejection_is_late_at_once(case, agent):
    judge(held(case, agent, until=130), at=140)
    assert clock_of(case).breached_at == START + 2 * HOUR


def test_rejecting_a_pause_that_lasts_ends_it(case, agent):
    pause = judge(held(case, agent, until=None), at=60)
    assert pause.to_at == START + HOUR
    clock = clock_of(case)
    assert (clock.paused_at, clock.due_at) == (None, START + 2 * HOUR)


def test_one_pause_rejected_while_another_lasts(case, agent):
    first = held(case, agent)
    commands.hold(case, "waiting_member", actor=agent, at=START + 110 * MINUTE)
    judge(first, at=115)
    assert clock_of(case).paused_at == START + 110 * MINUTE
    commands.resume(case, actor=agent, at=START + 200 * MINUTE)
    assert clock_of(case).due_at == START + 210 * MINUTE


def test_a_rejected_pause_still_uses_up_its_cap(case, agent):
    PauseRule.objects.update(cap=HOUR)
    judge(held(case, agent), at=100)
    assert commands.hold(case, "waiting_bank", actor=agent, at=START + 101 * MINUTE) == []


def test_the_same_verdict_again_changes_nothing(case, agent):
    pause = held(case, agent)
    judge(pause)
    before = Event.objects.exclude(kind="config.changed").count()  # the judge's account is one
    judge(pause)
    assert Event.objects.exclude(kind="config.changed").count() == before


def test_who_and_what_is_refused(case, agent):
    pause = held(case, agent)
    with pytest.raises(NotPermitted):
        judge(pause, actor=agent)
    for verdict, remark in (("maybe", "x"), ("", "x"), ("rejected", "  "), ("rejected", "x" * 2001)):
        with pytest.raises(Invalid):
            judge(pause, verdict, remark=remark)
    with pytest.raises(NotFound):
        review(pause_id=0, verdict="accepted", actor=agent, at=START)
    pause.refresh_from_db()
    assert pause.verdict == ""
    assert Case.objects.get(pk=case.pk).next_due_at == START + 180 * MINUTE


# --- the rules, against a walk second by second ------------------------------------------------------------

T0 = datetime(2026, 3, 6, 9, 57, tzinfo=UTC)  # a Friday, three minutes before the shift ends
TIGHT = WorkCalendar.from_json(
    {
        "zone": "UTC",
        "hours": {
            day: [["09:55", "10:00"], ["10:02", "10:06"]] for day in ("mon", "tue", "wed", "thu", "fri")
        },
        "exceptions": {"2026-03-07": [["00:00", "00:03"]]},
    }
)
MIDNIGHT = 14 * 3600 + 180  # in seconds after T0
MOMENT = st.integers(0, 900)
PAUSES = st.lists(st.tuples(MOMENT, st.integers(1, 300)), max_size=4)


def is_open(second):
    """Whether a second after T0 is worked: two shifts on Friday, three minutes on Saturday."""
    return 0 <= second < 180 or 300 <= second < 540 or MIDNIGHT <= second < MIDNIGHT + 180


def moment(second):
    return T0 + second * SECOND


@settings(deadline=None)
@given(work=st.integers(1, 430), pauses=PAUSES)
@example(work=180, pauses=[(180, 60)])
@example(work=181, pauses=[(0, 200), (100, 300)])
@pytest.mark.req("F2")
def test_due_times_equal_a_walk_second_by_second(work, pauses):
    spans = [(since, since + length) for since, length in pauses]
    at, left = 0, work
    while left and at < MIDNIGHT + 180:
        at = MIDNIGHT if 1300 < at < MIDNIGHT else at  # nothing is worked or paused in between
        left -= is_open(at) and not any(begin <= at < end for begin, end in spans)
        at += 1
    if not left:  # else it is due on Monday
        told = [(moment(begin), moment(end)) for begin, end in spans]
        assert Terms(TIGHT, work * SECOND).due_at(T0, told) == moment(at)


@settings(deadline=None)
@given(cap=st.integers(1, 400), used=PAUSES, since=MOMENT, working=st.booleans())
@example(cap=60, used=[(0, 60)], since=60, working=False)
@example(cap=180, used=[(0, 120)], since=200, working=True)
@pytest.mark.req("F2")
def test_caps_equal_a_walk_second_by_second(cap, used, since, working):
    calendar = TIGHT if working else AROUND
    spent, spans, at = 0, [], 0
    for gap, length in used:  # one after the other, as pauses of one clock are
        begin = at + gap
        at = begin + length
        spans.append((moment(begin), moment(at)))
        spent += sum(is_open(second) or not working for second in range(begin, at))
    assert left_of_cap(calendar, cap * SECOND, spans) == max(cap - spent, 0) * SECOND
    start, left = at + since, cap - spent
    at = start
    while left > 0 and at < 5000:
        left -= is_open(at) or not working
        at += 1
    if spent < cap and not left:
        assert calendar.due(moment(start), (cap - spent) * SECOND) == moment(at)
