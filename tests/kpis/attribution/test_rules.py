import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LinearRegression

from kpis.attribution.fitting import fit
from kpis.attribution.rules import Alike, Why, drivers, sides

RUNS = 200


def grouped(columns, values):
    """Answers one by one as groups of one; columns by their names."""
    names = list(columns)
    rows = np.array([columns[name] for name in names]).T
    return [
        Alike(frozenset(name for name, has in zip(names, row, strict=True) if has), float(value), 1)
        for row, value in zip(rows, values, strict=True)
    ]


def simulated(seed, n=600, late=0.0, slow=0.0, names=("gap:delivery", "clock:first_reply", "gap:price")):
    """Answers with drivers of which some move the value, by how much is said."""
    draw = np.random.default_rng(seed)
    columns = {name: draw.random(n) < share for name, share in zip(names, (0.2, 0.3, 0.15), strict=True)}
    noise = draw.normal(0, 1, n) * (1 + columns[names[0]])
    return grouped(columns, 4 + late * columns[names[0]] + slow * columns[names[1]] + noise)


def test_effects_are_those_of_least_squares():
    found = drivers(simulated(1, late=-1.0, slow=-0.4))
    rows = simulated(1, late=-1.0, slow=-0.4)
    order = [one.name for one in found.drivers]
    model = LinearRegression().fit(
        [[name in row.drivers for name in order] for row in rows], [row.value for row in rows]
    )
    assert [one.effect for one in found.drivers] == pytest.approx(list(model.coef_))


def test_the_interval_of_one_driver_is_that_of_hc3_in_closed_form():
    """With one yes-or-no driver its variance is the sum of both groups' Σ(x - mean)² / (n - 1)²."""
    draw = np.random.default_rng(3)
    first, second = draw.normal(0, 1, 60), draw.normal(1, 3, 40)
    columns = np.column_stack([np.ones(100), np.repeat([0.0, 1.0], [60, 40])])
    values = np.concatenate([first, second])
    found = fit(columns, np.ones(100), values, values**2)
    wanted = sum(((x - x.mean()) ** 2).sum() / (len(x) - 1) ** 2 for x in (first, second)) ** 0.5
    assert found.effects[1] == pytest.approx(second.mean() - first.mean())
    assert found.margins[1] == pytest.approx(1.9844674545 * wanted)  # Student's 97.5 % of 98 degrees


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000))
def test_groups_say_what_the_answers_say_one_by_one(seed):
    draw = np.random.default_rng(seed)
    n = 300
    rows = grouped(
        {"gap:delivery": draw.random(n) < 0.3, "gap:price": draw.random(n) < 0.4}, draw.integers(1, 6, n)
    )
    counted = {}
    for row in rows:
        counted[row.drivers, row.value] = counted.get((row.drivers, row.value), 0) + 1
    together = [Alike(names, value, number) for (names, value), number in counted.items()]
    one, other = drivers(rows), drivers(together)
    for mine, theirs in zip(one.drivers, other.drivers, strict=True):
        assert mine.name == theirs.name
        assert (mine.effect, mine.low, mine.high) == pytest.approx((theirs.effect, theirs.low, theirs.high))


def test_what_is_planted_is_found_and_its_interval_holds_it():
    found = [drivers(simulated(seed, late=-1.0)) for seed in range(RUNS)]
    late = [next(one for one in each.drivers if one.name == "gap:delivery") for each in found]
    assert all(one.is_sure for one in late)
    held = sum(one.low <= -1 <= one.high for one in late) / RUNS
    assert 0.92 <= held <= 0.985


def test_where_nothing_is_planted_nothing_is_found_but_in_five_of_a_hundred():
    false = sum(any(one.is_sure for one in drivers(simulated(seed)).drivers) for seed in range(RUNS)) / RUNS
    assert false <= 0.08


def test_another_driver_is_held_equal():
    draw = np.random.default_rng(7)
    late = draw.random(4000) < 0.3
    slow = np.where(late, draw.random(4000) < 0.7, draw.random(4000) < 0.1)
    found = drivers(
        grouped({"gap:delivery": late, "clock:first_reply": slow}, 4 - late + draw.normal(0, 0.5, 4000))
    )
    by_name = {one.name: one for one in found.drivers}
    assert by_name["gap:delivery"].effect == pytest.approx(-1, abs=0.08)
    assert not by_name["clock:first_reply"].is_sure
    assert by_name["gap:delivery"].gain == pytest.approx(by_name["gap:delivery"].share, abs=0.03)


def test_few_answers_say_nothing():
    found = drivers(simulated(1, n=99))
    assert (found.is_few, found.drivers, found.n) == (True, (), 99)
    assert drivers([]).mean is None


def test_rare_and_alike_drivers_are_left_out_and_said():
    draw = np.random.default_rng(2)
    late = draw.random(500) < 0.3
    rare = np.arange(500) < 5
    found = drivers(
        grouped({"gap:delivery": late, "review:speed": late, "gap:price": rare}, draw.normal(4, 1, 500))
    )
    assert [one.name for one in found.drivers] == ["gap:delivery"]
    assert {one.driver: one.why for one in found.left_out} == {
        "review:speed": Why.ALIKE,
        "gap:price": Why.RARE,
    }


