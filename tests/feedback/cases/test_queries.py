from datetime import timedelta

import pytest
from django.utils import translation

from config.common.errors import NotFound, NotPermitted
from feedback.cases import commands, queries
from feedback.cases.queries import ACTIONS, actions_for, get_for, visible_to
from feedback.cases.search import search
from feedback.cases.timeline import TEXTS, timeline_of
from feedback.handoffs import commands as handoffs
from feedback.models import CaseStatus
from tests.factories.compensation import T0, MemberFactory, OrderFactory, ShipmentFactory
from tests.factories.feedback import (
    AgentFactory,
    CaseFactory,
    DepartmentFactory,
    HandoffFactory,
    StaffFactory,
)
from tests.factories.sop import make_policy

LATER = T0 + timedelta(minutes=5)


@pytest.mark.req("P1")
def test_each_sees_the_cases_of_their_departments_only(service, agent):
    ours, theirs = CaseFactory(department=service), CaseFactory()
    asked = HandoffFactory(department=service).case
    was_asked = HandoffFactory(department=service, status="recalled", ended_at=T0).case
    assert set(visible_to(agent.user)) == {ours, asked, was_asked}
    assert get_for(agent.user, ours.pk) == ours
    for case_id in (theirs.pk, 999_999):
        with pytest.raises(NotFound):
            get_for(agent.user, case_id)


def test_everybody_sees_the_right_number(service, agent):
    CaseFactory(department=service)
    CaseFactory()
    assert visible_to(StaffFactory(role="supervisor")).count() == 0
    assert visible_to(StaffFactory(role="administrator")).count() == 2
    assert visible_to(StaffFactory(is_superuser=True)).count() == 2
    assert visible_to(StaffFactory(is_superuser=True, is_active=False)).count() == 0


def test_a_case_page_takes_one_look(service, agent, django_assert_max_num_queries):
    case = CaseFactory(department=service, agent=agent)
    with django_assert_max_num_queries(5):
        found = get_for(agent.user, case.pk)
        str((found.member.tier, found.order, found.department, found.agent.user))


EVERYTHING = set(ACTIONS)
AS_LEAD = {
    CaseStatus.NEW: EVERYTHING - {"recall", "answer", "reopen", "close_case", "go_on"},
    CaseStatus.OPEN: EVERYTHING - {"recall", "answer", "reopen", "close_case", "go_on"},
    CaseStatus.REOPENED: EVERYTHING - {"recall", "answer", "reopen", "close_case", "go_on"},
    CaseStatus.WAITING_MEMBER: EVERYTHING - {"recall", "answer", "reopen", "close_case", "go_on"},
    CaseStatus.WAITING_DEPARTMENT: EVERYTHING
    - {"wait", "wait_for", "resolve", "answer", "reopen", "close_case", "go_on"},
    CaseStatus.RESOLVED: {"reply", "note", "grant", "reopen", "close_case", "link"},
    CaseStatus.CLOSED: {"note", "grant", "reopen", "link"},
}


def case_in(status, department):
    if status in (CaseStatus.RESOLVED, CaseStatus.CLOSED):
        return CaseFactory(department=department, **{status.value: True})
    case = CaseFactory(department=department, status=status)
    if status == CaseStatus.WAITING_DEPARTMENT:
        HandoffFactory(case=case)
    return case


@pytest.mark.req("F7")
@pytest.mark.parametrize("status", CaseStatus)
def test_offered_is_what_the_state_allows_and_the_rest_says_why(service, status):
    lead = AgentFactory(leads=[service], user__role="team_lead")
    actions = actions_for(case_in(status, service), lead.user)
    assert set(actions) == AS_LEAD[status]
    assert set(actions.refused) == EVERYTHING - AS_LEAD[status]
    assert all(str(reason) for reason in actions.refused.values())
    assert "reply" in actions or status == CaseStatus.CLOSED


def test_agent_may_not_assign(service, agent):
    actions = actions_for(CaseFactory(department=service), agent.user)
    assert "assign" not in actions
    with pytest.raises(NotPermitted, match="角色"):
        actions.check("assign")
    actions.check("reply")
    with pytest.raises(NotPermitted):
        actions.check("no such thing")


def test_who_only_looks_may_do_nothing(service):
    looker = AgentFactory(departments=[service], user__role="analyst")
    assert set(actions_for(CaseFactory(department=service), looker.user)) == set()


def test_another_departments_case_offers_nothing_but_a_note(agent):
    assert set(actions_for(CaseFactory(), agent.user)) == {"note"}


def test_claim_is_offered_when_free_to_those_who_work_there(service, agent):
    free, mine = CaseFactory(department=service), CaseFactory(department=service, agent=agent)
    taken = CaseFactory(department=service, agent=AgentFactory())
    assert "claim" in actions_for(free, agent.user)
    assert actions_for(mine, agent.user).refused["claim"] == queries.YOURS
    assert actions_for(taken, agent.user).refused["claim"] == queries.TAKEN
    boss = StaffFactory(is_superuser=True)
    assert actions_for(free, boss).refused["claim"] == queries.NO_AGENT


