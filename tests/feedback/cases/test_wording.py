from datetime import timedelta

import pytest

from config.common.models import Event
from feedback.cases import commands, waiting, wording
from feedback.cases.search import search
from feedback.handoffs import commands as handoffs
from feedback.models import CaseWords, TeamRule
from tests.factories.compensation import T0
from tests.factories.feedback import AgentFactory, CaseFactory
from tests.factories.sop import make_policy

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.req("F7")]


def found(user, text):
    return list(search(user, text))


@pytest.fixture
def case(service, agent, member):
    make_policy()
    return commands.open_case(
        member=member, kind="complaint", channel="portal", department=service, subject="羽绒服漏绒",
        body="穿了三天就跑绒，袖口开线", actor=member, at=T0,
    )  # fmt: skip


def test_a_case_is_found_by_what_was_said_in_it(case, agent, logistics):
    options = {"case_id": case.pk, "actor": agent.user}
    commands.reply(body="请把照片发给我们 Photo please", at=T0 + timedelta(minutes=1), **options)
    commands.note(body="供应商批次 B-2291 有问题", at=T0 + timedelta(minutes=2), **options)
    handoffs.hand_over(
        department_id=logistics.pk, question="退货仓收到了吗", at=T0 + timedelta(minutes=3), **options
    )
    assert found(agent.user, "跑绒") == []
    wording.catch_up()
    for text in ("漏绒", "袖口 开线", "照片", "PHOTO", "ｐｈｏｔｏ", "2291", "退货仓"):
        assert found(agent.user, text) == [case], text
    for text in ("破洞", "照片 破洞", "' | 'x", "\\", "&", "!照片 | 破洞", "😀"):
        assert found(agent.user, text) == [], text


def test_words_of_other_departments_stay_theirs(case, agent):
    wording.catch_up()
    assert found(AgentFactory().user, "漏绒") == []
    assert found(agent.user, "漏绒") == [case]


def test_what_is_said_later_is_found_too(case, agent):
    wording.catch_up()
    commands.reply(case_id=case.pk, body="补发", actor=agent.user, at=T0 + timedelta(minutes=1))
    assert found(agent.user, "补发") == []
    assert wording.catch_up() > 0
    assert found(agent.user, "补发") == [case]
    assert wording.catch_up() == 0


def test_a_question_that_bounced_holds_nothing_up(case, agent, logistics):
    TeamRule.objects.create(pk=1, alert_window=timedelta(minutes=5), bounce_limit=1)
    asked = handoffs.hand_over(
        case_id=case.pk, department_id=logistics.pk, question="在哪", actor=agent.user, at=T0
    )
    handoffs.reject(handoff_id=asked.pk, reason="归供应商管", actor=agent.user, at=T0)
    assert Event.objects.filter(kind="handoff.bounced").exists()
    assert wording.catch_up() > 0
    assert found(agent.user, "供应商") == [case]


def test_notes_that_come_with_something_else_are_found(case, agent):
    wording.catch_up()
    waiting.ask_courier(case_id=case.pk, question="柜机编号", actor=agent.user, at=T0)
    wording.catch_up()
    assert found(agent.user, "柜机") == [case]


def test_a_huge_case_is_kept_in_part(agent, service):
    case = CaseFactory(department=service, subject="很长")
    commands.note(case_id=case.pk, body="词" + "很长的话 " * 3_900, actor=agent.user, at=T0)
    wording.put([case.pk])
    assert CaseWords.objects.filter(case=case).exists()


def test_a_case_that_is_gone_is_passed_over():
    wording.put([999_999])
    assert not CaseWords.objects.exists()


def test_rare_and_frequent_words_find_the_same(monkeypatch, service, agent):
    cases = [CaseFactory(department=service, subject=f"漏绒 {n}") for n in range(3)]
    other = CaseFactory(subject="漏绒 别的部门")
    wording.put([case.pk for case in (*cases, other)])
    for rare in (0, 2, 4, 5_000):
        monkeypatch.setattr("feedback.cases.search.RARE", rare)
        assert found(agent.user, "漏绒") == cases[::-1]
