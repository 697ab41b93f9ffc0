"""What words tell: turned round, made stronger, found in every spelling."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback.defaults.lexicon import shipped
from feedback.models import GapCause, GapKind, Priority, VoiceAspect, WordRole
from feedback.triage.lexicon import LONGEST, Lexicon, Word, folded

SHIPPED = Lexicon(Word(**one) for one in shipped())
SMALL = Lexicon(
    [
        Word("不", WordRole.NEGATES),
        Word("很", WordRole.STRONGER),
        Word("有点", WordRole.WEAKER),
        Word("但是", WordRole.CONTRASTS),
        Word("好像", WordRole.HARMLESS),
        Word("好", weight=2),
        Word("差", weight=-2),
        Word("bad", weight=-2),
        Word("快递", aspect=VoiceAspect.LOGISTICS),
    ]
)


def _sum(text: str) -> float:
    return sum(hit.weight for hit in SMALL.read(text).hits)


def test_every_word_ships_once_in_the_form_that_texts_are_compared_in():
    words = [one["word"] for one in shipped()]
    assert len(words) == len(set(words)) > 2_000
    assert all(word == folded(word) and 0 < len(word) <= 40 for word in words)


@pytest.mark.parametrize(
    ("text", "total"),
    [
        ("好", 2),
        ("很好", 3),
        ("有点差", -1.2),
        ("不好", -1.6),
        ("不很好", -2.4),
        ("不差", 1.6),
        ("不，好", 2),  # another clause
        ("不是我们大家以为的那样的好", 2),  # too far away
        ("好像", 0),
        ("BAD", -2),
        ("badge", 0),
        ("ｂａｄ", -2),
        ("好但是差", 2 * 0.6 - 2 * 1.5),
        ("", 0),
    ],
)
def test_what_a_text_adds_up_to(text, total):
    assert _sum(text) == pytest.approx(total)


@pytest.mark.req("F16")
@pytest.mark.parametrize(
    ("text", "feeling", "aspect"),
    [
        ("快递太慢了，等了半个月", -1, VoiceAspect.LOGISTICS),
        ("快遞太慢了，等了半個月", -1, VoiceAspect.LOGISTICS),  # traditional
        ("物流很快，隔天就到", 1, VoiceAspect.LOGISTICS),
        ("和图片不一样，色差大", -1, VoiceAspect.DESCRIPTION),
        ("盒子都压扁了，包装太差", -1, VoiceAspect.PACKAGING),
        ("客服不理人，态度恶劣", -1, VoiceAspect.SERVICE),
        ("太贵了，不值这个价", -1, VoiceAspect.PRICE),
        ("申请退款一直不退款", -1, VoiceAspect.AFTER_SALES),
        ("APP 一直闪退，登录不了", -1, VoiceAspect.APP),
        ("质量非常好，很满意", 1, VoiceAspect.PRODUCT_QUALITY),
        ("Poor quality, it broke and stopped working", -1, VoiceAspect.PRODUCT_QUALITY),
        ("Delivery was fast shipping, great", 1, VoiceAspect.LOGISTICS),
    ],
)
def test_the_shipped_words_tell_aspect_and_feeling(text, feeling, aspect):
    told = SHIPPED.read(text)
    assert told.aspects[0] == aspect
    assert told.sentiment * feeling > 0.4
    assert told.is_sure


@pytest.mark.req("F12")
@pytest.mark.parametrize(
    ("text", "kind", "cause"),
    [
        ("衣服掉色起球", GapKind.PRODUCT, ""),
        ("收到就发霉变质了", GapKind.PRODUCT, GapCause.SUPPLY),
        ("发错货了，少发一件", GapKind.PRODUCT, GapCause.HUMAN),
        ("等了好久，迟迟不到", GapKind.SERVICE, ""),
        ("支付失败，系统报错", GapKind.SERVICE, GapCause.TECHNICAL),
        ("刚买就降价，不退差价", GapKind.PRICE, ""),
        ("质量很好，非常满意", "", ""),
    ],
)
def test_the_kind_of_gap_and_its_cause_are_suggested(text, kind, cause):
    told = SHIPPED.read(text)
    assert (told.gap_kind, told.cause) == (kind, cause)


@pytest.mark.parametrize(
    ("text", "urgency"),
    [
        ("吃了拉肚子，去医院了", Priority.URGENT),
        ("再不处理我就打12315", Priority.URGENT),
        ("尽快处理", Priority.HIGH),
        ("挺好的", Priority.NORMAL),
    ],
)
def test_urgency(text, urgency):
    assert SHIPPED.read(text).urgency == urgency


def test_what_is_said_of_a_thing_before_it_is_named_is_of_it():
    told = SHIPPED.read("太差的物流，不错的质量")
    assert told.tones[VoiceAspect.LOGISTICS] < 0 < told.tones[VoiceAspect.PRODUCT_QUALITY]


def test_good_and_bad_at_once_is_left_to_people():
    assert not SHIPPED.read("质量很好，喜欢。快递太慢，客服态度差").is_sure


@pytest.mark.parametrize("text", ["👍👍👍", "❤️", "👍🏽", "😡😡", "\U0001f44e\ufe0f"])
def test_emoji(text):
    assert abs(SHIPPED.read(text).sentiment) > 0.4


@given(st.text(max_size=300))
def test_any_text_can_be_read(text):
    told = SHIPPED.read(text)
    assert -1 <= told.sentiment <= 1
    assert set(told.aspects) == set(told.tones)
    places = [(hit.start, hit.end) for hit in told.hits]
    assert all(end <= start for (_, end), (start, _) in pairwise(places))


@given(st.lists(st.sampled_from([*"不很好差，。 ", "有点", "但是", "bad", "快递"]), max_size=40))
def test_only_what_a_text_says_weighs(pieces):
    told = SMALL.read("".join(pieces))
    assert all(told.text[hit.start : hit.end] == hit.word.word for hit in told.hits)


def test_half_a_character_and_a_huge_text_do_no_harm():
    assert SHIPPED.read("差\ud83d差").sentiment < 0
    assert len(SHIPPED.read("好\x00" * LONGEST).text) <= LONGEST
