from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from config.common.models import Event
from feedback.cases import commands, waiting, wording
from feedback.cases.search import search
from feedback.handoffs import commands as handoffs
from feedback.models import CaseWords, Message, TeamRule
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


def test_of_a_huge_case_what_was_said_first_and_last_is_found(monkeypatch, case, agent, logistics):
    for name, value in {"FEW": 3, "FIRST": 14, "LAST": 8, "ASKED": 4, "READ": 2}.items():
        monkeypatch.setattr(wording, name, value)
    for n, body in enumerate(("收到照片", "中间的话", "库存清点", "明天补发", "运单已出")):
        commands.note(case_id=case.pk, body=body, actor=agent.user, at=T0 + timedelta(minutes=n))
    handoffs.hand_over(
        case_id=case.pk, department_id=logistics.pk, question="柜机在哪里放着", actor=agent.user, at=T0
    )
    wording.catch_up()
    for text in ("漏绒", "跑绒", "运单", "补发", "柜机"):
        assert found(agent.user, text) == [case], text
    for text in ("中间", "库存", "放着"):
        assert found(agent.user, text) == [], text


def test_of_a_huge_case_no_more_is_read_than_is_kept(monkeypatch, case, agent):
    monkeypatch.setattr(wording, "FEW", 3)
    monkeypatch.setattr(wording, "MOST", 4)
    Message.objects.bulk_create(
        Message(case=case, author="agent", user=agent.user, is_public=False, body=f"第{n}条", at=T0)
        for n in range(20)
    )
    with CaptureQueriesContext(connection) as queries:
        wording.put([case.pk])
    read = [one["sql"] for one in queries if '"body"' in one["sql"]]
    assert read
    assert all("LIMIT 4" in sql for sql in read)


def test_many_cases_are_read_a_few_at_a_time(monkeypatch, service, agent):
    monkeypatch.setattr(wording, "AT_ONCE", 2)
    cases = [CaseFactory(department=service, subject=f"漏绒 {n}") for n in range(5)]
    commands.note(case_id=cases[4].pk, body="柜机", actor=agent.user, at=T0)
    wording.put([case.pk for case in cases])
    assert found(agent.user, "漏绒") == cases[::-1]
    assert found(agent.user, "柜机") == [cases[4]]


def test_more_words_than_the_index_holds_hold_nothing_up(case, agent):
    """Signs of four bytes, each word another: together more than a megabyte."""
    signs = [chr(0x20000 + n) for n in range(700)]
    texts = (" ".join(a + b for b in signs[:280]) for a in signs)
    Message.objects.bulk_create(
        Message(case=case, author="agent", user=agent.user, is_public=False, body=text, at=T0)
        for _n, text in zip(range(99), texts, strict=False)
    )
    wording.put([case.pk])
    assert found(agent.user, "漏绒") == [case]


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
