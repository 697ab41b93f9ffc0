"""Numbers are rounded, not cut off."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.common.decimals import decimals


@pytest.mark.parametrize(
    ("number", "digits", "said"),
    [
        (0.8999999999999999, 2, "0.90"),
        (71.59, 1, "71.6"),
        (-0.001, 2, "0.00"),
        (-1.25, 1, "-1.2"),
        (4, 2, "4.00"),
        (79.6, 0, "80"),
        (Decimal("2.996"), 2, "3.00"),
    ],
)
def test_it_is_rounded(number, digits, said):
    assert decimals(number, digits) == said


@given(st.floats(-1e9, 1e9), st.integers(0, 4))
def test_it_is_never_further_off_than_half_of_its_last_place(number, digits):
    assert abs(float(decimals(number, digits)) - number) <= 0.5 * 10**-digits + 1e-6
