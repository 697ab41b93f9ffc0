"""Public replies that also go out where the member wrote: by letter, through a marketplace, into a chat."""

from collections.abc import Callable
from datetime import datetime

from config.common import outbox
from feedback.models import Case, Message

KIND = "channel"

SPOKEN: dict[str, Callable[[Case], bool]] = {}
"""The channels that carry replies, and whether each reaches the member of a case; `ready()` fills it."""

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


def send(case: Case, message: Message, *, at: datetime) -> None:
    """Have a public reply sent out after the commit, if the case's channel can; once for one message."""
    if reaches(case):
        outbox.put(
            KIND,
            key=f"{KIND}:{message.pk}",
            recipient=f"member:{case.member_id}",
            payload={"message": message.pk},
            at=at,
        )
