"""The sums that authority is measured by."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compensation.authority.rules import Sums, covers, exceeded, highest, left, needs_evidence, with_grant
from compensation.models import GrantKind

pytestmark = pytest.mark.req("C7")

FEN = st.integers(0, 10**9)
SUMS = st.builds(Sums, FEN, FEN, FEN, FEN)
NAMES = ("grant", "problem", "order", "member_day")


def amounts(sums):
    return [getattr(sums, name) for name in NAMES]


@given(SUMS, SUMS)
def test_covered_is_every_sum_within_its_limit(limits, need):
    within = all(need_ <= limit for need_, limit in zip(amounts(need), amounts(limits), strict=True))
    assert covers(limits, need) == within
    which = exceeded(limits, need)
    assert (which is None) == within
    if which:
        assert getattr(need, which) > getattr(limits, which)


@given(st.lists(SUMS, max_size=4))
def test_the_highest_of_roles_covers_what_each_covers(rows):
    best = highest(rows)
    assert all(covers(best, row) for row in rows)
    assert amounts(best) == [max((getattr(row, name) for row in rows), default=0) for name in NAMES]


@given(SUMS, SUMS, st.integers(1, 10**9), st.booleans())
def test_what_is_left_is_exactly_what_is_covered(limits, before, cost, has_order):
    rest = left(limits, before, has_order=has_order)
    assert rest >= 0
    assert covers(limits, with_grant(before, cost, has_order=has_order)) == (cost <= rest)


@given(SUMS, st.lists(st.integers(1, 10**6), min_size=1, max_size=8), st.booleans())
def test_splitting_gains_nothing(limits, parts, has_order):
    """What is given in parts, each within authority beside those before, is within the limits as a whole."""
    before, given_fen = Sums(), 0
    for part in parts:
        need = with_grant(before, part, has_order=has_order)
        if covers(limits, need):
            given_fen += part
            order = given_fen if has_order else 0
            before = Sums(problem=given_fen, order=order, member_day=given_fen)
    assert given_fen <= min(limits.problem, limits.member_day, limits.order if has_order else given_fen)


def test_without_an_order_its_limit_does_not_count():
    assert covers(Sums(5, 5, 0, 5), with_grant(Sums(), 5, has_order=False))
    assert not covers(Sums(5, 5, 0, 5), with_grant(Sums(), 5, has_order=True))


def test_refunds_above_the_limit_need_pictures():
    assert not needs_evidence(GrantKind.REFUND, 10_000, above=10_000)
    assert needs_evidence(GrantKind.REFUND, 10_001, above=10_000)
    assert needs_evidence(GrantKind.PRICE_DIFFERENCE, 10_001, above=10_000)
    assert needs_evidence(GrantKind.REFUND, 1, unproved=10_000, above=10_000)
    assert not needs_evidence(GrantKind.REFUND, 1, unproved=9_999, above=10_000)
    assert not needs_evidence(GrantKind.COUPON, 10_001, above=10_000)
