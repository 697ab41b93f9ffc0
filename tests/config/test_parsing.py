"""JSON from outside: what no text has, and what is nested without end, is refused before anybody reads it."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.exceptions import ParseError

from config.common.parsing import DEEPEST, JSONParser, is_plain


def nested(depth):
    found = []
    for _level in range(depth):
        found = [found] if depth % 2 else {"a": found}
    return found


@pytest.mark.parametrize(
    ("content", "is_taken"),
    [
        (nested(DEEPEST), True),
        (nested(DEEPEST + 1), False),
        (nested(5_000), False),
        ({"a": ["\0"]}, False),
        ({"\0": 1}, False),
        (["\ud800"], False),
        ({"\udfff": 1}, False),
        (["😀 你好 \u202e", 1.5, None, True, ""], True),
    ],
    ids=range(8),
)
def test_what_is_taken(content, is_taken):
    assert is_plain(content) == is_taken


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc"), inner, max_size=3),
    max_leaves=20,
)


@given(JSON)
def test_what_people_send_is_taken(content):
    assert is_plain(content)


@pytest.mark.parametrize(
    "body", [b"[" * 100_000, b'{"a":' * 50_000, b'["\\ud800"]', b'["\\u0000"]', b"{", b"\xff"]
)
def test_the_rest_is_refused_as_bad_input(body):
    with pytest.raises(ParseError):
        JSONParser().parse(io.BytesIO(body))
