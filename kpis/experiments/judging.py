"""How far an experiment is, and, once it is over, what came out.

While it runs only how many were exposed and measured is told, never what was measured: who looks again and
again, and stops when it looks good, finds differences where there are none.
"""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count
from django.utils import timezone

from kpis.experiments import rules
from kpis.experiments.outcomes import OUTCOMES, Outcome, measured
from kpis.experiments.rules import RARE, Arm, Difference, Judged
from kpis.models import ArmCode, Experiment, ExperimentGuard

A, B = ArmCode.A.value, ArmCode.B.value


@dataclass(frozen=True, slots=True)
class Progress:
    """Where an experiment stands, without what was measured."""

    exposed: dict[str, int]
    """By arm."""
    measured: int
    """In both arms."""
    worth: int
    """What the arms are worth as two of the same size: that many of the planned size."""
    split: float
    days_over: bool

    @property
    def is_broken(self) -> bool:
        """Whether members are split otherwise than they should be."""
        return self.split < RARE

    @property
    def in_all(self) -> int:
        """How many were exposed."""
        return sum(self.exposed.values())

    def is_full(self, experiment: Experiment) -> bool:
        """Whether both the planned size and the planned end are reached."""
        return self.days_over and self.worth >= experiment.size


def weights_of(experiment: Experiment) -> dict[str, int]:
    """The shares of its arms."""
    return dict(experiment.arms.values_list("code", "weight"))


def counts_of(experiment: Experiment) -> dict[str, int]:
    """How many were exposed, by arm."""
    rows = experiment.exposures.values_list("arm__code").annotate(Count("pk"))
    return dict.fromkeys((A, B), 0) | dict(rows)


def progress(experiment: Experiment, *, at: datetime) -> Progress:
    """How far one that runs, or is over, has come."""
    counts = counts_of(experiment)
    arms = measured(OUTCOMES[experiment.outcome], experiment, at=at)
    return Progress(
        exposed=counts,
        measured=arms[A].n + arms[B].n,
        worth=int(rules.effective(arms[A].n, arms[B].n)),
        split=rules.split_of(counts, weights_of(experiment)),
        days_over=experiment.ends_on is not None and timezone.localdate(at) > experiment.ends_on,
    )


def harms(experiment: Experiment, *, at: datetime) -> list[tuple[ExperimentGuard, dict[str, Arm], float]]:
    """The guards with what was measured of each, and how likely no harm was done (before Holm)."""
    found = []
    for guard in experiment.guards.order_by("pk"):
        outcome = OUTCOMES[guard.outcome]
        arms = measured(outcome, experiment, at=at)
        chance = rules.harm(outcome.form, arms[A], arms[B], outcome.better, float(guard.margin))
        found.append((guard, arms, chance))
    return found


def judge(experiment: Experiment, *, at: datetime) -> tuple[Judged, dict[str, Any]]:
    """What came out, and its numbers as JSON values: those of the outcome, and of each guard."""
    outcome = OUTCOMES[experiment.outcome]
    arms = measured(outcome, experiment, at=at)
    main = rules.compare(outcome.form, arms[A], arms[B])
    guarded = harms(experiment, at=at)
    counts = counts_of(experiment)
    judged = rules.judge(
        split=rules.split_of(counts, weights_of(experiment)),
        main=main,
        better=outcome.better,
        harms=[0.0 if guard.harmed_at else chance for guard, _arms, chance in guarded],
    )
    adjusted = zip(guarded, judged.guards, strict=True)
    return judged, {
        "exposed": counts,
        "immature": sum(counts.values()) - _mature(experiment, at),
        "split": judged.split,
        "outcome": _numbers(outcome, arms, main),
        "guards": [
            {
                **_numbers(OUTCOMES[guard.outcome], found, _compared(guard, found)),
                "margin": float(guard.margin),
                "harm": p,
            }
            for (guard, found, _chance), p in adjusted
        ],
    }


def _mature(experiment: Experiment, at: datetime) -> int:
    return experiment.exposures.filter(at__lte=at - timedelta(experiment.window)).count()


def _compared(guard: ExperimentGuard, arms: dict[str, Arm]) -> Difference:
    return rules.compare(OUTCOMES[guard.outcome].form, arms[A], arms[B])


def _numbers(outcome: Outcome, arms: dict[str, Arm], compared: Difference) -> dict[str, Any]:
    scale = 100 if outcome.form is rules.Form.SHARE else 1
    return {
        "code": outcome.code,
        **{
            code: {"n": one.n, "value": None if one.mean is None else scale * one.mean}
            for code, one in arms.items()
        },
        **asdict(compared),
    }
