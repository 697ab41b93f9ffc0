"""What texts promise that can be measured, and where the facts contradict it."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback.claims.contradictions import Fact, contradictions
from feedback.claims.parsing import parse, read
from feedback.models import Measure

pytestmark = pytest.mark.req("F10")


def said(text):
    return [(one.measure.value, one.text or f"{one.number.normalize():f}") for one in parse(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("全国48小时送达", [("delivery", "48")]),
        ("48小時內送達", [("delivery", "48")]),
        ("三天内发货", [("shipping", "72")]),
        ("二十四小时内发货", [("shipping", "24")]),
        ("次日达", [("delivery", "48")]),
        ("Delivered within 48 hours", [("delivery", "48")]),
        ("ships in 24h", [("shipping", "24")]),
        ("100% 棉", [("composition", "棉 100%")]),
        ("纯棉", [("composition", "棉 100%")]),
        ("羊毛含量60%，聚酯纤维40%", [("composition", "羊毛 60%"), ("composition", "聚酯纤维 40%")]),
        ("7天保价", [("guarantee", "7")]),
        ("七天价格保价", [("guarantee", "7")]),
        ("直播价仅 99.9 元", [("price", "99.9")]),
        ("￥19.9", [("price", "19.9")]),
        ("全场仅9.9元起，￥19起，特价19.9起", []),
        ("立减20元", [("discount", "20")]),
        ("八折", []),
        ("8.5折", [("percent_off", "15")]),
        ("满300减50", []),
        ("生产日期：2026年3月5日", [("produced", "2026-03-05")]),
        ("生产日期 2026-13-40", []),
        ("2.3米×2米", [("size", "230×200")]),
        ("200x230cm", [("size", "200×230")]),
        ("5星品质", [("quality", "5")]),
        ("", []),
        ("😀", []),
        ("120%棉", []),
    ],
)
def test_promises_are_suggested(text, expected):
    assert said(text) == expected


def test_they_say_where_they_stand():
    text = "😀 全国 48 小时 送达！"
    one = parse(text)[0]
    assert text[one.start : one.end] == "48 小时 送达"


@given(
    st.text(alphabet="0123456789%.x×元折天小时送达发货棉纯保价￥仅减立生产日期-：cm 米星品质满", max_size=40)
)
def test_whatever_is_typed_is_read(text):
    for one in parse(text):
        assert 0 <= one.start < one.end <= len(text)
        assert one.number is None or 0 <= one.number <= 10**9


@pytest.mark.parametrize(
    ("measure", "text", "number", "kept"),
    [
        (Measure.PRICE, "99.00", Decimal("99.00"), ""),
        (Measure.PRICE, "1,299 元", Decimal(1299), ""),
        (Measure.DELIVERY, "48", Decimal(48), ""),
        (Measure.DELIVERY, "两天送达", Decimal(48), ""),
        (Measure.COMPOSITION, "棉 80 %, 聚酯纤维 20 %", None, "棉 80%, 聚酯纤维 20%"),
        (Measure.PRODUCED, "2026-03-05", None, "2026-03-05"),
        (Measure.SIZE, "200×230 cm", None, "200×230"),
        (Measure.PRICE, "面议", None, ""),
    ],
)
def test_facts_are_read_by_the_same_rules(measure, text, number, kept):
    assert read(measure, text) == (number, kept)


def fact(measure, text):
    number, kept = read(measure, text)
    return Fact(measure, number, kept, text)


@pytest.mark.req("F13")
@pytest.mark.parametrize(
    ("text", "measure", "true", "is_against"),
    [
        ("100%棉", Measure.COMPOSITION, "棉 80%, 聚酯纤维 20%", True),
        ("纯棉", Measure.COMPOSITION, "棉 97%, 氨纶 3%", True),
        ("棉 82%", Measure.COMPOSITION, "棉 80%, 聚酯纤维 20%", False),
        ("含羊毛60%", Measure.COMPOSITION, "棉 100%", True),
        ("24小时送达", Measure.DELIVERY, "48", True),
        ("72小时送达", Measure.DELIVERY, "48", False),
        ("直播价99元", Measure.PRICE, "129", True),
        ("直播价129元", Measure.PRICE, "129", False),
        ("30天保价", Measure.GUARANTEE, "7", True),
        ("7天保价", Measure.GUARANTEE, "7", False),
        ("200×230cm", Measure.SIZE, "180×200 cm", True),
        ("2米×2.3米", Measure.SIZE, "230×200 cm", False),
        ("生产日期：2026年3月", Measure.PRODUCED, "2026-01-05", True),
        ("生产日期：2026年1月", Measure.PRODUCED, "2026-01-05", False),
        ("100%棉", Measure.COMPOSITION, "见吊牌", False),
    ],
)
def test_what_the_facts_contradict(text, measure, true, is_against):
    assert bool(contradictions(text, [fact(measure, true)])) == is_against


def test_without_facts_nothing_is_contradicted():
    assert contradictions("100%棉，24小时送达", []) == []
