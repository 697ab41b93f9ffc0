"""What a batch gives and to whom it may not: pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import TypeVar

from config.common.idempotency import request_hash

Thing = TypeVar("Thing")
NUMBER_LENGTH = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """All that an approver decides on, beside who the members are and what of their orders goes back."""

    name: str
    kind: str
    template: int | None
    terms: str
    points: int | None
    each_fen: int
    reason: str
    reason_code: str
    department: str
    problem: str
    same_reason_days: int
    message: str


def digest(content: Content, *, list_hash: str, members: int) -> str:
    """The digest of what is given, to whom, for what and why."""
    return request_hash({**asdict(content), "list": list_hash, "members": members})


@dataclass(frozen=True, slots=True)
class Line:
    """A number of a list, and on which line it stands."""

    place: int
    number: str


def lines_of(text: str) -> Iterator[Line]:
    """The numbers of a list: the first column of each line that is not empty, whatever made the file."""
    for place, line in enumerate(text.removeprefix("\ufeff").splitlines(), start=1):
        first = line
        for separator in ("\t", ",", ";", "，", "；"):
            first = first.split(separator, 1)[0]
        number = first.replace("\0", "").strip().strip("\"'").strip()
        if number:
            yield Line(place, number)


def halves(things: Sequence[Thing]) -> tuple[Sequence[Thing], Sequence[Thing]]:
    """Two parts of about the same size; of one thing, itself and nothing."""
    middle = (len(things) + 1) // 2
    return things[:middle], things[middle:]


def share(done: int, total: int) -> int:
    """How far it is, in whole percent; never 100 before all is done."""
    return 100 if total <= done else 100 * done // total


def told(problems: Iterable[str], *, most: int) -> tuple[list[str], int]:
    """The first of some problems, and how many more there are."""
    found = list(problems)
    return found[:most], max(len(found) - most, 0)
