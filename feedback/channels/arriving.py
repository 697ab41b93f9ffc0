"""What a member says from outside: into the case it belongs to, reopened if need be, or into a new one."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import Max
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from compensation.models import Member, Order
from config.common.events import record
from config.common.models import Event
from feedback.attachments.commands import attach
from feedback.attachments.rules import BadFile, Clean, clean_name, inspect
from feedback.cases import rules
from feedback.cases.ending import may_reopen, revive
from feedback.cases.locking import lock, save
from feedback.cases.opening import open_case
from feedback.cases.speech import hear
from feedback.models import Author, Case, CaseLink, CaseStatus, Department, LinkKind, Message

CUT = 200  # signs left of the longest text for the word that it was cut
ENDED = frozenset({CaseStatus.RESOLVED, CaseStatus.CLOSED})
NO_SUBJECT = gettext_lazy("(no subject)")


@dataclass(slots=True)
class Files:
    """The files that came with it: those that are kept, and what the others have against them."""

    kept: list[Clean] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What was said, when, and of what sort a new case would be."""

    body: str
    at: datetime
    subject: str = ""
    files: Files = field(default_factory=Files)
    kind: Any
    channel: Any
    department: Department | None = None
    order: Order | None = None


def look_at(files: Sequence[tuple[str, bytes]]) -> Files:
    """Look at files by the rules of attachments; done before anything is locked, since it takes time."""
    found = Files()
    for name, data in files:
        if len(found.kept) >= settings.ATTACHMENTS_PER_MESSAGE:
            found.refused.append(_("“%(name)s”: too many files.") % {"name": clean_name(name, "")})
            continue
        try:
            found.kept.append(inspect(name, data))
        except BadFile as error:
            found.refused.append(str(error))
    return found


def put(case: Case | None, said: Said, *, member: Member | None, at: datetime) -> tuple[Case, Message]:
    """Put it into the case, or into a new one of `member`; one that is closed for good is linked with it.

    Call in a transaction, with `attachments.commands.kept_with_the_transaction` around it.
    """
    before: Case | None = None
    if case is not None:
        case = lock(case.pk)
        if case.status == CaseStatus.CLOSED and not may_reopen(case, at):
            before, case = case, None
    if case is not None:
        moment = _moment(case, said.at, at)
        if case.status in ENDED:
            revive(case, actor=case.member, at=moment)
        message = hear(case, fitting(said.body), said.files.kept, actor=case.member, at=moment)
    else:
        case, message = _open(said, before.member if before else member)
    if before is not None:
        link(before, case, at=at)
    if said.files.refused:
        note(case, _("Not kept: %(what)s") % {"what": "; ".join(said.files.refused)}, at=at)
    return case, message


def _open(said: Said, member: Member | None) -> tuple[Case, Message]:
    if member is None:
        raise ValueError("a new case is somebody's")
    body = fitting(said.body)
    with translation.override(member.language):
        subject = " ".join(rules.clean_text(said.subject[:1000]).split())[: rules.SUBJECT_LENGTH].strip()
        subject = subject or rules.first_words(body, 80) or str(NO_SUBJECT)
    case = open_case(
        member=member,
        kind=said.kind,
        channel=said.channel,
        subject=subject,
        body=body or subject,
        department=said.department,
        order=said.order,
        actor=member,
        at=said.at,
    )
    message = Message.objects.get(case=case)
    attach(message, said.files.kept)
    return case, message


def fitting(text: str) -> str:
    """The text as a message may hold it, cut if it is longer."""
    plain = rules.clean_text(text, limit=10**9)
    if len(plain) <= rules.BODY_LENGTH:
        return plain
    return plain[: rules.BODY_LENGTH - CUT].rstrip() + "\n\n" + _("… (cut here: the original has the rest)")


def link(one: Case, other: Case, *, at: datetime) -> None:
    """Tie two cases of one problem; again changes nothing."""
    known = CaseLink.objects.filter(case=one, other=other) | CaseLink.objects.filter(case=other, other=one)
    if one.pk == other.pk or known.exists():
        return
    CaseLink.objects.create(case=one, other=other, kind=LinkKind.RELATED, at=at)
    record("case.linked", one, actor=None, at=at, case=other.pk, link=LinkKind.RELATED)
    record("case.linked", other, actor=None, at=at, case=one.pk, link=LinkKind.RELATED)


def note(case: Case, text: str, *, at: datetime) -> Message:
    """Write a note into a locked case for colleagues."""
    written = Message.objects.create(
        case=case, author=Author.SYSTEM, is_public=False, body=fitting(text), at=at
    )
    save(case, news=False)
    record("case.noted", case, actor=None, at=at, message=written.pk)
    return written


def _moment(case: Case, arrived: datetime, at: datetime) -> datetime:
    """When it was said, unless something has happened in the case since: nothing is put before it."""
    latest = Event.objects.filter(subject_type="case", subject_id=case.pk).aggregate(at=Max("at"))["at"]
    return arrived if latest is None or latest <= arrived else max(at, latest)
