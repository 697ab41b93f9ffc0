"""Departments that are asked one after the other, that accept, and that send a case back too often."""

import contextlib
import threading
from datetime import timedelta

import pytest

from config.common.errors import MoveNotAllowed, NotFound, WrongState
from config.common.models import Event
from feedback.handoffs import commands
from feedback.handoffs.commands import LeadDecides
from feedback.models import Case, CaseStatus, Handoff, TeamRule
from tests.factories.compensation import T0
from tests.factories.feedback import AgentFactory, CaseFactory, DepartmentFactory, HandoffFactory
from tests.factories.sop import make_policy
from tests.threads import at_once, refused

pytestmark = pytest.mark.req("F4")
MINUTE = timedelta(minutes=1)
LATER = T0 + 5 * MINUTE


@pytest.fixture
def service(db):
    return DepartmentFactory(code="service")


@pytest.fixture
def others(db):
    return DepartmentFactory.create_batch(3)


@pytest.fixture
def agent(service):
    return AgentFactory(departments=[service])


@pytest.fixture
def lead(service):
    return AgentFactory(leads=[service])


@pytest.fixture
def case(service, agent):
    make_policy(targets={"handoff": 240, "accept": 30})
    return CaseFactory(department=service, agent=agent, status=CaseStatus.OPEN)


def ask(case, department, actor, *, after=None, at=T0):
    return commands.hand_over(
        case_id=case.pk,
        department_id=department.pk,
        question="在哪？",
        after_id=after.pk if after else None,
        actor=actor.user if actor else None,
        at=at,
    )


def statuses(case):
    return list(case.handoffs.order_by("pk").values_list("status", flat=True))


def status(case):
    case.refresh_from_db()
    return case.status


def test_a_chain_asks_one_after_the_other(case, agent, others):
    first = ask(case, others[0], agent)
    second = ask(case, others[1], agent, after=first)
    third = ask(case, others[2], agent, after=second)
    assert statuses(case) == ["open", "planned", "planned"]
    assert not second.clocks.exists()
    assert not second.department.agents.exists()

    commands.answer(handoff_id=first.pk, answer="x", actor=agent.user, at=LATER)
    assert statuses(case) == ["answered", "open", "planned"]
    second.refresh_from_db()
    assert (second.started_at, second.clocks.get(milestone="handoff").started_at) == (LATER, LATER)
    assert status(case) == CaseStatus.WAITING_DEPARTMENT
    commands.answer(handoff_id=second.pk, answer="x", actor=agent.user, at=LATER)
    commands.answer(handoff_id=third.pk, answer="x", actor=agent.user, at=LATER)
    assert status(case) == CaseStatus.OPEN


def test_what_comes_after_an_answered_one_starts_at_once(case, agent, others):
    first = ask(case, others[0], agent)
    commands.answer(handoff_id=first.pk, answer="x", actor=agent.user, at=LATER)
    assert ask(case, others[1], agent, after=first, at=LATER).started_at == LATER


@pytest.mark.parametrize("end", ["reject", "recall"])
def test_a_chain_ends_where_nobody_answers(case, agent, others, end):
    first = ask(case, others[0], agent)
    ask(case, others[2], agent, after=ask(case, others[1], agent, after=first))
    if end == "reject":
        commands.reject(handoff_id=first.pk, reason="不是我们", actor=agent.user, at=LATER)
    else:
        commands.recall(handoff_id=first.pk, actor=agent.user, at=LATER)
    assert statuses(case)[1:] == ["recalled", "recalled"]
    assert status(case) == CaseStatus.OPEN
    with pytest.raises(WrongState):
        ask(case, others[1], agent, after=first)


def test_a_planned_one_is_taken_back_but_neither_answered_accepted_nor_rejected(case, agent, others):
    first = ask(case, others[0], agent)
    second = ask(case, others[1], agent, after=first)
    for call in (
        lambda: commands.accept(handoff_id=second.pk, actor=agent.user, at=LATER),
        lambda: commands.answer(handoff_id=second.pk, answer="x", actor=agent.user, at=LATER),
        lambda: commands.reject(handoff_id=second.pk, reason="x", actor=agent.user, at=LATER),
    ):
        with pytest.raises(WrongState):
            call()
    commands.recall(handoff_id=second.pk, actor=agent.user, at=LATER)
    assert (statuses(case), status(case)) == (["open", "recalled"], CaseStatus.WAITING_DEPARTMENT)
    with pytest.raises(NotFound):
        ask(case, others[1], agent, after=HandoffFactory())


