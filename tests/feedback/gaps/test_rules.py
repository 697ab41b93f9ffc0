from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback.gaps.rules import Facts, find
from feedback.models import Severity

DUE = datetime(2026, 3, 5, 16, tzinfo=UTC)
HALF, TWO = Decimal("0.5"), Decimal(2)
TICK = timedelta(microseconds=1)


def gap(happened=None, *, status="paid", cancelled=None, now=DUE + timedelta(days=30), aspect="delivery"):
    facts = Facts(aspect, DUE, happened, status, cancelled)
    return find(facts, now=now, slight=HALF, moderate=TWO)


@pytest.mark.req("F11")
@pytest.mark.parametrize(
    ("late", "severity"),
    [
        (TICK, Severity.SLIGHT),
        (timedelta(hours=12), Severity.SLIGHT),
        (timedelta(hours=12) + TICK, Severity.MODERATE),
        (timedelta(days=2), Severity.MODERATE),
        (timedelta(days=2) + TICK, Severity.SEVERE),
        (timedelta(days=400), Severity.SEVERE),
    ],
)
def test_the_boundary_belongs_to_the_lesser(late, severity):
    assert gap(DUE + late).severity == severity
    assert gap(now=DUE + late).severity == severity


@pytest.mark.req("F11")
@pytest.mark.parametrize("early", [timedelta(), TICK, timedelta(days=9)])
def test_what_comes_in_time_is_no_gap(early):
    assert gap(DUE - early) is None
    assert gap(now=DUE - early) is None


def test_the_difference_is_expected_minus_actual():
    assert gap(DUE + timedelta(days=3, hours=12)).days == Decimal("-3.5000")


def test_what_happened_at_an_unknown_time_is_no_gap():
    assert gap(status="delivered") is None
    assert gap(status="returned") is None
    assert gap(status="shipped", aspect="shipping") is None
    assert gap(status="shipped") is not None


def test_a_cancelled_order_is_waited_for_until_then():
    assert gap(status="cancelled") is None
    assert gap(status="cancelled", cancelled=DUE) is None
    found = gap(status="cancelled", cancelled=DUE + timedelta(days=1))
    assert (found.actual_at, found.days) == (DUE + timedelta(days=1), Decimal(-1))
    assert gap(DUE + timedelta(days=3), status="cancelled", cancelled=DUE).severity == Severity.SEVERE


@given(st.timedeltas(max_value=timedelta(days=900), min_value=-timedelta(days=900)))
def test_later_is_never_less_severe(late):
    one, other = gap(DUE + late), gap(DUE + late + timedelta(hours=1))
    assert (one is None) == (late <= timedelta())
    if one:
        assert one.days <= 0
        assert other.severity >= one.severity
