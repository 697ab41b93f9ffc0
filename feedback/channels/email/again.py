"""Letters that a person has looked at, after they were set aside or could not be read."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from config.common.errors import Invalid, NotFound, WrongState
from config.common.events import record
from config.common.models import User
from feedback.attachments.commands import kept_with_the_transaction
from feedback.channels import arriving
from feedback.channels.email import originals, threads
from feedback.channels.email.letters import Unreadable
from feedback.channels.email.receiving import put
from feedback.models import ChannelMessage, Outcome


@kept_with_the_transaction()
@transaction.atomic
def take_in(*, row_id: int, actor: User, at: datetime) -> ChannelMessage:
    """Put a letter that was set aside into the case it belongs to, or into a new one.

    Raises:
        NotFound: there is no such letter.
        WrongState: it was not set aside, or somebody else has taken it in.
        Invalid: nobody can read it.
    """
    row = ChannelMessage.objects.select_for_update(of=("self",)).filter(pk=row_id).first()
    if row is None:
        raise NotFound
    if row.outcome not in {Outcome.SET_ASIDE, Outcome.BROKEN} or row.channel != "email":
        raise WrongState(_("This letter is no longer set aside."))
    try:
        letter = originals.read(row)
    except Unreadable as error:
        raise Invalid(_("This letter cannot be read.")) from error
    row.sender, row.sender_name = letter.sender, letter.sender_name
    row.letter_id, row.subject = letter.letter_id, letter.subject[:500]
    files = arriving.look_at([(part.name, part.data) for part in letter.parts])
    put(row, row.mailbox, letter, files, threads.case_of(letter), at=at)
    row.save()
    record("letter.taken_in", row, actor=actor, at=at, case=row.case_id)
    return row
