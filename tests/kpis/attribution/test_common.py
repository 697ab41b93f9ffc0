import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from kpis.attribution.common import Lost, in_common

GROUPS = st.lists(
    st.builds(
        Lost,
        traits=st.frozensets(st.sampled_from(["given:coupon", "case:resolved", "tier:gold"])),
        is_back=st.booleans(),
        n=st.integers(1, 60),
    ),
    max_size=12,
)


def members(with_it, without, name="given:coupon"):
    """Members of whom (back, n) with a trait and without it."""
    held = frozenset({name})
    return [
        Lost(held, True, with_it[0]),
        Lost(held, False, with_it[1] - with_it[0]),
        Lost(frozenset(), True, without[0]),
        Lost(frozenset(), False, without[1] - without[0]),
    ]


def test_a_trait_is_held_against_its_absence():
    found = in_common(members((60, 100), (80, 200)))
    (one,) = found.traits
    assert (found.n, found.back, found.share) == (300, 140, pytest.approx(46.667, abs=1e-3))
    assert (one.share, one.share_without, one.lift) == (60, 40, 1.5)
    assert one.p == pytest.approx(stats.chi2_contingency([[60, 40], [80, 120]], correction=False).pvalue)
    assert one.is_sure
    difference, low, high = one.points
    assert (difference, low, high) == pytest.approx((20, 8.0, 31.2), abs=0.1)  # Newcombe, method 10


def test_few_members_say_nothing():
    found = in_common(members((10, 20), (5, 19)))
    assert found.is_few
    assert (found.traits, found.rare) == ((), ())
    assert in_common([]).share is None
    assert in_common([]).interval is None


def test_what_too_few_have_or_all_is_not_compared():
    rare = [
        Lost(frozenset({"tier:gold", "given:gift"}), True, 19),
        Lost(frozenset({"tier:gold"}), False, 200),
    ]
    found = in_common(rare)
    assert found.traits == ()
    assert found.rare == (("given:gift", 19),)  # and what everybody has tells nobody apart


def test_nobody_came_back_without_it_has_no_lift():
    (one,) = in_common(members((30, 60), (0, 60))).traits
    assert one.lift is None
    assert one.is_sure


def test_chances_are_adjusted_for_how_many_traits_there_are():
    """The same trait beside ten that say nothing is less sure."""
    draw = np.random.default_rng(5)
    alone, crowd = [], []
    for place in range(400):
        has = place % 2 == 0
        is_back = bool(draw.random() < (0.55 if has else 0.42))
        mine = {"given:coupon"} if has else set()
        others = {f"lost:{number}" for number in range(10) if draw.random() < 0.5}
        alone.append(Lost(frozenset(mine), is_back, 1))
        crowd.append(Lost(frozenset(mine | others), is_back, 1))
    (single,) = in_common(alone).traits
    among = next(one for one in in_common(crowd).traits if one.name == "given:coupon")
    assert among.p >= single.p
    assert among.points == single.points


@settings(max_examples=80, deadline=None)
@given(GROUPS)
def test_numbers_add_up_and_stay_in_their_bounds(groups):
    found = in_common(groups)
    assert found.n == sum(one.n for one in groups)
    for one in found.traits:
        first_back, first_n, back, n = one.compared.counts
        assert (first_back + back, first_n + n) == (found.back, found.n)
        difference, low, high = one.points
        assert -100 <= low <= difference + 1e-9 <= high + 2e-9 <= 100 + 3e-9
        assert 0 <= one.p <= 1
    assert [one.p for one in found.traits] == sorted(one.p for one in found.traits)


@settings(max_examples=40, deadline=None)
@given(GROUPS)
def test_groups_say_what_members_say_one_by_one(groups):
    single = [Lost(one.traits, one.is_back, 1) for one in groups for _ in range(one.n)]
    assert in_common(single) == in_common(groups)


@settings(max_examples=40, deadline=None)
@given(GROUPS)
def test_who_came_back_and_who_did_not_mirror_each_other(groups):
    other = in_common([Lost(one.traits, not one.is_back, one.n) for one in groups])
    mirrored = {one.name: one for one in other.traits}
    for one in in_common(groups).traits:
        assert mirrored[one.name].points[0] == pytest.approx(-one.points[0])
        assert mirrored[one.name].p == pytest.approx(one.p)


def test_what_the_same_members_have_is_told_once():
    """What was done stands for who they are; of two kinds of loss the rarer for the other."""
    rows = [
        Lost(frozenset({"case:taken", "case:resolved", "lost:csat"}), True, 30),
        Lost(frozenset({"lost:nps"}), False, 60),
        Lost(frozenset({"lost:nps"}), True, 10),
    ]
    found = in_common(rows)
    assert [one.name for one in found.traits] == ["case:resolved"]
    assert set(found.alike) == {
        ("case:taken", "case:resolved", False),
        ("lost:csat", "case:resolved", False),
        ("lost:nps", "case:resolved", True),
    }
