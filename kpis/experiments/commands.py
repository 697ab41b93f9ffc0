"""Experiments: begun, given more time, stopped, ended, decided; harm that is found is told once."""

from datetime import date, datetime, timedelta

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from config.common.errors import Invalid, MoveNotAllowed, Taken
from config.common.events import record
from config.common.models import User
from kpis.deadlines.given import text_of
from kpis.experiments import judging, rules, telling
from kpis.experiments.held import check_move, held
from kpis.experiments.kinds import KINDS
from kpis.experiments.planning import MOST_DAYS
from kpis.models import ArmCode, Experiment, ExperimentResult, ExperimentStatus, Finding
from kpis.models.experiment import SETTING, WORDS
from kpis.stats import holm

S = ExperimentStatus


@transaction.atomic
def start(*, experiment_id: int, actor: User | None, at: datetime) -> Experiment:
    """Begin: from now on whoever comes to the setting gets one of the variants.

    Raises:
        NotFound, NotPermitted: see `held`.
        MoveNotAllowed: it has begun before, or the setting is another than when it was planned.
        Taken: another experiment runs with this setting.
    """
    found = held(experiment_id, actor)
    check_move(found, S.RUNNING)
    if KINDS[found.kind].now(found.key) != found.arms.get(code=ArmCode.A).content:
        raise MoveNotAllowed(_("The setting was changed since: plan the experiment anew."))
    found.status, found.started_at = S.RUNNING, at
    found.ends_on = timezone.localdate(at) + timedelta(found.days)
    try:
        with transaction.atomic():
            found.save(update_fields=["status", "started_at", "ends_on"])
    except IntegrityError as error:
        raise Taken(_("Another experiment runs with this setting: one at a time.")) from error
    record("experiment.started", found, actor=actor, at=at, ends=f"{found.ends_on}", size=found.size)
    return found


@transaction.atomic
def extend(*, experiment_id: int, until: date, actor: User | None, at: datetime) -> Experiment:
    """Let it run longer. Nobody knows how it stands, so this favours nothing; the size stays.

    Raises:
        NotFound, NotPermitted: see `held`.
        MoveNotAllowed: it does not run.
        Invalid: the day is not later than the planned end, or more than a year away.
    """
    found = held(experiment_id, actor)
    if found.status != S.RUNNING or found.ends_on is None:
        raise MoveNotAllowed
    if not found.ends_on < until <= timezone.localdate(at) + timedelta(MOST_DAYS):
        raise Invalid(_("Choose a day after the planned end, within a year."), field="until")
    found.ends_on = until
    found.save(update_fields=["ends_on"])
    record("experiment.extended", found, actor=actor, at=at, ends=f"{until}")
    return found


@transaction.atomic
def stop(*, experiment_id: int, reason: str, actor: User | None, at: datetime) -> Experiment:
    """Stop it before its time: there will be no verdict, and the setting stays as it was.

    Raises:
        NotFound, NotPermitted: see `held`.
        MoveNotAllowed: it does not run.
        Invalid: no reason is given, or too long a one.
    """
    found = held(experiment_id, actor)
    check_move(found, S.ENDED)
    found.stop_reason = text_of(reason, WORDS, "reason")
    _end(found, Finding.STOPPED, at)
    record("experiment.stopped", found, actor=actor, at=at)
    return found


@transaction.atomic
def end(*, experiment_id: int, actor: User | None, at: datetime) -> Experiment:
    """End it, reckon what came out, and keep that.

    Raises:
        NotFound, NotPermitted: see `held`.
        MoveNotAllowed: it does not run, or the planned size or end is not reached.
    """
    found = held(experiment_id, actor)
    check_move(found, S.ENDED)
    if not judging.progress(found, at=at).is_full(found):
        raise MoveNotAllowed(_("There is no verdict before the planned size and the planned end."))
    judged, numbers = judging.judge(found, at=at)
    for guard, p in zip(found.guards.order_by("pk"), judged.guards, strict=True):
        if p < rules.LEVEL and guard.harmed_at is None:
            guard.harmed_at = at
            guard.save(update_fields=["harmed_at"])
    _end(found, judged.finding, at)
    ExperimentResult.objects.create(experiment=found, at=at, numbers=numbers)
    record("experiment.ended", found, actor=actor, at=at, finding=found.finding)
    telling.tell_ended(found, at=at)
    return found


