"""Answering by letter: through the mailbox's own SMTP server, or the installation's."""

import smtplib
from collections.abc import Sequence
from datetime import timedelta

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from compensation.members.rules import normal_contact
from compensation.models import Notice
from config.common import limits, vault
from config.common.mail import SMTP_PERMANENT
from config.common.models import OutboxMessage
from config.common.outbox import Dropped, Refused
from feedback.cases import telling
from feedback.cases.outgoing import Recipient
from feedback.channels.email import returns, writing
from feedback.models import (
    Attachment,
    Author,
    Case,
    Channel,
    ChannelMessage,
    Direction,
    Mailbox,
    Message,
    Outcome,
    Security,
)

HOUR = timedelta(hours=1)


class RefusedForGood(Refused):
    """A server said that it will never take the letter; `is_address`: because of the recipient."""

    def __init__(self, why: str, *, is_address: bool = False) -> None:
        super().__init__(why)
        self.is_address = is_address


MOST_WRITERS = 20


def correspondence(case: Case, letter: int | None = None) -> tuple[Mailbox | None, str]:
    """The mailbox and the address that a case's letters go between; empty when there is none.

    The member's own address; of a member without one that which the case was opened from. Others only
    where an agent chose them, by a `letter` of theirs.
    """
    first = _letters(case).select_related("mailbox").first()
    mailbox = first.mailbox if first and first.mailbox and first.mailbox.is_active else None
    mailbox = mailbox or Mailbox.objects.filter(is_active=True).order_by("pk").first()
    if letter is not None:
        chosen = ChannelMessage.objects.filter(pk=letter, direction=Direction.IN, outcome=Outcome.TAKEN)
        return mailbox, chosen.values_list("sender", flat=True).first() or ""
    return mailbox, case.member.email or (first.sender if first else "")


def recipients(case: Case) -> list[Recipient]:
    """Who a letter of this case can go to: the member first, then everybody else who wrote in it."""
    own = correspondence(case)[1]
    found = {normal_contact(own): Recipient(own, case.member.name)} if own else {}
    writers = _letters(case).exclude(sender="").values_list("sender", "sender_name", "pk")
    for address, name, pk in writers[:200]:
        if len(found) <= MOST_WRITERS:
            found.setdefault(normal_contact(address), Recipient(address, name, pk))
    return list(found.values())


def _letters(case: Case) -> QuerySet[ChannelMessage]:
    """What was written in the conversation of a case by letter, oldest first."""
    rows = ChannelMessage.objects.filter(case=case, channel=Channel.EMAIL, direction=Direction.IN)
    return rows.filter(outcome=Outcome.TAKEN, message__author=Author.MEMBER).order_by("id")


def reaches(case: Case) -> bool:
    """Whether there is a mailbox to answer from and an address to answer to."""
    mailbox, address = correspondence(case)
    return mailbox is not None and writing.domain_is_sound(address)


def send_reply(message: Message, sending: OutboxMessage) -> None:
    """Send what an agent wrote, with its files.

    Raises:
        Dropped: there is no longer a mailbox or an address.
        Refused: the server will never take it; the case has a note of it.
        OSError: not now.
    """
    case = message.case
    text = "\n".join([message.body, "", "-- ", _signature(message)])
    files = list(message.attachments.all())
    _send(case, sending, text=text, files=files, message=message, letter=sending.payload.get("letter"))


def send_notice(notice: Notice, sending: OutboxMessage, text: str) -> bool:
    """Send what a member is told of a case within the case's letters; False where there are none.

    Raises:
        Dropped: the address had too many such letters lately, which is how two machines talk.
        Refused, OSError: as in `send_reply`.
    """
    case = _case_of(notice)
    if case is None or case.channel != Channel.EMAIL or not reaches(case):
        return False
    if notice.member.email_failed_at is not None:
        return False  # letters do not arrive: another way may
    address = correspondence(case)[1]
    count = limits.hit(f"autoletter:{address}"[:160], per=HOUR, at=timezone.now()).count
    if count > settings.AUTOMATIC_LETTERS_AN_HOUR:
        raise Dropped("too many automatic letters to one address in an hour")
    _send(case, sending, text=text or notice.title, subject=notice.title, automatic="auto-replied")
    return True


def _case_of(notice: Notice) -> Case | None:
    number = telling.case_of_page(notice.path)
    if number is None:
        return None
    return Case.objects.select_related("member", "department").filter(pk=number).first()


def _send(
    case: Case,
    sending: OutboxMessage,
    *,
    text: str,
    files: Sequence[Attachment] = (),
    message: Message | None = None,
    subject: str = "",
    automatic: str = "",
    letter: int | None = None,
) -> None:
    mailbox, address = correspondence(case, letter)
    if mailbox is None or not writing.domain_is_sound(address):
        raise Dropped("there is no mailbox to write from, or no address to write to")
    thread = _thread(case)
    row = _row(
        case, mailbox, address, sending, message=message, subject=subject or writing.subject_of(thread)
    )
    mail = EmailMessage(
        subject=row.subject,
        body=text,
        from_email=writing.envelope_sender(mailbox.address, case.pk, tagged=mailbox.tags_addresses),
        to=[address],
        headers=writing.heads(
            thread,
            name=_name(mailbox, case),
            address=mailbox.address,
            request_id=str(sending.request_id),
            tagged=mailbox.tags_addresses,
            automatic=automatic,
        ),
        connection=connection_of(mailbox),
    )
    for file in files:
        with file.file.open("rb") as opened:
            mail.attach(file.name, opened.read(), file.content_type)
    try:
        _hand_over(mail)
    except RefusedForGood as error:
        _give_up(row, case, error)
        raise
    except OSError as error:
        if sending.attempts >= settings.OUTBOX_MAX_ATTEMPTS:
            _give_up(row, case, RefusedForGood(str(error)))
        raise
    ChannelMessage.objects.filter(pk=row.pk, outcome=Outcome.SENDING).update(outcome=Outcome.SENT)


