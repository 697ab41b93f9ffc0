from datetime import timedelta

import pytest

from config.common.errors import MoveNotAllowed
from feedback.cases import commands
from feedback.cases.queries import actions_for, get_for
from feedback.handoffs import commands as handoffs
from feedback.models import Attachment, CaseStatus, Resolution
from tests.factories.compensation import T0, MemberFactory
from tests.factories.feedback import AgentFactory, DepartmentFactory, picture

pytestmark = pytest.mark.django_db


def test_whole_life():
    service = DepartmentFactory(code="service", takes_new=True)
    logistics = DepartmentFactory(code="logistics")
    member = MemberFactory()
    agent = AgentFactory(departments=[service]).user
    helper = AgentFactory(departments=[logistics]).user
    case = commands.open_case(
        member=member, kind="complaint", channel="portal", subject="破损", body="杯子碎了",
        attachments=[picture()], actor=member, at=T0,
    )  # fmt: skip
    assert case.department == service
    assert Attachment.objects.get().content_type == "image/jpeg"
    commands.claim(case_id=case.pk, actor=agent, at=T0 + timedelta(minutes=1))
    assert "reply" in actions_for(get_for(agent, case.pk), agent)
    commands.reply(case_id=case.pk, body="请稍等", then="wait", actor=agent, at=T0 + timedelta(minutes=2))
    commands.member_message(case_id=case.pk, body="好的", actor=member, at=T0 + timedelta(minutes=3))
    handoff = handoffs.hand_over(
        case_id=case.pk,
        department_id=logistics.pk,
        question="在哪？",
        actor=agent,
        at=T0 + timedelta(minutes=4),
    )
    assert "answer" in actions_for(get_for(helper, case.pk), helper)
    with pytest.raises(MoveNotAllowed):
        commands.resolve(case_id=case.pk, resolution=Resolution.SOLVED, actor=agent, at=T0)
    handoffs.answer(handoff_id=handoff.pk, answer="明天到", actor=helper, at=T0 + timedelta(minutes=5))
    commands.transfer(case_id=case.pk, department_id=logistics.pk, actor=agent, at=T0 + timedelta(minutes=6))
    commands.assign(case_id=case.pk, agent_id=helper.agent.pk, actor=None, at=T0 + timedelta(minutes=7))
    commands.change_priority(case_id=case.pk, priority=4, actor=None, at=T0 + timedelta(minutes=7))
    commands.note(case_id=case.pk, body="注意", actor=helper, at=T0 + timedelta(minutes=7))
    commands.resolve(
        case_id=case.pk, resolution=Resolution.SOLVED, actor=helper, at=T0 + timedelta(minutes=8)
    )
    commands.reopen(case_id=case.pk, reason="还是坏的", actor=member, at=T0 + timedelta(minutes=9))
    commands.reply(case_id=case.pk, body="补发", then="resolve", actor=helper, at=T0 + timedelta(minutes=10))
    assert commands.close_silent(at=T0 + timedelta(days=6)) == 0
    assert commands.close_silent(at=T0 + timedelta(days=8)) == 1
    case.refresh_from_db()
    assert case.status == CaseStatus.CLOSED
    assert member.notices.count() == 9
