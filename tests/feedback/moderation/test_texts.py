"""Contact details, addresses and known words in texts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback.defaults.reviews import shipped
from feedback.moderation.texts import SHOWN, Word, contacts, known

pytestmark = pytest.mark.req("F15")
WORDS = [Word(word.signal, word.text, word.is_pattern) for word in shipped()]


@pytest.mark.parametrize(
    ("sort", "text"),
    [
        ("phone", "有需要打13812345678"),
        ("phone", "电话138-1234-5678找我"),
        ("phone", "1 3 8 1 2 3 4 5 6 7 8"),
        ("phone", "一三八一二三四五六七八"),
        ("phone", "壹叁捌1234五六七八"),
        ("phone", "１３８１２３４５６７８"),
        ("phone", "①③⑧①②③④⑤⑥⑦⑧"),
        ("phone", "客服400-820-8820"),
        ("wechat", "加微信abc_12345"),
        ("wechat", "威信：shop8888"),
        ("wechat", "v信 y u e 12345"),
        ("wechat", "VX：good_shop01"),
        ("wechat", "想要的加我V"),
        ("wechat", "加一下薇，拉你进群"),
        ("wechat", "私聊加微"),
        ("qq", "QQ：123456789"),
        ("qq", "扣扣群 55667788"),
        ("email", "写信到 shop@mail.example.com"),
        ("web", "看 https://x.cn"),
        ("web", "w w w . abc . com"),
        ("web", "taobao点com 搜"),
        ("web", "去abc.shop看看"),
    ],
)
def test_ways_to_reach_somebody_are_seen_however_they_are_written(sort, text):
    assert sort in [one for one, _words in contacts(text)]


@pytest.mark.parametrize(
    "text",
    [
        "用了微信支付很方便",
        "买了2件，第1件128元，第2件138元",
        "2013年买的，用到2026年",
        "增加VIP服务就好了",
        "订单号20261118123456789",
        "身高175体重130穿XL",
        "一百三十八块钱，值",
        "屏幕1920x1080分辨率",
        "加v领的设计好看",
        "加微调就完美了",
        "great.me too, it is good",
        "五星好评，十分满意",
        "",
        "😀",
    ],
)
def test_ordinary_words_are_no_contact_details(text):
    assert contacts(text) == []


@given(st.text(max_size=400))
def test_whatever_is_written_is_read(text):
    assert all(len(words) <= SHOWN for _sort, words in contacts(text))
    known(text, WORDS)


@pytest.mark.parametrize(
    ("signal", "text"),
    [
        ("abuse", "客服就是个傻*逼"),
        ("abuse", "你 妈 的"),
        ("abuse", "You are an IDIOT!"),
        ("paid", "晒图返现5元，真的到账了"),
        ("paid", "好评，返了3元红包"),
        ("paid", "做任务的，凑字数拿红包"),
        ("advert", "全网最低价，加群领优惠券"),
        ("advert", "来我们店买更便宜"),
    ],
)
def test_known_words_are_found_whatever_stands_in_between(signal, text):
    assert signal in known(text, WORDS)


@pytest.mark.parametrize(
    "text",
    [
        "这家店的返修服务很好",
        "衣服质量垃圾，再也不买",
        "shitake mushrooms",
        "给妈妈的礼物，我妈的最爱",
        "太差了！骗子商家",
    ],
)
def test_harsh_words_about_goods_are_no_abuse(text):
    assert known(text, WORDS) == {}


@pytest.mark.parametrize("text", ["字" * 100_000, "1 " * 50_000, "加" * 50_000, "a-" * 50_000])
def test_a_huge_text_takes_no_time(text):
    contacts(text)
    known(text, WORDS)
