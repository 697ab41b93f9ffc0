"""What a post may hold, and what may become of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.common.errors import Invalid, WrongState
from feedback.models import PostState
from feedback.posts import rules
from feedback.posts.rules import Names
from tests.factories.posts import NOW

pytestmark = pytest.mark.req("F19")
COUNTS = st.dictionaries(st.sampled_from(rules.COUNTS), st.integers(0, 10**9))


@given(st.lists(COUNTS, max_size=5))
def test_counts_are_the_same_whatever_order_reports_come_in(reports):
    def told(some):
        known = {}
        for report in some:
            known = rules.counted(known, report)
        return known

    assert told(reports) == told(reversed(reports)) == told([*reports, *reports])


@pytest.mark.parametrize("count", [-1, 10**16])
def test_a_count_that_cannot_be_is_refused(count):
    with pytest.raises(Invalid):
        rules.counted({}, {"likes": count})


@given(st.text())
def test_any_text_is_kept_or_refused(text):
    try:
        kept = rules.clean(text, limit=50)
    except Invalid:
        assert len(text) > 50
    else:
        assert "\0" not in kept
        kept.encode()


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)", "https://user:secret@weibo.example/1", "https://localhost/1", "ftp://a.cn/1",
        "https://a.cn/a\nb", 'https://a.cn/"onload', "https://[::1", "https://a.cn/" + "x" * 500,
    ],
)  # fmt: skip
def test_what_is_no_address_of_a_page_is_refused(url):
    with pytest.raises(Invalid):
        rules.address(url)


def test_an_address_of_a_page_is_kept():
    assert rules.address(" https://weibo.example/1?x=水 ") == "https://weibo.example/1?x=水"


def test_when_it_was_written_lies_not_ahead():
    assert rules.moment(NOW + rules.AHEAD / 2, now=NOW) == NOW
    for wrong in (None, NOW + 2 * rules.AHEAD):
        with pytest.raises(Invalid):
            rules.moment(wrong, now=NOW)


@given(st.text(max_size=20))
def test_a_masked_name_tells_no_more_than_its_first_character(name):
    assert len(rules.masked(name)) in {0, 4}


def test_declining_needs_a_reason_and_a_word_to_the_member():
    assert rules.decision(PostState.DECLINED, "太贵", "暂不采纳", is_told=True).answer == "暂不采纳"
    assert rules.decision(PostState.DECLINED, "无关", "", is_told=False).reason == "无关"
    for reason, answer in (("", "x"), ("x", "")):
        with pytest.raises(Invalid):
            rules.decision(PostState.DECLINED, reason, answer, is_told=True)
    with pytest.raises(Invalid):
        rules.decision("sold", "", "", is_told=False)
    with pytest.raises(WrongState):
        rules.decision(PostState.NEW, "", "", is_told=False)


def test_the_longest_name_of_a_product_wins_and_two_alike_name_none():
    names = Names(
        [(1, "P1", "保温水壶"), (2, "P2", "保温水壶大号"), (3, "P3", "不锈钢锅"), (4, "P4", "杯子")]
    )
    assert names.find("我的保温水壶大号漏了") == 2
    assert names.find("保温水壶和不锈钢锅") is None
    assert names.find("杯子") is None
    assert names.find("") is None
