"""What is planted is found, what isn't is not, and a model that knows nothing warns of nobody."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from kpis.loyalty.leaving import FEW, judge, learn


def people(seed, n, weights, bias=-1.0):
    chance = np.random.default_rng(seed)
    traits = chance.normal(size=(n, len(weights))) * [1, 100, 0.01] + [5, -3, 0]
    standard = (traits - [5, -3, 0]) / [1, 100, 0.01]
    return traits, chance.random(n) < special.expit(standard @ weights + bias)


def test_planted_weights_are_found_whatever_their_units():
    model = learn(*people(1, 20_000, [1.0, -0.5, 0.0]))

    assert model.weights == pytest.approx([1.0, -0.5, 0.0], abs=0.06)
    assert model.bias == pytest.approx(-1.0, abs=0.06)
    assert model.odds[0] == pytest.approx(np.e, rel=0.07)


def test_it_is_what_another_hand_finds():
    traits, left = people(2, 500, [0.8, 0.3, -0.4])
    standard = (traits - traits.mean(axis=0)) / traits.std(axis=0)
    other = LogisticRegression(C=1.0, tol=1e-10, max_iter=1000).fit(standard, left)

    model = learn(traits, left)

    assert model.weights == pytest.approx(other.coef_[0], abs=1e-4)
    assert model.chances(traits) == pytest.approx(other.predict_proba(standard)[:, 1], abs=1e-4)


def test_a_trait_that_tells_all_and_one_that_is_the_same_of_all_do_no_harm():
    left = np.arange(200) < 60
    model = learn(np.column_stack([left * 1.0, np.full(200, 7.0)]), left)

    assert np.isfinite(model.weights).all()
    assert model.weights[1] == 0
    assert model.chances([[1, 7]])[0] > 0.8
    assert model.chances([[0, 7]])[0] < 0.1


def test_too_few_teach_and_judge_nothing():
    left = np.arange(500) < FEW - 1

    assert learn(np.arange(500.0)[:, None], left) is None
    assert learn(np.arange(500.0)[:, None], ~left) is None
    judged = judge(np.arange(500.0), left)
    assert (judged.auc, judged.n, judged.left, judged.may_warn) == (None, 500, FEW - 1, False)


def test_rows_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="every answer"):
        learn([[1.0]], [True, False])
    with pytest.raises(ValueError, match="finite"):
        learn([[float("nan")]], [True])
    with pytest.raises(ValueError, match="every answer"):
        judge([0.1], [True, False])


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 50))
def test_the_auc_is_what_another_hand_finds_ties_and_all(seed, values):
    chance = np.random.default_rng(seed)
    given_, left = chance.integers(0, values, 200) / values, np.arange(200) < 70

    judged = judge(given_, left)

    assert judged.auc == pytest.approx(roc_auc_score(left, given_))
    assert 0 <= judged.low <= judged.auc <= judged.high <= 1
    assert judge(given_, ~left).auc == pytest.approx(1 - judged.auc)


def test_wholly_apart_is_still_not_certain():
    left = np.arange(200) < 60

    assert 0.9 < judge(left * 1.0, left).low < 1 == judge(left * 1.0, left).high
    assert 0 == judge(left * -1.0, left).low < judge(left * -1.0, left).high < 0.1


def test_the_interval_holds_as_often_as_it_says():
    true = special.ndtr(1 / 2**0.5)  # two normals one spread apart
    chance = np.random.default_rng(3)
    left = np.arange(300) < 80
    held = 0
    for _run in range(1000):
        judged = judge(chance.normal(size=300) + left, left)
        held += judged.low <= true <= judged.high

    assert 0.93 <= held / 1000 <= 0.97


def test_a_model_that_knows_nothing_seldom_warns():
    warned = 0
    for seed in range(300):
        traits, left = people(seed, 600, [0.0, 0.0, 0.0])
        model = learn(traits[:300], left[:300])
        warned += judge(model.chances(traits[300:]), left[300:]).may_warn

    assert warned / 300 <= 0.05
