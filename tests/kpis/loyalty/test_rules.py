"""The index stays within its bounds, moves with its inputs, and is silent about what isn't known."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from kpis.loyalty.rules import INPUTS, Input, Part, Ruler, Scheme, index

WEIGHTS = st.floats(0.001, 1000)
MARKS = st.floats(-1e6, 1e6)
VALUES = st.floats(-1e9, 1e9)
KNOWN = st.dictionaries(st.sampled_from(Input), st.none() | VALUES)


@st.composite
def rulers(draw):
    zero, full = draw(MARKS), draw(MARKS)
    assume(abs(full - zero) > 1e-3)
    return Ruler(draw(WEIGHTS), zero, full)


@st.composite
def schemes(draw):
    return Scheme({part: draw(WEIGHTS) for part in Part}, {name: draw(rulers()) for name in Input})


def scheme(*, parts=(1, 1, 1), weight=1.0, **changed):
    return Scheme(
        dict(zip(Part, parts, strict=True)),
        {name: changed.get(name, Ruler(weight, 0, 10)) for name in Input},
    )


@given(KNOWN, schemes())
def test_all_is_between_0_and_100(known, weights):
    found = index(known, weights)

    for value in (found.value, *found.parts.values(), *found.inputs.values()):
        assert value is None or 0 <= value <= 100


@given(KNOWN, schemes(), st.sampled_from(Input), VALUES, VALUES)
def test_more_of_an_input_is_never_worse_or_never_better_where_less_is_good(known, weights, name, one, other):
    less, more = sorted((one, other))
    ruler = weights.inputs[name]
    if ruler.full < ruler.zero:
        less, more = more, less

    before, after = (index({**known, name: value}, weights) for value in (less, more))

    assert after.value >= before.value - 1e-6
    for part in Part:
        if before.parts[part] is not None:
            assert after.parts[part] >= before.parts[part] - 1e-6


@given(KNOWN, schemes())
def test_what_nothing_is_known_of_is_none_and_named(known, weights):
    found = index(known, weights)
    there = {name for name, value in known.items() if value is not None}

    empty = tuple(part for part in Part if not there & set(INPUTS[part]))
    assert found.missing == empty
    assert (found.value is None) == (len(empty) == len(Part))


@given(KNOWN, schemes())
def test_the_index_lies_between_its_least_and_its_greatest_part(known, weights):
    found = index(known, weights)
    there = [value for value in found.parts.values() if value is not None]

    if there:
        assert min(there) - 1e-6 <= found.value <= max(there) + 1e-6


@given(KNOWN, schemes(), st.floats(0.01, 100))
def test_only_the_proportion_of_weights_matters(known, weights, factor):
    scaled = Scheme({part: weight * factor for part, weight in weights.parts.items()}, weights.inputs)

    one, other = index(known, weights).value, index(known, scaled).value

    assert one == other or one == pytest.approx(other)


def test_an_index_by_hand():
    weights = scheme(parts=(2, 1, 1), frequency=Ruler(3, 0, 12))

    found = index({Input.FREQUENCY: 6, Input.AMOUNT: 10, Input.SATISFACTION: 0}, weights)

    assert found.parts == {
        Part.BEHAVIOUR: pytest.approx((3 * 50 + 100) / 4),
        Part.FEELING: 0,
        Part.BELIEF: None,
    }
    assert found.value == pytest.approx((2 * 62.5 + 0) / 3)
    assert found.missing == (Part.BELIEF,)


def test_zero_is_an_answer_and_nothing_is_none():
    assert index({Input.BRAND: 0}, scheme()).value == 0
    assert index({Input.BRAND: None}, scheme()).value is None
    assert index({}, scheme()).missing == tuple(Part)


def test_less_is_better_where_the_marks_say_so():
    ruler = Ruler(1, zero=3, full=0)

    assert [ruler.read(value) for value in (-1, 0, 1.5, 3, 9)] == [100, 100, 50, 0, 0]


def test_what_weighs_nothing_says_nothing():
    weights = scheme(parts=(1, 0, 1))

    assert index({Input.SATISFACTION: 10}, weights).value is None
    assert index({Input.SATISFACTION: 10}, weights).parts[Part.FEELING] == 100


@pytest.mark.parametrize(
    ("weight", "zero", "full"),
    [(-1, 0, 1), (1, 2, 2), (float("nan"), 0, 1), (1, 0, float("inf"))],
)
def test_a_ruler_that_cannot_measure_is_refused(weight, zero, full):
    with pytest.raises(ValueError, match=r"weight|differ"):
        Ruler(weight, zero, full)


def test_weights_that_leave_nothing_are_refused():
    with pytest.raises(ValueError, match="some part"):
        scheme(parts=(0, 0, 0))
    with pytest.raises(ValueError, match="0 or more"):
        scheme(parts=(1, -1, 1))
    with pytest.raises(ValueError, match="some input"):
        scheme(weight=0)
    with pytest.raises(ValueError, match="every part"):
        Scheme({Part.FEELING: 1}, {})


def test_no_number_is_refused():
    with pytest.raises(ValueError, match="a number"):
        index({Input.BRAND: float("nan")}, scheme())
