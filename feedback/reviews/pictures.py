"""Pictures of reviews, looked at and drawn anew like every other file that members send."""

from collections.abc import Sequence

from django.core.files.base import File
from django.utils.translation import gettext_lazy as _

from feedback.attachments.commands import inspect_all
from feedback.attachments.rules import BadFile, Clean


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
