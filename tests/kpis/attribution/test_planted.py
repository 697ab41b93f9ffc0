"""Planted drivers and a planted nothing, as benchmarks/attribution.py measures them, in fewer runs."""

import numpy as np
import pytest

from kpis.attribution.common import in_common
from kpis.attribution.rules import drivers
from tests.kpis.attribution.simulation import HELP, PLANTED, answers, members

RUNS = 120


def satisfaction(random, *, is_planted):
    groups, true = answers(random, is_planted=is_planted)
    return {one.name: (one.effect, one.is_sure) for one in drivers(groups).drivers}, true


def coming_back(random, *, is_planted):
    groups, true = members(random, is_planted=is_planted)
    return {one.name: (one.points[0], one.is_sure) for one in in_common(groups).traits}, true


LOOKS = [(satisfaction, PLANTED, 0.03), (coming_back, HELP, 1.0)]


@pytest.mark.parametrize(("look", "planted", "off"), LOOKS)
def test_planted_drivers_are_found_with_their_size(look, planted, off):
    random = np.random.default_rng(11)
    runs = [look(random, is_planted=True)[0] for _ in range(RUNS)]
    for name, size in planted.items():
        assert np.mean([run[name][0] for run in runs]) == pytest.approx(size, abs=off)
        assert np.mean([run[name][1] for run in runs]) > 0.75


@pytest.mark.parametrize(("look", "planted", "off"), LOOKS)
@pytest.mark.parametrize("is_planted", [True, False])
def test_nothing_is_found_where_nothing_is(look, planted, off, is_planted):
    random = np.random.default_rng(12)
    false = 0
    for _ in range(RUNS):
        told, true = look(random, is_planted=is_planted)
        false += any(is_sure for name, (_effect, is_sure) in told.items() if not true[name])
    assert false / RUNS <= 0.1  # 5 % of families at most; of 120 runs 10 % is 2.5 deviations more
