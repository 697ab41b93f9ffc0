"""Whether we may conclude from what a member does what they care about. They may refuse, at any time.

The law on personal data (PIPL, articles 24 and 44) lets people refuse decisions that rest on a profile.
"""

from collections.abc import Callable
from datetime import datetime

from django.db import transaction

from compensation.models import ConsentSource, Member
from config.common.errors import NotFound
from config.common.events import Actor, record

FORGET: list[Callable[[int], object]] = []
"""What apps above forget of a member who refuses; called in the transaction, with the member held."""


@transaction.atomic
def choose(*, member_id: int, is_allowed: bool, source: ConsentSource, actor: Actor, at: datetime) -> Member:
    """Keep whether a member lets us conclude things; what was concluded goes with a no.

    Raises:
        NotFound: there is no such member.
    """
    # FOR UPDATE: whoever writes of what they do holds them FOR KEY SHARE, and is waited for
    member = Member.objects.select_for_update(of=("self",)).filter(pk=member_id).first()
    if member is None:
        raise NotFound
    if member.erased_at is not None or is_allowed == (member.refused_profiling_at is None):
        return member
    member.refused_profiling_at = None if is_allowed else at
    member.save(update_fields=["refused_profiling_at"])
    if not is_allowed:
        for forget in FORGET:
            forget(member.pk)
    record("member.profiling_chosen", member, actor=actor, at=at, is_allowed=is_allowed, source=str(source))
    return member
