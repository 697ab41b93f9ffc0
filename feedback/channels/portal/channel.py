"""The members' portal."""

from typing import ClassVar

from feedback.channels.base import Silent


class Portal(Silent):
    """The members' portal."""

    code: ClassVar[str] = "portal"
