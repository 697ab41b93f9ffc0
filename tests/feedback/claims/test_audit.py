"""Absolute terms and vague wording, found and forgiven."""

import csv
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback.claims.audit import Term, audit, parts
from feedback.claims.characters import squeeze
from feedback.defaults.claims import TERMS

pytestmark = pytest.mark.req("F13")
SHIPPED = [
    Term(row["term"], row["kind"], tuple(one for one in row["innocent_in"].split("|") if one))
    for row in csv.DictReader(TERMS.read_text(encoding="utf-8").splitlines())
]


def found(text, terms=SHIPPED):
    return [(one.code, text[one.start : one.end]) for one in audit(text, terms)]


@pytest.mark.parametrize(
    ("text", "code", "marked"),
    [
        ("这是最佳的选择", "最佳", "最佳"),
        ("国家级工艺", "国家级", "国家级"),
        ("極致體驗", "极致", "極致"),
        ("全網最低", "全网最低", "全網最低"),
        ("最 佳 品质", "最佳", "最 佳"),
        ("最·佳", "最佳", "最·佳"),
        ("最\u200b佳", "最佳", "最\u200b佳"),
        ("最\n佳", "最佳", "最\n佳"),
        ("销量第①", "第1", "第①"),
        ("ＮＯ．１ 品牌", "no.1", "ＮＯ．１"),
        ("The BEST shirt", "best", "BEST"),
        ("world  class cotton", "world class", "world  class"),
        ("完美贴合", "完美", "完美"),
        ("最柔软的面料", "最", "最"),
        ("我们会尽快发货", "尽快", "尽快"),
        ("Sent as soon as possible", "as soon as possible", "as soon as possible"),
    ],
)
def test_it_is_found_where_it_stands(text, code, marked):
    assert (code, marked) in found(text)


@pytest.mark.parametrize(
    "text",
    [
        "最近上新", "第一时间为您处理", "最后三件", "最低消费 50 元", "第一步：拆封", "最近", "最終付款時間",
        "第 一 时间", "顶级域名", "完美主义者", "最大承重 100 公斤", "best before 2027", "历史上的今天",
        "很快乐的一天", "第10件", "非国家级非物质文化遗产", "asbestos", "soonest", "", "！？。", "   ",
    ],
)  # fmt: skip
def test_what_is_innocent_stays_so(text):
    assert found(text) == []


def test_a_sentence_that_ends_between_hides_no_word():
    assert found("质量第。一步到位") == []


def test_of_words_that_overlap_the_longest_counts():
    assert found("全网第一") == [("全网第一", "全网第一")]


def test_innocent_in_one_place_and_not_in_another():
    assert found("第一时间送达，品质第一") == [("第一", "第一")]
    assert audit("第一时间送达，品质第一", SHIPPED)[0].start == 9


def test_an_astral_sign_before_it_moves_nothing():
    assert found("😀😀最佳") == [("最佳", "最佳")]


def test_a_huge_text_is_read_up_to_a_length():
    assert len(audit("最佳" * 20_000, [Term("最佳")])) == 10_000
    assert audit("平" * 30_000 + "最佳", SHIPPED) == []


@given(st.text(alphabet="最佳第一時间 ·\u200b近完美国家级abest。\n😀①", max_size=60))
def test_places_lie_in_the_text_and_do_not_overlap(text):
    rows = audit(text, SHIPPED)
    for one, other in pairwise(rows):
        assert one.end <= other.start
    assert all(0 <= one.start < one.end <= len(text) for one in rows)
    assert "".join(part for part, _found in parts(text, rows)) == text


@given(st.text(max_size=80))
def test_squeezing_keeps_order_and_can_be_done_twice(text):
    once = squeeze(text)
    assert list(once.places) == sorted(once.places)
    assert len(once.places) == len(once.text)
    assert squeeze(once.text).text == once.text


@given(st.sampled_from([term.term for term in SHIPPED]), st.sampled_from([" ", "·", "\u200b", "*", "\n"]))
def test_no_shipped_word_is_hidden_by_a_sign_between_its_characters(term, sign):
    if term.isascii():
        return
    assert audit(sign.join(term), [Term(term)])


def test_every_innocent_word_holds_its_term():
    for term in SHIPPED:
        for one in term.allowed_in:
            assert squeeze(term.term).text in squeeze(one).text, (term.term, one)