def test_search_finds_by_what_people_say(service, agent):
    member = MemberFactory(name="王小明", phone="13800001111", email="w@example.com", external_id="M-77")
    order = OrderFactory(member=member, external_id="O-88")
    ShipmentFactory(order=order, tracking_number="SF99")
    case = CaseFactory(department=service, member=member, order=order)
    CaseFactory(department=service)
    words = (
        case.number,
        case.number.lower(),
        str(case.pk),
        "王小",
        "13800001111",
        "w@example.com",
        "M-77",
        "O-88",
        "SF99",
    )
    for text in words:
        assert list(search(agent.user, f" {text} ")) == [case], text
    for text in ("", "  ", "\0", "小明", "138", "HY", "HY" + "9" * 30, "'; --", "%", "x" * 10_000):
        assert list(search(agent.user, text)) == [], text


@pytest.mark.req("P1")
def test_search_finds_nothing_of_other_departments(agent):
    case = CaseFactory()
    assert list(search(agent.user, case.number)) == []
    assert list(search(agent.user, case.member.phone)) == []


@pytest.fixture
def lived(service, logistics, agent, member):
    """A case that nearly everything happened to."""
    make_policy()
    helper = AgentFactory(departments=[logistics], user__name="老张")
    at = (T0 + timedelta(minutes=n) for n in range(100))
    case = commands.open_case(
        member=member, kind="complaint", channel="portal", subject="x", body="y", actor=member, at=next(at)
    )
    options = {"case_id": case.pk, "actor": agent.user}
    commands.claim(**options, at=next(at))
    commands.assign(**{**options, "actor": None}, agent_id=None, at=next(at))
    commands.assign(**options, agent_id=agent.pk, at=next(at))
    commands.note(**options, body="n", at=next(at))
    commands.reply(**options, body="r", then="wait", at=next(at))
    commands.member_message(case_id=case.pk, body="m", actor=member, at=next(at))
    handoff = handoffs.hand_over(**options, department_id=logistics.pk, question="q", at=next(at))
    handoffs.answer(handoff_id=handoff.pk, answer="a", actor=helper.user, at=next(at))
    commands.change_priority(**options, priority=4, at=next(at))
    commands.transfer(**options, department_id=logistics.pk, at=next(at))
    commands.resolve(**options, resolution="solved", message="ok", at=next(at))
    commands.reopen(case_id=case.pk, reason="no", actor=member, at=next(at))
    commands.resolve(**options, resolution="compensated", at=next(at))
    commands.confirm(case_id=case.pk, actor=member, at=next(at))
    return case


@pytest.mark.req("F8")
def test_timeline_tells_all_in_words_with_names(lived, agent, member):
    with translation.override("en"):
        entries = timeline_of(lived)
    told = [(entry.who, entry.text) for entry in entries if not entry.kind.startswith("clock.")]
    assert told[:6] == [
        (str(member), "opened the case for Customer service"),
        ("小李", "took the case"),
        ("System", "gave the case back"),
        ("小李", "assigned the case to 小李"),
        ("小李", "wrote a note"),
        ("小李", "replied"),
    ]
    assert ("老张", "answered for Logistics") in told
    assert ("小李", "changed the priority from normal to urgent") in told
    assert ("小李", "transferred the case from Customer service to Logistics") in told
    assert ("小李", "resolved the case: made good with a remedy") in told
    assert told[-1] == (str(member), "confirmed that it is solved")
    assert [entry.at for entry in entries] == sorted(entry.at for entry in entries)
    assert {entry.kind for entry in entries} <= set(TEXTS)
    assert any(entry.text == "in time: first reply" for entry in entries)


@pytest.mark.req("P4")
def test_timeline_speaks_chinese(lived):
    with translation.override("zh-hans"):
        assert not any(
            sign.isascii() and sign.isalpha() for entry in timeline_of(lived) for sign in entry.text
        )


def test_timeline_asks_as_much_for_a_long_life_as_for_a_short_one(case, lived, django_assert_max_num_queries):
    with django_assert_max_num_queries(7):
        assert len(timeline_of(lived)) > 20
    with django_assert_max_num_queries(7):
        assert len(timeline_of(case)) == 1


def test_unknown_event_is_shown_by_its_kind(case):
    from django.db import transaction

    from config.common.events import record

    with transaction.atomic():
        record("case.painted", case, actor=None, at=LATER)
    assert timeline_of(case)[-1].text == "case.painted"


def test_departments_name_follows_the_language(lived):
    DepartmentFactory._meta.model.objects.filter(code="service").update(name_en="Customer service")
    with translation.override("en"):
        assert timeline_of(lived)[0].text == "opened the case for Customer service"
