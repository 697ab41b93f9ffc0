from datetime import timedelta

import pytest

from config.common.errors import Invalid, MoveNotAllowed, NotFound, WrongState
from feedback.cases import commands as cases
from feedback.cases.queries import actions_for, get_for
from feedback.handoffs import commands
from feedback.handoffs.queries import incoming
from feedback.models import CaseStatus, Handoff, HandoffStatus
from tests.factories.compensation import T0
from tests.factories.feedback import (
    AgentFactory,
    CaseFactory,
    DepartmentFactory,
    HandoffFactory,
    StaffFactory,
)
from tests.factories.sop import make_policy
from tests.threads import at_once, refused

LATER = T0 + timedelta(minutes=5)


@pytest.fixture
def service(db):
    return DepartmentFactory(code="service")


@pytest.fixture
def logistics(db):
    return DepartmentFactory(code="logistics", name="物流部")


@pytest.fixture
def agent(service):
    return AgentFactory(departments=[service])


@pytest.fixture
def helper(logistics):
    return AgentFactory(leads=[logistics])


@pytest.fixture
def case(service, agent):
    make_policy()
    return CaseFactory(department=service, agent=agent, status=CaseStatus.OPEN)


def asking(case, department, actor, **options):
    return commands.hand_over(
        **{
            "case_id": case.pk, "department_id": department.pk, "question": "包裹在哪？", "actor": actor,
            "at": T0, **options,
        }
    )  # fmt: skip


@pytest.mark.req("F4")
def test_question_and_answer(case, agent, logistics, helper):
    handoff = asking(case, logistics, agent.user)
    case.refresh_from_db()
    assert case.status == CaseStatus.WAITING_DEPARTMENT
    assert handoff.clocks.get().department == logistics
    assert helper.user.alerts.get().kind == "handoff.asked"
    assert "物流部" in case.member.notices.get().title

    commands.answer(handoff_id=handoff.pk, answer="明天到", actor=helper.user, at=LATER)
    handoff.refresh_from_db()
    case.refresh_from_db()
    assert (handoff.status, handoff.answer, handoff.answered_by) == ("answered", "明天到", helper.user)
    assert handoff.clocks.get().met_at == LATER
    assert case.status == CaseStatus.OPEN
    assert agent.user.alerts.get().kind == "handoff.answered"


def test_rejected_question_comes_back_with_the_reason(case, agent, logistics, helper):
    handoff = asking(case, logistics, agent.user)
    commands.reject(handoff_id=handoff.pk, reason="不是我们发的货", actor=helper.user, at=LATER)
    handoff.refresh_from_db()
    assert (handoff.status, handoff.answer) == (HandoffStatus.REJECTED, "不是我们发的货")
    assert agent.user.alerts.get().kind == "handoff.rejected"


def test_recalled_question_stops_its_clock_and_the_asked_are_told(case, agent, logistics, helper):
    handoff = asking(case, logistics, agent.user)
    commands.recall(handoff_id=handoff.pk, actor=agent.user, at=LATER)
    handoff.refresh_from_db()
    assert (handoff.clocks.get().met_at, handoff.clocks.get().stopped_at) == (None, LATER)
    assert not agent.user.alerts.exists()
    assert set(helper.user.alerts.values_list("kind", flat=True)) == {"handoff.asked", "handoff.recalled"}


def test_several_departments_at_once_and_the_last_opens_the_case(case, agent, logistics, helper):
    product = DepartmentFactory()
    first, second = asking(case, logistics, agent.user), asking(case, product, agent.user)
    commands.answer(handoff_id=first.pk, answer="x", actor=helper.user, at=LATER)
    case.refresh_from_db()
    assert case.status == CaseStatus.WAITING_DEPARTMENT
    commands.recall(handoff_id=second.pk, actor=agent.user, at=LATER)
    case.refresh_from_db()
    assert case.status == CaseStatus.OPEN


def test_a_department_is_asked_once_at_a_time(case, agent, logistics, helper):
    handoff = asking(case, logistics, agent.user)
    with pytest.raises(WrongState):
        asking(case, logistics, agent.user)
    commands.answer(handoff_id=handoff.pk, answer="x", actor=helper.user, at=LATER)
    assert asking(case, logistics, agent.user, at=LATER).pk != handoff.pk


def test_waiting_for_the_member_ends_when_a_department_is_asked(case, agent, logistics):
    cases.change_priority(case_id=case.pk, priority=3, actor=None, at=T0)
    cases.reply(case_id=case.pk, body="?", then="wait", actor=agent.user, at=T0)
    asking(case, logistics, agent.user)
    assert not case.clocks.exclude(paused_at=None).exists()


