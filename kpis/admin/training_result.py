"""What came of a training, drawn and in words."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext, pgettext_lazy

from kpis.admin.boards import drawing
from kpis.charts.drawing import Cell, Chart, Row, Table
from kpis.charts.whiskers import Effect as Drawn
from kpis.charts.whiskers import whiskers
from kpis.metrics.definition import Metric
from kpis.models import TrainingPlace
from kpis.templatetags.figures import change, value, written
from kpis.training.result import Result
from kpis.training.rules import Change, Finding, Side

SAID = {
    Finding.TOO_EARLY: gettext_lazy("too early to tell"),
    Finding.TOO_FEW: pgettext_lazy("training", "too few to tell"),
    Finding.BETTER: gettext_lazy("better than colleagues"),
    Finding.WORSE: gettext_lazy("worse than colleagues"),
    Finding.NOT_SHOWN: gettext_lazy("no difference that could be shown"),
}
LOOKS = {Finding.BETTER: "is-ok", Finding.WORSE: "is-bad"}


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who took part, with their figure in words."""

    place: TrainingPlace
    before: str
    before_n: int
    after: str
    after_n: int
    change: str


def shown(found: Result, places: Sequence[TrainingPlace]) -> dict[str, Any]:
    """What the page says of a result."""
    return {
        "result": found,
        "finding": SAID[found.finding],
        "look": LOOKS.get(found.finding, ""),
        "left_out": found.told.took_part.left_out + found.told.others.left_out if found.told else 0,
        "chart": _chart(found),
        "people": _people(found, places),
    }


def _chart(found: Result) -> Chart | None:
    """The change of those who took part, that of their colleagues, and the difference, with intervals."""
    told = found.told
    if told is None or told.finding == Finding.TOO_FEW:
        return None
    metric, effect, n = found.metric, told.effect, told.took_part.n + told.others.n
    lines = [
        _line(_("took part"), told.took_part),
        _line(_("colleagues"), told.others),
        _Line(_("difference"), n, effect.change, effect.low, effect.high, ("", "")),
    ]
    by, unit = drawing.factor(metric, [abs(end) for one in lines for end in one.ends or ()])
    sides = pgettext("training", "before"), pgettext("training", "after")
    heads = ["", "n", *sides, _("change"), _("95 % interval")]
    return whiskers(
        f"{metric.code.label} · {_('change')}",
        unit,
        [one.drawn(metric, by) for one in lines if one.ends],
        table=Table(heads, [one.row(metric) for one in lines]),
        n=n,
        hint=_("n: people, each counting once; grey: can’t be told from chance"),
    )


@dataclass(frozen=True, slots=True)
class _Line:
    """A change with its interval, and the means that it is between."""

    name: str
    n: int
    middle: float | None
    low: float | None
    high: float | None
    sides: tuple[float | str | None, float | str | None]

    @property
    def ends(self) -> tuple[float, float] | None:
        """Its interval, where it has one."""
        return None if self.low is None or self.high is None else (self.low, self.high)

    def drawn(self, metric: Metric, by: float) -> Drawn:
        """How it is drawn; of one with an interval."""
        low, high = self.ends or (0.0, 0.0)
        middle, is_sure = self.middle or 0.0, low > 0 or high < 0
        return Drawn(
            self.name, middle / by, low / by, high / by, self.n, change(middle, metric.unit), is_sure
        )

    def row(self, metric: Metric) -> Row:
        """The same in words."""
        ends = " … ".join(change(end, metric.unit) for end in self.ends) if self.ends else "—"
        middle = "—" if self.middle is None else change(self.middle, metric.unit)
        texts = [str(self.n), *(_plain(metric, mean) for mean in self.sides), middle, ends]
        return Row(self.name, [Cell(text) for text in texts])


def _line(name: str, of: Side) -> _Line:
    one = of.change
    return _Line(name, of.n, one.difference, one.low, one.high, (of.before, of.after))


def _plain(metric: Metric, mean: float | str | None) -> str:
    if isinstance(mean, str):
        return mean
    return "—" if mean is None else value(mean, metric.unit)


def _people(found: Result, places: Sequence[TrainingPlace]) -> list[Person]:
    by_agent = {one.person: one for one in found.people}
    return [
        _person(found.metric, place, by_agent[place.agent_id])
        for place in places
        if place.agent_id in by_agent
    ]


def _person(metric: Metric, place: TrainingPlace, one: Change) -> Person:
    return Person(
        place,
        written(one.before, metric.unit),
        one.before.n,
        written(one.after, metric.unit),
        one.after.n,
        "" if one.value is None else change(one.value, metric.unit),
    )
