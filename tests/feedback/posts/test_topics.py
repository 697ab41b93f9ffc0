"""How posts are put together by their words."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback.posts import topics
from feedback.posts.topics import Topics

pytestmark = pytest.mark.req("F19")

SAID = {
    "漏水": ["水壶底部漏水", "新水壶又漏水了", "底部漏水的水壶", "水壶漏水弄湿桌子", "水壶底部一直漏水"],
    "物流": ["快递物流太慢", "物流慢快递不送", "快递小哥物流信息不更新", "物流太慢快递丢件", "快递物流停滞"],
    "尺码": ["衬衫尺码偏小", "尺码不准衬衫太紧", "衬衫尺码小一号", "尺码表不对衬衫偏小", "衬衫尺码不标准"],
    "退款": ["退款迟迟不到账", "申请退款被拒绝", "退款到账太久", "退款申请没人审核", "退款不到账"],
}


def sorted_by_topic(texts):
    """The topic of each text, as posts come one after another."""
    known, keys = Topics(0, {}), []
    for number, text in enumerate(texts, start=1):
        words = topics.vector(topics.terms(text))
        known.learn(words)
        found = known.nearest(words)
        key = found[0] if found else number
        known.grow(key, words)
        keys.append(key)
    return keys, known


def test_a_planted_sample_is_put_together_purely():
    order = [(label, texts[n]) for n in range(5) for label, texts in SAID.items()]
    keys, known = sorted_by_topic([text for _label, text in order])
    of = {}
    for key, (label, _text) in zip(keys, order, strict=True):
        of.setdefault(key, Counter())[label] += 1
    assert sum(max(one.values()) for one in of.values()) / len(order) == 1.0
    largest = max(of, key=lambda key: of[key].total())
    assert of[largest].total() >= 4
    assert set(known.keywords(largest)) & {"漏水", "物流", "快递", "尺码", "衬衫", "退款"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "👍👍👍🔥",
        "。。。！！",
        "1234567 89",
        "https://a.cn/x @某人 ＃话题",
        "a",
        "\x00\u202e",
        "[笑哭][笑哭]",
    ],
)
def test_what_says_nothing_has_no_words(text):
    assert topics.vector(topics.terms(text)) == {}


def test_traditional_and_simplified_words_are_the_same():
    assert topics.terms("水壺一直漏水") == topics.terms("水壶一直漏水") != []


def test_words_that_only_judge_tell_nothing():
    assert "差劲" in topics.terms("水壶差劲")
    assert "差劲" not in topics.terms("水壶差劲", frozenset({"差劲"}))


@given(st.lists(st.text(max_size=200), max_size=8))
def test_any_text_is_put_somewhere_and_again_in_the_same_place(texts):
    assert sorted_by_topic(texts)[0] == sorted_by_topic(texts)[0]


def test_ten_thousand_characters_weigh_no_more_than_a_few():
    words = topics.vector(topics.terms("水壶漏水，" * 2_000))
    assert sum(weight * weight for weight in words.values()) == pytest.approx(1)
    assert len(topics.vector(topics.terms("".join(chr(0x4E00 + n) for n in range(10_000))))) <= topics.OF_POST


@given(st.lists(st.sampled_from(["水壶", "漏水", "物流", "快递"]), min_size=2, max_size=6))
def test_what_is_taken_out_leaves_what_was_there(found):
    known = Topics(1, {})
    known.put(1, {"水壶": 1.0, "尺码": 0.5}, 1)
    words = topics.vector(found)
    known.grow(1, words)
    known.shrink(1, words)
    assert known.sums[1] == pytest.approx({"水壶": 1.0, "尺码": 0.5})
    assert known.sizes[1] == 1


def test_a_topic_keeps_its_heaviest_words():
    known = Topics(10, {})
    for number in range(300):
        known.grow(1, {f"word{number}": 0.5, "水壶": 0.5})
    assert len(known.sums[1]) <= 2 * topics.TERMS
    assert known.keywords(1)[0] == "水壶"
    assert all(1 in known.holding[term] for term in known.sums[1])