def _end(found: Experiment, finding: Finding, at: datetime) -> None:
    found.status, found.ended_at, found.finding = S.ENDED, at, finding
    found.save(update_fields=["status", "ended_at", "finding", "stop_reason"])


@transaction.atomic
def decide(*, experiment_id: int, keep: str, reason: str, actor: User | None, at: datetime) -> Experiment:
    """Ship B, or stay with A: then the setting stays as it stands now, also where it was edited meanwhile.

    B is written as a new version by the command of the setting's own app, which asks for the right to it.
    Where it says so already, it stays that version.

    Raises:
        NotFound, NotPermitted: see `held`; or the person may not change the setting.
        MoveNotAllowed: it has not ended, or was decided; or B would write over what somebody changed since it
            began.
        Invalid: no reason; no such variant; one that was not judged cannot be shipped.
        DomainError: the setting cannot be written now; see the command of its kind.
    """
    found = held(experiment_id, actor)
    check_move(found, S.DECIDED)
    if keep not in rules.may_keep(found.finding):
        raise Invalid(_("Without a verdict the setting stays as it was."), field="keep")
    found.reason = text_of(reason, WORDS, "reason")
    if keep == ArmCode.B:
        found.written = _ship(found, actor, at)[:SETTING]
    found.status, found.decided_at, found.kept = S.DECIDED, at, keep
    found.save(update_fields=["status", "decided_at", "kept", "reason", "written"])
    record("experiment.decided", found, actor=actor, at=at, kept=keep, version=found.written)
    return found


def _ship(found: Experiment, actor: User | None, at: datetime) -> str:
    """Have the setting say what B says; gives the version that was written, or nothing."""
    setting, said = KINDS[found.kind], dict(found.arms.values_list("code", "content"))
    setting.hold(found.key)  # who edits it at this moment comes before or after, not in between
    now = setting.now(found.key)
    if now == said[ArmCode.B]:
        return ""
    if now != said[ArmCode.A]:
        raise MoveNotAllowed(
            _(
                "The setting was changed since the experiment began, and B was never held against what it "
                "says now. Stay with A to leave it so, or put it back first."
            )
        )
    return setting.write(found.key, said[ArmCode.B], f"experiment:{found.pk}", actor, at)


def watch(*, at: datetime) -> int:
    """Look at all that run: end those that are full, and tell of harm and of broken splits, each once.

    Gives how many were ended or told of.
    """
    running = Experiment.objects.filter(status=S.RUNNING).order_by("pk").values_list("pk", flat=True)
    return sum(_watch(pk, at) for pk in running)


@transaction.atomic
def _watch(experiment_id: int, at: datetime) -> int:
    found = held(experiment_id, None)
    if found.status != S.RUNNING:
        return 0
    progress = judging.progress(found, at=at)
    if progress.is_full(found):
        end(experiment_id=found.pk, actor=None, at=at)
        return 1
    told = 0
    if progress.is_broken and found.split_told_at is None:
        found.split_told_at = at
        found.save(update_fields=["split_told_at"])
        record("experiment.split_broken", found, actor=None, at=at, p=progress.split)
        telling.tell_split(found, at=at)
        told += 1
    guarded = judging.harms(found, at=at)
    adjusted = holm([chance for _guard, _arms, chance in guarded])
    for (guard, _arms, _chance), p in zip(guarded, adjusted, strict=True):
        if p < rules.RARE and guard.harmed_at is None:
            guard.harmed_at = at
            guard.save(update_fields=["harmed_at"])
            record("experiment.harm", found, actor=None, at=at, guard=guard.outcome, p=p)
            telling.tell_harm(found, guard, at=at)
            told += 1
    return told
