"""What a member may ask for about their data: to have it, and to have it erased; and who looked at it."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from tempfile import SpooledTemporaryFile
from typing import IO

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from compensation.members.rules import spellings
from compensation.models import Member
from config.common import erasing, exporting, limits
from config.common.errors import NotFound, WrongState
from config.common.events import Actor, record
from config.common.models import OutboxMessage, OutboxStatus
from config.common.personal import ENDING, STANDING

IN_MEMORY = 2_000_000
REASONS = 5
"""How many reasons a refusal names."""
EXPORTS = 5
"""How many exports a member may have a day: each reads all that we hold."""


class StillOpen(WrongState):
    """Something of the member's is still to be finished."""

    code = "still_open"

    def __init__(self, reasons: Iterable[object]) -> None:
        shown = [str(reason) for reason in reasons]
        more = "…" if len(shown) > REASONS else ""
        super().__init__(
            _("Erased once this is finished: %(open)s") % {"open": "; ".join(shown[:REASONS]) + more}
        )


@transaction.atomic
def erase(*, member_id: int, actor: Actor, at: datetime) -> Member:
    """Erase a member's data for good: what they said, who they are, their files. Again does nothing.

    Cases, orders and the ledger stay, without a word of theirs; so does the shop's number of the member, by
    which they stay erased when the shop sends them again. Points and coupons end. The law on personal data
    (PIPL, article 47) asks for it when the purpose is over or consent is taken back; what is still being
    worked on has its purpose.

    Raises:
        NotFound: there is no such member.
        StillOpen: a case, an order, a grant or a refund has still to end.
    """
    reasons = [reason for look in STANDING for reason in look(member_id, hold=True)]
    member = Member.objects.filter(pk=member_id).first()
    if member is None:
        raise NotFound
    if member.erased_at is not None:
        return member
    if reasons:
        raise StillOpen(reasons)
    for end in ENDING:
        end(member_id, at=at)
    words = [*spellings(member.phone), *spellings(member.email)]
    counts = erasing.erase(member_id, words)
    OutboxMessage.objects.filter(recipient=f"member:{member_id}", status=OutboxStatus.PENDING).update(
        status=OutboxStatus.DROPPED
    )
    OutboxMessage.objects.filter(recipient=f"member:{member_id}").update(payload={}, last_error="")
    Member.objects.filter(pk=member_id).update(
        erased_at=at, consent_marketing=False, email_failed_at=None, referrer=None
    )
    member.refresh_from_db()
    record("member.erased", member, actor=actor, at=at, rows=sum(counts.values()))
    return member


@transaction.atomic
def export(*, member_id: int, actor: Actor, at: datetime) -> IO[bytes]:
    """All that we hold of a member, as a ZIP that is read from its beginning; that it was made is on record.

    Raises:
        NotFound: there is no such member, or their data was erased.
    """
    member = Member.objects.filter(pk=member_id, erased_at=None).first()
    if member is None:
        raise NotFound
    kept: IO[bytes] = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - the caller reads and closes it
    counts = exporting.write(member_id, kept)
    kept.seek(0)
    record("member.exported", member, actor=actor, at=at, rows=sum(counts.values()))
    return kept


def export_own(*, member: Member, at: datetime) -> IO[bytes]:
    """A member's export that they asked for themselves, a few times a day.

    Raises:
        TooMany: they had it that often today.
    """
    limits.take(f"export:{member.pk}", limit=EXPORTS, per=timedelta(days=1), at=at)
    return export(member_id=member.pk, actor=member, at=at)


@transaction.atomic
def reveal(*, member_id: int, actor: Actor, at: datetime) -> Member:
    """Give a member whose contact details somebody is about to see in full; that they did is on record.

    Raises:
        NotFound: there is no such member.
    """
    member = Member.objects.filter(pk=member_id).first()
    if member is None:
        raise NotFound
    record("member.contact_seen", member, actor=actor, at=at)
    return member
