"""Looking into mailboxes by IMAP. Nothing over there is changed: what was taken is known here.

A letter's number (UID) is noted in the transaction that takes it in, so a worker that dies in between
fetches it again, and nothing else. Numbers hold as long as the folder's UIDVALIDITY does; after that all
letters since the mailbox was connected are looked at anew, and those that are known are left out.

Before a letter is read it is noted that it will be. A worker that is still alive afterwards wipes the note
away; one that the letter stops (no memory left, a fault in a library) cannot, and after some such workers
the letter is set aside unread.
"""

import imaplib
import re
import ssl
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Greatest
from imap_tools import BaseMailBox, MailBox, MailBoxStartTls, MailBoxUnencrypted
from imap_tools.errors import ImapToolsError

from config.common import outside, vault
from config.common.errors import DomainError
from config.common.events import record
from feedback.channels.email.receiving import Arrived, receive
from feedback.models import Mailbox, Security

LEASE = timedelta(minutes=10)
"""A mailbox is looked into by one worker at a time; one that died is followed after this long."""
TIMEOUT = 30
BATCH = 200
SIZE = re.compile(rb"RFC822\.SIZE (\d+)")
DATE = re.compile(rb'INTERNALDATE "([^"]+)"')
FAILURES = (OSError, imaplib.IMAP4.error, ImapToolsError, DomainError, ValueError, OverflowError)
"""What a mail server, the way to it or its settings can do to us."""


def fetch_all(*, clock: Callable[[], datetime]) -> int:
    """Look into every mailbox that is in use; gives how many letters were taken in."""
    boxes = Mailbox.objects.filter(is_active=True).exclude(imap_host="").values_list("pk", flat=True)
    return sum(fetch(mailbox_id=pk, clock=clock) for pk in list(boxes))


def fetch(*, mailbox_id: int, clock: Callable[[], datetime]) -> int:
    """Take in what is new in one mailbox; gives how many letters. What goes wrong is noted on the mailbox."""
    mailbox = _claim(mailbox_id, clock())
    if mailbox is None:
        return 0
    taken, error = 0, ""
    try:
        with connected(mailbox) as box:
            for arrived in _new(box, mailbox, clock):
                taken += receive(mailbox=mailbox, arrived=arrived, at=clock()) is not None
    except FAILURES as problem:
        error = f"{type(problem).__name__}: {problem}"[:500]
    finally:
        _release(mailbox, error, clock())
    return taken


def connected(mailbox: Mailbox, *, timeout: int = TIMEOUT) -> BaseMailBox:
    """Sign in and open the folder for reading; use it as a context. No answer may take `timeout` seconds.

    Raises:
        OSError, IMAP4.error, ImapToolsError, Unreadable: the server is away, or does not let us in.
    """
    with outside.only():
        return _connected(mailbox, timeout)


def _connected(mailbox: Mailbox, timeout: int) -> BaseMailBox:
    trusted = ssl.create_default_context()
    box: BaseMailBox
    match mailbox.imap_security:
        case Security.TLS:
            box = MailBox(mailbox.imap_host, mailbox.imap_port, timeout=timeout, ssl_context=trusted)
        case Security.STARTTLS:
            box = MailBoxStartTls(mailbox.imap_host, mailbox.imap_port, timeout=timeout, ssl_context=trusted)
        case _:
            box = MailBoxUnencrypted(mailbox.imap_host, mailbox.imap_port, timeout=timeout)
    try:
        box.login(mailbox.username or mailbox.address, vault.decrypt(mailbox.password), initial_folder=None)
        box.folder.set(mailbox.folder, readonly=True)
    except BaseException:
        with suppress(*FAILURES):
            box.logout()
        raise
    return box


@transaction.atomic
def _claim(mailbox_id: int, at: datetime) -> Mailbox | None:
    free = Q(busy_until__isnull=True) | Q(busy_until__lte=at)
    if not Mailbox.objects.filter(free, pk=mailbox_id, is_active=True).update(busy_until=at + LEASE):
        return None
    Mailbox.objects.filter(pk=mailbox_id, since=None).update(since=at)
    return Mailbox.objects.select_related("department").get(pk=mailbox_id)


