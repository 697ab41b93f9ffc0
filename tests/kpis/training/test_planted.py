"""A planted effect is found and a planted nothing is not; rates of many runs: benchmarks/trainings.py."""

import pytest

from kpis.training.rules import Finding
from tests.kpis.training.simulation import World, rates

pytestmark = pytest.mark.req("K10")

RUNS, SEED = 400, 20261123


@pytest.mark.parametrize("lowest", ["", "month"])
def test_planted_nothing_is_found_about_as_rarely_as_chance_has_it(lowest):
    for people, taught in ((4, 2), (20, 8)):
        found = rates(World(people, taught, lowest=lowest), RUNS, SEED)
        assert found[Finding.BETTER] + found[Finding.WORSE] < 8


def test_a_planted_effect_is_found_and_never_the_wrong_way_round():
    found = rates(World(40, 12, more=10, lowest="month"), RUNS, SEED)
    assert found[Finding.BETTER] > 80
    assert found[Finding.WORSE] == 0


def test_who_is_chosen_by_hand_for_low_weeks_rises_without_any_training():
    """Why the page warns of it, and why the month that showed a need is not counted as before."""
    assert rates(World(20, 8, lowest="before"), RUNS, SEED)[Finding.BETTER] > 30
