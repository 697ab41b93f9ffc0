"""Public replies that also go out where the member wrote: by letter, through a marketplace, into a chat."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from config.common import outbox
from config.common.errors import Invalid
from feedback.models import Case, Message

KIND = "channel"

SPOKEN: dict[str, Callable[[Case], bool]] = {}
"""The channels that carry replies, and whether each reaches the member of a case; `ready()` fills it."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """Somebody who can be answered in a case: the member, else the writer of one of its letters."""

    address: str
    name: str = ""
    letter: int | None = None
    """The letter by which somebody other than the member is chosen."""


RECIPIENTS: dict[str, Callable[[Case], list[Recipient]]] = {}
"""Who can be answered on a channel that more than one person writes on; the first is who is, unless
an agent chooses another. `ready()` fills it."""

WATCHED: dict[str, Callable[[Case], bool]] = {}
"""The channels on which a member may see a case happen, and whether they do in one; `ready()` fills it."""

SAYS_IT = frozenset({"replied", "waiting"})
"""What a member need not be told a second time when the reply itself was sent."""


def reaches(case: Case) -> bool:
    """Whether a reply in this case goes out through its own channel."""
    can = SPOKEN.get(case.channel)
    return can is not None and can(case)


def is_watched(case: Case) -> bool:
    """Whether the member looks at the case just now, and need not be told of it besides."""
    sees = WATCHED.get(case.channel)
    return sees is not None and sees(case)


def recipients(case: Case) -> list[Recipient]:
    """Who a reply in this case can go to, the usual one first; empty where there is nothing to choose."""
    find = RECIPIENTS.get(case.channel)
    return find(case) if find is not None else []


def check_recipient(case: Case, letter: int | None) -> None:
    """Refuse somebody who has nothing to do with the case.

    Raises:
        Invalid: no letter of the case's.
    """
    if letter is not None and all(one.letter != letter for one in recipients(case)):
        raise Invalid(_("Choose somebody who has written in this case."), field="to")


def send(case: Case, message: Message, *, letter: int | None = None, at: datetime) -> None:
    """Have a public reply sent out after the commit, if the case's channel can; once for one message.

    To the member; with `letter` to whoever wrote that.
    """
    if reaches(case):
        chosen = {"letter": letter} if letter is not None else {}
        outbox.put(
            KIND,
            key=f"{KIND}:{message.pk}",
            recipient=f"member:{case.member_id}",
            payload={"message": message.pk, **chosen},
            at=at,
        )
