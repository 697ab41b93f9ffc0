"""Letters that a person has looked at, after they were set aside or could not be read."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from config.common.errors import Invalid, NotFound, WrongState
from config.common.events import record
from config.common.models import User
from feedback.attachments.commands import kept_with_the_transaction
from feedback.cases.locking import lock, save
from feedback.channels import arriving
from feedback.channels.email import originals, threads
from feedback.channels.email.letters import Unreadable
from feedback.channels.email.receiving import put
from feedback.models import Channel, ChannelMessage, Outcome

ASIDE = frozenset({Outcome.SET_ASIDE, Outcome.BROKEN, Outcome.LEFT})


@kept_with_the_transaction()
@transaction.atomic
def take_in(*, row_id: int, actor: User, at: datetime) -> ChannelMessage:
    """Put a letter that was set aside into the case it waits beside or belongs to, or into a new one.

    Raises:
        NotFound: there is no such letter.
        WrongState: it was not set aside, or somebody else has taken it in.
        Invalid: nobody can read it.
    """
    row = _lock(row_id)
    if row.outcome == Outcome.FATAL:
        raise WrongState(_("This letter stops the program that reads it: open a case by hand."))
    if row.outcome not in ASIDE or row.channel != Channel.EMAIL:
        raise WrongState(_("This letter is no longer set aside."))
    try:
        letter = originals.read(row)
    except Unreadable as error:
        raise Invalid(_("This letter cannot be read.")) from error
    row.sender, row.sender_name = letter.sender, letter.sender_name
    row.letter_id, row.subject = letter.letter_id, letter.subject[:500]
    files = arriving.look_at([(part.name, part.data) for part in letter.parts])
    put(row, row.mailbox, letter, files, row.case or threads.case_of(letter), at=at)
    row.save()
    record("letter.taken_in", row, actor=actor, at=at, case=row.case_id)
    return row


@transaction.atomic
def leave(*, row_id: int, actor: User, at: datetime) -> ChannelMessage:
    """Say that a letter goes into no case: nobody need look at it again; again changes nothing.

    Raises:
        NotFound: there is no such letter.
        WrongState: it was taken in, or never set aside.
    """
    row = _lock(row_id)
    if row.outcome == Outcome.LEFT:
        return row
    if row.outcome not in ASIDE | {Outcome.FATAL} or row.channel != Channel.EMAIL:
        raise WrongState(_("This letter is no longer set aside."))
    row.outcome = Outcome.LEFT
    row.save(update_fields=["outcome"])
    record("letter.left", row, actor=actor, at=at, case=row.case_id)
    if row.case is not None:
        save(row.case, news=False)
        record("case.letter_left", row.case, actor=actor, at=at, letter=row.pk)
    return row


def _lock(row_id: int) -> ChannelMessage:
    """Lock a letter after the case that it waits beside, as a merge does.

    Raises:
        NotFound: there is no such letter.
    """
    rows = ChannelMessage.objects.filter(pk=row_id)
    held = rows.values_list("case", flat=True).first()
    case = lock(held) if held is not None else None
    row = rows.select_for_update(of=("self",)).first()
    if row is None:
        raise NotFound
    if case is not None and row.case_id == case.pk:
        row.case = case
    return row
