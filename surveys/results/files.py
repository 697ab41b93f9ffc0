"""Files of all responses, made by a worker: as many rows as there are, and only for whoever asked.

What somebody may see is looked at twice: when the file is made, and when it is taken. It is made of what the
page tells at that moment, so that of anonymous waves it holds the weeks that are told of, and no kind of row
that fewer than the smallest cell have.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from io import SEEK_END
from itertools import chain
from tempfile import TemporaryFile
from typing import IO, Any
from uuid import UUID

from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import FileResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override

from config.common.errors import DomainError, Invalid, NotFound, NotPermitted, WrongState
from config.common.events import record
from config.common.models import User
from config.common.sheets import EXPORTS, Row, in_lines, write_book
from surveys.models import FileState, ResultFile
from surveys.results import export
from surveys.results.asking import Look, look
from surveys.results.reach import narrow_for

KEPT = timedelta(days=3)
SILENCE = timedelta(minutes=5)
"""How long nothing is heard of a worker before another takes its file over."""
MOST_OPEN, MOST_TRIES = 3, 3
MOST_IN_A_BOOK = 1_000_000
"""Rows of one sheet of an XLSX."""
TELL_EVERY = 2_000
Clock = Callable[[], datetime]


class NotReady(WrongState):
    """The file is still being made, or could not be."""

    code = "not_ready"
    default = gettext_lazy("This file is not ready.")


class OthersRights(WrongState):
    """It was made for somebody who could see something else."""

    code = "others_rights"
    default = gettext_lazy("Since this file was made, what you may see has become another. Ask for it again.")


@transaction.atomic
def ask(*, user: User, found: Look, kind: str, at: datetime) -> ResultFile:
    """Have a file made of what somebody looks at.

    Raises:
        NotPermitted: they may not take lists out.
        Invalid: too many of theirs are being made, or there is no such kind.
    """
    if not user.has_perm(EXPORTS):
        raise NotPermitted
    if kind not in WRITERS:
        raise Invalid(_("A file is CSV or XLSX."))
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    if ResultFile.objects.filter(_OPEN, asked_by=user).count() >= MOST_OPEN:
        raise Invalid(_("Three of your files are being made. Please wait for one of them."))
    file = ResultFile.objects.create(
        campaign=found.campaign,
        asked_by=user,
        asked_at=at,
        kind=kind,
        query={"wave": found.wave, **found.chosen},
        reach=_reach(user),
        folder=int(f"{timezone.localdate(at):%Y%m%d}"),
        keeps_until=at + KEPT,
    )
    record("results.file_asked", found.campaign, actor=user, at=at, file=file.pk, format=kind, **_about(file))
    return file


_OPEN = Q(state__in=[FileState.WAITING, FileState.MAKING])


def of(user: User, campaign_id: int) -> QuerySet[ResultFile]:
    """The files of a campaign that somebody asked for, the newest first."""
    return ResultFile.objects.filter(asked_by=user, campaign=campaign_id).order_by("-pk")


def waiting(at: datetime) -> list[int]:
    """The files that nobody is making."""
    return list(ResultFile.objects.filter(_open_to(at)).order_by("pk").values_list("pk", flat=True))


def _open_to(at: datetime) -> Q:
    return Q(state=FileState.WAITING) | Q(state=FileState.MAKING, beat_at__lt=at - SILENCE)


def make(*, file_id: int, clock: Clock) -> ResultFile | None:
    """Make a file that nobody is making; None where there is nothing to do. Says how far it is as it goes."""
    file = _claim(file_id, clock())
    if file is None:
        return None
    try:
        _make(file, clock)
    except DomainError:  # it may not be told any more
        _fail(file)
    except BaseException:
        if file.tries >= MOST_TRIES:
            _fail(file)
        raise
    return file


@transaction.atomic
def _claim(file_id: int, at: datetime) -> ResultFile | None:
    found = ResultFile.objects.select_for_update(of=("self",)).select_related("campaign", "asked_by")
    file = found.filter(_open_to(at), pk=file_id, keeps_until__gt=at).first()
    if file is None:
        return None
    file.state, file.beat_at, file.done, file.tries = FileState.MAKING, at, 0, file.tries + 1
    file.save(update_fields=["state", "beat_at", "done", "tries"])
    return file


def _make(file: ResultFile, clock: Clock) -> None:
    user = file.asked_by
    if not user.has_perm(EXPORTS) or _reach(user) != file.reach:
        raise NotPermitted
    found = look(user, file.query, clock(), code=file.campaign.code)
    with override(settings.LANGUAGE_CODE), TemporaryFile() as temporary:
        sheet = export.sheet(found.source, is_whole=True)
        if file.kind == "xlsx" and sheet.number > MOST_IN_A_BOOK:
            raise Invalid
        ResultFile.objects.filter(pk=file.pk).update(rows=sheet.number)
        file.rows = sheet.number
        rows = chain([[str(cell) for cell in sheet.head]], _counted(file, sheet.rows, clock))
        codebook = {str(_("Codebook")): export.codebook(found.campaign.survey, found.questions)}
        WRITERS[file.kind](temporary, rows, codebook)
        file.size = temporary.tell()
        temporary.seek(0)
        file.file.save("", File(temporary), save=False)
    _finish(file, clock())


def _counted(file: ResultFile, rows: Iterable[Row], clock: Clock) -> Iterator[Row]:
    """The rows, while it is noted how many there were.

    Raises:
        WrongState: another worker makes the file by now, or its time is over.
    """
    for number, row in enumerate(rows, start=1):
        if number % TELL_EVERY == 0:
            held = ResultFile.objects.filter(pk=file.pk, state=FileState.MAKING, tries=file.tries)
            if not held.update(done=number, beat_at=clock()):
                raise WrongState
        yield row


@transaction.atomic
def _finish(file: ResultFile, at: datetime) -> None:
    name = str(file.file.name)
    held = ResultFile.objects.filter(pk=file.pk, state=FileState.MAKING, tries=file.tries)
    if not held.update(
        state=FileState.READY, file=name, size=file.size, done=file.rows or 0, keeps_until=at + KEPT
    ):
        default_storage.delete(name)  # somebody else has made it meanwhile
        return
    file.refresh_from_db()
    record(
        "list.exported",
        file.asked_by,
        actor=file.asked_by,
        at=at,
        list=f"survey-{file.campaign.code}",
        format=file.kind,
        rows=file.rows,
        filters=_about(file),
    )


def _fail(file: ResultFile) -> None:
    held = ResultFile.objects.filter(pk=file.pk, state=FileState.MAKING, tries=file.tries)
    held.update(state=FileState.FAILED)
    file.state = FileState.FAILED


@transaction.atomic
def take(*, user: User, ref: UUID, at: datetime) -> ResultFile:
    """Hand a file out to whoever asked for it, while they may see what is in it.

    Raises:
        NotFound: there is none, it is somebody else's, or its time is over.
        NotPermitted: they may not take lists out, or see results any more.
        NotReady, OthersRights.
    """
    file = ResultFile.objects.select_related("campaign").filter(ref=ref, asked_by=user).first()
    if file is None or file.keeps_until <= at:
        raise NotFound
    if not user.has_perm(EXPORTS):
        raise NotPermitted
    look(user, file.query, at, code=file.campaign.code)
    if file.state != FileState.READY:
        raise NotReady
    if _reach(user) != file.reach:
        raise OthersRights
    record("results.file_taken", file.campaign, actor=user, at=at, file=file.pk, rows=file.rows)
    return file


def handed_out(file: ResultFile) -> FileResponse:
    """A file that is ready as an answer, kept in no cache."""
    name = f"survey-{file.campaign.code}-{timezone.localtime(file.asked_at):%Y%m%d-%H%M}.{file.kind}"
    response = FileResponse(file.file.open("rb"), as_attachment=True, filename=name)
    response["Cache-Control"] = "no-store"
    return response


def drop_old(*, at: datetime, limit: int = 100) -> int:
    """Let go of files whose time is over, with what they held; gives how many."""
    gone = 0
    for file in ResultFile.objects.filter(keeps_until__lte=at).order_by("pk")[:limit]:
        with transaction.atomic():
            gone += ResultFile.objects.filter(pk=file.pk, keeps_until__lte=at).delete()[0]
            if file.file:
                transaction.on_commit(partial(_delete, str(file.file.name)))
    return gone


def _delete(name: str) -> None:
    with suppress(OSError):  # what nobody stands for is looked for once a day
        default_storage.delete(name)


def _reach(user: User) -> list[Any]:
    """What somebody's results are narrowed to, as it is kept."""
    return [[name, sorted(values)] for name, values in narrow_for(user) or ()]


def _about(file: ResultFile) -> dict[str, str]:
    return {"campaign": file.campaign.code, **file.query}


def _as_csv(to: IO[bytes], rows: Iterable[Row], _codebook: Mapping[str, Any]) -> None:
    for line in in_lines(rows):
        to.write(line.encode())


def _as_xlsx(to: IO[bytes], rows: Iterable[Row], codebook: Mapping[str, Any]) -> None:
    write_book(to, rows, codebook)
    to.seek(0, SEEK_END)


WRITERS: Mapping[str, Callable[[IO[bytes], Iterable[Row], Mapping[str, Any]], None]] = {
    "csv": _as_csv,
    "xlsx": _as_xlsx,
}
