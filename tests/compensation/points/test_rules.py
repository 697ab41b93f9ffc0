import pytest
from hypothesis import given as over
from hypothesis import strategies as st

from compensation.points import rules

pytestmark = pytest.mark.req("C4")


@over(st.integers(1, 10**9), st.integers(1, 10**6), st.integers(1, 10**6))
def test_points_never_cost_less_than_they_are_worth(points, per_points, fen):
    cost = rules.worth_fen(points, per_points=per_points, fen=fen)
    assert cost * per_points >= points * fen > (cost - 1) * per_points