def test_who_cannot_be_asked(case, agent, service, logistics):
    with pytest.raises(Invalid):
        asking(case, service, agent.user)
    with pytest.raises(Invalid):
        asking(case, DepartmentFactory(is_active=False), agent.user)
    with pytest.raises(Invalid):
        asking(case, logistics, agent.user, question=" ")
    with pytest.raises(NotFound):
        asking(case, logistics, agent.user, department_id=999_999)
    with pytest.raises(NotFound):
        asking(case, logistics, agent.user, case_id=999_999)
    assert not Handoff.objects.exists()


@pytest.mark.parametrize("state", ["resolved", "closed"])
def test_nobody_is_asked_about_an_ended_case(agent, service, logistics, state):
    with pytest.raises(MoveNotAllowed):
        asking(CaseFactory(department=service, **{state: True}), logistics, agent.user)


def test_what_has_ended_does_not_end_again(case, agent, logistics, helper):
    handoff = asking(case, logistics, agent.user)
    commands.answer(handoff_id=handoff.pk, answer="x", actor=helper.user, at=LATER)
    for call in (
        lambda: commands.answer(handoff_id=handoff.pk, answer="y", actor=helper.user, at=LATER),
        lambda: commands.reject(handoff_id=handoff.pk, reason="y", actor=helper.user, at=LATER),
        lambda: commands.recall(handoff_id=handoff.pk, actor=agent.user, at=LATER),
    ):
        with pytest.raises(WrongState):
            call()
    with pytest.raises(NotFound):
        commands.recall(handoff_id=999_999, actor=agent.user, at=LATER)
    with pytest.raises(Invalid):
        commands.answer(handoff_id=handoff.pk, answer="", actor=helper.user, at=LATER)


def test_when_nobody_asked_in_person_the_department_is_told(case, service, logistics, helper, agent):
    colleague = AgentFactory(departments=[service])
    cases.assign(case_id=case.pk, agent_id=None, actor=None, at=T0)
    handoff = asking(case, logistics, None)
    commands.answer(handoff_id=handoff.pk, answer="x", actor=helper.user, at=LATER)
    assert colleague.user.alerts.count() == agent.user.alerts.count() == 1


@pytest.mark.req("F4")
def test_the_asked_department_sees_the_whole_case_and_may_answer_and_note(case, agent, logistics, helper):
    with pytest.raises(NotFound):
        get_for(helper.user, case.pk)
    handoff = asking(case, logistics, agent.user)
    seen = get_for(helper.user, case.pk)
    assert set(actions_for(seen, helper.user)) == {"answer", "note"}
    commands.answer(handoff_id=handoff.pk, answer="x", actor=helper.user, at=LATER)
    assert set(actions_for(get_for(helper.user, case.pk), helper.user)) == {"note"}


def test_incoming_is_what_my_departments_have_to_answer(
    case, agent, logistics, helper, django_assert_max_num_queries
):
    handoff = asking(case, logistics, agent.user)
    HandoffFactory()
    HandoffFactory(department=logistics, status="answered", ended_at=T0)
    clockless = HandoffFactory(department=logistics)
    with django_assert_max_num_queries(7):
        found = list(incoming(helper.user))
        assert found == [handoff, clockless]
        assert found[0].clocks.all()[0].due_at
        str((found[0].case.member.tier, found[0].from_department, found[0].asked_by))
    assert list(incoming(agent.user)) == []
    assert list(incoming(StaffFactory())) == []


@pytest.mark.django_db(transaction=True)
def test_two_ends_at_once_are_one():
    case = HandoffFactory(case__department=DepartmentFactory()).case
    handoff, agents = case.handoffs.get(), AgentFactory.create_batch(2)
    results = at_once(
        lambda: commands.answer(handoff_id=handoff.pk, answer="x", actor=agents[0].user, at=LATER),
        lambda: commands.recall(handoff_id=handoff.pk, actor=agents[1].user, at=LATER),
    )
    assert [type(error) for error in refused(results)] == [WrongState]
    case.refresh_from_db()
    assert (case.status, case.version) == (CaseStatus.OPEN, 2)


@pytest.mark.django_db(transaction=True)
def test_two_last_handoffs_that_end_at_once_open_the_case():
    case = HandoffFactory(case__department=DepartmentFactory()).case
    HandoffFactory(case=case)
    user = StaffFactory()
    at_once(
        *(
            lambda pk=pk: commands.answer(handoff_id=pk, answer="x", actor=user, at=LATER)
            for pk in case.handoffs.values_list("pk", flat=True)
        )
    )
    case.refresh_from_db()
    assert case.status == CaseStatus.OPEN


@pytest.mark.django_db(transaction=True)
def test_one_question_asked_twice_at_once_is_one():
    case = CaseFactory()
    department, user = DepartmentFactory(), StaffFactory()
    results = at_once(*[lambda: asking(case, department, user)] * 2)
    assert [type(error) for error in refused(results)] == [WrongState]
    assert Handoff.objects.count() == 1
