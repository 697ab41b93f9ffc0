"""Charts: never outside the frame, bars add up, gaps stay gaps, and the table has every value."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpis.charts.cohorts import Cohort, cohort
from kpis.charts.drawing import Dot, Line, Path, Rect, Words
from kpis.charts.funnel import Heads as StepHeads
from kpis.charts.funnel import Step, funnel, shares
from kpis.charts.gauge import gauge
from kpis.charts.heat import STEPS, heat, step
from kpis.charts.lines import Band, Point, Series, line, pieces
from kpis.charts.pareto import Heads, Part, pareto, ranked
from kpis.charts.stacks import Layer, stack

EXTREMES = [0.0, 1e-300, 1e300, -1e300, float("inf"), float("-inf"), float("nan"), 1e15]
values = st.one_of(st.none(), st.floats(), st.sampled_from(EXTREMES), st.floats(0, 100))
counts = st.one_of(st.integers(0, 10**9).map(float), st.floats(0, 1e6), st.sampled_from(EXTREMES))
names = st.text(max_size=30)
SLACK = 0.02


def holds(chart):
    """Whether every mark lies in the chart."""
    for mark in chart.marks:
        left, top, right, bottom = mark.bounds
        assert left >= -SLACK, mark
        assert top >= -SLACK, mark
        assert right <= chart.width + SLACK, mark
        assert bottom <= chart.height + SLACK, mark
        if isinstance(mark, Rect):
            assert mark.width >= 0, mark
            assert mark.height >= 0, mark
    return True


def of(chart, kind, look=""):
    return [mark for mark in chart.marks if isinstance(mark, kind) and look in mark.look]


@st.composite
def lines(draw):
    labels = draw(st.lists(names, max_size=60))
    points = st.builds(Point, values, st.none() | st.integers(0), st.text(max_size=5), values, values)
    number = draw(st.integers(0, 3))
    return labels, [
        Series(draw(names), draw(st.lists(points, min_size=len(labels), max_size=len(labels))))
        for _ in range(number)
    ]


@given(lines(), st.booleans(), st.none() | st.builds(Band, st.floats(0, 100), st.floats(0, 100), names))
def test_lines_stay_within_the_frame_whatever_they_are_of(given_lines, with_interval, band):
    labels, series = given_lines
    chart = line("", "", labels, series, band=band, with_interval=with_interval)
    assert holds(chart)
    assert [row.name for row in chart.table.rows] == labels
    assert all(len(row.cells) == len(chart.table.head) - 1 for row in chart.table.rows)


@given(st.lists(st.none() | st.floats(-50, 50), min_size=1, max_size=40))
def test_a_line_is_broken_where_nothing_was_measured(found):
    points = [Point(value) for value in found]
    parts = pieces(points)
    assert [place for part in parts for place, _point in part] == [
        place for place, value in enumerate(found) if value is not None
    ]
    chart = line("", "", [str(place) for place in range(len(found))], [Series("", points)])
    assert len(of(chart, Dot)) == sum(value is not None for value in found)
    assert len(of(chart, Path, "line")) == sum(len(part) > 1 for part in parts)


def test_a_value_alone_is_a_dot_and_nothing_is_no_chart():
    assert len(of(line("", "", ["a"], [Series("", [Point(3)])]), Dot)) == 1
    assert not line("", "", ["a"], [Series("", [Point(None)])]).marks
    assert not line("", "", [], []).marks


def test_an_upper_value_is_drawn_higher_and_the_goal_between():
    chart = line("", "", ["a", "b"], [Series("", [Point(1), Point(9)])], band=Band(5, 6, "goal"))
    low, high = of(chart, Dot)
    (goal,) = of(chart, Line, "goal")
    (band,) = of(chart, Rect, "band")
    assert high.y < goal.y < low.y
    assert band.y + band.height == pytest.approx(goal.y)


@st.composite
def layers(draw):
    labels = draw(st.lists(names, max_size=20))
    rows = st.lists(counts, min_size=len(labels), max_size=len(labels))
    return labels, [Layer(draw(names), draw(rows)) for _ in range(draw(st.integers(0, 4)))]


@given(layers())
def test_stacks_stay_within_the_frame(given_layers):
    assert holds(stack("", "", *given_layers))


@given(
    st.integers(1, 12).flatmap(
        lambda n: st.lists(st.lists(st.integers(0, 500), min_size=n, max_size=n), min_size=1, max_size=4)
    )
)
def test_the_layers_of_a_bar_add_up_to_its_sum(rows):
    labels = [str(place) for place in range(len(rows[0]))]
    chart = stack("", "", labels, [Layer(str(at), row) for at, row in enumerate(rows)], whole="sum")
    sums = [sum(row[place] for row in rows) for place in range(len(labels))]
    assert chart.n == sum(sums)
    assert [int(row.cells[-1].text) for row in chart.table.rows] == sums
    if not any(sums):
        return
    bars = {}
    for mark in of(chart, Rect):
        bars.setdefault(mark.x, []).append(mark)
    heights = [sum(mark.height for mark in bar) for _x, bar in sorted(bars.items())]
    scale = max(heights) / max(sums)
    assert heights == pytest.approx([scale * one for one in sums if one], abs=0.2)
    for bar in bars.values():
        for under, over in pairwise(bar):
            assert over.y + over.height == pytest.approx(under.y, abs=0.03)


@st.composite
def maps(draw):
    columns = draw(st.lists(names, min_size=1, max_size=24))
    rows = draw(st.lists(names, min_size=1, max_size=7))
    line_of = st.lists(counts, min_size=len(columns), max_size=len(columns))
    return rows, columns, [draw(line_of) for _ in rows]


@given(maps())
def test_heat_maps_stay_within_the_frame(given_map):
    rows, columns, found = given_map
    chart = heat("", "", rows, columns, found)
    assert holds(chart)
    assert len(of(chart, Rect)) in {0, len(rows) * len(columns)}


@given(st.floats(0, 1e6), st.floats(0, 1e6), st.floats(0, 1e6))
def test_more_is_never_lighter(one, other, most):
    less, more = sorted((one, other))
    assert 0 <= step(less, most) <= step(more, most) <= STEPS


@given(st.lists(st.builds(Part, names, counts, st.just(""), st.booleans()), max_size=15))
def test_a_pareto_falls_and_adds_up(parts):
    chart = pareto("", "", parts, heads=Heads())
    assert holds(chart)
    found = ranked(parts)
    frequent = [one.value for one, _share, _upto in found if not one.is_rest and 1e-9 < one.value < 1e15]
    assert frequent == sorted(frequent, reverse=True)
    uptos = [upto for _one, _share, upto in found]
    assert all(one <= other + 1e-9 for one, other in pairwise(uptos))
    if any(share for _one, share, _upto in found):
        assert uptos[-1] == pytest.approx(100)
        assert sum(share for _one, share, _upto in found) == pytest.approx(100)


@given(st.lists(st.builds(Step, names, counts, st.just(""), st.booleans()), max_size=8))
def test_funnels_stay_within_the_frame(steps):
    assert holds(funnel("", "", steps, heads=StepHeads()))


def test_a_funnel_tells_what_share_came_through():
    assert shares([Step("a", 200), Step("b", 50), Step("c", 25)]) == [(None, 100), (25, 25), (50, 12.5)]
    assert shares([Step("a", 0), Step("b", 0)]) == [(None, None), (None, None)]
    chart = funnel("", "", [Step("a", 200), Step("b", 50, is_break=True)], heads=StepHeads())
    assert chart.n == 200
    assert [mark.text for mark in of(chart, Words, "bad")] == ["! ↓ 25.0 %"]


cohorts_of = st.builds(
    Cohort, names, st.integers(0, 10**9), st.lists(values, max_size=12), st.none() | st.integers(0, 12)
)


@given(st.lists(cohorts_of, max_size=12))
def test_cohorts_stay_within_the_frame(cohorts):
    assert holds(cohort("", "", cohorts))


def test_a_cohort_that_is_not_over_is_marked():
    chart = cohort("", "", [Cohort("05", 10, [100, 40]), Cohort("06", 10, [100, 20], immature=1)])
    assert [("is-open" in mark.look) for mark in of(chart, Rect)] == [False, False, False, True]
    assert chart.table.rows[1].cells[2].text == "≥ 20.0 %"


@given(values, st.text(max_size=60))
def test_gauges_stay_within_the_frame(value, text):
    assert holds(gauge("", value, text=text, style="is-ok"))


@given(st.floats(0, 120), st.floats(0, 120))
def test_a_gauge_is_fuller_for_more(one, other):
    def end(value):
        rings = of(gauge("", value, text="", style="is-ok"), Path, "is-ok")
        return max(x for x, _y in rings[0].points) if rings else 0

    less, more = sorted((one, other))
    assert end(less) <= end(more)
