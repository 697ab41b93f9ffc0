"""Files that staff bring in: see feedback.intake."""

from typing import ClassVar

from feedback.channels.base import Silent


class File(Silent):
    """Files that staff bring in: see feedback.intake."""

    code: ClassVar[str] = "file"
