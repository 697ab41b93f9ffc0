import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from feedback.cases import commands
from feedback.defaults.playbooks import seed_templates
from feedback.knowledge import tone
from feedback.knowledge.tone import BadTone, warnings
from feedback.models import Message, ToneRule
from tests.factories.compensation import T0
from tests.factories.feedback import AgentFactory, CaseFactory, DepartmentFactory

pytestmark = [pytest.mark.django_db, pytest.mark.req("F6")]


@pytest.fixture(autouse=True)
def rules():
    seed_templates(T0)


def found(text, **more):
    return {one.rule for one in warnings(text, **{"language": "zh-hans", "kind": "complaint", **more})}


def test_a_polite_reply_to_a_complaint_is_left_alone():
    assert found("王女士您好，非常抱歉，我马上为您核实，15:00 前告诉您结果。") == set()


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("您好，抱歉，这不可能。", "impossible"),
        ("您好，抱歉，这不是我们的问题。", "not-our-problem"),
        ("您好，抱歉，您自己看一下页面。", "do-it-yourself"),
        ("您好，抱歉，保证明天到！", "absolute"),
        ("您好，抱歉，１００％能到", "absolute"),
        ("您好，抱歉，这不是我們的問題", "not-our-problem"),
        ("您好，抱歉，你的订单", "you"),
        ("抱歉，马上处理。", "opening-zh"),
        ("您好，马上处理。", "apology-zh"),
        ("您好，抱歉，改成好评就退您", "review-for-money"),
        ("您好，抱歉，{{ order.number }}", "left-over"),
        ("您好，抱歉，送您一张____", "left-over"),
    ],
)
def test_what_is_missing_or_must_not_be_said_is_told(text, rule):
    assert rule in found(text)


def test_a_harmless_longer_phrase_is_left_alone():
    assert "absolute" not in found("您好，抱歉，保证金会退还给您。")


def test_rules_are_of_their_language_and_kind_of_case():
    assert found("马上处理。", kind="enquiry") == {"opening-zh"}
    assert "impossible-en" in found("Dear Ms Wang, sorry, that is impossible.", language="en")
    assert "impossible" not in found("Dear …, sorry, 不可能", language="en")


def test_nothing_is_said_of_an_empty_reply():
    with CaptureQueriesContext(connection) as queries:
        assert warnings(" \n") == []
    assert not queries


def test_the_worst_comes_first_in_one_query(django_assert_num_queries):
    with django_assert_num_queries(1):
        first, *rest = warnings("你的问题？把验证码发给我。", language="zh-hans", kind="complaint")
    assert first.severity == "block"
    assert rest


def test_a_blocked_reply_is_not_sent():
    department = DepartmentFactory()
    case, agent = CaseFactory(department=department), AgentFactory(departments=[department])
    with pytest.raises(BadTone, match="改成好评"):
        commands.reply(case_id=case.pk, body="改成好评就给您退款", actor=agent.user, at=T0)
    assert not Message.objects.exists()
    commands.note(case_id=case.pk, body="会员说店家要他改成好评", actor=agent.user, at=T0)
    ToneRule.objects.filter(code="review-for-money").update(is_active=False)
    commands.reply(case_id=case.pk, body="改成好评就给您退款", actor=agent.user, at=T0)


@given(st.text(max_size=200))
def test_any_text_is_read(text):
    rule = ToneRule(
        code="x", kind="forbidden", severity="hint", phrases=["不可能", ""], allowed=["("], advice="x"
    )
    assert len(list(tone.check(text, [rule]))) == ("不可能" in tone.plain(text))
