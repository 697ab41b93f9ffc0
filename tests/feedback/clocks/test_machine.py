"""Whatever happens to a case, its clocks agree with what the event log says, recomputed minute by minute."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from config.common.models import Event
from feedback.clocks import commands
from feedback.clocks.queries import replay
from feedback.ladders.sweep import sweep
from feedback.models import Clock, Priority
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

MINUTE = timedelta(minutes=1)
SHANGHAI = ZoneInfo("Asia/Shanghai")


def is_open(at):
    local = at.astimezone(SHANGHAI)
    return local.weekday() < 5 and (9 <= local.hour < 12 or 13 <= local.hour < 18)


def due_of(start, within, pauses):
    """Walk minute by minute until the work has passed; None when it stands still before."""
    left, at = within, start
    while left:
        stands = [end for begin, end in pauses if begin <= at and (end is None or at < end)]
        if None in stands:
            return None
        if is_open(at) and not stands:
            left -= 1
        at += MINUTE
    return at


def recomputed(case):
    """What the event log says of each clock."""
    clocks = {}
    for event in Event.objects.filter(
        subject_type="case", subject_id=case.pk, kind__startswith="clock."
    ).order_by("id"):
        data = event.data
        if event.kind == "clock.moved":
            for pk in data["clocks"]:
                clocks[pk]["department"] = data["to"]
            continue
        clock = clocks.setdefault(data["clock"], {"pauses": [], "end": None})
        if event.kind == "clock.started":
            clock |= {"start": event.at, "department": data["department"]}
        if event.kind in {"clock.started", "clock.retargeted"}:
            clock["within"] = int(data["within"] // 60)
        if event.kind == "clock.paused":
            clock["pauses"].append([event.at, None])
        if (
            event.kind in {"clock.resumed", "clock.met", "clock.stopped"}
            and clock["pauses"]
            and clock["pauses"][-1][1] is None
        ):
            clock["pauses"][-1][1] = event.at
        if event.kind in {"clock.met", "clock.stopped"}:
            clock["end"] = (event.kind, event.at)
    return clocks


def transfer(case, at):
    case.department = SopDepartmentFactory(calendar=case.department.calendar)
    case.save()
    commands.moved(case, actor=None, at=at)


def change_priority(case, at):
    case.priority = Priority.URGENT if case.priority == Priority.NORMAL else Priority.NORMAL
    case.save()
    commands.retarget(case, actor=None, at=at)


THINGS = {
    "replied": lambda case, at: commands.replied(case, actor=None, at=at),
    "spoke": lambda case, at: commands.member_spoke(case, at=at),
    "waits": lambda case, at: commands.wait_for_member(case, actor=None, at=at),
    "resumes": lambda case, at: commands.resume(case, actor=None, at=at),
    "resolved": lambda case, at: commands.resolved(case, actor=None, at=at),
    "reopened": lambda case, at: commands.reopened(case, actor=None, at=at),
    "stops": lambda case, at: commands.stop_all(case, actor=None, at=at),
    "transfer": transfer,
    "priority": change_priority,
    "sweep": lambda case, at: sweep(at),
}


@pytest.fixture
def department():
    calendar = SopCalendarFactory(content=OFFICE)
    top = SopDepartmentFactory(calendar=calendar)
    ladder = make_ladder()
    targets = {"first_reply": 30, "next_reply": 120, "resolution": 600}
    make_policy(ladder=ladder, targets=targets)
    make_policy(
        "urgent", ladder=ladder, position=1, priorities=[4], targets={"first_reply": 15, "resolution": 240}
    )
    return SopDepartmentFactory(calendar=calendar, parent=top)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from(sorted(THINGS)),
            st.one_of(st.integers(0, 40), st.sampled_from([30, 120, 240, 310, 600, 1440, 1600])),
        ),
        max_size=12,
    )
)
@example(steps=[("waits", 30), ("sweep", 0), ("resumes", 600)])
@example(steps=[("sweep", 30), ("replied", 0)])
@example(steps=[("waits", 300), ("priority", 10), ("resumes", 30), ("resolved", 5)])
@example(steps=[("waits", 1600)])
@example(steps=[("waits", 310), ("priority", 1), ("resumes", 60)])
@example(steps=[("waits", 310), ("priority", 1)])
@example(steps=[("waits", 10), ("resolved", 2000), ("reopened", 10), ("spoke", 5), ("stops", 1440)])
def test_clocks_agree_with_the_log(department, steps):
    with transaction.atomic():
        case = SopCaseFactory(department=department)
        commands.start_for_case(case, actor=None, at=START)
        at = START
        for what, minutes in steps:
            at += minutes * MINUTE
            if what == "sweep":
                sweep(at)
                case.refresh_from_db()
            else:
                THINGS[what](case, at)
        sweep(at)
        check(case, at)
        transaction.set_rollback(True)


def check(case, now):
    log = recomputed(case)
    rows = {clock.pk: clock for clock in Clock.objects.filter(case=case)}
    assert set(rows) == set(log)
    for pk, told in log.items():
        clock = rows[pk]
        due = due_of(told["start"], told["within"], told["pauses"])
        end = told["end"]
        assert (clock.started_at, clock.department_id) == (told["start"], told["department"])
        assert clock.work == told["within"] * MINUTE
        assert clock.met_at == (end[1] if end and end[0] == "clock.met" else None)
        assert clock.stopped_at == (end[1] if end and end[0] == "clock.stopped" else None)
        held = [list(pause) for pause in clock.pauses.values_list("from_at", "to_at")]
        assert held == told["pauses"]
        stands = bool(held) and held[-1][1] is None
        assert (clock.paused_at is not None) == stands
        if due is None or (stands and held[-1][0] <= due):
            assert clock.breached_at is None
        else:
            assert clock.due_at == due
            late = end[1] > due if end else now >= due
            assert clock.breached_at == (due if late else None)
        assert (clock.next_fire_at is None) or (not end and not stands and clock.next_fire_at > now)
        life = replay(clock, now=now)
        assert life.working + life.closed + life.paused == life.lasted
        if life.end >= clock.due_at and clock.breached_at:
            assert life.working >= clock.work
    case.refresh_from_db()
    running = [
        clock.due_at for clock in rows.values() if not (clock.met_at or clock.stopped_at or clock.paused_at)
    ]
    assert case.next_due_at == min(running, default=None)
