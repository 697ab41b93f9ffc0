"""Pictures and the recording of a suggestion, looked at like every other file that members send."""

from collections.abc import Sequence

from django.core.files.base import File
from django.utils.translation import gettext_lazy as _

from feedback.attachments.commands import inspect_all
from feedback.attachments.rules import BadFile, Clean


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
