import pytest
from hypothesis import given
from hypothesis import strategies as st

from compensation.coupons import codes

pytestmark = pytest.mark.req("C5")


def test_a_code_holds_sixty_random_bits_in_groups():
    code = codes.new()
    assert [len(part) for part in code.split("-")] == [4, 4, 4]
    assert len(set(codes.ALPHABET)) ** codes.LENGTH == 2**60
    assert not set("ILOU") & set(codes.ALPHABET)
    assert len({codes.new() for _ in range(1000)}) == 1000


@pytest.mark.parametrize(
    "typed",
    [
        "7KQ2-M9XA-01TF",
        "7kq2m9xa01tf",
        " 7KQ2 M9XA 01TF ",
        "7KQ2-M9XA-OLTF",
        "7KQ2-M9XA-oiTF",
        "７ｋｑ２－ｍ９ｘａ－０１ｔｆ",
    ],
)
def test_what_was_meant_is_understood(typed):
    assert codes.clean(typed) == "7KQ2-M9XA-01TF"


@pytest.mark.parametrize(
    "typed", ["", "7KQ2-M9XA-01T", "7KQ2-M9XA-01TFF", "7KQ2-M9XA-01T!", "七KQ2-M9XA-01TF", "\x00" * 12]
)
def test_what_cannot_be_a_code_is_none(typed):
    assert codes.clean(typed) is None


@given(st.text(max_size=40))
def test_any_text_is_a_code_or_none(typed):
    known = codes.clean(typed)
    assert known is None or codes.clean(known) == known


def test_a_masked_code_shows_its_last_four():
    assert codes.masked("7KQ2-M9XA-01TF") == "••••-••••-01TF"
