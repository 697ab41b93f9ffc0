"""What keys have in a change."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpis.alerts.explaining import contributions
from kpis.metrics.rules import Counted, joined

pytestmark = pytest.mark.req("K2")
counts = st.builds(Counted, st.integers(0, 400), st.integers(0, 400))
tables = st.dictionaries(st.sampled_from("abcdefg"), counts)


@given(tables, tables)
def test_the_parts_add_up_to_the_change(before, now):
    one, other = joined(before.values()), joined(now.values())
    parts = contributions(before, now)
    if not one.n or not other.n:
        assert parts == []
        return
    change = other.total / other.n - one.total / one.n
    assert sum(part.whole for part in parts) == pytest.approx(change, abs=1e-9)
    assert [abs(part.whole) for part in parts] == sorted((abs(part.whole) for part in parts), reverse=True)


def test_who_fell_is_told_from_who_grew():
    before = {"chat": Counted(100, 90), "mail": Counted(100, 80), "phone": Counted(100, 85)}
    now = {"chat": Counted(100, 50), "mail": Counted(100, 80), "phone": Counted(100, 85)}
    parts = contributions(before, now)
    assert parts[0].key == "chat"
    assert parts[0].by_level == pytest.approx(-0.4 / 3)
    assert parts[0].by_weight == 0
    grown = contributions(
        {"a": Counted(100, 90), "b": Counted(100, 50)}, {"a": Counted(100, 90), "b": Counted(300, 150)}
    )
    assert all(part.by_level == 0 for part in grown)
    assert sum(part.by_weight for part in grown) == pytest.approx(0.6 - 0.7)


def test_a_key_that_is_new_counts_by_its_weight():
    parts = contributions({"a": Counted(10, 10)}, {"a": Counted(10, 10), "b": Counted(10, 0)})
    assert {part.key: part.by_level for part in parts} == {"a": 0, "b": 0}
    assert sum(part.whole for part in parts) == pytest.approx(-0.5)
