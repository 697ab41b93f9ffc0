"""The line of a text that shows why it was found."""

from hypothesis import given
from hypothesis import strategies as st

from config.common.words import asked
from feedback.gaps.statistics import Interval
from feedback.templatetags.claims import percent
from feedback.templatetags.voice import mean, signed
from feedback.voice.snippets import SHOWN, snippet


def test_words_are_marked_in_traditional_wide_and_capital_letters_too():
    assert snippet("這個質量很好，ＡＢＣ Abc", ["质量", "abc"]) == [
        ("這個", False),
        ("質量", True),
        ("很好，", False),
        ("ＡＢＣ", True),
        (" ", False),
        ("Abc", True),
    ]


def test_a_long_text_is_shown_around_the_first_word():
    parts = snippet("好" * 500 + "漏发了" + "啊" * 500, ["漏发"])
    assert parts[0] == parts[-1] == ("…", False)
    assert ("漏发", True) in parts
    assert sum(len(text) for text, _marked in parts) <= SHOWN + 2


def test_words_that_overlap_are_marked_once():
    assert snippet("不锈钢杯子", ["不锈钢", "锈钢"]) == [("不锈钢", True), ("杯子", False)]


@given(st.text(max_size=300), st.text(max_size=20))
def test_nothing_is_added_or_lost_whatever_is_written(text, question):
    parts = snippet(text, asked(question))
    line = " ".join(text.split())
    shown = "".join(part for part, _marked in parts)
    assert shown.strip("…") in line if len(line) > SHOWN else shown == line


def test_shares_means_and_changes_are_rounded_not_cut_off():
    assert percent(5 / 12) == "42 %"
    assert percent(0.0666) == "6.7 %"
    assert mean(Interval(11 / 3, None, None, 3)) == "3.67"
    assert signed(-0.666) == "−0.67"
