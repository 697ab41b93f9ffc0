"""Pauses that end by themselves: against a calculation that walks minute by minute."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from config.common.models import Event
from feedback.clocks import commands
from feedback.clocks.running import Running
from feedback.ladders.sweep import sweep
from feedback.models import Case, Clock, Pause, PauseRule
from tests.factories.sop import (
    OFFICE,
    START,
    SopCalendarFactory,
    SopCaseFactory,
    SopDepartmentFactory,
    make_ladder,
    make_policy,
)
from tests.feedback.clocks.test_machine import is_open

pytestmark = [pytest.mark.django_db, pytest.mark.req("F2")]

MINUTE = timedelta(minutes=1)
WORK = 300
CAPS = {"waiting_supplier": (90, True), "waiting_bank": (400, False), "waiting_courier": (None, True)}
REASONS = ("waiting_member", *CAPS)


@pytest.fixture
def department():
    calendar = SopCalendarFactory(content=OFFICE)
    make_policy(ladder=make_ladder(), targets={"resolution": WORK, "first_reply": 60})
    for reason, (cap, working) in CAPS.items():
        PauseRule.objects.create(
            reason=reason,
            milestones=["resolution"],
            cap=None if cap is None else cap * MINUTE,
            in_working_time=working,
        )
    return SopDepartmentFactory(calendar=calendar)


class Walk:
    """One clock, minute by minute: nothing is known ahead, nothing is looked up."""

    def __init__(self):
        self.at, self.left, self.reason = START, WORK, None
        self.used = dict.fromkeys(REASONS, 0)
        self.pauses, self.due = [], None

    def spent(self, reason):
        cap = CAPS.get(reason, (None, True))[0]
        return cap is not None and self.used[reason] >= cap

    def to(self, until):
        while self.at < until:
            if self.reason and self.spent(self.reason):
                self.end()
            if self.reason:
                self.used[self.reason] += is_open(self.at) or not CAPS.get(self.reason, (None, True))[1]
            elif is_open(self.at) and self.due is None:
                self.left -= 1
            self.at += MINUTE
            if not self.left and self.due is None and not self.reason:
                self.due = self.at
        if self.reason and self.spent(self.reason):
            self.end()

    def hold(self, reason):
        if reason != self.reason:
            if self.reason:
                self.end()
            if not self.spent(reason):
                self.reason = reason
                self.pauses.append([reason, self.at, None])

    def end(self):
        if self.reason:
            self.pauses[-1][2], self.reason = self.at, None
            if self.pauses[-1][1] == self.at:
                self.pauses[-1][2] = self.at


STEP = st.tuples(
    st.sampled_from([*REASONS, "resume", "sweep", "look"]),
    st.one_of(st.integers(0, 60), st.sampled_from([90, 91, 300, 400, 700, 1440, 2000])),
)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEP, max_size=9), late=st.integers(0, 5000), ends=st.sampled_from(["met", "runs"]))
@example(steps=[("waiting_supplier", 0), ("sweep", 2000)], late=0, ends="runs")
@example(steps=[("waiting_supplier", 10), ("resume", 60), ("waiting_supplier", 5)], late=2000, ends="met")
@example(steps=[("waiting_bank", 10), ("waiting_supplier", 60), ("waiting_bank", 5)], late=900, ends="met")
@example(steps=[("waiting_supplier", 0), ("waiting_courier", 2000)], late=10, ends="runs")
def test_caps_end_pauses_to_the_minute_whenever_anybody_looks(department, steps, late, ends):
    with transaction.atomic():
        case = SopCaseFactory(department=department)
        commands.start_for_case(case, actor=None, at=START)
        walk, at = Walk(), START
        for what, minutes in steps:
            at += minutes * MINUTE
            walk.to(at)
            if what == "sweep":
                sweep(at)
                case.refresh_from_db()
            elif what == "resume":
                commands.resume(case, actor=None, at=at)
                walk.end()
            elif what == "look":
                Running([case], actor=None, at=at).save()
            else:
                commands.hold(case, what, actor=None, at=at)
                walk.hold(what)
        at += late * MINUTE
        walk.to(at)
        if ends == "met":
            commands.met(case, "resolution", actor=None, at=at)
            walk.end()
        else:
            sweep(at)
        clock = Clock.objects.get(case=case, milestone="resolution")
        held = [
            list(row) for row in Pause.objects.filter(clock=clock).values_list("reason", "from_at", "to_at")
        ]
        assert held == walk.pauses
        is_late = walk.due is not None and (at > walk.due if ends == "met" else at >= walk.due)
        assert clock.breached_at == (walk.due if is_late else None)
        if walk.due is not None:
            assert clock.due_at == walk.due
        transaction.set_rollback(True)


def held_case(department, reason="waiting_supplier", at=START):
    case = SopCaseFactory(department=department)
    commands.start_for_case(case, actor=None, at=START)
    commands.hold(case, reason, actor=None, at=at)
    return case


def test_what_is_late_when_its_pause_ends_breaches_in_the_same_pass(department):
    case = held_case(department, at=START + 295 * MINUTE)
    result = sweep(START + timedelta(days=3))
    clock = Clock.objects.get(case=case, milestone="resolution")
    ended = Event.objects.get(kind="clock.resumed")
    # 90 working minutes from 13:55 on end at 15:25; the 65 minutes that are left at 16:30
    assert ended.at == START + 385 * MINUTE == clock.pauses.get().to_at
    assert (ended.actor, ended.data["capped"]) == ("system", True)
    assert clock.breached_at == clock.due_at == START + 450 * MINUTE
    assert result.breached == 2
    assert not sweep(START + timedelta(days=3)).clocks


def test_the_sweep_leaves_a_pause_that_has_not_ended(department):
    case = held_case(department)
    assert sweep(START + 50 * MINUTE).clocks == 1  # the first reply's warning
    assert Clock.objects.get(case=case, milestone="resolution").paused_at == START
    assert Clock.objects.get(case=case, milestone="resolution").next_fire_at == START + 90 * MINUTE


def test_a_used_up_reason_holds_nothing_any_more(department):
    case = held_case(department)
    commands.resume(case, actor=None, at=START + 89 * MINUTE)
    commands.hold(case, "waiting_supplier", actor=None, at=START + 100 * MINUTE)
    assert Pause.objects.latest("from_at").ends_by == START + 101 * MINUTE
    assert commands.hold(case, "waiting_supplier", actor=None, at=START + 102 * MINUTE) == []
    assert [
        clock.milestone for clock in commands.hold(case, "waiting_bank", actor=None, at=START + 110 * MINUTE)
    ]
    assert Pause.objects.count() == 3


def test_the_cap_is_frozen_in_the_pause(department):
    held_case(department)
    PauseRule.objects.update(cap=MINUTE)
    sweep(START + 80 * MINUTE)
    assert Pause.objects.get().to_at is None
    assert Pause.objects.get().ends_by == START + 90 * MINUTE


def test_replies_calls_and_courier_never_stand_still(department):
    make_policy("rest", targets={"pick_up": 10, "call_back": 60, "courier_answer": 10, "next_reply": 60})
    case = SopCaseFactory(department=department)
    commands.start_for_case(case, actor=None, at=START)
    for milestone in ("pick_up", "call_back", "courier_answer", "next_reply"):
        assert commands.start(case, milestone, actor=None, at=START)
    for reason in REASONS:
        held = commands.hold(case, reason, actor=None, at=START + MINUTE)
        assert [clock.milestone for clock in held] == ["resolution"]


def test_a_rule_cannot_name_a_reply():
    with pytest.raises(IntegrityError, match="pauserule_never_replies"):
        PauseRule.objects.create(reason="waiting_bank", milestones=["first_reply"])


def test_resolved_while_paused_keeps_the_pause(department):
    case = held_case(department, "waiting_courier", at=START + 60 * MINUTE)
    case.resolution = "solved"
    commands.resolved(case, actor=None, at=START + timedelta(days=20))
    clock = Clock.objects.get(case=case, milestone="resolution")
    assert clock.breached_at is None
    assert clock.pauses.get().to_at == clock.met_at == START + timedelta(days=20)


def test_retarget_keeps_the_pause_and_its_cap(department):
    make_policy("urgent", position=1, priorities=[4], targets={"resolution": 120})
    case = held_case(department, at=START + 30 * MINUTE)
    Case.objects.filter(pk=case.pk).update(priority=4)
    case.refresh_from_db()
    commands.retarget(case, actor=None, at=START + 60 * MINUTE)
    sweep(START + 125 * MINUTE)
    clock = Clock.objects.get(case=case, milestone="resolution")
    assert clock.work == 120 * MINUTE
    assert clock.pauses.get().to_at == START + 120 * MINUTE
    assert clock.due_at == START + (30 + 90 + 60 + 90) * MINUTE  # an hour of it at noon
