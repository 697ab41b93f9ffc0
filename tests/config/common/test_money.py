from decimal import Decimal

import pytest
from django.template import Context, Template
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from config.common.money import display, fen_from_yuan, grouped, yuan_from_fen

FEN = st.integers(-(10**15), 10**15)


@given(FEN)
def test_there_and_back(fen):
    assert fen_from_yuan(yuan_from_fen(fen)) == fen
    assert fen_from_yuan(str(yuan_from_fen(fen))) == fen


@given(st.decimals(-(10**12), 10**12, places=4))
def test_an_amount_is_rounded_to_the_nearest_fen_half_away_from_zero(yuan):
    fen = fen_from_yuan(yuan)
    assert abs(Decimal(fen) - yuan * 100) <= Decimal("0.5")
    assert fen_from_yuan(-yuan) == -fen


@given(FEN)
def test_amounts_for_people_can_be_read_back(fen):
    text = display(fen)
    assert fen_from_yuan(text.replace("¥", "").replace(",", "")) == fen


@pytest.mark.parametrize(
    ("yuan", "fen"), [("19.99", 1999), ("0.005", 1), ("-0.005", -1), (50, 5000), ("1e2", 10_000), ("0", 0)]
)
def test_examples(yuan, fen):
    assert fen_from_yuan(yuan) == fen


@pytest.mark.parametrize("yuan", ["", "ten", "NaN", "Infinity", "-Infinity", "1e999999", "1e18", "1,000"])
def test_what_is_no_amount_is_refused(yuan):
    with pytest.raises(ValueError, match="not an amount"):
        fen_from_yuan(yuan)


def test_floats_are_refused():
    with pytest.raises(TypeError):
        fen_from_yuan(19.99)


@pytest.mark.parametrize(
    ("fen", "text"), [(123_450, "¥1,234.50"), (-500, "-¥5.00"), (0, "¥0.00"), (7, "¥0.07")]
)
def test_display(fen, text):
    assert display(fen) == text


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0, "0"),
        (999, "999"),
        (1_234_567, "1,234,567"),
        (-1_234, "-1,234"),
        (Decimal("1234567.50"), "1,234,567.50"),
        ("1234", "1234"),
        (None, ""),
        (True, "True"),
    ],
)
def test_numbers_for_people_have_their_thousands_apart(value, shown):
    assert grouped(value) == shown
    for language in ("zh-hans", "en"):
        with translation.override(language):
            assert Template("{% load staff %}{{ v|number }}").render(Context({"v": value})) == shown