def test_tiers_are_compared_with_the_most_usual():
    draw = np.random.default_rng(4)
    gold = draw.random(1000) < 0.3
    found = drivers(
        grouped({"tier:gold": gold, "tier:plain": ~gold}, 4 + 0.5 * gold + draw.normal(0, 1, 1000))
    )
    assert [one.name for one in found.drivers] == ["tier:gold"]
    assert found.left_out[0].why is Why.USUAL


def test_reasons_asked_for_because_of_the_score_do_not_explain_it():
    draw = np.random.default_rng(5)
    values = draw.integers(1, 6, 500)
    found = drivers(grouped({"after:1.why.price": (values < 3) & (draw.random(500) < 0.8)}, values))
    assert found.drivers == ()
    assert found.left_out[0].why is Why.AFTER


def test_a_score_that_is_always_the_same_moves_by_nothing():
    found = drivers(grouped({"gap:delivery": np.arange(200) < 50}, np.full(200, 5.0)))
    assert [(one.effect, one.is_sure) for one in found.drivers] == [(pytest.approx(0), False)]


def test_sides_by_side():
    rows = [Alike(frozenset({"gap:price"}), -100, 3), Alike(frozenset(), -100, 7), Alike(frozenset(), 100, 5)]
    found = sides(rows, (100, 0, -100))["gap:price"]
    assert [(one.n, one.hits, one.share) for one in found] == [(5, 0, 0.0), (0, 0, None), (10, 3, 30.0)]
    low, high = found[2].interval
    assert (round(low, 1), round(high, 1)) == (10.8, 60.3)  # Wilson, 3 of 10
    assert found[1].interval is None


def repeated(seed, times, of=60):
    """As many members who answer so many times, each time with the same driver and much the same value."""
    draw = np.random.default_rng(seed)
    late, mood = draw.random(of) < 0.5, draw.normal(4, 1, of)
    columns = np.column_stack([np.ones(of), late]).repeat(times, axis=0)
    return columns, mood.repeat(times) + draw.normal(0, 0.1, of * times), np.arange(1, of + 1).repeat(times)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 6))
def test_answers_given_again_do_not_narrow_an_interval(seed, times):
    columns, values, _whose = repeated(seed, 1)
    once = fit(columns, np.ones(60), values, values**2)
    columns, values, whose = (
        columns.repeat(times, axis=0),
        values.repeat(times),
        np.arange(1, 61).repeat(times),
    )
    again = fit(columns, np.ones(len(values)), values, values**2, whose)
    assert again.effects == pytest.approx(once.effects)
    assert again.margins == pytest.approx(once.margins)
    assert again.chances == pytest.approx(once.chances, abs=1e-12)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000))
def test_members_who_answer_once_have_the_interval_of_hc3(seed):
    columns, values, whose = repeated(seed, 1)
    named = fit(columns, np.ones(60), values, values**2, whose)
    unnamed = fit(columns, np.ones(60), values, values**2)
    assert named.margins == pytest.approx(unnamed.margins)


def test_the_interval_by_members_is_that_of_leaving_each_out_in_turn():
    columns, values, whose = repeated(5, 3)
    found = fit(columns, np.ones(180), values, values**2, whose)
    full = np.linalg.lstsq(columns, values, rcond=None)[0]
    left = [
        np.linalg.lstsq(columns[whose != one], values[whose != one], rcond=None)[0] for one in range(1, 61)
    ]
    wanted = np.sqrt(sum((one - full) ** 2 for one in left))
    assert found.margins == pytest.approx(list(2.0017174830 * wanted))  # Student's 97.5 % of 58 degrees


def test_rows_that_stand_for_a_members_several_answers_say_the_same():
    columns, values, whose = repeated(6, 4)
    one = fit(columns, np.ones(240), values, values**2, whose)
    sums, squares = values.reshape(60, 4).sum(axis=1), (values**2).reshape(60, 4).sum(axis=1)
    joined = fit(columns[::4], np.full(60, 4.0), sums, squares, np.arange(1, 61))
    assert joined.margins == pytest.approx(one.margins)


def test_where_members_answer_again_nothing_is_found_but_in_five_of_a_hundred():
    false = 0
    for seed in range(RUNS):
        columns, values, whose = repeated(seed, 10)
        rows = [
            Alike(frozenset({"gap:delivery"} if late else ()), float(value), 1, int(member))
            for (_one, late), value, member in zip(columns, values, whose, strict=True)
        ]
        false += any(one.is_sure for one in drivers(rows).drivers)
    assert false / RUNS <= 0.09


def test_a_driver_of_few_members_is_rare_however_often_they_answered():
    rows = [Alike(frozenset({"gap:delivery"}), 1.0, 30, 1), Alike(frozenset(), 5.0, 100)]
    found = drivers(rows)
    assert found.drivers == ()
    assert [(one.driver, one.why, one.n) for one in found.left_out] == [("gap:delivery", Why.RARE, 30)]
