"""The life of an import: uploaded, looked at, queued, run, done. The rows themselves are the engine's."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from compensation.shop_import.engine import Result
from config.common.errors import NotFound, WrongState
from config.common.events import Actor, record
from config.common.models import User
from feedback.models import ImportRun, ImportStatus

SILENCE = timedelta(minutes=5)
"""A running import without a sign of life for so long has lost its worker, and is run again."""
DRAFT_LIVES = timedelta(days=1)


@transaction.atomic
def create(
    *, files: Sequence[str], folder: str, map_name: str, map_text: str, actor: User | None, at: datetime
) -> ImportRun:
    """Keep an import that somebody will look at before it is queued."""
    return ImportRun.objects.create(
        files=list(files),
        folder=folder,
        map_name=map_name[:120],
        map_text=map_text,
        created_by=actor,
        created_at=at,
    )


@transaction.atomic
def queue(*, run_id: int, actor: Actor, at: datetime) -> ImportRun:
    """Let a worker run the import.

    Raises:
        NotFound, WrongState: there is no such import, or it was queued before.
    """
    run = _locked(run_id)
    if run.status != ImportStatus.DRAFT:
        raise WrongState(_("This import was started before."))
    run.status = ImportStatus.QUEUED
    run.save(update_fields=["status"])
    record("import.queued", run, actor=actor, at=at, map=run.map_name)
    return run


@transaction.atomic
def claim(*, run_id: int, at: datetime) -> ImportRun | None:
    """Take a waiting import, or one whose worker fell silent; None when there is nothing to take."""
    run = _locked(run_id)
    silent = run.status == ImportStatus.RUNNING and (run.beat_at is None or run.beat_at < at - SILENCE)
    if run.status != ImportStatus.QUEUED and not silent:
        return None
    run.status = ImportStatus.RUNNING
    run.started_at = run.started_at or at
    run.beat_at = at
    run.save(update_fields=["status", "started_at", "beat_at"])
    return run


@transaction.atomic
def start(*, run_id: int, at: datetime) -> ImportRun:
    """Run a new import at once, by the command line."""
    run = _locked(run_id)
    run.status = ImportStatus.RUNNING
    run.started_at = run.beat_at = at
    run.save(update_fields=["status", "started_at", "beat_at"])
    return run


def show_progress(*, run_id: int, percent: int, doing: str, at: datetime) -> None:
    """Note how far it is, and that its worker lives."""
    ImportRun.objects.filter(pk=run_id, status=ImportStatus.RUNNING).update(
        percent=min(percent, 99), doing=doing[:200], beat_at=at
    )


@transaction.atomic
def finish(*, run_id: int, result: Result, rejected: int, actor: Actor, at: datetime) -> ImportRun:
    """Note what the import did: one event for all its rows."""
    run = _locked(run_id)
    if run.status != ImportStatus.RUNNING:
        raise WrongState
    run.status, run.finished_at = ImportStatus.DONE, at
    run.percent, run.doing = 100, ""
    run.counts = {name: asdict(count) for name, count in result.counts.items()}
    run.rejected, run.failures = rejected, result.failures
    run.save()
    record("import.finished", run, actor=actor, at=at, counts=run.counts, rejected=rejected)
    return run


@transaction.atomic
def fail(*, run_id: int, reason: str, actor: Actor, at: datetime) -> ImportRun:
    """Note that nothing, or not everything, could be imported, and why."""
    run = _locked(run_id)
    run.status, run.finished_at, run.doing = ImportStatus.FAILED, at, ""
    run.failures = [reason]
    run.save(update_fields=["status", "finished_at", "doing", "failures"])
    record("import.failed", run, actor=actor, at=at)
    return run


def _locked(run_id: int) -> ImportRun:
    run = ImportRun.objects.select_for_update(of=("self",)).filter(pk=run_id).first()
    if run is None:
        raise NotFound
    return run


def to_run(*, at: datetime) -> list[int]:
    """The imports that wait, or whose worker fell silent."""
    waiting = Q(status=ImportStatus.QUEUED) | Q(status=ImportStatus.RUNNING, beat_at__lt=at - SILENCE)
    return list(ImportRun.objects.filter(waiting).exclude(folder="").values_list("pk", flat=True))


def forgotten(*, at: datetime) -> list[ImportRun]:
    """Drafts that nobody has started for a day: their files hold personal data."""
    return list(
        ImportRun.objects.filter(status=ImportStatus.DRAFT, created_at__lt=at - DRAFT_LIVES).exclude(
            folder=""
        )
    )


@transaction.atomic
def drop(*, run_id: int) -> None:
    """Forget a draft.

    Raises:
        NotFound, WrongState: there is none, or it was started.
    """
    run = _locked(run_id)
    if run.status != ImportStatus.DRAFT:
        raise WrongState(_("This import was started before."))
    run.delete()
