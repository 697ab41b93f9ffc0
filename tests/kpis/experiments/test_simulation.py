import numpy as np
import pytest

from kpis.experiments import rules
from kpis.experiments.rules import Form
from kpis.models import Direction
from tests.kpis.experiments.simulation import WORLDS, findings

pytestmark = [pytest.mark.req("K7"), pytest.mark.long]
RUNS, SEED = 300, 20261123


@pytest.mark.parametrize("name", WORLDS)
def test_a_planted_effect_is_found_in_about_the_planned_power(name):
    found = findings(WORLDS[name], WORLDS[name].effect, RUNS, SEED)
    assert 0.73 * RUNS < found["better"] < 0.87 * RUNS  # three deviations about 80 %
    assert found["worse"] == 0


@pytest.mark.parametrize("name", WORLDS)
def test_a_planted_nothing_is_found_in_about_five_of_a_hundred(name):
    found = findings(WORLDS[name], 0.0, RUNS, SEED)
    assert 0.01 * RUNS <= found["better"] + found["worse"] <= 0.09 * RUNS
    assert found["broken"] + found["harm"] <= 0.02 * RUNS


def test_daily_looks_at_what_does_no_harm_seldom_alarm():
    """Harm is looked for every day, so a single look has to be sure: here 28 looks, B just as A."""
    random, alarms = np.random.default_rng(SEED), 0
    for _run in range(RUNS):
        first, second = (np.cumsum(random.random((28, 40)) < 0.1, axis=1)[:, -1].cumsum() for _arm in "ab")
        alarms += any(
            rules.harm(
                Form.SHARE,
                rules.Arm(40 * day, a, a),
                rules.Arm(40 * day, b, b),
                Direction.DOWN,
                0.0,
            )
            < rules.RARE
            for day, (a, b) in enumerate(zip(first.tolist(), second.tolist(), strict=True), start=1)
        )
    assert alarms <= 0.03 * RUNS
