"""Experiments for screens: the list, and one with its plan, its progress or its result."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import pgettext_lazy

from config.common.models import User
from kpis.experiments import words
from kpis.experiments.held import visible_to
from kpis.experiments.kinds import KINDS
from kpis.experiments.outcomes import OUTCOMES
from kpis.experiments.rules import LEVEL
from kpis.history import history
from kpis.models import ArmCode, Experiment, ExperimentResult


def listed(user: User, narrow: Mapping[str, Any]) -> QuerySet[Experiment]:
    """What somebody may see, the newest first."""
    return visible_to(user).filter(**narrow).select_related("department").order_by("-pk")


HAPPENED = {
    "experiment.planned": pgettext_lazy("experiment", "planned"),
    "experiment.started": pgettext_lazy("experiment", "begun"),
    "experiment.extended": pgettext_lazy("experiment", "given more time"),
    "experiment.split_broken": pgettext_lazy("experiment", "the split is broken"),
    "experiment.harm": pgettext_lazy("experiment", "harm found"),
    "experiment.stopped": pgettext_lazy("experiment", "stopped early"),
    "experiment.ended": pgettext_lazy("experiment", "ended"),
    "experiment.decided": pgettext_lazy("experiment", "decided"),
}


def history_of(experiment: Experiment) -> list[tuple[str, datetime, str]]:
    """What happened to it, the newest first: what, when, and who did it, if somebody did."""
    return history(experiment, HAPPENED)


@dataclass(frozen=True, slots=True)
class Variant:
    """A variant as people read it."""

    code: str
    label: str
    weight: int
    said: str


def variants_of(experiment: Experiment) -> list[Variant]:
    """Both variants."""
    said = KINDS[experiment.kind].said
    return [
        Variant(arm.code, arm.get_code_display(), arm.weight, said(arm.content))
        for arm in experiment.arms.all()
    ]


@dataclass(frozen=True, slots=True)
class Line:
    """A figure of both arms as people read it; `margin` and `harm` of guards only."""

    name: str
    a: str
    a_n: int
    b: str
    b_n: int
    change: str
    interval: str
    p: str
    margin: str = ""
    is_harmed: bool = False


def lines_of(result: ExperimentResult) -> list[Line]:
    """What came out, the outcome first."""
    return [_line(one) for one in (result.numbers["outcome"], *result.numbers["guards"])]


def _line(one: dict[str, Any]) -> Line:
    outcome = OUTCOMES[one["code"]]
    a, b = one[ArmCode.A.value], one[ArmCode.B.value]
    guards = "margin" in one
    return Line(
        name=str(outcome.name),
        a=words.told(outcome, a["value"]),
        a_n=a["n"],
        b=words.told(outcome, b["value"]),
        b_n=b["n"],
        change=words.changed(outcome, one["change"]),
        interval=words.interval(outcome, one["low"], one["high"]),
        p=words.chance(one["harm"] if guards else one["p"]),
        margin=words.changed(outcome, one["margin"]).lstrip("+") if guards else "",
        is_harmed=guards and one["harm"] < LEVEL,
    )
