"""Training: a version of the model from what there is to learn, in service only if it reads better."""

import logging
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext_lazy as _

from config.common.errors import DomainError, NotFound
from config.common.events import record
from config.common.models import User
from feedback.models import TrainedOn, TriageModel, TriageSetup, Trial
from feedback.triage import learning
from feedback.triage.examples import Taught, digest, of_shop, prepared
from feedback.triage.learning import HOLD, LEARN, SETTLE, Example, Learnt
from feedback.triage.reading import reader
from feedback.triage.weights import FEELING, pack, unpack

logger = logging.getLogger(__name__)
MOST_UNSURE = 0.9
"""A model that leaves more than this to people is none."""
LEAST_HELD = 10


class TooLittle(DomainError):
    """There are not enough texts that are clearly good, or clearly bad."""

    code = "too_little"


class NothingNew(DomainError):
    """There is nothing to learn that the last model did not learn."""

    code = "nothing_new"
    default = _("There is nothing new to learn from.")


def train(
    *, actor: User | None, at: datetime, taught: Iterable[Taught] | None = None, again: bool = False
) -> TriageModel:
    """Train a model: on our reviews and corrections, or on `taught` from a file.

    It is put in service if it reads the held-back texts better than what reads now, which is tried on the
    same texts. `again`: also when nothing is new.

    Raises:
        TooLittle: the lexicon goes on reading alone.
        NothingNew: the last model learnt from exactly this.
    """
    setup = TriageSetup.objects.get_or_create(pk=1)[0]
    source = TrainedOn.SHOP if taught is None else TrainedOn.FILE
    if taught is None:
        taught = of_shop(correction_weight=setup.correction_weight)
    examples = prepared(taught, reader().lexicon)
    _check(examples, setup.least_each)
    of = digest(examples)
    last = TriageModel.objects.filter(source=source).defer("weights").order_by("-number").first()
    if last is not None and last.scores.get("of") == of and not again:
        raise NothingNew
    learnt = learning.learn(examples, sure_accuracy=float(setup.sure_accuracy))
    learnt.scores["of"] = of
    return _keep(learnt, examples, source=source, actor=actor, at=at)


def train_by_night(*, at: datetime) -> TriageModel | None:
    """Train on our own texts, unless the setup says not to; see `train`."""
    if TriageSetup.objects.filter(pk=1, trains_nightly=False).exists():
        return None
    return train(actor=None, at=at)


def _check(examples: Sequence[Example], least: int) -> None:
    counts = {good: sum(1 for one in examples if one.is_good is good) for good in (True, False)}
    parts = {(one.part, one.is_good) for one in examples}
    is_enough = min(counts.values()) >= least
    if not is_enough or not all((part, good) in parts for part in (LEARN, SETTLE, HOLD) for good in counts):
        raise TooLittle(
            _(
                "There are %(good)s good and %(bad)s bad texts to learn from; %(least)s of each are needed. "
                "The lexicon reads alone."
            )
            % {"good": counts[True], "bad": counts[False], "least": least}
        )


@transaction.atomic
def _keep(
    learnt: Learnt, examples: Sequence[Example], *, source: TrainedOn, actor: User | None, at: datetime
) -> TriageModel:
    """Write the version, and put it in service if it is better than the one that is."""
    _hold()
    serving = TriageModel.objects.filter(in_service=True).first()
    held = [one for one in examples if one.part == HOLD]
    before = measured(serving, held)
    learnt.scores["before"] = {"version": serving.number if serving else None, **before}
    trial = _trial(learnt.scores, before)
    content, checked = pack(learnt.weights)
    model = TriageModel.objects.create(
        number=(TriageModel.objects.aggregate(last=Max("number"))["last"] or 0) + 1,
        source=source,
        trained_at=at,
        trained_by=actor,
        texts=learnt.texts,
        held_back=learnt.held_back,
        corrections=sum(1 for one in examples if one.weight > 1),
        scores=learnt.scores,
        weights=content,
        digest=checked,
        trial=trial,
    )
    record("triage.trained", model, actor=actor, at=at, trial=trial, number=model.number)
    if trial == Trial.BETTER:
        _serve(model, actor, at)
    return model


def _trial(scores: dict[str, Any], before: dict[str, Any]) -> Trial:
    if (scores["unsure"] or 0) > MOST_UNSURE or scores["n"] < LEAST_HELD:
        return Trial.UNSURE
    return Trial.BETTER if learning.is_better(scores, before) else Trial.NOT_BETTER


def measured(model: TriageModel | None, held: Sequence[Example]) -> dict[str, Any]:
    """How a model reads some texts; without one, how the lexicon does."""
    if model is not None:
        try:
            weights = unpack(bytes(model.weights), model.digest)
        except DomainError:
            logger.exception("triage model %s cannot be read", model)
        else:
            return learning.measure(held, learning.totals(weights, held), weights.heads[FEELING])
    return learning.measure_lexicon(held)


@transaction.atomic
def serve(*, model_id: int | None, actor: User, at: datetime) -> TriageModel | None:
    """Put a version in service, an old one too; None: the lexicon reads alone.

    Raises:
        NotFound: there is no such version.
        DomainError: its weights are damaged.
    """
    _hold()
    if model_id is None:
        stopped = TriageModel.objects.filter(in_service=True).first()
        if stopped is not None:
            stopped.in_service = False
            stopped.save(update_fields=["in_service"])
            record("triage.stopped", stopped, actor=actor, at=at, number=stopped.number)
        return None
    model = TriageModel.objects.filter(pk=model_id).first()
    if model is None:
        raise NotFound
    unpack(bytes(model.weights), model.digest)
    if not model.in_service:
        _serve(model, actor, at)
    return model


def _serve(model: TriageModel, actor: User | None, at: datetime) -> None:
    TriageModel.objects.filter(in_service=True).update(in_service=False)
    model.in_service, model.served_at = True, at
    model.save(update_fields=["in_service", "served_at"])
    record("triage.served", model, actor=actor, at=at, number=model.number)


def _hold() -> None:
    """One training or change at a time."""
    TriageSetup.objects.get_or_create(pk=1)
    TriageSetup.objects.select_for_update().get(pk=1)
