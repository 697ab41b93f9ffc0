from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpis.funnels.rules import funnel

pytestmark = pytest.mark.req("K4")
STEPS = ("browse", "cart", "order", "pay")
WINDOW = timedelta(hours=10)
T0 = datetime(2026, 11, 18, tzinfo=UTC)


def rows(*events, who="a"):
    return [(who, name, T0 + timedelta(hours=hours)) for name, hours in events]


@pytest.mark.parametrize(
    ("events", "counts"),
    [
        ([], (0, 0, 0, 0)),
        ([("cart", 0), ("order", 1)], (0, 0, 0, 0)),  # without the first step nobody is in it
        ([("browse", 0), ("cart", 1), ("order", 2), ("pay", 3)], (1, 1, 1, 1)),
        ([("browse", 0), ("order", 2), ("pay", 3)], (1, 0, 0, 0)),  # no step is passed over
        ([("cart", 0), ("browse", 1)], (1, 0, 0, 0)),  # in their order
        ([("browse", 0), ("cart", 10)], (1, 1, 0, 0)),  # the end of the time is in it
        ([("browse", 0), ("cart", 10.01)], (1, 0, 0, 0)),
        ([("browse", 0), ("browse", 8), ("cart", 15), ("order", 18)], (1, 1, 1, 0)),  # begun anew at 8
        ([("browse", 0), ("cart", 1), ("browse", 8), ("order", 11)], (1, 1, 0, 0)),  # begun at 0, went on
        ([("browse", 0), ("cart", 0), ("order", 0), ("pay", 0)], (1, 1, 1, 1)),  # at one moment
        ([("browse", 0), ("cart", 9), ("browse", 20), ("cart", 21), ("order", 29)], (1, 1, 1, 0)),
        ([("browse", 0), ("refund", 1), ("cart", 2)], (1, 1, 0, 0)),
    ],
)
def test_how_far_one_comes(events, counts):
    assert funnel(rows(*events), STEPS, WINDOW).counts == counts
    assert funnel(list(reversed(rows(*events))), STEPS, WINDOW).counts == counts


def test_shares_are_of_the_step_before():
    events = [*rows(("browse", 0), ("cart", 1)), *rows(("browse", 0), who="b"), *rows(("browse", 1), who="c")]
    found = funnel(events, STEPS, WINDOW)
    assert found.shares == (None, pytest.approx(1 / 3), 0.0, None)


@pytest.mark.parametrize("steps", [(), ("a", "a")])
def test_steps_that_make_no_sense_are_refused(steps):
    with pytest.raises(ValueError, match="steps"):
        funnel([], steps, WINDOW)


ways = st.lists(
    st.tuples(st.sampled_from("ab"), st.sampled_from([*STEPS, "other"]), st.integers(0, 30)), max_size=14
)


@given(ways)
def test_it_is_the_best_of_all_beginnings(events):
    given_rows = [(who, name, T0 + timedelta(hours=hours)) for who, name, hours in events]
    best = {}
    for who, name, at in given_rows:
        if name == STEPS[0]:
            depth, reached = 1, at
            for step in STEPS[1:]:  # as early as can be, from this beginning
                later = [t for w, n, t in given_rows if (w, n) == (who, step) and reached <= t <= at + WINDOW]
                if not later:
                    break
                depth, reached = depth + 1, min(later)
            best[who] = max(best.get(who, 0), depth)
    assert funnel(given_rows, STEPS, WINDOW).depths == best
