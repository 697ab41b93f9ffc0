"""What is withheld: an attacker who solves all that is shown never finds a few."""

from itertools import accumulate, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from surveys.models import SurveyTerms
from surveys.results.cells import Line, blocks, guarded, line, may_average, running, smallest_cell

pytestmark = pytest.mark.req("S10")

K = 5
FEW = settings(max_examples=60, deadline=None)
counts = st.integers(0, 12) | st.sampled_from([0, 0, 1, 4, 5, 40])


def tables(most=4):
    return st.tuples(st.integers(1, most), st.integers(1, most)).flatmap(
        lambda size: st.lists(
            st.lists(counts, min_size=size[1], max_size=size[1]), min_size=size[0], max_size=size[0]
        )
    )


def solve(atoms, figures):
    """The most that each atom can be; `figures` are (which atoms, what is shown) and None shows nothing."""
    shown = [(places, value) for places, value in figures if value is not None]
    a = np.array([[float(n in places) for n in range(len(atoms))] for places, _value in shown])
    b = np.array([float(value) for _places, value in shown])
    for n in range(len(atoms)):
        if 0 < atoms[n] < K:
            goal = np.zeros(len(atoms))
            goal[n] = -1
            found = linprog(goal, A_eq=a if len(b) else None, b_eq=b if len(b) else None)
            yield n, (np.inf if found.status == 3 else -found.fun)


def safe(atoms, figures):
    """No shown figure is of few, and each atom of few could be of as many as the smallest cell."""
    figures = list(figures)
    for places, value in figures:
        assert value is None or value == sum(atoms[n] for n in places)
        assert value is None or not 0 < value < K
    for n, most in solve(atoms, figures):
        assert most >= K - 1e-6, (n, atoms, figures)


def of_table(table, shown):
    width = len(table[0])
    yield from (({y * width + x}, v) for y, row in enumerate(shown.cells) for x, v in enumerate(row))
    yield from (({y * width + x for x in range(width)}, v) for y, v in enumerate(shown.rows))
    yield from (({y * width + x for y in range(len(table))}, v) for x, v in enumerate(shown.columns))
    yield set(range(len(table) * width)), shown.whole


@FEW
@given(tables())
def test_no_few_can_be_found_in_a_table(table):
    atoms = [count for row in table for count in row]
    safe(atoms, of_table(table, guarded(table, K)))


@FEW
@given(tables())
def test_nor_when_its_sums_stand_elsewhere(table):
    columns = line([sum(column) for column in zip(*table, strict=True)], K)
    shown = guarded(table, K, columns)
    assert (shown.columns, shown.whole) == (columns.cells, columns.whole)
    safe([count for row in table for count in row], of_table(table, shown))


@FEW
@given(st.lists(counts, min_size=1, max_size=11), st.integers(0, 11), st.integers(0, 11))
def test_no_few_can_be_found_in_a_list_with_groups(row, first, second):
    low, high = sorted((min(first, len(row)), min(second, len(row))))
    groups = [set(range(low)), set(range(high, len(row)))]
    shown = line(row, K, groups)
    figures = [({n}, value) for n, value in enumerate(shown.cells)]
    figures += [(group, value) for group, value in zip(groups, shown.groups, strict=True)]
    safe(row, [*figures, (set(range(len(row))), shown.whole)])


@FEW
@given(tables(3))
def test_no_few_can_be_found_by_whoever_kept_all_earlier_pages(steps):
    width = len(steps[0])
    atoms = [count for row in steps for count in row]
    figures = []
    for t, step in enumerate(running(steps, K)):
        figures += [({t * width + x}, value) for x, value in enumerate(step.cells)]
        figures += [({s * width + x for s in range(t + 1)}, value) for x, value in enumerate(step.so_far)]
        figures.append(({t * width + x for x in range(width)}, step.whole))
        figures.append((set(range((t + 1) * width)), step.whole_so_far))
    safe(atoms, figures)


@FEW
@given(tables(3))
def test_what_was_shown_stays_as_it_was(steps):
    assert running(steps, K)[:-1] == running(steps[:-1], K)


@given(tables(3).filter(lambda table: all(not 0 < count < K for row in table for count in row)))
def test_all_is_shown_where_there_are_no_few(table):
    shown = guarded(table, K)
    assert [list(row) for row in shown.cells] == table
    assert shown.whole == sum(map(sum, table))


def test_a_single_few_takes_another_with_it():
    assert line([3, 20, 30], K) == Line((None, None, 30), (), 53)
    assert line([0, 20, 30], K) == Line((0, 20, 30), (), 50)
    assert line([1, 1, 1, 1], K) == Line((None,) * 4, (), None)


def test_nothing_is_lost_that_needs_not_be():
    shown = guarded([[3, 20, 30], [20, 20, 20], [40, 40, 40]], K)
    assert [value is None for row in shown.cells for value in row].count(True) == 4
    assert None not in (*shown.rows, *shown.columns, shown.whole)


def test_last_weeks_page_and_this_weeks_give_nobody_away():
    first, second = running([[20, 20], [1, 9]], K)
    assert (first.so_far, first.whole_so_far) == ((20, 20), 40)
    assert second.so_far == (None, None)
    assert second.whole_so_far == 50


@given(st.lists(st.integers(0, 9), max_size=12))
def test_blocks_are_of_nobody_or_enough(weeks):
    ends = list(accumulate(blocks(weeks, K)))
    starts = [0, *ends][: len(ends)]
    people = [sum(weeks[a:b]) for a, b in zip(starts, ends, strict=True)]
    assert all(n == 0 or n >= K for n in people)
    assert sum(weeks[ends[-1] if ends else 0 :]) < K


def likely(number, total, tops):
    for row in product(range(number + 1), repeat=5):
        fits = sum(row) == number and sum((n + 1) * count for n, count in enumerate(row)) == total
        if fits and (tops is None or row[3] + row[4] == tops):
            yield row


@pytest.mark.parametrize("groups", [(), ({4, 5},)])
@settings(max_examples=40, deadline=None)
@given(row=st.lists(st.integers(0, 3), min_size=5, max_size=5))
def test_a_mean_gives_no_few_away(row, groups):
    smallest = 3
    number, total = sum(row), sum((n + 1) * c for n, c in enumerate(row))
    allowed = may_average(dict(enumerate(row, start=1)), smallest, groups)
    if not allowed:
        return
    found = list(likely(number, total, row[3] + row[4] if groups else None))
    for n, count in enumerate(row):
        if 0 < count < smallest:
            assert max(one[n] for one in found) >= smallest


def test_a_mean_of_many_is_shown_and_one_that_names_the_odd_one_out_is_not():
    assert may_average({1: 2, 2: 3, 3: 9, 4: 20, 5: 30}, K, [{4, 5}])
    assert not may_average({1: 9, 2: 1, 3: 0, 4: 0, 5: 0}, K)
    assert not may_average({1: 0, 2: 0, 3: 2, 4: 1, 5: 1}, K)
    assert may_average({1: 7, 2: 0, 3: 0, 4: 0, 5: 0}, K)


@pytest.mark.django_db
def test_the_smallest_cell_is_in_the_terms():
    SurveyTerms.objects.all().delete()
    assert smallest_cell() == 5
    SurveyTerms.objects.create(smallest_cell=8)
    assert smallest_cell() == 8
