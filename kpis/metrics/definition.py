"""A defined figure: what is divided by what, from which rows, what is left out, how it is read."""

from dataclasses import dataclass, replace
from enum import StrEnum
from functools import reduce
from math import inf

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from kpis.metrics import rules
from kpis.metrics.rules import Counted, Figure, Form
from kpis.metrics.sources import Source
from kpis.models import Dimension, Direction, MetricCode


class Unit(StrEnum):
    """What a value is read in; durations are counted in seconds."""

    PERCENT = "%"
    OF_FIVE = "/ 5"
    POINTS = "points"
    DURATION = "duration"


SCALES = {
    Unit.PERCENT: (0.0, 100.0),
    Unit.OF_FIVE: (1.0, 5.0),
    Unit.POINTS: (-100.0, 100.0),
    Unit.DURATION: (0.0, inf),
}
"""From where to where a mean can be."""


@dataclass(frozen=True, slots=True)
class Metric:
    """A defined figure. `sources` are the rows it is counted from, those above the line last."""

    code: MetricCode
    form: Form
    unit: Unit
    better: Direction
    sources: tuple[Source, ...]
    numerator: str | Promise
    denominator: str | Promise
    left_out: str | Promise
    formula: str | Promise

    @property
    def dimensions(self) -> frozenset[Dimension]:
        """By what it can be told apart: what all of its rows name."""
        return reduce(frozenset.__and__, (source.dimensions for source in self.sources))

    @property
    def by_department(self) -> bool:
        """Whether departments have it."""
        return Dimension.DEPARTMENT in self.dimensions

    @property
    def scale(self) -> int:
        """What its ratio is multiplied by to be read in its unit."""
        return 1 if self.form is Form.MEAN else 100

    def figure(self, counted: Counted) -> Figure:
        """Read what was counted; the interval of a mean ends where its scale does."""
        found = rules.figure(self.form, counted)
        if self.form is not Form.MEAN or found.low is None or found.high is None:
            return found
        least, most = SCALES[self.unit]
        return replace(found, low=max(found.low, least), high=min(found.high, most))


SHARE_OF = _("Counted ÷ measured, in percent; 95 % interval after Wilson (1927).")
MEAN_OF = _("Sum ÷ measured; 95 % interval after Student, within the scale.")
RATIO_OF = _("Counted ÷ measured, in percent; 95 % interval of a Poisson count after Garwood (1936).")
