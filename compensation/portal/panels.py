"""Plain lists that upper apps append to in `ready()`: what stands on the first page and beside an order."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from compensation.models import Member, Order


@dataclass(frozen=True, slots=True)
class Need:
    """Something that waits for the member."""

    kind: str
    """ "answer", "confirm" or "survey": the picture beside it."""
    title: str
    text: str
    path: str


@dataclass(frozen=True, slots=True)
class Panel:
    """A part of a page."""

    template: str
    context: Mapping[str, Any]


NEEDS: list[Callable[[Member, datetime], Sequence[Need]]] = []
"""What waits for a member, most urgent first."""

HOME: list[Callable[[Member, datetime], Panel]] = []
"""Parts of the first page."""

DATA: list[Callable[[Member, datetime], Panel]] = []
"""Parts of the page about the member's own data: what was concluded of them."""

ORDER: list[Callable[[Order, datetime], Panel]] = []
"""Parts of an order's page."""
