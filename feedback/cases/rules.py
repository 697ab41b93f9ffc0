"""The moves of a case as one table, and what may be written in one."""

import unicodedata
from typing import Literal

from django.utils.translation import gettext_lazy as _

from config.common.errors import Invalid, MoveNotAllowed
from feedback.models import CaseStatus

Then = Literal["open", "wait", "resolve"]
"""What becomes of a case after a reply: it stays with us, waits for the member, or is resolved."""

Call = Literal["", "made", "unwanted"]
"""What became of a call that was promised, as a case is resolved; empty where nobody said."""

_ENDS = frozenset({CaseStatus.RESOLVED})
_WAITS = frozenset({CaseStatus.WAITING_MEMBER, CaseStatus.WAITING_DEPARTMENT})

MOVES: dict[CaseStatus, frozenset[CaseStatus]] = {
    CaseStatus.NEW: _WAITS | _ENDS | {CaseStatus.OPEN},
    CaseStatus.OPEN: _WAITS | _ENDS,
    CaseStatus.WAITING_MEMBER: _ENDS | {CaseStatus.OPEN, CaseStatus.WAITING_DEPARTMENT},
    CaseStatus.WAITING_DEPARTMENT: frozenset({CaseStatus.OPEN}),
    CaseStatus.RESOLVED: frozenset({CaseStatus.CLOSED, CaseStatus.REOPENED}),
    CaseStatus.CLOSED: frozenset({CaseStatus.REOPENED}),
    CaseStatus.REOPENED: _WAITS | _ENDS | {CaseStatus.OPEN},
}
"""Where a case can go from each status. There is no other way, but for a merge, which closes a case."""

WORKED = frozenset(set(CaseStatus) - {CaseStatus.RESOLVED, CaseStatus.CLOSED})
"""The statuses in which somebody has still something to do."""

SUBJECT_LENGTH = 200
BODY_LENGTH = 20_000


def allowed(status: str, to: str) -> bool:
    """Whether a case may go from one status to another."""
    return to in MOVES[CaseStatus(status)]


def check(status: str, to: str) -> None:
    """Refuse a move that the table does not hold.

    Raises:
        MoveNotAllowed: with both statuses in words.
    """
    if not allowed(status, to):
        raise MoveNotAllowed(
            _("A case that is “%(status)s” cannot become “%(to)s”.")
            % {"status": CaseStatus(status).label, "to": CaseStatus(to).label},
            status=str(status),
            to=str(to),
        )


def joined_status(source: str, target: str, *, asked: bool) -> CaseStatus:
    """Where the case that goes on stands after a merge; `asked`: a department has yet to answer.

    It waits for the member only if both did, and is new only if nobody had begun with either.
    """
    both = {CaseStatus(source), CaseStatus(target)}
    if asked:
        return CaseStatus.WAITING_DEPARTMENT
    if len(both) == 1:
        return CaseStatus(target)
    return CaseStatus(target) if target == CaseStatus.REOPENED else CaseStatus.OPEN


def check_worked(status: str) -> None:
    """Refuse work on a case that is resolved or closed.

    Raises:
        MoveNotAllowed: with the status in words.
    """
    if status not in WORKED:
        raise MoveNotAllowed(
            _("This case is “%(status)s”. Reopen it first.") % {"status": CaseStatus(status).label},
            status=str(status),
        )


def clean_text(text: str, *, limit: int = BODY_LENGTH) -> str:
    """The text as it is kept: without control characters, with plain line ends, trimmed.

    Raises:
        Invalid: longer than `limit` characters.
    """
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    plain = "".join(
        sign for sign in plain if sign in "\n\t" or unicodedata.category(sign) not in {"Cc", "Cs"}
    ).strip()
    if len(plain) > limit:
        raise Invalid(
            _("The text is too long: %(length)s characters, %(limit)s at most.")
            % {"length": len(plain), "limit": limit},
            limit=limit,
        )
    return plain


def clean_line(text: str, *, limit: int = SUBJECT_LENGTH) -> str:
    """The text on one line, such as a subject.

    Raises:
        Invalid: empty, or longer than `limit` characters.
    """
    line = " ".join(clean_text(text, limit=limit).split())
    if not line:
        raise Invalid(_("The subject is empty."))
    return line


def required_text(text: str) -> str:
    """The text as it is kept, which must say something.

    Raises:
        Invalid: empty or too long.
    """
    plain = clean_text(text)
    if not plain:
        raise Invalid(_("Write something first."))
    return plain


def first_words(text: str, length: int = 160) -> str:
    """The beginning of a text on one line, for lists."""
    line = " ".join(text[: length * 4].split())
    return line if len(line) <= length else line[: length - 1] + "…"


def likeness(one: str, two: str) -> float:
    """How far two texts share their pairs of neighbouring signs, from 0 to 1 (Jaccard's index).

    Pairs of signs fit Chinese, which has no spaces, and Latin text alike.
    """
    pairs = [{text[n : n + 2] for n in range(len(text) - 1)} for text in map(_bare, (one, two))]
    either = pairs[0] | pairs[1]
    return len(pairs[0] & pairs[1]) / len(either) if either else 0.0


def _bare(text: str) -> str:
    """The letters, signs and digits alone, in small letters."""
    return "".join(sign for sign in text.casefold() if sign.isalnum())
