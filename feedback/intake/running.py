"""Running an import from beginning to end, for the command line and for workers."""

import secrets
import shutil
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime
from pathlib import Path
from time import monotonic
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _

from compensation.shop_import.engine import Tell
from compensation.shop_import.errors import FileError
from compensation.shop_import.reports import Report
from config.common.errors import DomainError
from config.common.models import User
from feedback.intake import commands, shop
from feedback.models import ImportRun

REJECTED = "rejected.csv"
TELL_SECONDS = 1.0


def folder_of(run: ImportRun) -> Path:
    """Where the files of an import and the report of its rejects are; shared by web servers and workers."""
    return Path(settings.MEDIA_ROOT) / "imports" / run.folder


def keep_uploads(uploads: "Iterable[UploadedFile[Any]]") -> tuple[str, list[str]]:
    """Write uploaded files to a folder of their own, in pieces; give the folder and the names.

    Raises:
        FileError: two files have the same name, or one has none.
    """
    folder = secrets.token_hex(16)
    home = Path(settings.MEDIA_ROOT) / "imports" / folder
    home.mkdir(parents=True, mode=0o700)
    names: list[str] = []
    try:
        for upload in uploads:
            name = _safe_name(upload.name, names)
            names.append(name)
            with (home / name).open("wb") as file:
                for chunk in upload.chunks():
                    file.write(chunk)
    except BaseException:
        shutil.rmtree(home, ignore_errors=True)
        raise
    return folder, names


def _safe_name(given: str | None, taken: Collection[str]) -> str:
    name = Path(given or "").name
    if not name or name.startswith(".") or name in taken or name == REJECTED:
        raise FileError(_("A file named {name} cannot be taken.").format(name=name or "-"))
    return name


def discard(run: ImportRun) -> None:
    """Forget a draft and its files."""
    commands.drop(run_id=run.pk)
    shutil.rmtree(folder_of(run), ignore_errors=True)


def in_background(run: ImportRun, *, clock: Callable[[], datetime]) -> ImportRun:
    """Run an import of uploaded files in a worker, and remove them when it has ended."""
    home = folder_of(run)
    parts = {name: (home / name).stat().st_size if (home / name).exists() else 0 for name in run.files}
    told = monotonic()

    def tell(entity: str, file: str, done: int, total: int) -> None:
        nonlocal told
        if monotonic() - told >= TELL_SECONDS:
            told = monotonic()
            share = done / total if total else 0
            before = sum(list(parts.values())[: list(parts).index(file)])
            percent = 100 * (before + share * parts[file]) / (sum(parts.values()) or 1)
            commands.show_progress(
                run_id=run.pk, percent=int(percent), doing=f"{entity} {file}".strip(), at=clock()
            )

    done = perform(
        run,
        files=[home / name for name in run.files],
        report=home / REJECTED,
        actor=run.created_by,
        tell=tell,
        clock=clock,
    )
    for name in run.files:
        (home / name).unlink(missing_ok=True)
    return done


def perform(
    run: ImportRun,
    *,
    files: Sequence[Path],
    report: Path,
    actor: User | None,
    tell: Tell,
    clock: Callable[[], datetime],
) -> ImportRun:
    """Run a claimed import; what the map or the files have against it is kept in the run.

    Running it again, after a worker died in the middle, writes only what is not there yet.
    """
    at = clock()
    try:
        work = shop.of_files(files, shop.parse_map(run.map_text), actor)
        with Report(report) as rejects:
            result = work.run(at=at, report=rejects, tell=tell)
    except DomainError as error:
        return commands.fail(run_id=run.pk, reason=str(error), actor=actor, at=clock())
    return commands.finish(run_id=run.pk, result=result, rejected=rejects.count, actor=actor, at=clock())
