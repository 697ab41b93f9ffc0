"""Following the event log: what is derived from events is brought up to date by a reader with a bookmark.

The bookmark moves in the transaction of what the reader wrote, so each event is taken up exactly once,
whatever dies in between; two runs of one reader follow one another.
"""

from collections.abc import Callable, Sequence

from django.db import transaction

from config.common.events import Position, position_of, read_since
from config.common.models import Bookmark, Event

BATCH = 1_000


@transaction.atomic
def follow(reader: str, take_up: Callable[[Sequence[Event]], None], *, limit: int = BATCH) -> int:
    """Let `take_up` have the next events that this reader has not had. Returns how many there were."""
    Bookmark.objects.bulk_create([Bookmark(reader=reader)], ignore_conflicts=True)
    mark = Bookmark.objects.select_for_update().get(reader=reader)
    events = read_since(Position(mark.txid, mark.event_id), limit)
    if events:
        take_up(events)
        last = position_of(events[-1])
        mark.txid, mark.event_id = last.txid, last.id
        mark.save(update_fields=["txid", "event_id"])
    return len(events)
