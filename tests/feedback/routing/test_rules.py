"""The choice of an agent, whatever the case and whoever is there."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback.models import Strategy
from feedback.routing import rules
from feedback.routing.rules import Need, Obstacle, Seat, Whereabouts, Why
from tests.factories.sop import START

pytestmark = pytest.mark.req("F5")

MINUTE = timedelta(minutes=1)
seats = st.lists(
    st.builds(
        Seat,
        agent=st.integers(1, 6),
        skills=st.frozensets(st.integers(1, 3), max_size=2),
        languages=st.frozensets(st.sampled_from(["zh", "en"]), max_size=2),
        chats=st.integers(0, 4),
        others=st.integers(0, 4),
        chat_capacity=st.integers(0, 3),
        capacity=st.integers(0, 3),
        turn=st.integers(0, 5),
    ),
    max_size=6,
    unique_by=lambda seat: seat.agent,
)
needs = st.lists(
    st.builds(
        Need,
        is_chat=st.booleans(),
        skill=st.none() | st.integers(1, 3),
        language=st.sampled_from(["", "zh-hans", "zh", "en", "EN-gb", "fr"]),
        strategy=st.sampled_from([Strategy.ROUND_ROBIN, Strategy.LEAST_LOADED]),
        own=st.lists(st.integers(1, 6), max_size=3, unique=True).map(tuple),
        recent=st.none() | st.integers(1, 6),
        never=st.none() | st.integers(1, 6),
    ),
    max_size=12,
)


@given(seats, needs)
def test_nobody_is_given_what_they_cannot_take(people, wanted):
    """Never over capacity, never without the skill or the language, never what one gave back."""
    by_agent = {seat.agent: seat for seat in people}
    had = {seat.agent: (seat.chats, seat.others) for seat in people}
    got = {seat.agent: [0, 0] for seat in people}
    for need in wanted:
        choice = rules.choose(need, people)
        if choice is None:
            continue
        seat = by_agent[choice.agent]
        got[choice.agent][0 if need.is_chat else 1] += 1
        assert need.skill is None or need.skill in seat.skills
        assert not (need.language and seat.languages) or need.language.lower()[:2] in seat.languages
        assert need.never != choice.agent
    for agent, (chats, others) in got.items():
        seat = by_agent[agent]
        assert not chats or had[agent][0] + chats <= seat.chat_capacity
        assert not others or had[agent][1] + others <= seat.capacity


@given(seats, needs)
def test_somebody_who_can_take_it_is_found(people, wanted):
    """A case waits only when everybody has an obstacle."""
    for need in wanted:
        able = [seat for seat in people if rules.obstacle(seat, need) is None]
        choice = rules.choose(need, people)
        assert (choice is None) == (not able)
        assert choice is None or choice.among == len(able)


def one(agent, **fields):
    return Seat(agent=agent, **fields)


def test_own_agent_comes_before_cover_before_recent_before_turn():
    people = [one(1), one(2), one(3), one(4)]
    need = Need(own=(2, 3), recent=4)
    assert rules.choose(need, people).why == Why.DEDICATED
    assert rules.choose(need, [one(1), one(3), one(4)]).why == Why.COVER
    assert rules.choose(need, [one(1), one(4)]) == rules.Choice(4, Why.STICKY, 1, 10, 2)
    assert rules.choose(need, [one(1)]).why == Why.ROUND_ROBIN


def test_a_full_own_agent_is_covered():
    people = [one(1, others=10), one(2), one(3)]
    assert rules.choose(Need(own=(1, 3)), people).agent == 3


def test_turns_go_round():
    people = [one(1), one(2), one(3)]
    assert [rules.choose(Need(), people).agent for _ in range(7)] == [1, 2, 3, 1, 2, 3, 1]


def test_the_least_loaded_has_the_least_for_what_they_can():
    people = [one(1, others=2, capacity=3), one(2, others=4, capacity=20)]
    choice = rules.choose(Need(strategy=Strategy.LEAST_LOADED), people)
    assert choice == rules.Choice(2, Why.LEAST_LOADED, 5, 20, 2)


def test_chats_and_others_are_counted_apart():
    full = one(1, others=10)
    assert rules.choose(Need(is_chat=True), [full]).load == 1
    assert rules.obstacle(full, Need()) == Obstacle.FULL


def left(**fields):
    return Whereabouts(**{"on_shift": True, "is_offline": False, "gone_since": None, **fields})


@pytest.mark.parametrize(
    ("place", "reason", "of_chat"),
    [
        (left(), "", ""),
        (left(on_shift=False), "shift", "shift"),
        (left(gone_since=START - 14 * MINUTE), "", "away"),
        (left(gone_since=START - 15 * MINUTE), "away", "away"),
        (left(gone_since=START - MINUTE), "", ""),
        (left(gone_since=START - 15 * MINUTE, is_offline=True), "offline", "offline"),
        (left(gone_since=START - 3 * MINUTE, is_offline=True), "", "offline"),
    ],
)
def test_who_counts_as_gone(place, reason, of_chat):
    assert place.has_left(START, 15 * MINUTE) == reason
    assert place.has_left_chat(START) == of_chat


@pytest.mark.parametrize(
    ("is_chat", "is_offline", "ago", "kept"),
    [
        (False, False, None, False),
        (False, True, 23 * 60, True),
        (False, True, 24 * 60, False),
        (True, False, 4, True),
        (True, False, 5, False),
        (True, True, 4, False),
        (True, True, 2, True),
    ],
)
def test_what_one_works_on_is_kept(is_chat, is_offline, ago, kept):
    last = None if ago is None else START - ago * MINUTE
    assert (
        rules.keeps(is_chat=is_chat, is_offline=is_offline, last=last, keep_for=timedelta(hours=24), at=START)
        is kept
    )


@pytest.mark.parametrize(
    ("over", "found"),
    [({1: None}, []), ({1: 2, 2: 3, 3: None}, [2, 3]), ({1: 2, 2: 1}, [2]), ({1: 2, 2: 3, 3: 2}, [2, 3])],
)
def test_overflow_goes_on_and_not_in_circles(over, found):
    assert list(rules.chain(over, 1)) == found
