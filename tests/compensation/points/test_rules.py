"""What points are worth, how many an amount earns, and what refunds leave."""

from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compensation.points.rules import ends, for_amount, kept, within, worth_fen

pytestmark = pytest.mark.req("C4")
fen = st.integers(0, 10_000_000)
rates = st.decimals(min_value="0.0001", max_value=20, places=4)


@pytest.mark.parametrize(
    ("points", "per_points", "fen", "worth"),
    [(0, 100, 100, 0), (100, 100, 100, 100), (1, 100, 100, 1), (150, 100, 100, 150), (1, 3, 100, 34)],
)
def test_worth_rounds_in_the_house_s_disfavour(points, per_points, fen, worth):
    assert worth_fen(points, per_points=per_points, fen=fen) == worth


@given(points=st.integers(0, 10**7), per_points=st.integers(1, 1000), fen=st.integers(1, 1000))
def test_more_points_are_never_worth_less(points, per_points, fen):
    less = worth_fen(points, per_points=per_points, fen=fen)
    assert less <= worth_fen(points + 1, per_points=per_points, fen=fen)


@pytest.mark.parametrize(
    ("amount", "rate", "points"),
    [(0, 1, 0), (99, 1, 0), (100, 1, 1), (19_999, 1, 199), (150, "1.5", 2), (-5, 1, 0), (100, "0.0001", 0)],
)
def test_an_amount_earns_whole_points_rounded_down(amount, rate, points):
    assert for_amount(amount, Decimal(rate)) == points


@given(base=fen, rate=rates, parts=st.lists(fen, max_size=6))
def test_any_parts_of_a_refund_leave_what_one_refund_leaves(base, rate, parts):
    earned = left = for_amount(base, rate)
    refunded = 0
    for part in parts:
        refunded = min(base, refunded + part)
        left -= left - kept(earned, base_fen=base, refunded_fen=refunded, per_yuan=rate)
    assert left == for_amount(base - refunded, rate)


@given(base=fen, rate=rates, refunded=fen, most=st.integers(0, 1000))
def test_no_refund_leaves_more_than_was_earned_or_less_than_none(base, rate, refunded, most):
    earned = min(most, for_amount(base, rate))
    left = kept(earned, base_fen=base, refunded_fen=refunded, per_yuan=rate)
    assert 0 <= left <= earned
    assert kept(earned, base_fen=base, refunded_fen=base, per_yuan=rate) == 0
    assert kept(earned, base_fen=base, refunded_fen=0, per_yuan=rate) == earned


@pytest.mark.parametrize(
    ("limits", "allowed"),
    [([], 5), ([(None, 99)], 5), ([(5, 0)], 5), ([(5, 3)], 2), ([(5, 9)], 0), ([(9, 5), (6, 5)], 1)],
)
def test_the_tightest_limit_counts(limits, allowed):
    assert within(5, limits) == allowed


def test_points_end_with_the_day_in_the_shops_time_zone():
    shanghai = ZoneInfo("Asia/Shanghai")
    late = datetime(2026, 11, 21, 17, 30, tzinfo=UTC)  # half past one on the 22nd there
    assert ends(late, 1, shanghai) == datetime(2026, 11, 23, 16, 0, tzinfo=UTC)
