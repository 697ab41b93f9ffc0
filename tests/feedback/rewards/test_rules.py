"""What makes a review useful, by pure rules."""

from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st

from feedback.models import RewardRule
from feedback.rewards import rules
from feedback.rewards.rules import Facts

texts = st.text(max_size=200)
facts = st.builds(
    Facts,
    length=st.integers(0, 60),
    pictures=st.integers(0, 5),
    has_video=st.booleans(),
    dimensions=st.integers(0, 3),
    votes=st.integers(0, 9),
    is_picked=st.booleans(),
    is_purchase=st.booleans(),
    days_after=st.integers(0, 40),
)
asked = st.builds(
    RewardRule,
    length_from=st.integers(0, 60),
    pictures_from=st.integers(0, 5),
    asks_video=st.booleans(),
    dimensions_from=st.integers(0, 3),
    votes_from=st.integers(0, 9),
    asks_pick=st.booleans(),
    asks_purchase=st.booleans(),
    after_days=st.integers(0, 40),
)


def test_ordinary_texts_count_whole():
    assert rules.useful_length("面料比图片上薄，洗过两次没有缩水。") == 15
    assert rules.useful_length("  The sleeves are a bit long, but the colour is right! ") == 40


@given(texts)
def test_it_never_counts_more_than_letters_and_digits(text):
    assert 0 <= rules.useful_length(text) <= sum(sign.isalnum() for sign in text.casefold())


@given(texts, texts)
def test_more_text_never_counts_less(text, more):
    assert rules.useful_length(text + more) >= rules.useful_length(text)


@given(st.text(min_size=1, max_size=6), st.integers(1, 300))
def test_repeating_a_few_words_gets_nowhere(text, times):
    assert rules.useful_length(text * times) <= 2 * (2 * len(text.casefold()) + 2)


@given(asked, facts)
def test_nothing_is_missing_exactly_when_every_condition_is_met(rule, of_review):
    everything = Facts(
        length=999, pictures=99, has_video=True, dimensions=99, votes=99, is_picked=True, is_purchase=True,
        days_after=999,
    )  # fmt: skip
    assert rules.missing(rule, everything) == []
    needs_nothing = RewardRule(asks_purchase=False)
    assert rules.missing(needs_nothing, of_review) == []
    for name in rules.missing(rule, of_review):
        assert getattr(rule, name)


@given(texts)
def test_reading_a_hostile_text_never_fails(text):
    rules.plain(text)
    with suppress(rules.UnlawfulReward):
        rules.check_lawful([text], [text])


def test_plain_words_about_useful_reviews_pass():
    said = [
        "写得详细",
        "带图评价",
        "用过两周再评",
        "With pictures",
        "Helpful to others",
        "三星手机晒单",
        "点评有用",
    ]
    rules.check_lawful(said, ["starts_at", "starts_at_0", "length_from", "csrfmiddlewaretoken"])
