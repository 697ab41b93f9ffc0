from statistics import fmean, stdev

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpis.metrics.catalogue import METRICS
from kpis.metrics.definition import SCALES
from kpis.metrics.rules import Counted, Figure, Form, Goal, joined, mean, ratio, share
from kpis.models import Direction, MetricCode
from surveys.scoring import ces

scores = st.lists(st.integers(1, 5), min_size=1, max_size=60)


def counted(values: list[int]) -> Counted:
    return Counted(len(values), sum(values), sum(value * value for value in values))


def test_nothing_measured_is_no_value_and_not_zero():
    for metric in METRICS.values():
        assert metric.figure(joined([])) == Figure(None, 0)


def test_a_share_with_wilsons_interval():
    # Newcombe 1998, table I: 81 of 263 is 0.3080 (0.2553 to 0.3662)
    figure = share(Counted(263, 81))
    assert (round(figure.value, 2), round(figure.low, 2), round(figure.high, 2)) == (30.8, 25.53, 36.62)


def test_more_complaints_than_orders_are_more_than_all():
    # Garwood 1936: of a count of 3 the 95 % interval is 0.619 to 8.767
    figure = ratio(Counted(2, 3))
    assert (figure.value, figure.n) == (150.0, 2)
    assert (round(figure.low * 2 / 100, 3), round(figure.high * 2 / 100, 3)) == (0.619, 8.767)
    assert ratio(Counted(100, 0)).low == 0


def test_one_score_has_no_interval():
    assert mean(Counted(1, 4, 16)) == Figure(4.0, 1)


@given(scores)
def test_a_mean_from_sums_is_the_mean_of_the_scores(values):
    figure = mean(counted(values))
    assert figure.value == pytest.approx(fmean(values))
    if len(values) > 1:
        asked = ces(values)  # the same interval, reached another way, but cut off at the scale's ends
        assert max(1.0, figure.low) == pytest.approx(asked.low, abs=1e-6)
        assert min(5.0, figure.high) == pytest.approx(asked.high, abs=1e-6)
        assert figure.high - figure.low == pytest.approx(0, abs=1e-6) or stdev(values) > 0


@given(st.lists(scores, min_size=1, max_size=6))
def test_joining_days_is_measuring_them_together(days):
    metric = METRICS[MetricCode.CSAT]
    apart = metric.figure(joined(counted(day) for day in days))
    assert apart == metric.figure(counted([value for day in days for value in day]))


@pytest.mark.parametrize(
    ("direction", "value", "met"),
    [
        (Direction.UP, 4.5, True),
        (Direction.UP, 4.49, False),
        (Direction.DOWN, 4.5, True),
        (Direction.DOWN, 4.51, False),
        (Direction.UP, None, None),
    ],
)
def test_the_goal_itself_is_good_enough(direction, value, met):
    assert Goal(direction, 4.5).met_by(Figure(value, 10)) is met


@given(st.sampled_from([one for one in METRICS.values() if one.form is Form.MEAN]), st.data())
def test_the_interval_of_a_mean_ends_where_its_scale_does(metric, data):
    least, most = SCALES[metric.unit]
    values = data.draw(st.lists(st.integers(int(least), int(min(most, 90_000))), min_size=2, max_size=5))
    found = metric.figure(Counted(len(values), sum(values), sum(one * one for one in values)))
    assert least <= found.low <= found.value <= found.high <= most
