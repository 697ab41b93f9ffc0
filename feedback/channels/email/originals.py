"""The letters as they came, kept whole beside what the thread shows of them."""

from datetime import datetime

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from feedback.attachments.commands import remove_unless_kept
from feedback.attachments.rules import BadFile, inspect
from feedback.channels.email import letters
from feedback.models import Channel, ChannelMessage, Outcome

DIGEST = 64
FOLDER = "letters"  # where models.original_path puts them
PICTURES = 4_000_000  # bytes of pictures that are shown within a page


def keep(row: ChannelMessage, raw: bytes) -> None:
    """Keep the original of a row that is being written, with its transaction."""
    row.original.save("letter", ContentFile(raw), save=False)
    remove_unless_kept(str(row.original.name))


def read(row: ChannelMessage) -> letters.Letter:
    """Read the original again.

    Raises:
        Unreadable: it never could be read, it stops who reads it, or its file is gone.
    """
    if row.outcome == Outcome.FATAL:
        raise letters.Unreadable("it stops the program that reads it")
    try:
        with row.original.open("rb") as file:
            return letters.read(file.read())
    except (OSError, ValueError) as error:
        raise letters.Unreadable("the file is gone") from error


def source(row: ChannelMessage, most: int) -> str:
    """The first `most` bytes of the original as they are, nothing taken apart; empty without a file."""
    try:
        with row.original.open("rb") as file:
            return str(file.read(most).decode("utf-8", "replace")).replace("\0", "\ufffd")
    except (OSError, ValueError):
        return ""


def pictures(letter: letters.Letter) -> dict[str, tuple[str, bytes]]:
    """The pictures that a letter's HTML may show, by Content-ID, written anew like every attachment."""
    found: dict[str, tuple[str, bytes]] = {}
    room = PICTURES
    for part in letter.parts:
        if not part.cid or len(part.data) > room:
            continue
        try:
            clean = inspect(part.name, part.data)
        except BadFile:
            continue
        if clean.content_type.startswith("image/"):
            found[part.cid] = (clean.content_type, clean.data)
            room -= len(clean.data)
    return found


def remove_orphans(*, before: datetime) -> int:
    """Remove files older than `before` that no row stands for; gives how many.

    A process that is killed between writing a file and committing its row leaves one behind.
    """
    removed = 0
    for month in default_storage.listdir(FOLDER)[0] if default_storage.exists(FOLDER) else []:
        names = default_storage.listdir(f"{FOLDER}/{month}")[1]
        rows = ChannelMessage.objects.filter(
            channel=Channel.EMAIL, external_id__in=[name[:DIGEST] for name in names]
        )
        kept = set(rows.values_list("original", flat=True))
        for path in (f"{FOLDER}/{month}/{name}" for name in names):
            if path not in kept and default_storage.get_modified_time(path) < before:
                default_storage.delete(path)
                removed += 1
    return removed
