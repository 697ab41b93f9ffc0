"""Keeping files with a message, and only with one that is kept itself."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from typing import Any, TypeVar

from django.conf import settings
from django.core.files.base import ContentFile, File
from django.core.files.storage import default_storage
from django.db import connection
from django.db.models import Model
from django.utils.translation import gettext_lazy as _

from feedback.attachments.rules import BadFile, Clean, inspect
from feedback.models import Attachment, Message, PostFile, ReviewPicture

Row = TypeVar("Row", bound=Model)
FOLDERS: dict[str, tuple[type[Any], str]] = {
    "cases": (Attachment, "message__case"),
    "posts": (PostFile, "post"),
    "reviews": (ReviewPicture, "review"),
}
"""Where the models put their files, a folder for each of what they belong to; apps above add theirs."""
_written: ContextVar[list[str] | None] = ContextVar("written", default=None)


@contextmanager
def kept_with_the_transaction() -> Iterator[None]:
    """Remove the files written inside when what is inside fails: put it around a command's transaction."""
    names: list[str] = []
    outer = _written.get()
    token = _written.set(names)
    try:
        yield
    except BaseException:
        for name in names:
            default_storage.delete(name)
        raise
    finally:
        _written.reset(token)
    if outer is not None:  # a command within another's transaction
        outer.extend(names)


def remove_unless_kept(name: str) -> None:
    """Let a file that was just written go with the transaction that `kept_with_the_transaction` is around.

    Raises:
        RuntimeError: called outside of both.
    """
    _names().append(name)


def _names() -> list[str]:
    written = _written.get()
    if not connection.in_atomic_block or written is None:
        raise RuntimeError("files are kept with the transaction of their message")
    return written


def inspect_all(uploads: Sequence["File[bytes]"]) -> list[Clean]:
    """Look at the uploads of one message; done before a case is locked, since pictures take time.

    Raises:
        BadFile: one of them is not taken, or there are too many.
    """
    if len(uploads) > settings.ATTACHMENTS_PER_MESSAGE:
        raise BadFile(
            _("At most %(limit)s files with one message.") % {"limit": settings.ATTACHMENTS_PER_MESSAGE}
        )
    largest = max(settings.ATTACHMENT_MEGABYTES.values()) * 1_000_000
    cleaned = []
    for upload in uploads:
        upload.seek(0)
        # a byte more than is taken tells that there is more
        cleaned.append(inspect(upload.name or "", upload.read(largest + 1)))
    return cleaned


def attach(message: Message, files: Sequence[Clean]) -> list[Attachment]:
    """Keep files that were looked at with a message.

    Call inside the transaction that writes the message, with `kept_with_the_transaction` around it.
    """
    return keep(Attachment, files, message=message)


def keep(model: type[Row], files: Sequence[Clean], **of: Any) -> list[Row]:
    """Keep files that were looked at, each with its row; `of` says what they belong to.

    Call as `attach`.

    Raises:
        RuntimeError: called outside of a transaction, or of `kept_with_the_transaction`.
    """
    names, rows = _names() if files else [], []
    make: Any = model
    for clean in files:
        row = make(
            name=clean.name, content_type=clean.content_type, size=len(clean.data), sha256=clean.sha256, **of
        )
        row.file.save(clean.name, ContentFile(clean.data), save=False)
        names.append(str(row.file.name))
        rows.append(row)
    return model._default_manager.bulk_create(rows)


def remove_orphans(*, before: datetime) -> int:
    """Remove files older than `before` that no row stands for; gives how many.

    A process that is killed between writing a file and committing its row leaves one behind.
    """
    return sum(_remove_orphans(folder, model, owner, before) for folder, (model, owner) in FOLDERS.items())


def _remove_orphans(folder: str, model: type[Row], owner: str, before: datetime) -> int:
    removed = 0
    for number in default_storage.listdir(folder)[0] if default_storage.exists(folder) else []:
        rows = model._default_manager.filter(**{owner: int(number)})
        kept = set(rows.values_list("file", flat=True))
        for name in default_storage.listdir(f"{folder}/{number}")[1]:
            path = f"{folder}/{number}/{name}"
            if path not in kept and default_storage.get_modified_time(path) < before:
                default_storage.delete(path)
                removed += 1
    return removed
