"""Pictures and the recording of a suggestion, looked at like every other file that members send."""

from collections.abc import Sequence
from datetime import datetime

from django.core.files.base import ContentFile, File
from django.core.files.storage import default_storage
from django.utils.translation import gettext_lazy as _

from feedback.attachments.commands import inspect_all, remove_unless_kept
from feedback.attachments.rules import BadFile, Clean
from feedback.models import Post, PostFile

FOLDER = "posts"  # where models.post_file_path puts them


def inspect(uploads: Sequence["File[bytes]"]) -> list[Clean]:
    """Look at the files of one suggestion: pictures and one recording; done before anything is locked.

    Raises:
        BadFile: one of them is neither or not taken, there are too many, or two recordings.
    """
    files = inspect_all(uploads)
    recordings = 0
    for clean in files:
        recordings += clean.content_type.startswith("audio/")
        if not clean.content_type.startswith(("image/", "audio/")):
            raise BadFile(_("“%(name)s” is neither a picture nor a recording.") % {"name": clean.name})
    if recordings > 1:
        raise BadFile(_("Send one recording."))
    return files


def keep(post: Post, files: Sequence[Clean]) -> list[PostFile]:
    """Keep files that were looked at with a suggestion, in its transaction."""
    kept = []
    for clean in files:
        row = PostFile(
            post=post,
            name=clean.name,
            content_type=clean.content_type,
            size=len(clean.data),
            sha256=clean.sha256,
        )
        row.file.save(clean.name, ContentFile(clean.data), save=False)
        remove_unless_kept(str(row.file.name))
        kept.append(row)
    return PostFile.objects.bulk_create(kept)


def remove_orphans(*, before: datetime) -> int:
    """Remove files older than `before` that no row stands for; gives how many."""
    removed = 0
    for post_id in default_storage.listdir(FOLDER)[0] if default_storage.exists(FOLDER) else []:
        kept = set(PostFile.objects.filter(post=int(post_id)).values_list("file", flat=True))
        for name in default_storage.listdir(f"{FOLDER}/{post_id}")[1]:
            path = f"{FOLDER}/{post_id}/{name}"
            if path not in kept and default_storage.get_modified_time(path) < before:
                default_storage.delete(path)
                removed += 1
    return removed
