"""A defined figure: what is divided by what, from which rows, what is left out, how it is read."""

from dataclasses import dataclass
from enum import StrEnum
from functools import reduce

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
        """Read what was counted."""
        return rules.figure(self.form, counted)


SHARE_OF = _("Counted ÷ measured, in percent; 95 % interval after Wilson (1927).")
MEAN_OF = _("Sum ÷ measured; 95 % interval after Student.")
RATIO_OF = _("Counted ÷ measured, in percent; 95 % interval of a Poisson count after Garwood (1936).")
