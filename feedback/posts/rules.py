"""What a post may hold, what it looks like, and what may become of it. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django.utils.translation import gettext_lazy as _

from config.common.errors import Invalid, WrongState
from feedback.models import PostState

SUGGESTION, LONGEST, TITLE = 10_000, 20_000, 200
NAME, ADDRESS = 120, 500
REASON, ANSWER = 500, 5_000
COUNTS = ("likes", "comments", "shares", "reads")
MOST_COUNTED = 10**15
AHEAD = timedelta(minutes=10)
FIRST_WORDS = 4
"""Characters of a product's name below which it is no sign of the product: 杯子 stands in many texts."""


def clean(text: str, *, limit: int, field: str = "text") -> str:
    """A text as it is kept: what no database takes is replaced, nothing else.

    Raises:
        Invalid: too long.
    """
    plain = text.replace("\0", "").replace("\r\n", "\n").encode("utf-8", "replace").decode().strip()
    if len(plain) > limit:
        raise Invalid(_("At most %(limit)s characters.") % {"limit": limit}, field=field)
    return plain


def address(url: str) -> str:
    """The address of a page of the web, which is fetched by nobody here.

    Raises:
        Invalid: it is none, or has a name and password in it.
    """
    url = url.strip()
    if not url:
        return ""
    try:
        parts = urlsplit(url)
        host, known = parts.hostname or "", parts.username
    except ValueError:
        host, known, parts = "", None, urlsplit("")
    fits = (
        parts.scheme in {"http", "https"}
        and "." in host
        and known is None
        and len(url) <= ADDRESS
        and url.isprintable()
        and not any(sign.isspace() or sign in '<>"\\' for sign in url)
    )
    if not fits:
        raise Invalid(_("This is not the address of a page."), field="url")
    return url


def counted(known: Mapping[str, int], given: Mapping[str, int | None]) -> dict[str, int]:
    """The counts after a report: the greatest that anybody told, so an old one again changes nothing.

    Raises:
        Invalid: a count that cannot be.
    """
    found = {}
    for name in COUNTS:
        value = given.get(name)
        if value is not None and not 0 <= value <= MOST_COUNTED:
            raise Invalid(_("A count is a number from 0."), field=name)
        found[name] = max(known.get(name, 0), value or 0)
    return found


def moment(written: datetime | None, *, now: datetime) -> datetime:
    """When it was written; a clock over there that is a little fast is forgiven.

    Raises:
        Invalid: nobody says, or it lies ahead.
    """
    if written is None or written > now + AHEAD:
        raise Invalid(_("When was it written?"), field="written_at")
    return min(written, now)


def masked(name: str) -> str:
    """A name over there as those see it who need not know it: its first character, nothing of its length."""
    first = name.strip().lstrip("@")[:1]
    return f"{first}***" if first else ""


@dataclass(frozen=True, slots=True)
class Said:
    """What becomes of something: the state, why (for colleagues), and what its member is told."""

    state: str
    reason: str = ""
    answer: str = ""


def decision(state: str, reason: str, answer: str, *, is_told: bool) -> Said:
    """What may be decided, as it is kept.

    Raises:
        Invalid: no such state, a text too long, or one that is missing.
        WrongState: it would be new again.
    """
    if state not in PostState.values:
        raise Invalid(_("Choose from the list."), field="state")
    if state == PostState.NEW:
        raise WrongState(_("What somebody has looked at is not new any more."))
    reason = clean(reason, limit=REASON, field="reason")
    answer = clean(answer, limit=ANSWER, field="answer")
    if state == PostState.DECLINED and not reason:
        raise Invalid(_("Say for your colleagues why not."), field="reason")
    if is_told and state in {PostState.DECLINED, PostState.ANSWERED} and not answer:
        raise Invalid(_("Write what the member is told."), field="answer")
    return Said(state, reason, answer)


class Names:
    """The names of products, to be found in texts: the longest that stands there in full."""

    def __init__(self, products: Iterable[tuple[int, str, str]]) -> None:
        """From (key, shop's number, name as it is compared)."""
        self.by_start: dict[str, list[tuple[str, int]]] = {}
        for key, number, name in products:
            for words in (number, name):
                if len(words) >= FIRST_WORDS:
                    self.by_start.setdefault(words[:FIRST_WORDS], []).append((words, key))

    def find(self, text: str) -> int | None:
        """The product that a text names; None where it names none, or two that are as long."""
        best: dict[int, int] = {}
        for place in range(len(text) - FIRST_WORDS + 1):
            for words, key in self.by_start.get(text[place : place + FIRST_WORDS], ()):
                if text.startswith(words, place):
                    best[key] = max(best.get(key, 0), len(words))
        if not best:
            return None
        longest = max(best.values())
        found = [key for key, length in best.items() if length == longest]
        return found[0] if len(found) == 1 else None
