from decimal import Decimal

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from surveys.campaigns import chance

pytestmark = pytest.mark.req("S1")

CODES = st.from_regex(r"[a-z0-9-]{1,20}", fullmatch=True)
LABELS = st.sampled_from(["1", "2026-Q4", "2027-Q1", "2026-11"])
MEMBERS = st.integers(1, 2**62)


def test_a_place_is_the_same_for_ever():
    """Written down once: were it ever to change, members would be drawn anew."""
    assert chance.place("quarterly", "2026-Q4", 7) == 0x3358E4BB
    assert chance.limit(Decimal(0)) == 0
    assert chance.limit(100) == chance.PLACES


@pytest.mark.django_db
@given(CODES, LABELS, MEMBERS)
def test_the_database_finds_the_same_place(code, label, member):
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {chance.sql('%(seed)s', 'm.id')} FROM (SELECT %(id)s::bigint AS id) m",
            {"seed": chance.seed(code, label), "id": member},
        )
        assert cursor.fetchone()[0] == chance.place(code, label, member)


@given(CODES, LABELS, st.integers(1, 99), st.integers(0, 10**9))
def test_a_share_holds(code, label, percent, first):
    """Within five standard deviations of 2,000 members."""
    drawn = sum(
        chance.place(code, label, member) < chance.limit(percent) for member in range(first, first + 2_000)
    )
    expected = 20 * percent
    assert abs(drawn - expected) < 5 * (expected * (1 - percent / 100)) ** 0.5 + 1


@given(CODES, st.integers(0, 10**9))
def test_who_is_never_asked_says_nothing_of_who_is_drawn(code, first):
    held = [
        m for m in range(first, first + 4_000) if chance.place(code, chance.HOLDOUT, m) < chance.limit(50)
    ]
    drawn = sum(chance.place(code, "2026-Q4", member) < chance.limit(50) for member in held)
    assert abs(drawn - len(held) / 2) < 5 * (len(held) / 4) ** 0.5 + 1
    again = sum(chance.place(code, "2027-Q1", member) < chance.limit(50) for member in held)
    assert abs(again - len(held) / 2) < 5 * (len(held) / 4) ** 0.5 + 1
