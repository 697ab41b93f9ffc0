"""Pictures of reviews, looked at and drawn anew like every other file that members send."""

from collections.abc import Sequence
from datetime import datetime

from django.core.files.base import ContentFile, File
from django.core.files.storage import default_storage
from django.utils.translation import gettext_lazy as _

from feedback.attachments.commands import inspect_all, remove_unless_kept
from feedback.attachments.rules import BadFile, Clean
from feedback.models import Review, ReviewPicture

FOLDER = "reviews"  # where models.picture_path puts them


def inspect(uploads: Sequence["File[bytes]"]) -> list[Clean]:
    """Look at the pictures of one review; done before anything is locked.

    Raises:
        BadFile: one of them is no picture or not taken, or there are too many.
    """
    pictures = inspect_all(uploads)
    for clean in pictures:
        if not clean.content_type.startswith("image/"):
            raise BadFile(_("“%(name)s” is not a picture.") % {"name": clean.name})
    return pictures


def keep(review: Review, pictures: Sequence[Clean]) -> list[ReviewPicture]:
    """Keep pictures that were looked at with a review, in its transaction."""
    kept = []
    for clean in pictures:
        picture = ReviewPicture(
            review=review,
            name=clean.name,
            content_type=clean.content_type,
            size=len(clean.data),
            sha256=clean.sha256,
        )
        picture.file.save(clean.name, ContentFile(clean.data), save=False)
        remove_unless_kept(str(picture.file.name))
        kept.append(picture)
    return ReviewPicture.objects.bulk_create(kept)


def remove_orphans(*, before: datetime) -> int:
    """Remove files older than `before` that no picture stands for; gives how many."""
    removed = 0
    for review_id in default_storage.listdir(FOLDER)[0] if default_storage.exists(FOLDER) else []:
        kept = set(ReviewPicture.objects.filter(review=int(review_id)).values_list("file", flat=True))
        for name in default_storage.listdir(f"{FOLDER}/{review_id}")[1]:
            path = f"{FOLDER}/{review_id}/{name}"
            if path not in kept and default_storage.get_modified_time(path) < before:
                default_storage.delete(path)
                removed += 1
    return removed
