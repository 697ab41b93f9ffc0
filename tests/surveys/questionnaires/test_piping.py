"""Names and answers in texts: filled in once, as plain text, never for those who are anonymous."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.questionnaires.piping import LONGEST, filled, problems, tidy, values_of
from tests.factories.compensation import MemberFactory
from tests.factories.feedback import CaseFactory
from tests.factories.orders import OrderFactory, OrderLineFactory
from tests.factories.questionnaires import asked, invitation, launched, one

pytestmark = [pytest.mark.django_db, pytest.mark.req("S3")]


@pytest.mark.parametrize(
    ("text", "values", "wanted"),
    [
        ("{member}，您好", {"member": "方雨晴"}, "方雨晴，您好"),
        ("{member|您}好", {}, "您好"),
        ("{member|}好", {}, "好"),
        ("{answer:why|那个}", {"answer:why": "太慢"}, "太慢"),
        ("{answer:why|那个}", {"answer:how": "太慢"}, "那个"),
        ("{answer:why}", {}, "…"),
        ("{shoe} { member } {", {"shoe": "42"}, "{shoe} { member } {"),
        ("{member}{member}", {"member": "{order|x}"}, "{order|x}{order|x}"),
    ],
)
def test_what_is_known_is_filled_in(text, values, wanted):
    assert filled(text, values) == wanted


def test_without_a_fallback_of_its_own_there_is_a_usual_one():
    assert "{" not in filled("{member}{tier}{order}{product}{case}", {})


@given(st.text(), st.text(alphabet="{}|:abmeorwns<>"))
def test_what_somebody_is_called_is_no_placeholder_and_no_markup(name, text):
    assert filled("{member|x}", {"member": name}) == (name or "x")
    assert not hasattr(filled(text, {"member": name}), "__html__")
    assert filled(filled(text, {}), {}) == filled(text, {}) or "|" in text


@given(st.text())
def test_what_is_filled_in_is_one_short_line(text):
    said = tidy(text)
    assert len(said) <= LONGEST
    assert all(c.isprintable() or c == "\u200d" for c in said)


def test_the_member_the_order_and_the_case():
    member = MemberFactory(name="方雨晴\u202e<b>")
    order = OrderFactory(member=member)
    lines = [OrderLineFactory(order=order) for _each in range(2)]
    case = CaseFactory(member=member, order=order)
    values = values_of(invitation(launched(), member, case=case), {})
    assert values["member"] == "方雨晴 <b>"
    assert values["product"] == "、".join(line.product.name for line in lines)
    assert (values["order"], values["case"]) == (order.external_id, case.number)


def test_nobody_is_named_where_it_is_anonymous():
    questions = asked(one("short", "who"))
    order = OrderFactory(member=MemberFactory(name="方雨晴"))
    OrderLineFactory(order=order)
    hidden = invitation(launched(is_anonymous=True), order.member, order=order)
    assert values_of(hidden, {}) == {}
    assert values_of(hidden, {"who": "我"}, questions) == {"answer:who": "我"}
    assert values_of(None, {"who": "我"}, questions) == {"answer:who": "我"}


def test_answers_are_told_in_words():
    questions = asked(
        one("single", "why", choices=["a", {"code": "other", "text": "其他", "takes_text": True}]),
        one("multiple", "what", choices=[{"code": "x", "text": "甲"}, {"code": "y", "text": "乙"}]),
        one("nps", "nps"),
        one("text", "words"),
        one("matrix", "rows", choices=["a", "b"]),
    )
    answers = {
        "why": {"picked": ["other"], "text": "{member}"}, "what": ["y", "x"], "nps": "9", "words": "一\n二",
        "rows": {"a": 1}, "gone": "x",
    }  # fmt: skip
    assert values_of(None, answers, questions) == {
        "answer:why": "{member}", "answer:what": "甲、乙", "answer:nps": "9", "answer:words": "一 二"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("没有", 0),
        ("{member}{order|单}", 0),
        ("{answer:why}", 0),
        ("{answer:loose|那个}", 0),
        ("{answer:loose}", 1),
        ("{answer:later|那个}", 1),
        ("{name}", 1),
        ("{}", 1),
        ("{member|a|b} {会员}", 2),
    ],
)
def test_what_cannot_be_filled_in_is_told(text, count):
    assert len(list(problems(text, ["why", "loose"], ["loose"]))) == count
