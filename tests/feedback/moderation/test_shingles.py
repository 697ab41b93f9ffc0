"""Texts that are nearly the same."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback.moderation.shingles import BANDS, FEWEST, alike, bands, bare, shingles

pytestmark = pytest.mark.req("F15")
STORED = [-9166884813519576179, 1705464303748530908]
TEXT = "这件外套的料子很厚实，穿着暖和，做工也没有线头，比在店里买的划算，下次还来。"


@given(st.text(max_size=300))
def test_a_text_is_wholly_like_itself_and_is_found(text):
    found = shingles(text)
    assert bands(found) == bands(shingles(text))
    assert alike(found, found) == (1.0 if len(found) else 0.0)
    assert len(bands(found)) == (BANDS if len(found) >= FEWEST else 0)
    assert all(-(2**63) <= one < 2**63 for one in bands(found))


@given(st.text(max_size=80), st.text(max_size=80))
def test_being_alike_is_a_share_and_goes_both_ways(one, other):
    one, other = shingles(one), shingles(other)
    assert 0 <= alike(one, other) == alike(other, one) <= 1


def test_signs_spaces_width_and_traditional_characters_make_no_other_text():
    other = "這件外套的料子很厚實！！穿著暖和 …… 做工也沒有線頭 比在店裡買的劃算～下次還來😀"
    assert alike(shingles(TEXT), shingles(other)) > 0.8
    assert bare("ＡＢＣ  １２３") == "abc123"


@pytest.mark.parametrize("change", [("厚实", "结实"), ("暖和", "舒服"), ("下次还来", "推荐")])
def test_a_word_replaced_is_still_found(change):
    one, other = shingles(TEXT), shingles(TEXT.replace(*change))
    assert alike(one, other) > 0.7
    assert set(bands(one)) & set(bands(other))


def test_another_text_is_not():
    other = shingles("手机收到就开不了机，联系客服三天没人理，最后只好退货，非常失望，不会再来。")
    assert alike(shingles(TEXT), other) < 0.1
    assert not set(bands(shingles(TEXT))) & set(bands(other))


@pytest.mark.parametrize("text", ["", "好", "好评", "😀😀😀", "很好很好很好", "字" * 10_000])
def test_what_says_too_little_is_like_nothing(text):
    assert bands(shingles(text)) == []


def test_what_is_stored_stays_the_same():
    """Digests that were stored are compared with later ones: made in another way, they find nothing."""
    assert bands(np.arange(20, dtype=np.uint64))[:2] == STORED
