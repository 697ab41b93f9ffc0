"""What a channel is: a way on which members reach us and, with some, are answered."""

from datetime import datetime
from typing import Any, ClassVar, Protocol

from config.common.errors import Invalid
from config.common.models import OutboxMessage
from config.common.outbox import Dropped
from feedback.models import Case, Message, WebhookSource


class Channel(Protocol):
    """One way in and, perhaps, out; each has a folder of its own below `feedback.channels`."""

    code: ClassVar[str]
    """As in feedback.models.Channel."""

    def reaches(self, case: Case) -> bool:
        """Whether a reply in this case can be sent out here."""

    def deliver(self, message: Message, sending: OutboxMessage) -> None:
        """Send a public reply, under the request id of `sending` at every try.

        Raises:
            Dropped: it need not be sent any more.
            Refused: it can never be sent.
            OSError: not now; it is tried again.
        """

    def take(self, source: WebhookSource, content: dict[str, Any], *, at: datetime) -> Case | None:
        """Take in what a signed webhook brought; the case it went to, if any. Again changes nothing.

        Raises:
            Invalid: it is not what this channel understands.
        """

    def answer_review(self, source: WebhookSource, content: dict[str, Any], *, sending: OutboxMessage) -> str:
        """Put a reply to a review there, change it or take it down; gives the reply's number over there.

        Raises:
            Dropped, Refused, OSError: as for `deliver`.
        """


class Silent:
    """A channel without a line of its own: members read our replies in the portal and in notices."""

    code: ClassVar[str]

    def reaches(self, case: Case) -> bool:  # noqa: ARG002 - a Channel's signature
        """Never."""
        return False

    def deliver(self, message: Message, sending: OutboxMessage) -> None:  # noqa: ARG002 - a Channel's signature
        """Nothing to send.

        Raises:
            Dropped: always.
        """
        raise Dropped("this channel carries no replies")

    def take(self, source: WebhookSource, content: dict[str, Any], *, at: datetime) -> Case | None:  # noqa: ARG002
        """Nothing comes in here by webhook.

        Raises:
            Invalid: always.
        """
        raise Invalid

    def answer_review(self, source: WebhookSource, content: dict[str, Any], *, sending: OutboxMessage) -> str:  # noqa: ARG002
        """No reviews stand here.

        Raises:
            Dropped: always.
        """
        raise Dropped("this channel carries no replies")


CHANNELS: dict[str, Channel] = {}
"""Every channel by its code, filled in `ready()`."""
