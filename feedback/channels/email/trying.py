"""Trying whether a mailbox can be reached: nothing is read, sent or noted."""

import imaplib
import smtplib
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from imap_tools.errors import (
    ImapToolsError,
    MailboxFolderSelectError,
    MailboxLoginError,
    MailboxStarttlsError,
)

from config.common import outside
from config.common.errors import DomainError
from feedback.channels.email.fetching import FAILURES, connected
from feedback.channels.email.sending import connection_of
from feedback.models import Mailbox

PATIENCE = 8
"""Seconds that a server may take for each answer: somebody waits for the result."""

REASONS: tuple[tuple[tuple[type[Exception], ...], Promise], ...] = (
    ((outside.Internal,), gettext_lazy("it is inside our own network; INTERNAL_HOSTS can allow it")),
    (
        (MailboxLoginError, smtplib.SMTPAuthenticationError),
        gettext_lazy("it does not take this user name and password"),
    ),
    ((MailboxFolderSelectError,), gettext_lazy("signed in, but it has no such folder")),
    (
        (smtplib.SMTPNotSupportedError, MailboxStarttlsError),
        gettext_lazy("it does not offer this encryption or way of signing in"),
    ),
    ((ssl.SSLCertVerificationError,), gettext_lazy("its certificate is not trusted or not its own")),
    (
        (ssl.SSLError, smtplib.SMTPServerDisconnected, imaplib.IMAP4.abort),
        gettext_lazy("it ended the conversation; port and encryption may not belong together"),
    ),
    ((socket.gaierror,), gettext_lazy("there is no server of this name")),
    ((TimeoutError,), gettext_lazy("it does not answer")),
    ((ConnectionRefusedError,), gettext_lazy("nothing answers at this port")),
    ((smtplib.SMTPException, imaplib.IMAP4.error, ImapToolsError), gettext_lazy("it refused")),
    ((Exception,), gettext_lazy("it cannot be reached")),
)
"""What is told of an error. Its own words are not: servers say too much, and in one language."""


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of one of the two ways."""

    is_good: bool
    text: str


def try_out(mailbox: Mailbox) -> list[Tried]:
    """Sign in at the servers of a mailbox, and leave again; in the language of the moment."""
    tried = []
    if mailbox.imap_host:
        tried.append(_try(_("In: IMAP"), f"{mailbox.imap_host}:{mailbox.imap_port}", mailbox, _come_in))
    where = f"{mailbox.smtp_host}:{mailbox.smtp_port}" if mailbox.smtp_host else _("the installation's own")
    tried.append(_try(_("Out: SMTP"), where, mailbox, _go_out))
    return tried


def _try(way: str, where: str, mailbox: Mailbox, go: Callable[[Mailbox], None]) -> Tried:
    names = {"mailbox": mailbox.address, "way": way, "where": where}
    try:
        go(mailbox)
    except DomainError as error:
        why = str(error)
    except FAILURES as error:
        why = _reason(error)
    else:
        return Tried(True, _("%(mailbox)s · %(way)s (%(where)s): connected.") % names)
    return Tried(
        False, _("%(mailbox)s · %(way)s (%(where)s): %(why)s.") % {**names, "why": why.rstrip(".。")}
    )


def _reason(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPServerDisconnected) and isinstance(error.__context__, TimeoutError):
        error = error.__context__  # smtplib calls silence so
    return str(next(text for kinds, text in REASONS if isinstance(error, kinds)))


def _come_in(mailbox: Mailbox) -> None:
    box = connected(mailbox, timeout=PATIENCE)
    with suppress(*FAILURES):  # it has worked already
        box.logout()


def _go_out(mailbox: Mailbox) -> None:
    line = connection_of(mailbox, timeout=PATIENCE)
    try:
        line.open()
    finally:
        with suppress(*FAILURES):
            line.close()
