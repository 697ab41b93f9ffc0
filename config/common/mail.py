"""E-mail: one plain letter, and letters to staff through the outbox."""

from collections.abc import Mapping
from datetime import datetime
from smtplib import SMTPRecipientsRefused

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.smtp import EmailBackend

from config.common import outbox, outside
from config.common.models import OutboxMessage, User
from config.common.outbox import Dropped, Refused

STAFF = "staff"
SMTP_PERMANENT = 500
AUTOMATIC = {"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All"}
"""Asks machines not to answer: RFC 3834, and Microsoft's word for it."""


class OutsideBackend(EmailBackend):
    """Sends through a server that somebody typed in, which is none inside our own network."""

    def open(self) -> bool | None:
        """Connect to the server.

        Raises:
            OSError: it is inside, or cannot be reached.
        """
        with outside.only():
            return super().open()


def send_mail(
    *, to: str, subject: str, text: str, request_id: str, headers: Mapping[str, str] | None = None
) -> None:
    """Send one letter; every try carries the same Message-ID, by which mail systems drop repeats.

    Raises:
        Refused: there is no such mailbox.
        OSError: the mail server cannot take it now.
    """
    domain = settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].strip("<> ")
    letter = EmailMessage(
        " ".join(subject.split()),
        text,
        to=[to],
        headers={"Message-ID": f"<{request_id}@{domain}>", **AUTOMATIC, **(headers or {})},
    )
    try:
        letter.send()
    except SMTPRecipientsRefused as error:
        codes = sorted({code for code, _text in error.recipients.values()})
        if all(code >= SMTP_PERMANENT for code in codes):
            raise Refused(f"SMTP {codes}") from None
        raise OSError(f"SMTP {codes}") from None


def tell_staff(*, user: User, key: str, subject: str, body: str, at: datetime) -> None:
    """Have a colleague get an e-mail after the commit, once per `key`."""
    outbox.put(
        STAFF,
        key=key,
        recipient=f"user:{user.pk}",
        payload={"user": user.pk, "subject": subject, "body": body},
        at=at,
    )


def send_to_staff(message: OutboxMessage) -> None:
    """Send what `tell_staff` wrote.

    Raises:
        Dropped: the account is closed or has no e-mail.
    """
    content = message.payload
    user = User.objects.filter(pk=content["user"], is_active=True).first()
    if user is None or not user.email:
        raise Dropped("the account is closed or has no e-mail")
    send_mail(
        to=user.email, subject=content["subject"], text=content["body"], request_id=str(message.request_id)
    )
