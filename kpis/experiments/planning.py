"""Plans of experiments: what is tested, judged by what, and how many members that takes."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from config.common.errors import Invalid, MoveNotAllowed, NotPermitted
from config.common.events import record
from config.common.models import User
from feedback.models import Department
from kpis.deadlines.given import text_of
from kpis.experiments import rules
from kpis.experiments.held import ADD, departments_for, held
from kpis.experiments.kinds import KINDS
from kpis.experiments.outcomes import OUTCOMES, Outcome, before
from kpis.models import ArmCode, Experiment, ExperimentArm, ExperimentGuard, ExperimentStatus
from kpis.models.experiment import SETTING, TITLE, WORDS

LEAST, MOST = Decimal("0.001"), Decimal(10**8)
LEAST_POWER, MOST_POWER = Decimal("0.5"), Decimal("0.99")
MOST_DAYS, MOST_WINDOW = 365, 90
WEEK = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Judging:
    """By what an experiment is judged: the smallest difference worth having in the outcome's own unit.

    `share_b` of a hundred members get B. A member is measured for `window` days from when they were first
    exposed; the whole runs for `days`, and on until enough were measured.
    """

    outcome: str
    effect: Decimal
    power: Decimal = Decimal("0.8")
    share_b: int = 50
    window: int = 14
    days: int = 28

    @property
    def weights(self) -> dict[str, int]:
        """Of a hundred members, how many get which variant."""
        return {ArmCode.A.value: 100 - self.share_b, ArmCode.B.value: self.share_b}


@dataclass(frozen=True, slots=True)
class Sized:
    """How many members it takes: in each arm of two alike, and in all as they are split."""

    outcome: Outcome
    baseline: float
    """In the outcome's unit."""
    baseline_n: int
    size: int
    in_all: int


def sized(judging: Judging, *, kind: str, key: str, at: datetime) -> Sized:
    """Work out how many members it takes, from what the outcome was of those who met the setting before.

    Raises:
        Invalid: the setting is none, it is no outcome to plan by, the numbers make no sense, or too little
            was measured before.
    """
    setting = KINDS.get(kind)
    if setting is None or setting.now(key) is None:
        raise Invalid(_("Choose a setting that is in force."), field="key")
    outcome = OUTCOMES.get(judging.outcome)
    if outcome is None or outcome.only_guards:
        raise Invalid(_("Choose what it is judged by."), field="outcome")
    _check_numbers(judging)
    was = before(outcome, setting.trace(key), timedelta(judging.window), at=at)
    try:
        size = rules.planned(outcome.form, was, float(judging.effect), float(judging.power), outcome.better)
    except ValueError as error:
        if was.n < rules.FEWEST:
            raise Invalid(
                _("Too little of it was measured in the last 120 days to plan by."), field="outcome"
            ) from error
        raise Invalid(_("From what it was before, it can't change by so much."), field="effect") from error
    mean = was.total / was.n
    return Sized(
        outcome,
        100 * mean if outcome.form is rules.Form.SHARE else mean,
        was.n,
        size,
        rules.in_all(size, judging.weights),
    )


def _check_numbers(judging: Judging) -> None:
    if not (judging.effect.is_finite() and LEAST <= judging.effect < MOST):
        raise Invalid(_("Say which difference is worth having, above nothing."), field="effect")
    if not LEAST_POWER <= judging.power <= MOST_POWER:
        raise Invalid(_("Choose a power from 0.5 to 0.99."), field="power")
    if not 0 < judging.share_b < 100:  # noqa: PLR2004 - per cent
        raise Invalid(_("Both variants need a share: 1 to 99 per cent."), field="share_b")
    if not 0 < judging.window <= MOST_WINDOW:
        raise Invalid(_("Choose 1 to 90 days."), field="window")
    if not judging.window + WEEK <= judging.days <= MOST_DAYS:
        raise Invalid(
            _("It runs for a week longer than each member is measured, and for a year at most."), field="days"
        )


@transaction.atomic
def plan(
    *,
    title: str,
    department: Department,
    kind: str,
    key: str,
    variant: Mapping[str, Any],
    judging: Judging,
    guards: Mapping[str, Decimal],
    hypothesis: str = "",
    actor: User | None,
    at: datetime,
) -> Experiment:
    """Plan an experiment as a draft. `variant` is what was answered to what the setting's kind asks.

    Raises:
        NotPermitted: this person may not, or not for this department.
        Invalid: a text, the setting, the variant, the outcome, a number or a guard is none.
    """
    if actor is not None and not actor.has_perm(ADD):
        raise NotPermitted
    if actor is not None and not departments_for(actor).filter(pk=department.pk).exists():
        raise NotPermitted(_("This is not one of your departments."))
    setting = KINDS.get(kind)
    named = dict(setting.listed()).get(key) if setting else None
    now = setting.now(key) if setting and named else None
    if setting is None or named is None or now is None:
        raise Invalid(_("Choose a setting that is in force."), field="key")
    content = setting.parse(now, variant)
    if content == now:
        raise Invalid(_("A variant says something else than the setting."))
    found = sized(judging, kind=kind, key=key, at=at)
    made = Experiment.objects.create(
        title=text_of(title, TITLE, "title"),
        hypothesis=text_of(hypothesis, WORDS, "hypothesis", is_needed=False),
        department=department,
        kind=kind,
        key=key,
        named=named[:SETTING],
        outcome=found.outcome.code,
        baseline=found.baseline,
        effect=judging.effect,
        power=judging.power,
        size=found.size,
        window=judging.window,
        days=judging.days,
        salt=secrets.token_hex(16),
        made_by=actor,
        made_at=at,
    )
    contents = {ArmCode.A.value: now, ArmCode.B.value: content}
    ExperimentArm.objects.bulk_create(
        ExperimentArm(experiment=made, code=code, weight=weight, content=dict(contents[code]))
        for code, weight in judging.weights.items()
    )
    _guard(made, guards)
    record(
        "experiment.planned",
        made,
        actor=actor,
        at=at,
        of=kind,
        setting=key,
        outcome=made.outcome,
        size=made.size,
        days=made.days,
        department=department.pk,
    )
    return made


def _guard(experiment: Experiment, guards: Mapping[str, Decimal]) -> None:
    for code, margin in guards.items():
        if code not in OUTCOMES or code == experiment.outcome:
            raise Invalid(_("A guard is another figure than the one it is judged by."), field="guards")
        if not (margin.is_finite() and 0 <= margin < MOST):
            raise Invalid(_("Say by how much it may be worse, nothing or more."), field="guards")
    ExperimentGuard.objects.bulk_create(
        ExperimentGuard(experiment=experiment, outcome=code, margin=margin) for code, margin in guards.items()
    )


@transaction.atomic
def discard(*, experiment_id: int, actor: User | None, at: datetime) -> None:
    """Throw a draft away; that there was one stays on record.

    Raises:
        NotFound, NotPermitted: see `held`.
        MoveNotAllowed: it has begun.
    """
    found = held(experiment_id, actor, ADD)
    if found.status != ExperimentStatus.DRAFT:
        raise MoveNotAllowed(_("An experiment that has begun stays on record."))
    record("experiment.discarded", found, actor=actor, at=at, setting=found.key)
    found.delete()