def _row(
    case: Case,
    mailbox: Mailbox,
    address: str,
    sending: OutboxMessage,
    *,
    message: Message | None,
    subject: str,
) -> ChannelMessage:
    """What is known of the letter before it goes: an answer may be here before we know that it went."""
    return ChannelMessage.objects.update_or_create(
        channel=Channel.EMAIL,
        external_id=str(sending.request_id),
        defaults={"outcome": Outcome.SENDING, "reason": ""},
        create_defaults={
            "direction": Direction.OUT,
            "case": case,
            "message": message,
            "mailbox": mailbox,
            "outcome": Outcome.SENDING,
            "letter_id": writing.letter_id(str(sending.request_id), case.pk, mailbox.address).strip("<>"),
            "sender": mailbox.address,
            "recipient": address,
            "subject": " ".join(subject.split())[:500],
            "at": timezone.now(),
        },
    )[0]


def _thread(case: Case) -> writing.Thread:
    before = list(
        ChannelMessage.objects.filter(case=case, channel=Channel.EMAIL)
        .exclude(letter_id="")
        .exclude(outcome=Outcome.BOUNCE)
        .exclude(direction=Direction.OUT, outcome__in=[Outcome.SENDING, Outcome.FAILED])
        .order_by("-at", "-pk")
        .values_list("letter_id", "subject", "direction")[: writing.REFERENCES]
    )
    subject = next((subject for _id, subject, way in before if way == Direction.IN and subject), case.subject)
    ids = [f"<{found}>" for found, _subject, _way in reversed(before)]
    answers = next((f"<{found}>" for found, _subject, way in before if way == Direction.IN), "")
    return writing.Thread(case.pk, case.number, subject, ids, answers)


def _name(mailbox: Mailbox, case: Case) -> str:
    with translation.override(case.member.language):
        return str(mailbox)


def _signature(message: Message) -> str:
    case = message.case
    with translation.override(case.member.language):
        who = _("%(agent)s, %(department)s") % {"agent": message.user, "department": case.department}
        return f"{who}\n{case.number} {settings.PUBLIC_URL}{telling.page(case.pk)}"


def _hand_over(letter: EmailMessage) -> None:
    """Give the letter to the server.

    Raises:
        RefusedForGood: it will never take it.
        OSError: not now.
    """
    try:
        letter.send()
    except smtplib.SMTPRecipientsRefused as error:
        codes = [code for code, _text in error.recipients.values()]
        why = "; ".join(f"{code} {_plain(text)}" for code, text in error.recipients.values())
        if codes and all(code >= SMTP_PERMANENT for code in codes):
            raise RefusedForGood(why, is_address=True) from None
        raise OSError(why) from None
    except smtplib.SMTPAuthenticationError as error:  # the settings are wrong: somebody will mend them
        raise OSError(f"{error.smtp_code} {_plain(error.smtp_error)}") from None
    except smtplib.SMTPResponseException as error:
        why = f"{error.smtp_code} {_plain(error.smtp_error)}"
        if error.smtp_code >= SMTP_PERMANENT:
            raise RefusedForGood(why) from None
        raise OSError(why) from None


@transaction.atomic
def _give_up(row: ChannelMessage, case: Case, error: RefusedForGood) -> None:
    """Leave word on the case: without it, everybody would think that the member has the letter."""
    changed = ChannelMessage.objects.filter(pk=row.pk).exclude(outcome=Outcome.FAILED)
    if changed.update(outcome=Outcome.FAILED, reason=str(error)[:300]):
        address = row.recipient if error.is_address else ""
        returns.failed(case, address=address, why=str(error)[:300], at=timezone.now())


def _plain(text: bytes | str) -> str:
    plain = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return " ".join(plain.split())[:200]


def connection_of(mailbox: Mailbox, *, timeout: int | None = None) -> BaseEmailBackend:
    """The way out of a mailbox; no answer may take `timeout` seconds, or as long as is set."""
    timeout = timeout or settings.EMAIL_TIMEOUT
    if not mailbox.smtp_host:
        return get_connection(timeout=timeout)
    return get_connection(
        "config.common.mail.OutsideBackend",
        host=mailbox.smtp_host,
        port=mailbox.smtp_port,
        username=(mailbox.username or mailbox.address) if mailbox.password else "",
        password=vault.decrypt(mailbox.password),
        use_tls=mailbox.smtp_security == Security.STARTTLS,
        use_ssl=mailbox.smtp_security == Security.TLS,
        timeout=timeout,
    )
