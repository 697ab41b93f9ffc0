"""Asking back before deciding on a grant."""

import threading

import pytest
from django.db import connections
from django.urls import reverse
from django.utils import timezone

from compensation.models import CouponTemplate, GrantStatus
from config.common.errors import Invalid, NotFound, NotPermitted, WrongState
from config.common.models import Event
from feedback.defaults.authority import seed_authority
from feedback.models import Alert, ApprovalQuestion
from feedback.remedies import asking, commands
from tests.factories.feedback import AgentFactory, DepartmentFactory, StaffFactory
from tests.factories.sop import make_policy
from tests.feedback.admin.conftest import client_for, open_case

pytestmark = [pytest.mark.django_db, pytest.mark.req("F8")]


@pytest.fixture
def asked(db):
    """A grant beyond the agent's authority, its agent, and the approver."""
    make_policy()
    ours = DepartmentFactory()
    agent = AgentFactory(departments=[ours])
    approver = AgentFactory(user=StaffFactory(role="supervisor"), leads=[ours])
    seed_authority(timezone.now())
    template = CouponTemplate.objects.create(code="dear", name="贵", value_fen=9_000)
    remedy = commands.grant_for_case(
        case_id=open_case(ours).pk, kind="coupon", template_id=template.pk, reason="晚了", key="1",
        actor=agent.user, at=timezone.now(),
    )  # fmt: skip
    assert remedy.grant.status == GrantStatus.REQUESTED
    return remedy.grant, agent.user, approver.user


def ask(grant, approver, question="为什么？"):
    return asking.ask_back(grant_id=grant.pk, question=question, actor=approver, at=timezone.now())


def test_asked_answered_decided(asked):
    grant, agent, approver = asked
    case = grant.remedy.case
    clocks = list(case.clocks.values("due_at", "paused_at"))
    ask(grant, approver)
    assert Alert.objects.filter(user=agent, kind="remedy.asked_back").exists()
    asking.answer_back(grant_id=grant.pk, answer="会员等了三天。", actor=agent, at=timezone.now())
    assert Alert.objects.filter(user=approver, kind="remedy.answered_back").exists()
    assert list(case.clocks.values("due_at", "paused_at")) == clocks
    ask(grant, approver, "还有别的吗？")  # once more, after an answer
    commands.approve(grant_id=grant.pk, content_hash=grant.content_hash, actor=approver, at=timezone.now())
    grant.refresh_from_db()
    assert grant.status == GrantStatus.CONFIRMED
    kinds = set(Event.objects.filter(kind__endswith="_back").values_list("kind", flat=True))
    assert kinds == {"remedy.asked_back", "remedy.answered_back"}


def test_what_is_refused(asked):
    grant, agent, approver = asked
    at = timezone.now()
    with pytest.raises(WrongState):
        asking.answer_back(grant_id=grant.pk, answer="x", actor=agent, at=at)
    for question in ("", "  ", "x" * 501):
        with pytest.raises(Invalid):
            ask(grant, approver, question)
    with pytest.raises(NotPermitted):
        ask(grant, agent)
    with pytest.raises(NotFound):
        asking.ask_back(grant_id=0, question="?", actor=approver, at=at)
    ask(grant, approver)
    with pytest.raises(WrongState):
        ask(grant, approver)
    with pytest.raises(NotPermitted):
        asking.answer_back(grant_id=grant.pk, answer="x", actor=approver, at=at)
    commands.refuse(grant_id=grant.pk, actor=approver, note="否", at=at)
    asking.answer_back(grant_id=grant.pk, answer="x", actor=agent, at=at)
    with pytest.raises(WrongState):
        ask(grant, approver)


def test_on_the_pages(asked):
    grant, agent, approver = asked
    theirs, mine = client_for(approver), client_for(agent)
    decide, answer = (reverse(f"admin:{name}", args=[grant.pk]) for name in ("approval", "approval_answer"))
    assert theirs.post(decide, {"verdict": "ask", "note": "<i>为什么</i>"}).status_code == 302
    again = theirs.post(decide, {"verdict": "ask", "note": "再问"})
    assert again.status_code == 409
    assert 'value="再问"' in again.content.decode()
    page = reverse("admin:case", args=[grant.remedy.case_id])
    shown = mine.get(page).content.decode()
    assert "&lt;i&gt;为什么" in shown
    assert answer in shown
    assert answer not in theirs.get(page).content.decode()
    assert theirs.post(answer, {"answer": "x"}).status_code == 404
    assert client_for(AgentFactory()).post(answer, {"answer": "x"}).status_code == 404
    assert mine.post(answer, {"answer": ""}).status_code == 302
    assert not ApprovalQuestion.objects.exclude(answer="").exists()
    assert mine.post(answer, {"answer": "等了三天"}).status_code == 302
    assert "等了三天" in theirs.get(reverse("admin:approvals")).content.decode()


@pytest.mark.django_db(transaction=True)
def test_two_who_ask_at_once_ask_one_question(asked):
    grant, _agent, approver = asked
    refused = []

    def run():
        try:
            ask(grant, approver)
        except WrongState:
            refused.append(1)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 1
    assert ApprovalQuestion.objects.count() == 1
