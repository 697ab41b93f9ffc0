"""The counter: staff write down what a member says."""

from typing import ClassVar

from feedback.channels.base import Silent


class WalkIn(Silent):
    """The counter: staff write down what a member says."""

    code: ClassVar[str] = "walk_in"
