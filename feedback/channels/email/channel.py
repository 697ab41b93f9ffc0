"""Letters."""

from typing import ClassVar

from config.common.models import OutboxMessage
from feedback.channels.base import Silent
from feedback.channels.email import sending
from feedback.models import Case, Message


class Email(Silent):
    """Letters: fetched by IMAP, answered by SMTP."""

    code: ClassVar[str] = "email"

    def reaches(self, case: Case) -> bool:
        """Whether there is a mailbox to answer from and an address to answer to."""
        return sending.reaches(case)

    def deliver(self, message: Message, sending_: OutboxMessage) -> None:
        """Send a reply as a letter.

        Raises:
            Dropped, Refused, OSError: see `email.sending.send_reply`.
        """
        sending.send_reply(message, sending_)
