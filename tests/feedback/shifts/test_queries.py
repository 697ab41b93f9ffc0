"""Who is on duty: held against a reference that walks minute by minute and knows nothing of spans."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from feedback.models import Calendar, CaseStatus, Channel, Leave, Shift
from feedback.shifts import queries, rules
from tests.factories.feedback import AgentFactory, CaseFactory, DepartmentFactory
from tests.factories.routing import make_leave, make_online, make_shift
from tests.factories.sop import START

pytestmark = [pytest.mark.django_db, pytest.mark.req("F5")]

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
SHANGHAI = ZoneInfo("Asia/Shanghai")
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
PATTERNS = {
    "office": {day: [["09:00", "12:00"], ["13:00", "18:00"]] for day in DAYS[:5]},
    "night": {day: [["22:00", "06:00"]] for day in DAYS},
    "weekend": {day: [["10:00", "16:00"]] for day in DAYS[5:]},
}
quarters = st.integers(0, 4 * 24 * 3)  # quarters of an hour from START
spans = st.lists(st.tuples(quarters, st.integers(1, 40)), max_size=4)


def works_by(pattern, at):
    """Whether the pattern has a shift at a moment, read from the local clock."""
    local = at.astimezone(SHANGHAI)
    minute, day = local.hour * 60 + local.minute, local.weekday()
    if pattern == "office":
        return day < 5 and (540 <= minute < 720 or 780 <= minute < 1080)
    if pattern == "night":
        return minute >= 1320 or minute < 360
    return day >= 5 and 600 <= minute < 960


def apart(drawn):
    """The drawn spans as moments, without those that overlap one before."""
    kept = []
    for start, length in drawn:
        span = START + start * 15 * MINUTE, START + (start + length) * 15 * MINUTE
        if all(span[1] <= begin or end <= span[0] for begin, end in kept):
            kept.append(span)
    return kept


def inside(at, spans):
    return any(start <= at < end for start, end in spans)


@pytest.fixture
def house():
    calendars = {
        code: Calendar.objects.create(code=code, name=code, content={"zone": "Asia/Shanghai", "hours": hours})
        for code, hours in PATTERNS.items()
    }
    department = DepartmentFactory(calendar=calendars["office"])
    other = DepartmentFactory(calendar=calendars["weekend"])
    return calendars, AgentFactory(departments=[department, other], user__role="")


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    own=st.sampled_from([None, "night", "office"]),
    by_roster=st.booleans(),
    rostered=spans,
    absent=spans,
    moments=st.lists(st.integers(0, 3 * 24 * 60), min_size=1, max_size=12),
)
def test_on_shift_agrees_with_every_minute(house, own, by_roster, rostered, absent, moments):
    calendars, agent = house
    agent.calendar, agent.by_roster = calendars.get(own), by_roster
    agent.save()
    Shift.objects.all().delete()
    Leave.objects.all().delete()
    shifts, leave = apart(rostered), apart(absent)
    for start, end in shifts:
        make_shift(agent, start, end)
    for start, end in leave:
        make_leave(agent, start, end)

    def expected(at):
        by_calendar = not by_roster and any(
            works_by(one, at) for one in ([own] if own else ["office", "weekend"])
        )
        return (by_calendar or inside(at, shifts)) and not inside(at, leave)

    edges = [edge for span in [*shifts, *leave] for edge in span]
    duty = queries.duties([agent.pk], START, START + 4 * 24 * HOUR)[agent.pk]
    for at in [*(START + minute * MINUTE for minute in moments), *edges, *(edge - MINUTE for edge in edges)]:
        assert (agent.pk in queries.on_shift([agent.pk], at)) == expected(at), at
        if START <= at < START + 4 * 24 * HOUR:
            assert rules.covers(duty, at) == expected(at), at


def test_inactive_people_are_never_on_shift():
    department = DepartmentFactory()
    idle = AgentFactory(departments=[department], is_active=False, user__role="")
    gone = AgentFactory(departments=[department], user__is_active=False, user__role="")
    here = AgentFactory(departments=[department], user__role="")
    assert queries.on_shift([idle.pk, gone.pk, here.pk], START) == {here.pk}


@pytest.mark.parametrize(
    ("state", "seen", "is_available"),
    [
        ("online", timedelta(), True),
        ("online", timedelta(minutes=2), True),
        ("online", timedelta(minutes=2, seconds=1), False),
        ("busy", timedelta(), False),
        ("away", timedelta(), False),
    ],
)
def test_only_those_online_are_available(state, seen, is_available):
    agent = make_online(DepartmentFactory(), state=state, at=START - seen)
    assert queries.available([agent.pk], START) == ({agent.pk} if is_available else set())


def test_who_never_said_anything_is_offline():
    agent = AgentFactory(departments=[DepartmentFactory()], user__role="")
    assert queries.states([agent.pk], START) == {agent.pk: "offline"}
    assert queries.available([agent.pk], START) == set()


def test_load_counts_what_is_to_do_and_every_open_chat():
    department = DepartmentFactory()
    agent = make_online(department)
    for status in (
        CaseStatus.OPEN,
        CaseStatus.REOPENED,
        CaseStatus.WAITING_MEMBER,
        CaseStatus.WAITING_DEPARTMENT,
    ):
        CaseFactory(department=department, agent=agent, status=status)
    CaseFactory(department=department, agent=agent, resolved=True)
    CaseFactory(department=department, agent=agent, channel=Channel.CHAT, status=CaseStatus.WAITING_MEMBER)
    CaseFactory(department=department, agent=agent, channel=Channel.CHAT, resolved=True)
    assert queries.loads([agent.pk]) == {agent.pk: queries.Load(chats=1, others=2)}


def test_people_on_shift_come_with_what_they_have(django_assert_num_queries):
    one, two = DepartmentFactory(), DepartmentFactory()
    lead = AgentFactory(leads=[one], user__role="")
    worker = make_online(one, two)
    CaseFactory(department=one, agent=worker, status=CaseStatus.OPEN)
    away = make_online(one)
    make_leave(away, START - HOUR, START + HOUR)
    with django_assert_num_queries(6):
        found = queries.people_on_shift([one.pk, two.pk], START)
    assert [(row.agent, row.state, row.load.others) for row in found[one.pk]] == [
        (lead, "offline", 0),
        (worker, "online", 1),
    ]
    assert [row.agent for row in found[two.pk]] == [worker]
    for _ in range(3):
        make_online(one, two)
    with django_assert_num_queries(6):
        queries.people_on_shift([one.pk, two.pk], START)
