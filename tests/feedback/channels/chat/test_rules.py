from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback.channels.chat import rules
from feedback.channels.chat.rules import Patience, Place, has_left
from tests.factories.compensation import T0

PATIENCE = Patience(left_after=timedelta(minutes=10), silent_after=timedelta(minutes=30))
MINUTES = st.integers(0, 60).map(lambda minutes: timedelta(minutes=minutes))


@pytest.mark.parametrize(
    ("seen", "spoke", "answered", "left"),
    [
        (0, 0, True, False),
        (9, 9, True, False),
        (10, 10, False, True),
        (0, 30, True, True),
        (0, 30, False, False),  # waits for us, and is there: nobody may end that
        (0, 29, True, False),
    ],
)
def test_who_shows_no_life_or_says_nothing_to_our_answer_has_left(seen, spoke, answered, left):
    at = T0 + timedelta(hours=1)
    assert (
        has_left(
            PATIENCE,
            seen_at=at - timedelta(minutes=seen),
            spoke_at=at - timedelta(minutes=spoke),
            answered=answered,
            at=at,
        )
        is left
    )


@given(seen=MINUTES, spoke=MINUTES, answered=st.booleans(), later=MINUTES)
def test_who_has_left_stays_away_unless_they_show_life(seen, spoke, answered, later):
    at = T0 + timedelta(hours=2)
    known = {"seen_at": at - seen, "spoke_at": at - spoke, "answered": answered}
    if has_left(PATIENCE, **known, at=at):
        assert has_left(PATIENCE, **known, at=at + later)


def test_signs_fade():
    assert rules.is_there(T0, T0 + rules.THERE)
    assert not rules.is_there(T0, T0 + rules.THERE + timedelta(seconds=1))
    assert not rules.is_there(None, T0)
    assert rules.is_typing(T0, T0 + rules.TYPING)
    assert not rules.is_typing(T0, T0 + rules.TYPING + timedelta(seconds=1))


def test_a_promise_is_broken_after_its_time_alone():
    assert not Place(1, T0).is_late(T0)
    assert Place(1, T0).is_late(T0 + timedelta(seconds=1))
    assert not Place(1, None).is_late(T0)