def test_accepting_meets_its_own_clock_and_answering_the_other(case, agent, others):
    handoff = ask(case, others[0], agent)
    helper = AgentFactory(departments=[others[0]])
    for _again in range(2):
        commands.accept(handoff_id=handoff.pk, actor=helper.user, at=LATER)
    assert handoff.clocks.get(milestone="accept").met_at == LATER
    assert handoff.clocks.get(milestone="handoff").met_at is None
    assert Event.objects.filter(kind="handoff.accepted").count() == 1
    assert agent.user.alerts.get().kind == "handoff.accepted"
    commands.answer(handoff_id=handoff.pk, answer="x", actor=helper.user, at=LATER + MINUTE)
    handoff.refresh_from_db()
    assert (handoff.accepted_at, handoff.accepted_by) == (LATER, helper.user)
    with pytest.raises(WrongState):
        commands.accept(handoff_id=handoff.pk, actor=helper.user, at=LATER)


def test_answering_accepts(case, agent, others):
    handoff = ask(case, others[0], agent)
    commands.answer(handoff_id=handoff.pk, answer="x", actor=agent.user, at=LATER)
    handoff.refresh_from_db()
    assert handoff.accepted_at == handoff.clocks.get(milestone="accept").met_at == LATER


def test_after_too_many_rejections_a_lead_decides_and_that_binds(case, agent, lead, others):
    TeamRule.objects.create(pk=1, alert_window=MINUTE, bounce_limit=2)
    for department in others[:2]:
        handoff = ask(case, department, agent)
        commands.reject(handoff_id=handoff.pk, reason="不是我们", actor=agent.user, at=LATER)
    assert lead.user.alerts.get().kind == "handoff.bounced"
    with pytest.raises(LeadDecides):
        ask(case, others[2], agent)
    with pytest.raises(LeadDecides):
        ask(case, others[2], AgentFactory(leads=[others[2]]))
    decided = ask(case, others[2], lead)
    assert decided.is_binding
    with pytest.raises(MoveNotAllowed):
        commands.reject(handoff_id=decided.pk, reason="x", actor=agent.user, at=LATER)
    commands.answer(handoff_id=decided.pk, answer="x", actor=agent.user, at=LATER)
    assert not ask(case, others[0], agent).is_binding  # counted anew


@pytest.fixture
def overlap(monkeypatch):
    """Make two that have read the handoff wait for each other, as far as the lock of the case lets them."""
    barrier, locked = threading.Barrier(2), commands._locked

    def slow(handoff_id):
        found = locked(handoff_id)
        with contextlib.suppress(threading.BrokenBarrierError):
            barrier.wait(timeout=0.5)
        return found

    monkeypatch.setattr(commands, "_locked", slow)


@pytest.mark.django_db(transaction=True)
def test_accept_and_recall_at_once_are_one_after_the_other(overlap):
    handoff = HandoffFactory(case__department=DepartmentFactory())
    one, other = AgentFactory.create_batch(2)
    results = at_once(
        lambda: commands.accept(handoff_id=handoff.pk, actor=one.user, at=LATER),
        lambda: commands.recall(handoff_id=handoff.pk, actor=other.user, at=LATER),
    )
    handoff.refresh_from_db()
    assert handoff.status == "recalled"
    assert [type(error) for error in refused(results)] == ([] if handoff.accepted_at else [WrongState])
    told = Event.objects.filter(kind__startswith="handoff.").order_by("id").values_list("kind", flat=True)
    assert list(told) == ["handoff.accepted"] * bool(handoff.accepted_at) + ["handoff.recalled"]
    assert Case.objects.get().version == 1 + len(told)


@pytest.mark.django_db(transaction=True)
def test_two_departments_that_answer_at_once_start_one_follower(overlap):
    case = HandoffFactory(case__department=DepartmentFactory()).case
    first, second = case.handoffs.get(), HandoffFactory(case=case)
    after = HandoffFactory(case=case, after=first, status="planned")
    actor = AgentFactory().user
    at_once(
        *(
            lambda pk=pk: commands.answer(handoff_id=pk, answer="x", actor=actor, at=LATER)
            for pk in (first.pk, second.pk)
        )
    )
    assert status(case) == CaseStatus.WAITING_DEPARTMENT
    assert case.version == 4  # two answers and one question, none lost
    commands.answer(handoff_id=after.pk, answer="x", actor=actor, at=LATER)
    assert status(case) == CaseStatus.OPEN
    assert Handoff.objects.filter(status="answered").count() == 3
    assert Event.objects.filter(kind="handoff.asked").count() == 1
