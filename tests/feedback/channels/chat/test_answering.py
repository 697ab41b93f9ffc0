"""Automatic answers: what they count for, and the way to a person."""

from datetime import timedelta

import pytest

from config.common.errors import WrongState
from feedback.channels.chat import commands, queries
from feedback.models import AnswerOutcome, CaseStatus, ChatState, Clock
from tests.factories.compensation import T0
from tests.factories.knowledge import make_article

pytestmark = [pytest.mark.django_db, pytest.mark.req("F21")]
SECOND = timedelta(seconds=1)
QUESTION = "发票怎么开"


@pytest.fixture
def article(db):
    return make_article(QUESTION, "在订单页点击“申请发票”即可。", code="invoice")


@pytest.fixture
def answered(article, service, member, setup):
    return commands.start(member=member, body=QUESTION, at=T0)


def fresh(chat):
    return queries.own(chat.member).get(pk=chat.pk)


def firsts(chat):
    rows = Clock.objects.filter(case=chat.case_id, milestone="first_reply").order_by("pk")
    return [(clock.started_at, clock.met_at) for clock in rows]


def test_a_sure_answer_meets_the_first_reply(answered):
    chat = fresh(answered)
    assert "申请发票" in queries.said(chat.case_id)[-1].body
    assert (chat.state, chat.case.status) == (ChatState.AUTOMATIC, CaseStatus.WAITING_MEMBER)
    assert firsts(chat) == [(T0, T0)]
    assert not queries.line([chat.case.department_id]).exists()


def test_it_helped(answered, member):
    for _ in range(2):
        commands.helped(case_id=answered.case_id, member=member, at=T0 + SECOND)
    assert fresh(answered).answer.outcome == AnswerOutcome.HELPED
    commands.end_by_member(case_id=answered.case_id, solved=True, member=member, at=T0 + 2 * SECOND)
    ended = fresh(answered).case
    assert (ended.status, ended.resolution, ended.first_replied_at) == (CaseStatus.CLOSED, "answered", T0)


def test_who_wants_a_person_gets_a_clock_of_their_own(answered, member):
    for _ in range(2):
        commands.ask_person(case_id=answered.case_id, member=member, at=T0 + 60 * SECOND)
    chat = fresh(answered)
    assert (chat.state, chat.answer.outcome) == (ChatState.WAITING, AnswerOutcome.PERSON)
    assert firsts(chat) == [(T0, T0), (T0 + 60 * SECOND, None)]
    assert queries.place_of(chat).by == T0 + 90 * SECOND
    with pytest.raises(WrongState):
        commands.helped(case_id=answered.case_id, member=member, at=T0 + 61 * SECOND)


def test_what_no_article_answers_calls_a_person(answered, member):
    commands.write(case_id=answered.case_id, body="我的猫不喜欢这个盒子", member=member, at=T0 + SECOND)
    assert fresh(answered).state == ChatState.WAITING
    assert queries.promised_by(answered.case_id) is not None


def test_where_only_a_person_counts_one_is_called_all_the_same(article, service, member, setup):
    setup.counts = "nothing"
    setup.save()
    chat = commands.start(member=member, body=QUESTION, at=T0)
    assert fresh(chat).state == ChatState.WAITING
    assert firsts(chat) == [(T0, None)]
    assert "申请发票" in queries.said(chat.case_id)[-1].body


def test_answers_can_be_switched_off(article, service, member, setup):
    setup.answers = False
    setup.save()
    assert fresh(commands.start(member=member, body=QUESTION, at=T0)).state == ChatState.WAITING
