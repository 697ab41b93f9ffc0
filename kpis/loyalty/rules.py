"""How loyal a member is: what they do, feel and believe, each from what is on record. Pure.

An input is put on 0–100 by two marks: what counts as nothing, and what counts as all one could wish. A part
is the weighted mean of the inputs that are there, the index that of the parts that are there. Nothing known
is None and never 0: a member who was never asked is not a disappointed one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import isfinite, isnan


class Part(StrEnum):
    """What loyalty is made of."""

    BEHAVIOUR = "behaviour"
    FEELING = "feeling"
    BELIEF = "belief"


class Input(StrEnum):
    """What a part is made of."""

    FREQUENCY = "frequency"
    AMOUNT = "amount"
    INTERACTION = "interaction"
    SATISFACTION = "satisfaction"
    TRUST = "trust"
    BRAND = "brand"
    PRODUCT = "product"
    SERVICE = "service"


INPUTS = {
    Part.BEHAVIOUR: (Input.FREQUENCY, Input.AMOUNT, Input.INTERACTION),
    Part.FEELING: (Input.SATISFACTION, Input.TRUST),
    Part.BELIEF: (Input.BRAND, Input.PRODUCT, Input.SERVICE),
}


@dataclass(frozen=True, slots=True)
class Ruler:
    """How an input is read: its weight within its part, what is 0 and what is 100.

    Where `full` is below `zero`, less is better, as of broken promises.
    """

    weight: float
    zero: float
    full: float

    def __post_init__(self) -> None:
        """Refuse what can't measure.

        Raises:
            ValueError: a weight below 0, marks that are the same, or any of them no finite number.
        """
        if not all(map(isfinite, (self.weight, self.zero, self.full))):
            raise ValueError("weight and marks are finite")
        if self.weight < 0:
            raise ValueError("a weight is 0 or more")
        if self.zero == self.full:
            raise ValueError("what is 0 and what is 100 differ")

    def read(self, value: float) -> float:
        """A value on 0–100: in proportion between the marks, no less and no more beyond them.

        Raises:
            ValueError: the value is no number.
        """
        if isnan(value):
            raise ValueError("a value is a number")
        low, high = sorted((self.zero, self.full))
        share = (min(max(value, low), high) - low) / (high - low)
        return 100 * (share if self.full > self.zero else 1 - share)


@dataclass(frozen=True, slots=True)
class Scheme:
    """The weights of the parts and the rulers of the inputs: one version of them."""

    parts: Mapping[Part, float]
    inputs: Mapping[Input, Ruler]

    def __post_init__(self) -> None:
        """Refuse weights that leave nothing to weigh.

        Raises:
            ValueError: a part or an input without weight or ruler, a part's weight below 0 or not finite, no
                weight at all, or a part with a weight all of whose inputs weigh nothing.
        """
        if set(self.parts) != set(Part) or set(self.inputs) != set(Input):
            raise ValueError("every part has a weight and every input a ruler")
        if not all(isfinite(weight) and weight >= 0 for weight in self.parts.values()):
            raise ValueError("a weight is 0 or more")
        if not any(self.parts.values()):
            raise ValueError("some part has a weight")
        for part, weight in self.parts.items():
            if weight and not any(self.inputs[name].weight for name in INPUTS[part]):
                raise ValueError(f"some input of {part} has a weight")


@dataclass(frozen=True, slots=True)
class Index:
    """How loyal a member is, 0–100, with what it was made of; None where nothing is known."""

    value: float | None
    parts: Mapping[Part, float | None]
    inputs: Mapping[Input, float | None]

    @property
    def missing(self) -> tuple[Part, ...]:
        """The parts that nothing is known of, in their order."""
        return tuple(part for part in Part if self.parts[part] is None)


def index(known: Mapping[Input, float | None], scheme: Scheme) -> Index:
    """The index of a member of whom `known` is on record, in the inputs' own units.

    What isn't known, or weighs nothing, is left out and the rest keeps its proportions.

    Raises:
        ValueError: a value is no number.
    """
    inputs: dict[Input, float | None] = {}
    for name, ruler in scheme.inputs.items():
        value = known.get(name)
        inputs[name] = None if value is None else ruler.read(value)
    parts: dict[Part, float | None] = {
        part: _mean([(inputs[name], scheme.inputs[name].weight) for name in names])
        for part, names in INPUTS.items()
    }
    return Index(_mean([(parts[part], scheme.parts[part]) for part in Part]), parts, inputs)


def _mean(weighed: list[tuple[float | None, float]]) -> float | None:
    """The weighted mean of what is there."""
    there = [(value, weight) for value, weight in weighed if value is not None and weight]
    if not there:
        return None
    heaviest = max(weight for _value, weight in there)  # so that neither sum leaves a float's range
    total = sum(weight / heaviest for _value, weight in there)
    return min(100.0, sum(value * (weight / heaviest) for value, weight in there) / total)
