"""What a behaviour event has to be like."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.common.errors import Invalid
from feedback.behaviour.rules import AHEAD, MOST_FEN, read

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
OLDEST = NOW - timedelta(days=400)
GOOD = {"external_id": "1", "name": "search", "at": "2026-11-22T10:00:00Z", "member": "M1"}


def taken(**more):
    return read({**GOOD, **more}, at=NOW, oldest=OLDEST)


def test_an_event_is_read():
    one = taken(
        query=" 打折\n衬衫 ", hints=["price_sort", "compared", "price_sort"], amount_fen=100, visitor=7
    )
    assert (one.query, one.hints) == ("打折 衬衫", ("compared", "price_sort"))
    assert (one.visitor, one.amount_fen) == ("7", 100)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("external_id", ""), ("external_id", "x" * 65), ("external_id", ["1"]), ("external_id", "a\0b"),
        ("name", "hack"), ("name", None), ("name", {}), ("at", None), ("at", 5), ("at", "soon"),
        ("at", "2026-11-22T10:00:00"), ("at", (NOW + AHEAD + timedelta(seconds=1)).isoformat()),
        ("at", (OLDEST - timedelta(seconds=1)).isoformat()), ("amount_fen", -1), ("amount_fen", True),
        ("amount_fen", 1.5), ("amount_fen", MOST_FEN + 1), ("hints", "price_sort"), ("hints", ["cheap"]),
        ("hints", [["a"]]), ("query", 5), ("page", []), ("session", "y" * 65), ("device", "z" * 33),
        ("visitor", True), ("product", "a\u2028b"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_with_the_field(field, value):
    with pytest.raises(Invalid) as caught:
        taken(**{field: value})
    assert caught.value.details["field"] == field


def test_somebody_has_to_have_done_it():
    with pytest.raises(Invalid):
        taken(member="")
    assert taken(member="", visitor="v").visitor == "v"


@pytest.mark.parametrize("row", [None, 5, "x", [], [GOOD]])
def test_a_row_is_an_object(row):
    with pytest.raises(Invalid):
        read(row, at=NOW, oldest=OLDEST)


def test_the_clock_of_the_sender_may_be_a_little_ahead():
    assert taken(at=(NOW + AHEAD).isoformat()).at == NOW + AHEAD


def test_the_same_moment_in_another_zone_is_the_same_event():
    assert taken(at="2026-11-22T18:00:00+08:00").content == taken().content
    assert taken(query="a").content != taken(query="b").content


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=300),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from([*GOOD, "query", "page", "hints", "amount_fen", "visitor"]), VALUES))
def test_whatever_comes_is_taken_or_refused(row):
    try:
        one = read({**GOOD, **row}, at=NOW, oldest=OLDEST)
    except Invalid:
        return
    assert "\0" not in repr(one.query)
    assert len(one.query) <= 200
    assert one.content == one.content
