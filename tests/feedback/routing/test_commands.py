"""Cases that wait are given to those who can take them, and taken back from those who left."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from compensation.models import Notice
from config.common.models import Event, OutboxMessage
from feedback.cases import commands as cases
from feedback.cases.timeline import timeline_of
from feedback.models import Alert, Case, CaseStatus, Channel, Cover, Dedication, DepartmentRule, Priority
from feedback.routing import commands, leaving
from feedback.shifts import commands as shifts
from tests.factories.compensation import MemberFactory
from tests.factories.feedback import AgentFactory, CalendarFactory, CaseFactory
from tests.factories.routing import (
    HOUR,
    make_department,
    make_leave,
    make_online,
    make_skill,
    make_waiting,
)
from tests.factories.sop import START, make_policy

pytestmark = [pytest.mark.django_db, pytest.mark.req("F5")]

MINUTE = timedelta(minutes=1)


@pytest.fixture
def service():
    return make_department()


def agents_of(waiting):
    return list(
        Case.objects.filter(pk__in=[case.pk for case in waiting])
        .order_by("pk")
        .values_list("agent", flat=True)
    )


def why(case):
    return Event.objects.filter(kind="case.routed", subject_id=case.pk).latest("id").data


def test_cases_go_round_those_who_are_there(service):
    one, two = make_online(service), make_online(service)
    waiting = make_waiting(service, number=4)
    assert commands.route(at=START) == commands.Routed(given=4)
    assert agents_of(waiting) == [one.pk, two.pk, one.pk, two.pk]
    assert commands.route(at=START) == commands.Routed()


def test_turns_go_on_from_pass_to_pass(service):
    one, two = make_online(service), make_online(service)
    found = []
    for _ in range(3):
        found += make_waiting(service)
        commands.route(at=START)
    assert agents_of(found) == [one.pk, two.pk, one.pk]


def test_the_case_opens_with_event_alert_and_notice(service):
    agent = make_online(service)
    [case] = make_waiting(service)
    commands.route(at=START)
    case.refresh_from_db()
    assert (case.agent, case.status, case.version) == (agent, CaseStatus.OPEN, 2)
    assert why(case) == {
        "agent": agent.pk, "department": service.pk, "why": "round_robin", "load": 1, "limit": 10,
        "among": 1, "from": "new", "to": "open",
    }  # fmt: skip
    assert Alert.objects.get().user == agent.user
    assert agent.user.name in Notice.objects.get().title
    assert OutboxMessage.objects.count() == 1  # the member's; agents are at their desks


def test_nothing_is_given_where_agents_take_their_cases_themselves():
    department = make_department("off")
    make_online(department)
    [case] = make_waiting(department)
    assert commands.route(at=START) == commands.Routed()
    assert commands.route_case(case_id=case.pk, at=START).agent is None


def test_nobody_gets_more_than_their_capacity(service):
    agent = make_online(service, capacity=2, chat_capacity=1)
    CaseFactory(department=service, agent=agent, status=CaseStatus.OPEN)
    others, chats = make_waiting(service, number=3), make_waiting(service, number=2, channel=Channel.CHAT)
    assert commands.route(at=START).given == 2
    assert agents_of(others) == [agent.pk, None, None]
    assert agents_of(chats) == [agent.pk, None]


@pytest.mark.parametrize(
    "unable",
    [
        {"state": "busy"},
        {"state": "away"},
        {"seen": START - 3 * MINUTE},
        {"is_active": False},
        {"user__is_active": False},
        {"capacity": 0},
        {"languages": ["fr"]},
        {"by_roster": True},
    ],
)
def test_who_cannot_take_a_case_is_passed_over(service, unable):
    make_online(service, **unable)
    [case] = make_waiting(service, language="zh-hans")
    assert commands.route(at=START).given == 0
    helper = make_online(service, languages=["zh"])
    commands.route(at=START)
    assert agents_of([case]) == [helper.pk]


def test_nobody_on_leave_or_off_shift_gets_anything():
    service = make_department(calendar=CalendarFactory(code="office-hours"))
    agent = make_online(service)
    away = make_online(service)
    make_leave(away, START - HOUR, START + HOUR)
    waiting = make_waiting(service, number=2)
    night = START + 14 * HOUR
    shifts.seen(agent_id=agent.pk, at=night)
    assert commands.route(at=night).given == 0
    shifts.seen(agent_id=agent.pk, at=START + 24 * HOUR)
    assert commands.route(at=START + 24 * HOUR).given == 2
    assert agents_of(waiting) == [agent.pk] * 2


def test_the_skill_is_needed_and_cases_without_hold_nobody_up(service):
    waiting = make_waiting(service, number=3, skill=make_skill("rare"), priority=Priority.URGENT)
    plain = make_waiting(service)
    agent = make_online(service, capacity=2)
    assert commands.route(at=START).given == 1
    assert agents_of(plain) == [agent.pk]
    skilled = make_online(service, skills=["rare"])
    assert commands.route(at=START).given == 3
    assert agents_of(waiting) == [skilled.pk] * 3
    assert why(waiting[0])["skill"]["name"] == "rare"


def test_chats_first_then_priority_then_due(service):
    agent = make_online(service, capacity=3)
    low = make_waiting(service, priority=Priority.LOW, next_due_at=START)
    later = make_waiting(service, next_due_at=START + HOUR)
    sooner = make_waiting(service, next_due_at=START)
    urgent = make_waiting(service, priority=Priority.URGENT)
    chat = make_waiting(service, priority=Priority.LOW, channel=Channel.CHAT)
    commands.route(at=START)
    order = Event.objects.filter(kind="case.routed").order_by("id").values_list("subject_id", flat=True)
    assert list(order) == [case.pk for [case] in (chat, urgent, sooner, later)]
    assert agents_of(low) == [None]
    assert agent.cases.count() == 4


def test_a_member_comes_back_to_their_agent(service):
    make_online(service)
    known, member = make_online(service), MemberFactory()
    CaseFactory(department=service, member=member, agent=known, closed=True, opened_at=START - 29 * 24 * HOUR)
    [case] = make_waiting(service, member=member)
    commands.route(at=START)
    assert (agents_of([case]), why(case)["why"]) == ([known.pk], "sticky")


def test_after_a_month_it_is_anybodys_turn(service):
    first = make_online(service)
    known, member = make_online(service), MemberFactory()
    CaseFactory(department=service, member=member, agent=known, closed=True, opened_at=START - 31 * 24 * HOUR)
    [case] = make_waiting(service, member=member)
    commands.route(at=START)
    assert agents_of([case]) == [first.pk]


@pytest.mark.req("C3")
def test_a_member_has_their_own_agent_and_at_night_the_cover(service):
    make_online(service)
    own, cover, member = make_online(service), make_online(service), MemberFactory()
    Dedication.objects.create(member=member, agent=own, since=START)
    Cover.objects.create(agent=own, cover=cover)
    [day] = make_waiting(service, member=member)
    commands.route(at=START)
    make_leave(own, START + HOUR, START + 2 * HOUR)
    shifts.seen(agent_id=cover.pk, at=START + HOUR)
    [night] = make_waiting(service, member=member)
    commands.route(at=START + HOUR)
    assert (agents_of([day, night]), why(day)["why"], why(night)["why"]) == (
        [own.pk, cover.pk], "dedicated", "cover",
    )  # fmt: skip


def test_what_one_gave_back_is_given_to_another(service):
    agent = make_online(service)
    [case] = make_waiting(service)
    commands.route(at=START)
    cases.assign(case_id=case.pk, agent_id=None, actor=agent.user, at=START + MINUTE)
    assert commands.route(at=START + MINUTE).given == 0
    other = make_online(service)
    assert commands.route(at=START + MINUTE).given == 1
    assert agents_of([case]) == [other.pk]


def test_the_rule_of_a_case_may_have_a_strategy_of_its_own(service):
    rule = DepartmentRule.objects.create(code="r", name="r", department=service, strategy="least_loaded")
    busy, idle = make_online(service), make_online(service)
    CaseFactory(department=service, agent=busy, status=CaseStatus.OPEN)
    [case] = make_waiting(service, department_rule=rule)
    commands.route(at=START)
    assert (agents_of([case]), why(case)["why"]) == ([idle.pk], "least_loaded")


def test_one_case_is_given_at_once(service):
    agent = make_online(service)
    [chat] = make_waiting(service, channel=Channel.CHAT)
    assert commands.route_case(case_id=chat.pk, at=START).agent_id == agent.pk
    make_online(service)
    assert commands.route_case(case_id=chat.pk, at=START).agent_id == agent.pk


class TestLeaving:
    @pytest.fixture
    def given(self, service):
        """An agent with a case that they did nothing in."""
        agent = make_online(service)
        [case] = make_waiting(service)
        commands.route(at=START)
        return agent, case

    def test_untouched_cases_go_back_after_the_shift(self, given):
        agent, case = given
        make_leave(agent, START + HOUR, START + 9 * HOUR)
        assert leaving.hand_back_gone(at=START + HOUR) == 1
        case.refresh_from_db()
        assert (case.agent, case.queued_at, case.given_back_by) == (None, START + HOUR, None)
        event = Event.objects.get(kind="case.handed_back")
        assert event.data == {"agent": agent.pk, "reason": "shift"}

    def test_what_one_did_something_in_stays_for_a_while(self, given, service):
        make_policy()
        agent, case = given
        cases.reply(case_id=case.pk, body="马上看。", actor=agent.user, at=START + MINUTE)
        make_leave(agent, START + HOUR, START + 90 * HOUR)
        assert leaving.hand_back_gone(at=START + HOUR) == 0
        service.keep_for = HOUR
        service.save()
        assert leaving.hand_back_gone(at=START + HOUR + MINUTE) == 1

    def test_what_a_person_gave_stays_for_a_while(self, given, service):
        _agent, case = given
        helper, lead = make_online(service), AgentFactory(leads=[service])
        cases.assign(case_id=case.pk, agent_id=helper.pk, actor=lead.user, at=START + MINUTE)
        make_leave(helper, START + HOUR, START + 9 * HOUR)
        assert leaving.hand_back_gone(at=START + HOUR) == 0

    @pytest.mark.parametrize(("minutes", "number"), [(14, 0), (15, 1)])
    def test_an_agent_away_for_too_long_is_gone(self, given, minutes, number):
        agent, _case = given
        shifts.set_presence(agent=agent, state="away", at=START)
        shifts.seen(agent_id=agent.pk, at=START + minutes * MINUTE)
        assert leaving.hand_back_gone(at=START + minutes * MINUTE) == number

    def test_a_chat_goes_on_as_soon_as_its_agent_is_offline(self, service):
        gone = make_online(service)
        [chat] = make_waiting(service, channel=Channel.CHAT)
        commands.route(at=START)
        later = START + 3 * MINUTE
        helper = make_online(service, at=later)
        assert commands.route(at=later) == commands.Routed(given=1, handed_back=1)
        assert agents_of([chat]) == [helper.pk]
        assert gone.cases.count() == 0

    def test_what_waits_for_others_stays(self, given):
        agent, case = given
        Case.objects.filter(pk=case.pk).update(status=CaseStatus.WAITING_MEMBER)
        make_leave(agent, START + HOUR, START + 9 * HOUR)
        assert leaving.hand_back_gone(at=START + HOUR) == 0

    def test_where_agents_take_cases_themselves_they_keep_them(self, given, service):
        agent, _case = given
        service.strategy = "off"
        service.save()
        make_leave(agent, START + HOUR, START + 9 * HOUR)
        assert leaving.hand_back_gone(at=START + HOUR) == 0

    def test_somebody_who_goes_hands_back_now(self, given):
        agent, case = given
        assert [one.pk for one in leaving.hand_back(agent_id=agent.pk, at=START + MINUTE)] == [case.pk]
        assert leaving.hand_back(agent_id=agent.pk, at=START + MINUTE) == []


class TestOverflow:
    @pytest.fixture
    def next_department(self, service):
        last = make_department()
        middle = make_department(overflow_to=last, overflow_after=HOUR)
        service.overflow_to, service.overflow_after = middle, HOUR
        service.save()
        return middle, last

    def test_what_waited_too_long_goes_to_where_somebody_can_take_it(self, service, next_department):
        make_policy()
        _middle, last = next_department
        agent = make_online(last, at=START + HOUR)
        [case] = make_waiting(service)
        assert commands.route(at=START + HOUR - MINUTE).overflowed == 0
        assert commands.route(at=START + HOUR).overflowed == 1
        case.refresh_from_db()
        assert (case.department, case.agent) == (last, agent)
        with translation.override("en"):
            told = [entry.text for entry in timeline_of(case)]
        assert told[0] == f"found nobody in {service.name_en} who could take the case in time"
        assert told[-1] == f"gave the case to {agent}, whose turn it was among 1, and who now has 1 of 10"

    def test_it_stays_while_nobody_there_can_take_it(self, service, next_department):
        make_online(next_department[0], at=START + HOUR, capacity=0, chat_capacity=0)
        [case] = make_waiting(service)
        assert commands.route(at=START + HOUR).overflowed == 0
        case.refresh_from_db()
        assert case.department == service

    def test_the_skill_goes_along(self, service, next_department):
        make_online(next_department[0], at=START + HOUR)
        make_waiting(service, skill=make_skill("rare"))
        assert commands.route(at=START + HOUR).overflowed == 0


def test_a_pass_asks_as_much_for_one_case_as_for_three(service):
    make_online(service)
    counted = []
    for number in (1, 3):
        make_waiting(service, number=number)
        with CaptureQueriesContext(connection) as queries:
            commands.route(at=START)
        counted.append(len(queries))
    assert counted[0] == counted[1]


def test_a_pass_with_nothing_to_do_is_cheap(service, django_assert_max_num_queries):
    make_online(service)
    with django_assert_max_num_queries(6):
        commands.route(at=START)
