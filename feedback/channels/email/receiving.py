"""A letter that has come in: into its case, into a new one, or aside; once, however often fetched."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import OperationalError, transaction
from django.db.models.functions import Greatest
from django.utils import translation
from django.utils.translation import gettext as _

from compensation.members.commands import guest, letter_arrived
from compensation.models import Member
from config.common import limits
from config.common.events import record
from feedback.attachments.commands import attach, kept_with_the_transaction
from feedback.cases.locking import lock
from feedback.channels import arriving
from feedback.channels.arriving import ENDED, Files, Said
from feedback.channels.email import letters, originals, returns, rules, strangers, texts, threads
from feedback.channels.email.letters import Letter, Unreadable
from feedback.models import Case, CaseKind, Channel, ChannelMessage, Direction, Mailbox, Outcome

HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Arrived:
    """A letter as the mail server holds it: its bytes, when it arrived there, and its place in the folder."""

    raw: bytes
    at: datetime
    uid: int = 0
    uid_validity: int = 0
    is_head_only: bool = False
    """It is too big to be fetched whole."""
    is_fatal: bool = False
    """It stopped the workers that tried to read it."""


def receive(*, mailbox: Mailbox, arrived: Arrived, at: datetime) -> ChannelMessage | None:
    """Take in one letter and note that it was, in one transaction; None when it was taken in before.

    What cannot be read, or stops who reads it, is kept as it is for a person to look at: one such letter
    holds up no other.
    """
    if arrived.is_fatal or _is_known_broken(arrived):
        return _keep_broken(mailbox, arrived, "", at)
    try:
        letter = letters.read(arrived.raw)
        files = arriving.look_at([(part.name, part.data) for part in letter.parts])
    except (Unreadable, MemoryError) as error:
        return _keep_broken(mailbox, arrived, str(error) or type(error).__name__, at)
    try:
        return _take_in(mailbox, arrived, letter, files, at)
    except OperationalError:
        raise  # the database is not there: the letter is fetched again
    except Exception as error:  # noqa: BLE001 - whatever a letter stumbles over, the next must come in
        return _keep_broken(mailbox, arrived, f"{type(error).__name__}: {error}", at)


@kept_with_the_transaction()
@transaction.atomic
def _take_in(
    mailbox: Mailbox, arrived: Arrived, letter: Letter, files: Files, at: datetime
) -> ChannelMessage | None:
    row, is_new = ChannelMessage.objects.get_or_create(
        channel=Channel.EMAIL, external_id=letter.digest, defaults=_row(mailbox, letter, arrived, at)
    )
    _note_place(mailbox, arrived)
    if not is_new:
        return None
    originals.keep(row, arrived.raw)
    if rules.came_back(letter):
        returns.take(row, letter, at=at)
    elif reason := _of_ours(letter):
        row.outcome, row.reason = Outcome.SET_ASIDE, reason
    else:
        _sort(row, mailbox, letter, files, is_head_only=arrived.is_head_only, at=at)
    row.save()
    return row


def _row(mailbox: Mailbox, letter: Letter, arrived: Arrived, at: datetime) -> dict[str, object]:
    return {
        "direction": Direction.IN,
        "mailbox": mailbox,
        "outcome": Outcome.SET_ASIDE,
        "letter_id": letter.letter_id,
        "sender": letter.sender,
        "sender_name": letter.sender_name,
        "recipient": (letter.recipients or (mailbox.address,))[0],
        "subject": letter.subject[:500],
        "at": min(arrived.at, at),
    }


def _note_place(mailbox: Mailbox, arrived: Arrived) -> None:
    """Next time the fetching goes on behind it; in the same transaction as the letter itself."""
    if arrived.uid:
        Mailbox.objects.filter(pk=mailbox.pk, uid_validity=arrived.uid_validity).update(
            last_uid=Greatest("last_uid", arrived.uid)
        )


def _is_known_broken(arrived: Arrived) -> bool:
    """Whether just these bytes could not be read before; they are not tried again."""
    return ChannelMessage.objects.filter(
        channel=Channel.EMAIL,
        external_id=letters.digest_of(arrived.raw),
        outcome__in=[Outcome.BROKEN, Outcome.FATAL],
    ).exists()


@kept_with_the_transaction()
@transaction.atomic
def _keep_broken(mailbox: Mailbox, arrived: Arrived, why: str, at: datetime) -> ChannelMessage | None:
    row, is_new = ChannelMessage.objects.get_or_create(
        channel=Channel.EMAIL,
        external_id=letters.digest_of(arrived.raw),
        defaults={
            "direction": Direction.IN,
            "mailbox": mailbox,
            "outcome": Outcome.FATAL if arrived.is_fatal else Outcome.BROKEN,
            "reason": why.replace("\0", "")[:300],
            "recipient": mailbox.address,
            "at": min(arrived.at, at),
        },
    )
    _note_place(mailbox, arrived)
    if not is_new:
        return None
    originals.keep(row, arrived.raw)
    row.save()
    record("letter.broken", row, actor=None, at=at)
    return row


def _of_ours(letter: Letter) -> str:
    """Why it is a letter of our own that came back to us; empty when it is not."""
    if Mailbox.objects.filter(address__iexact=letter.sender).exists():
        return "sent by one of our mailboxes"
    ours = ChannelMessage.objects.filter(
        channel=Channel.EMAIL, direction=Direction.OUT, letter_id=letter.letter_id
    )
    return "our own Message-ID" if letter.letter_id and ours.exists() else ""


def _sort(
    row: ChannelMessage, mailbox: Mailbox, letter: Letter, files: Files, *, is_head_only: bool, at: datetime
) -> None:
    """Into the case that it belongs to, else into a new one. What a machine wrote opens nothing.

    What a stranger writes to a case, or anybody too often, waits for a person beside it.
    """
    case = threads.case_of(letter)
    machine = rules.automatic(letter)
    sent = limits.hit(f"letter:{letter.sender}"[:160], per=HOUR, at=at).count
    is_flood = sent > settings.LETTERS_AN_HOUR
    if machine and case is None:
        row.outcome, row.reason = Outcome.SET_ASIDE, machine
    elif case is not None and (why := strangers.why_aside(case, letter, at=at)):
        strangers.put_aside(row, case, why, tells=not machine, at=at)
    elif machine and case is not None:
        _note_automatic(row, case, letter, files, at)
    elif is_flood and (case is None or case.status in ENDED):
        row.outcome, row.reason = Outcome.SET_ASIDE, f"more than {settings.LETTERS_AN_HOUR} letters an hour"
    else:
        put(row, mailbox, letter, files, case, is_head_only=is_head_only, at=at)


def put(
    row: ChannelMessage,
    mailbox: Mailbox | None,
    letter: Letter,
    files: Files,
    case: Case | None,
    *,
    is_head_only: bool = False,
    at: datetime,
) -> None:
    """Put a person's letter into a case: this one, reopened if need be, or a new one."""
    refused = list(files.refused)
    if is_head_only:
        refused.append(_("The letter is too big to be fetched: only its head is here."))
    said = Said(
        body=texts.visible(letter.text),
        at=row.at,
        subject=letter.subject,
        files=Files(files.kept, refused),
        kind=mailbox.kind if mailbox else CaseKind.ENQUIRY,
        channel=Channel.EMAIL,
        department=mailbox.department if mailbox else None,
    )
    member = None if case is not None else _writer(letter, row.at)
    case, message = arriving.put(case, said, member=member, at=at)
    letter_arrived(member_id=case.member_id, email=letter.sender)
    row.message, row.case, row.outcome, row.reason = message, case, Outcome.TAKEN, ""


def _writer(letter: Letter, at: datetime) -> Member:
    return guest(
        email=letter.sender,
        name=letter.sender_name,
        language=rules.language_of(f"{letter.subject}\n{letter.text[:2000]}"),
        at=at,
    )


def _note_automatic(row: ChannelMessage, case: Case, letter: Letter, files: Files, at: datetime) -> None:
    """What a machine answered stands in the case as a note: it wakes nobody, reopens nothing."""
    case = lock(case.pk)
    with translation.override(settings.LANGUAGE_CODE):
        text = texts.visible(letter.text)[:2000] or letter.subject
        row.message = arriving.note(case, _("Automatic reply: %(text)s") % {"text": text}, at=at)
    attach(row.message, files.kept)
    row.case, row.outcome, row.reason = case, Outcome.TAKEN, rules.automatic(letter)
