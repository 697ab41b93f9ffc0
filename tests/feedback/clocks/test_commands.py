from datetime import timedelta

import pytest

from config.common.models import Event
from feedback.clocks import commands
from feedback.models import Clock, Handoff
from tests.factories.sop import (
    OFFICE,
    START,
    SopCalendarFactory,
    SopCaseFactory,
    SopDepartmentFactory,
    make_ladder,
    make_policy,
)

pytestmark = [pytest.mark.django_db, pytest.mark.req("F2")]

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def clock_of(case, milestone):
    return Clock.objects.filter(case=case, milestone=milestone).latest("id")


def kinds():
    return list(Event.objects.filter(kind__startswith="clock.").order_by("id").values_list("kind", flat=True))


@pytest.fixture
def case():
    make_policy(ladder=make_ladder())
    case = SopCaseFactory()
    commands.start_for_case(case, actor=None, at=START)
    return case


def test_starts_first_reply_and_resolution(case):
    first, resolution = clock_of(case, "first_reply"), clock_of(case, "resolution")
    assert first.due_at == START + 30 * MINUTE
    assert first.next_fire_at == START + 24 * MINUTE
    assert resolution.due_at == START + 24 * HOUR
    assert case.next_due_at == first.due_at
    assert first.facts["kind"] == "complaint"
    assert kinds() == ["clock.started"] * 2


def test_reply_in_time_meets(case):
    commands.replied(case, actor=None, at=START + 30 * MINUTE)
    clock = clock_of(case, "first_reply")
    assert (clock.met_at, clock.breached_at, clock.next_fire_at) == (START + 30 * MINUTE, None, None)
    case.refresh_from_db()
    assert case.next_due_at == START + 24 * HOUR


def test_late_reply_between_two_sweeps_is_a_breach(case):
    late = START + 30 * MINUTE + timedelta(microseconds=1)
    commands.replied(case, actor=None, at=late)
    clock = clock_of(case, "first_reply")
    assert (clock.met_at, clock.breached_at) == (late, clock.due_at)
    assert Event.objects.get(kind="clock.breached").at == clock.due_at


def test_waiting_for_the_member_holds_the_resolution_only(case):
    commands.wait_for_member(case, actor=None, at=START + HOUR / 6)
    assert clock_of(case, "resolution").paused_at == START + HOUR / 6
    assert clock_of(case, "first_reply").paused_at is None
    commands.member_spoke(case, at=START + 3 * HOUR + HOUR / 6)
    resolution = clock_of(case, "resolution")
    assert resolution.due_at == START + 27 * HOUR
    assert resolution.paused_at is None
    assert not Clock.objects.filter(milestone="next_reply").exists()


def test_handoff_runs_on_the_calendar_of_who_is_asked(case):
    office = SopDepartmentFactory(calendar=SopCalendarFactory(content=OFFICE))
    evening = START + 8 * HOUR
    handoff = Handoff.objects.create(
        case=case,
        from_department=case.department,
        department=office,
        question="?",
        asked_at=evening,
        started_at=evening,
    )
    commands.start_handoff(handoff, actor=None, at=evening)
    clock = clock_of(case, "handoff")
    assert clock.due_at == START + 24 * HOUR + 3 * HOUR  # an hour today, three tomorrow
    assert clock.department == office
    commands.handoff_ended(handoff, met=True, actor=None, at=evening + HOUR)
    assert clock_of(case, "handoff").met_at == evening + HOUR
