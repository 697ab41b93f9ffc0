"""Which goal holds for what: a narrower one beats that of the whole, the newest version that had begun."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date

from kpis.metrics.catalogue import METRICS
from kpis.metrics.rules import Goal
from kpis.models import Dimension, Grain, MetricCode, Target
from kpis.snapshots.calendar import period_of
from kpis.targets.rules import in_force

Place = tuple[str, str]
"""A dimension and a key of it; the whole is apart from nothing."""
WHOLE: Place = (Dimension.WHOLE, "")
GRAINS = (Grain.MONTH, Grain.QUARTER, Grain.WEEK)
"""Where one goal has to stand for all: that of the month first."""


def goal_of(target: Target) -> Goal | None:
    """What a version says; None where it says that there is none of its own."""
    if target.goal is None:
        return None
    better = METRICS[MetricCode(target.metric)].better
    return Goal(better, float(target.goal), float(target.warning))


class Goals:
    """All versions of all goals, read once."""

    def __init__(self) -> None:
        """Read them, in one query."""
        self._versions: dict[tuple[str, Place, str], list[Target]] = defaultdict(list)
        for one in Target.objects.select_related("owner"):
            self._versions[one.metric, (one.dimension, one.key), one.grain].append(one)

    @property
    def kept(self) -> Sequence[tuple[MetricCode, Place, Grain]]:
        """For what there are versions."""
        return [(MetricCode(code), place, Grain(grain)) for code, place, grain in self._versions]

    def versions(self, code: MetricCode, place: Place, grain: Grain) -> list[Target]:
        """The versions of one goal, the newest first."""
        return sorted(self._versions.get((code, place, grain), []), key=lambda one: one.since, reverse=True)

    def target(self, code: MetricCode, place: Place, grain: Grain, first: date) -> Target | None:
        """The version that a period is judged by: its own, else the whole's; None where there is no goal."""
        for one in dict.fromkeys((place, WHOLE)):
            found = in_force(self._versions.get((code, one, grain), ()), first)
            if found and found.goal is not None:
                return found
        return None

    def of_day(self, code: MetricCode, place: Place, day: date) -> tuple[Grain, Target] | None:
        """The goal that a figure is held against on a day, where one stands for all lengths of periods."""
        for grain in GRAINS:
            found = self.target(code, place, grain, period_of(day, grain)[0])
            if found:
                return grain, found
        return None
