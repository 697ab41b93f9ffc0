"""The shop's app, which uses the members' API."""

from typing import ClassVar

from feedback.channels.base import Silent


class App(Silent):
    """The shop's app, which uses the members' API."""

    code: ClassVar[str] = "app"
