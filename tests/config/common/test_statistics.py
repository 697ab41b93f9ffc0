import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from config.common.statistics import holm, moments, together, two_means, two_proportions, wilson

pytestmark = pytest.mark.req("S5")


def test_two_shares_as_published():
    """Newcombe 1998, Table II, example (a): 56/70 against 48/80."""
    found = two_proportions(48, 80, 56, 70)
    assert found.difference == pytest.approx(0.2)
    assert (found.low, found.high) == (pytest.approx(0.0524, abs=1e-4), pytest.approx(0.3339, abs=1e-4))
    assert found.p == pytest.approx(2 * stats.norm.sf(found.z))


def test_few_are_compared_exactly():
    found = two_proportions(1, 10, 8, 10)
    assert found.chance == found.fisher_p == pytest.approx(stats.fisher_exact([[1, 9], [8, 2]])[1])
    many = two_proportions(100, 1000, 150, 1000)
    assert many.chance == many.p


def test_nobody_is_compared_with_nobody():
    assert two_proportions(0, 0, 1, 2).difference is None
    assert two_proportions(0, 0, 1, 2).chance is None
    assert two_proportions(0, 0, 1, 2).fisher_p is None
    assert two_proportions(2, 2, 2, 2).p == 1.0
    assert two_means(moments([(1, 1)]), moments([(2, 5)])).p is None
    assert moments([]).mean is None


@given(
    st.lists(st.integers(1, 5), min_size=2, max_size=30), st.lists(st.integers(1, 5), min_size=2, max_size=30)
)
def test_two_means_are_welchs(first, second):
    found = two_means(moments((x, 1) for x in first), moments((x, 1) for x in second))
    if len({*first}) == 1 or len({*second}) == 1:  # scipy warns of those
        assert found.p is None or 0 <= found.p <= 1
        return
    expected = stats.ttest_ind(second, first, equal_var=False)
    low, high = expected.confidence_interval()
    assert found.p == pytest.approx(expected.pvalue, abs=1e-9)
    assert (found.low, found.high) == (pytest.approx(low), pytest.approx(high))


@given(st.lists(st.floats(0, 1), max_size=8))
def test_adjusted_chances_are_never_smaller_and_keep_their_order(chances):
    adjusted = holm(chances)
    assert all(one >= chance for one, chance in zip(adjusted, chances, strict=True))
    assert [x for _, x in sorted(zip(chances, adjusted, strict=True))] == sorted(adjusted)


def test_holm_as_published():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


@given(st.integers(0, 50), st.integers(1, 50))
def test_an_interval_holds_its_share(hits, more):
    low, high = wilson(hits, hits + more)
    assert 0 <= low <= hits / (hits + more) <= high <= 1


def test_a_table_is_tested_as_its_counts_allow():
    many = together([[30, 10], [10, 30]])
    assert many.method == "chi2"
    assert many.p == pytest.approx(stats.chi2_contingency([[30, 10], [10, 30]], correction=False)[1])
    assert many.strength == pytest.approx(0.5)
    few = together([[3, 1], [1, 3]])
    assert (few.method, few.p) == ("fisher", pytest.approx(stats.fisher_exact([[3, 1], [1, 3]])[1]))
    sparse = together([[1, 2, 0], [2, 1, 1], [0, 1, 2]])
    assert (sparse.method, sparse.p, sparse.is_sparse) == ("", None, True)


@pytest.mark.parametrize("table", [[], [[]], [[1, 2]], [[0, 0], [0, 0]], [[1, 0], [2, 0]]], ids=str)
def test_what_cannot_hang_together_is_not_tested(table):
    assert together(table).method == ""
