from datetime import timedelta

import pytest

from config.common.errors import Invalid, MoveNotAllowed, NotFound, NotPermitted, Stale
from config.common.models import Event
from feedback.cases import commands
from feedback.cases.commands import AlreadyTaken
from feedback.models import Case, CaseStatus
from tests.factories.compensation import T0
from tests.factories.feedback import AgentFactory, CaseFactory, DepartmentFactory, StaffFactory
from tests.factories.sop import make_policy
from tests.threads import at_once, refused

LATER = T0 + timedelta(minutes=5)


def test_claimed_case_is_open_and_the_member_is_told_who_works_on_it(case, agent):
    claimed = commands.claim(case_id=case.pk, actor=agent.user, at=LATER)
    assert (claimed.agent, claimed.status, claimed.version) == (agent, CaseStatus.OPEN, 2)
    assert "小李" in case.member.notices.latest("pk").title


def test_to_claim_again_changes_nothing(case, agent):
    commands.claim(case_id=case.pk, actor=agent.user, at=LATER)
    events = Event.objects.count()
    assert commands.claim(case_id=case.pk, actor=agent.user, at=LATER).version == 2
    assert Event.objects.count() == events


def test_who_comes_second_is_told_who_has_it(case, agent, service):
    commands.claim(case_id=case.pk, actor=agent.user, at=LATER)
    with pytest.raises(AlreadyTaken, match="小李"):
        commands.claim(case_id=case.pk, actor=AgentFactory(departments=[service]).user, at=LATER)


def test_claim_needs_an_active_agent_of_the_department(case, service, logistics):
    for user in (
        StaffFactory(role="agent"),
        StaffFactory(is_superuser=True),
        AgentFactory(departments=[logistics]).user,
        AgentFactory(departments=[service], is_active=False).user,
        AgentFactory(departments=[service], user__is_active=False).user,
        AgentFactory(leads=[DepartmentFactory(parent=service)]).user,
    ):
        with pytest.raises(NotPermitted):
            commands.claim(case_id=case.pk, actor=user, at=LATER)


def test_lead_of_a_department_above_may_take_a_case(case, service):
    service.parent = DepartmentFactory()
    service.save()
    boss = AgentFactory(leads=[service.parent])
    clerk = AgentFactory(departments=[service.parent])
    with pytest.raises(NotPermitted):
        commands.claim(case_id=case.pk, actor=clerk.user, at=LATER)
    assert commands.claim(case_id=case.pk, actor=boss.user, at=LATER).agent == boss


@pytest.mark.parametrize("state", ["resolved", "closed"])
def test_an_ended_case_is_not_worked_on(agent, service, logistics, state):
    case = CaseFactory(department=service, **{state: True})
    for command, more in (
        (commands.claim, {"actor": agent.user}),
        (commands.assign, {"agent_id": agent.pk, "actor": None}),
        (commands.transfer, {"department_id": logistics.pk, "actor": None}),
        (commands.change_priority, {"priority": 4, "actor": None}),
    ):
        with pytest.raises(MoveNotAllowed):
            command(case_id=case.pk, at=LATER, **more)


@pytest.mark.django_db(transaction=True)
@pytest.mark.req("F5")
def test_two_agents_at_once_one_wins_and_the_other_is_told_who():
    service = DepartmentFactory()
    agents = AgentFactory.create_batch(4, departments=[service])
    case = CaseFactory(department=service)
    results = at_once(
        *(lambda user=agent.user: commands.claim(case_id=case.pk, actor=user, at=LATER) for agent in agents)
    )
    case.refresh_from_db()
    assert case.version == 2
    assert Event.objects.filter(kind="case.claimed").count() == 1
    losers = refused(results)
    assert len(losers) == 3
    assert all(isinstance(error, AlreadyTaken) and case.agent.user.name in str(error) for error in losers)


def test_assign_and_give_back(case, agent):
    assigned = commands.assign(case_id=case.pk, agent_id=agent.pk, actor=None, at=LATER)
    assert (assigned.agent, assigned.status) == (agent, CaseStatus.OPEN)
    assert commands.assign(case_id=case.pk, agent_id=agent.pk, actor=None, at=LATER).version == 2
    assert commands.assign(case_id=case.pk, agent_id=None, actor=None, at=LATER).agent is None


@pytest.mark.req("P1")
def test_assign_refuses_who_does_not_work_there(case, service, logistics):
    for agent in (
        AgentFactory(departments=[logistics]),
        AgentFactory(departments=[service], is_active=False),
        AgentFactory(departments=[service], user__is_active=False),
    ):
        with pytest.raises(Invalid):
            commands.assign(case_id=case.pk, agent_id=agent.pk, actor=None, at=LATER)
    with pytest.raises(NotFound):
        commands.assign(case_id=case.pk, agent_id=999_999, actor=None, at=LATER)


def test_assigned_agent_is_alerted_unless_it_was_their_own_doing(case, agent, service):
    commands.assign(case_id=case.pk, agent_id=agent.pk, actor=agent.user, at=LATER)
    assert not agent.user.alerts.exists()
    other = AgentFactory(departments=[service])
    commands.assign(case_id=case.pk, agent_id=other.pk, actor=agent.user, at=LATER)
    assert other.user.alerts.get().kind == "case.assigned"


def test_transferred_case_is_nobodys_in_the_new_department(case, agent, logistics):
    make_policy()
    commands.claim(case_id=case.pk, actor=agent.user, at=LATER)
    moved = commands.transfer(
        case_id=case.pk, department_id=logistics.pk, note="找包裹", actor=agent.user, at=LATER
    )
    assert (moved.department, moved.agent, moved.status) == (logistics, None, CaseStatus.OPEN)
    note = case.messages.latest("pk")
    assert (note.body, note.is_public, note.user) == ("找包裹", False, agent.user)
    assert "物流部" in case.member.notices.latest("pk").title
    assert set(case.clocks.values_list("department", flat=True)) <= {logistics.pk}


def test_transfer_refusals(case, service):
    with pytest.raises(Invalid):
        commands.transfer(case_id=case.pk, department_id=service.pk, actor=None, at=LATER)
    with pytest.raises(Invalid):
        commands.transfer(
            case_id=case.pk, department_id=DepartmentFactory(is_active=False).pk, actor=None, at=LATER
        )
    with pytest.raises(NotFound):
        commands.transfer(case_id=case.pk, department_id=999_999, actor=None, at=LATER)
    with pytest.raises(Stale):
        commands.transfer(
            case_id=case.pk, department_id=DepartmentFactory().pk, version=7, actor=None, at=LATER
        )


def test_system_may_transfer_with_a_note(case, logistics):
    commands.transfer(case_id=case.pk, department_id=logistics.pk, note="升级", actor=None, at=LATER)
    assert case.messages.latest("pk").author == "system"


def test_priority(case):
    assert commands.change_priority(case_id=case.pk, priority=4, actor=None, at=LATER).priority == 4
    assert commands.change_priority(case_id=case.pk, priority=4, actor=None, at=LATER).version == 2
    with pytest.raises(Invalid):
        commands.change_priority(case_id=case.pk, priority=5, actor=None, at=LATER)


@pytest.mark.django_db
def test_no_such_case():
    with pytest.raises(NotFound):
        commands.claim(case_id=1, actor=StaffFactory(), at=LATER)
    assert not Case.objects.exists()
