"""A letter that has come in: into its case, into a new one, or aside; once, however often fetched."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.db import OperationalError, transaction
from django.db.models import Max
from django.db.models.functions import Greatest
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from compensation.members.commands import guest, letter_arrived
from compensation.models import Member
from config.common import limits
from config.common.events import record
from config.common.models import Event
from feedback.attachments.commands import attach, kept_with_the_transaction
from feedback.attachments.rules import BadFile, Clean, clean_name, inspect
from feedback.cases import rules as said
from feedback.cases.ending import may_reopen, revive
from feedback.cases.locking import lock, save
from feedback.cases.opening import open_case
from feedback.cases.speech import hear
from feedback.channels.email import letters, originals, returns, rules, texts, threads
from feedback.channels.email.letters import Letter, Unreadable
from feedback.models import (
    Author,
    Case,
    CaseLink,
    CaseStatus,
    Channel,
    ChannelMessage,
    Direction,
    LinkKind,
    Mailbox,
    Message,
    Outcome,
)

HOUR = timedelta(hours=1)
CUT = 200  # signs left of the longest text for the word that it was cut

NO_SUBJECT = gettext_lazy("(no subject)")


@dataclass(frozen=True, slots=True)
class Arrived:
    """A letter as the mail server holds it: its bytes, when it arrived there, and its place in the folder."""

    raw: bytes
    at: datetime
    uid: int = 0
    uid_validity: int = 0
    is_head_only: bool = False
    """It is too big to be fetched whole."""


@dataclass(slots=True)
class Files:
    """The files of a letter: those that are kept, and what the others have against them."""

    kept: list[Clean] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


def receive(*, mailbox: Mailbox, arrived: Arrived, at: datetime) -> ChannelMessage | None:
    """Take in one letter and note that it was, in one transaction; None when it was taken in before.

    What cannot be read is kept as it is, for a person to look at: one such letter holds up no other.
    """
    try:
        letter = letters.read(arrived.raw)
        files = _files(letter)
    except Unreadable as error:
        return _keep_broken(mailbox, arrived, str(error), at)
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


@kept_with_the_transaction()
@transaction.atomic
def _keep_broken(mailbox: Mailbox, arrived: Arrived, why: str, at: datetime) -> ChannelMessage | None:
    row, is_new = ChannelMessage.objects.get_or_create(
        channel=Channel.EMAIL,
        external_id=letters.digest_of(arrived.raw),
        defaults={
            "direction": Direction.IN,
            "mailbox": mailbox,
            "outcome": Outcome.BROKEN,
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
    """Into the case that it belongs to, else into a new one. What a machine wrote opens nothing."""
    case = threads.case_of(letter)
    machine = rules.automatic(letter)
    sent = limits.hit(f"letter:{letter.sender}"[:160], per=HOUR, at=at).count
    is_flood = sent > settings.LETTERS_AN_HOUR
    if machine and case is None:
        row.outcome, row.reason = Outcome.SET_ASIDE, machine
    elif machine and case is not None:
        _note_automatic(row, case, letter, files, at)
    elif is_flood and (case is None or case.status in {CaseStatus.RESOLVED, CaseStatus.CLOSED}):
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
    body = _body(letter)
    before: Case | None = None
    if case is not None:
        case = lock(case.pk)
        if case.status == CaseStatus.CLOSED and not may_reopen(case, at):
            before, case = case, None
    if case is None:
        member = before.member if before else _writer(letter, row.at)
        case, message = _open(row, mailbox, letter, member=member, body=body, files=files)
        if before is not None:
            _link(before, case, at)
    else:
        moment = _moment(case, row.at, at)
        if case.status in {CaseStatus.RESOLVED, CaseStatus.CLOSED}:
            revive(case, actor=case.member, at=moment)
        message = hear(case, body, files.kept, actor=case.member, at=moment)
    letter_arrived(member_id=case.member_id, email=letter.sender)
    refused = list(files.refused)
    if is_head_only:
        refused.append(_("The letter is too big to be fetched: only its head is here."))
    if refused:
        _note(case, _("Not kept with the letter: %(what)s") % {"what": "; ".join(refused)}, at)
    row.message, row.case, row.outcome, row.reason = message, case, Outcome.TAKEN, ""


def _open(
    row: ChannelMessage,
    mailbox: Mailbox | None,
    letter: Letter,
    *,
    member: Member,
    body: str,
    files: Files,
) -> tuple[Case, Message]:
    with translation.override(member.language):
        subject = " ".join(said.clean_text(letter.subject[:1000]).split())[: said.SUBJECT_LENGTH].strip()
        subject = subject or said.first_words(body, 80) or str(NO_SUBJECT)
    case = open_case(
        member=member,
        kind=mailbox.kind if mailbox else "enquiry",  # type: ignore[arg-type]  # a constraint holds it to the list
        channel=Channel.EMAIL,
        subject=subject,
        body=body or subject,
        department=mailbox.department if mailbox else None,
        actor=member,
        at=row.at,
    )
    message = Message.objects.get(case=case)
    attach(message, files.kept)
    return case, message


def _writer(letter: Letter, at: datetime) -> Member:
    return guest(
        email=letter.sender,
        name=letter.sender_name,
        language=rules.language_of(f"{letter.subject}\n{letter.text[:2000]}"),
        at=at,
    )


def _moment(case: Case, arrived: datetime, at: datetime) -> datetime:
    """When the letter came, unless something has happened in the case since: nothing is put before it."""
    latest = Event.objects.filter(subject_type="case", subject_id=case.pk).aggregate(at=Max("at"))["at"]
    return arrived if latest is None or latest <= arrived else max(at, latest)


def _link(before: Case, case: Case, at: datetime) -> None:
    """Tie the new case to the one that is closed for good."""
    CaseLink.objects.get_or_create(case=before, other=case, defaults={"kind": LinkKind.RELATED, "at": at})
    record("case.linked", before, actor=None, at=at, case=case.pk, link=LinkKind.RELATED)
    record("case.linked", case, actor=None, at=at, case=before.pk, link=LinkKind.RELATED)


def _note_automatic(row: ChannelMessage, case: Case, letter: Letter, files: Files, at: datetime) -> None:
    """What a machine answered stands in the case as a note: it wakes nobody, reopens nothing."""
    case = lock(case.pk)
    with translation.override(settings.LANGUAGE_CODE):
        body = _("Automatic reply: %(text)s") % {"text": _body(letter)[:2000] or letter.subject}
    row.message = _write_note(case, body, at)
    attach(row.message, files.kept)
    row.case, row.outcome, row.reason = case, Outcome.TAKEN, rules.automatic(letter)


def _note(case: Case, body: str, at: datetime) -> None:
    _write_note(case, body, at)


def _write_note(case: Case, body: str, at: datetime) -> Message:
    note = Message.objects.create(
        case=case, author=Author.SYSTEM, is_public=False, body=said.clean_text(body), at=at
    )
    save(case)
    record("case.noted", case, actor=None, at=at, message=note.pk)
    return note


def _body(letter: Letter) -> str:
    """What the letter says itself, cut to what a message may hold."""
    plain = said.clean_text(texts.visible(letter.text), limit=10**9)
    if len(plain) <= said.BODY_LENGTH:
        return plain
    return plain[: said.BODY_LENGTH - CUT].rstrip() + "\n\n" + _("… (cut here: the original has the rest)")


def _files(letter: Letter) -> Files:
    """Look at the files by the rules of attachments; done before anything is locked, since it takes time."""
    files = Files()
    for part in letter.parts:
        if len(files.kept) >= settings.ATTACHMENTS_PER_MESSAGE:
            files.refused.append(_("“%(name)s”: too many files.") % {"name": clean_name(part.name, "")})
            continue
        try:
            files.kept.append(inspect(part.name, part.data))
        except BadFile as error:
            files.refused.append(str(error))
    return files