@transaction.atomic
def _release(mailbox: Mailbox, error: str, at: datetime) -> None:
    row = Mailbox.objects.select_for_update(of=("self",)).get(pk=mailbox.pk)
    row.busy_until, row.checked_at, row.last_error = None, at, error
    failing = row.failing_since
    row.failing_since = (failing or at) if error else None
    row.trying_uid = row.tries = 0
    row.save(update_fields=["busy_until", "checked_at", "last_error", "failing_since", "trying_uid", "tries"])
    if bool(failing) != bool(error):
        record("mailbox.failing" if error else "mailbox.well", row, actor=None, at=at)


def _new(box: BaseMailBox, mailbox: Mailbox, clock: Callable[[], datetime]) -> Iterator[Arrived]:
    validity = int(box.client.response("UIDVALIDITY")[1][0] or 0)
    if validity != mailbox.uid_validity:
        Mailbox.objects.filter(pk=mailbox.pk).update(uid_validity=validity, last_uid=0)
        mailbox.uid_validity, mailbox.last_uid, mailbox.trying_uid = validity, 0, 0
    since = mailbox.since or clock()
    # A day early: the server compares dates in its own time zone. "n:*" also gives the last one below n.
    wanted = f"UID {mailbox.last_uid + 1}:* SINCE {_date(since - timedelta(days=1))}"
    uids = sorted(uid for uid in map(int, box.uids(wanted, charset=None)) if uid > mailbox.last_uid)
    for uid in uids[:BATCH]:
        tries = _note_try(mailbox, uid, clock())
        arrived = _get(box, uid, validity, since, tries=tries)
        if arrived is not None:
            yield arrived
        else:  # else the same older letters would fill every batch
            _pass_over(mailbox, uid)


def _note_try(mailbox: Mailbox, uid: int, at: datetime) -> int:
    """Note, for whoever comes after us, that a letter is being read; gives how often it was begun."""
    mailbox.tries = mailbox.tries + 1 if mailbox.trying_uid == uid else 1
    mailbox.trying_uid = uid
    Mailbox.objects.filter(pk=mailbox.pk).update(trying_uid=uid, tries=mailbox.tries, busy_until=at + LEASE)
    return mailbox.tries


def _pass_over(mailbox: Mailbox, uid: int) -> None:
    """Go on behind a letter that is not asked for."""
    rows = Mailbox.objects.filter(pk=mailbox.pk, uid_validity=mailbox.uid_validity)
    rows.update(last_uid=Greatest("last_uid", uid))


def _get(box: BaseMailBox, uid: int, validity: int, since: datetime, *, tries: int) -> Arrived | None:
    """One letter; None when it was removed meanwhile, or is older than what is asked for.

    Of one that is too big, or that stops us even where nothing but its bytes is kept, only the head.
    """
    about = _bytes(box.client.uid("FETCH", str(uid), "(RFC822.SIZE INTERNALDATE)"))
    size, date = SIZE.search(about), DATE.search(about)
    if not size or not date:
        return None
    at = _moment(date[1])
    if at < since.replace(microsecond=0):
        return None
    is_head_only = int(size[1]) > settings.LETTER_MEGABYTES * 1_000_000 or tries > 2 * settings.LETTER_TRIES
    section = "BODY.PEEK[HEADER]" if is_head_only else "BODY.PEEK[]"
    answer = box.client.uid("FETCH", str(uid), f"({section})")
    _bytes(answer)
    raw = next((one[1] for one in answer[1] if isinstance(one, tuple)), None)
    if raw is None:
        return None
    return Arrived(bytes(raw), at, uid, validity, is_head_only, is_fatal=tries > settings.LETTER_TRIES)


def _bytes(answer: tuple[str, list[bytes | tuple[bytes, bytes] | None]]) -> bytes:
    if answer[0] != "OK":
        raise imaplib.IMAP4.error(str(answer[0]))
    return b" ".join(one if isinstance(one, bytes) else b" ".join(one) for one in answer[1] if one)


def _moment(date: bytes) -> datetime:
    return parsedate_to_datetime(date.decode("ascii", "replace").strip()).astimezone(UTC)


def _date(at: datetime) -> str:
    months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    return f"{at.day:02}-{months[at.month - 1]}-{at.year}"
