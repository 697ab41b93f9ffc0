"""Percentiles from buckets: within their error of the rows' own, however the days are cut, in SQL as here."""

from collections import Counter

import numpy as np
import pytest
from django.db.models import BigIntegerField, F, Func, IntegerField
from django.db.models.functions import Cast
from hypothesis import given
from hypothesis import strategies as st

from feedback.models import Department
from kpis.metrics.sketch import ERROR, bucket, middle, percentile
from kpis.metrics.tallies import bucket_of
from tests.factories.feedback import DepartmentFactory

pytestmark = pytest.mark.req("K3")
TIMES = st.lists(st.integers(1, 10_000_000), min_size=1, max_size=200)


@given(TIMES, st.sampled_from([0, 0.1, 0.5, 0.9, 0.99, 1]))
def test_a_percentile_is_within_the_error_of_that_of_all_values(times, share):
    exact = float(np.quantile(times, share))
    found = percentile(Counter(map(bucket, times)), share)
    assert found == pytest.approx(exact, rel=ERROR * 1.0001)


@given(TIMES, TIMES)
def test_days_add_up(one, other):
    together = Counter(map(bucket, one)) + Counter(map(bucket, other))
    assert together == Counter(map(bucket, one + other))


@given(st.floats(1.0001, 1e9))
def test_the_middle_of_a_bucket_is_near_everything_in_it(seconds):
    assert middle(bucket(seconds)) == pytest.approx(seconds, rel=ERROR * 1.0001)


@pytest.mark.parametrize("seconds", [0, 0.5, 1])
def test_at_once_is_the_first_bucket(seconds):
    assert (bucket(seconds), middle(bucket(seconds))) == (0, 1)


def test_nothing_has_no_percentile():
    assert percentile({}, 0.5) is None
    assert percentile({3: 0}, 0.5) is None


@pytest.mark.django_db
def test_the_database_puts_each_time_into_the_same_bucket():
    ours = DepartmentFactory()
    seconds = Func(1, 100_000, 37, function="generate_series", output_field=IntegerField())
    told = Department.objects.filter(pk=ours.pk).annotate(seconds=seconds)
    rows = told.annotate(number=bucket_of(Cast(F("seconds"), BigIntegerField())))
    found = dict(rows.values_list("seconds", "number"))
    assert len(found) > 2_000
    assert found == {one: bucket(one) for one in found}
