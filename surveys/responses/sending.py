"""Files of a draft become those of its answers."""

import os
import secrets
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction

from feedback.attachments.commands import remove_unless_kept
from surveys.models import Answer, AnswerFile, DraftFile, Question, Response
from surveys.responses.drafts import delete_later, files_of
from surveys.responses.places import Place
from surveys.responses.rules import FILED, BadAnswers, Given

DRAWN_BITS = 62
"""Of the numbers of anonymous rows: within a bigint, and never met by those that count up."""


def drawn() -> int:
    """A number that tells nothing of when a row was written."""
    return secrets.randbits(DRAWN_BITS)


def with_files(
    place: Place, questions: Sequence[Question], answers: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, DraftFile]]:
    """The answers with the files that were kept for them, and these by their numbers.

    Raises:
        BadAnswers: a file is named that is not there.
    """
    filed = [question.code for question in questions if question.kind in FILED]
    kept = files_of(place) if filed else {}
    full = dict(answers)
    for code in filed:
        own = [str(file.ref) for file in kept.get(code, [])]
        wanted = full.get(code)
        if wanted in (None, "", []):
            full[code] = own
        elif not isinstance(wanted, list) or not set(map(str, wanted)) <= set(own):
            raise BadAnswers({code: "-"})
    return full, {str(file.ref): file for files in kept.values() for file in files}


def put_to(response: Response, rows: Iterable[tuple[Answer, Given]], files: Mapping[str, DraftFile]) -> None:
    """Keep the files of a draft with its answers; of an anonymous one neither name nor moment.

    Call in the transaction of the answer, with `kept_with_the_transaction` around it.
    """
    for answer, given in rows:
        for ref in given.files:
            draft = files[ref]
            row = AnswerFile(
                pk=drawn() if response.is_anonymous else None,
                answer=answer,
                name="" if response.is_anonymous else draft.name,
                content_type=draft.content_type,
                size=draft.size,
                sha256=draft.sha256,
            )
            with draft.file.open("rb") as content:
                row.file.save("", ContentFile(content.read()), save=False)
            remove_unless_kept(str(row.file.name))
            row.save(force_insert=True)
            if response.is_anonymous:
                _undate(str(row.file.name), response)
    for draft in files.values():
        delete_later(str(draft.file.name))


def _undate(name: str, response: Response) -> None:
    """Let a file and its folder be as old as the week, where the storage keeps files on a disk."""
    monday = datetime.combine(response.week, time(), UTC).timestamp()

    def undate() -> None:
        with suppress(NotImplementedError, OSError):  # no disk, or taken away already
            path = Path(default_storage.path(name))
            for one in (path, path.parent):
                os.utime(one, (monday, monday))

    transaction.on_commit(undate)
