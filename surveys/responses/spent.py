"""The end of an anonymous day: nothing that is kept says any more who answered when, or in what order.

While the day lasts, a link that was used stands in SpentLink, under a key to which only the link itself and
the secret key lead. At night the invitations of the day are marked together, in the order of their numbers,
and the links go. The answers of these weeks are written anew in the order of their numbers, which are drawn:
else the order in which they lie on the disk, and the transaction that wrote each, would be the links' own.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import pgtrigger
from django.db import connection, models, transaction
from django.db.models import Q

from surveys.invitations import links
from surveys.models import Answer, AnswerFile, Invitation, Occasion, Response, SpentLink
from surveys.responses import webhook
from surveys.responses.commands import monday

BATCH = 2_000


@transaction.atomic
def mark_spent(*, at: datetime) -> int:
    """Mark the anonymous invitations that were answered since last time; gives how many.

    Links of open campaigns stay until their wave is over: there is no invitation to be marked, and they keep
    a page from being sent twice.
    """
    spent = dict(SpentLink.objects.select_for_update().values_list("key", "wave"))
    waves = set(spent.values())
    asked = Q(wave__campaign__occasion=Occasion.OPEN)
    found = [pk for pk, nonce in _unmarked(waves) if links.draft_key(links.token(nonce)) in spent]
    for ids in _batches(found):
        Invitation.objects.filter(pk__in=ids).update(is_answered=True, remind_at=None)
    gone = SpentLink.objects.filter(key__in=list(spent))
    gone.filter(~asked | Q(wave__closes_at__lt=at - timedelta(days=1))).delete()
    _mix(sorted(waves), at)
    return len(found)


def tell_counts(*, at: datetime, smallest: int) -> None:
    """Tell the shop's systems how many anonymous answers there were last week."""
    webhook.tell_counted(webhook.counts(monday(at) - timedelta(days=7)), smallest, at)


def _unmarked(waves: set[int]) -> Iterator[tuple[int, Any]]:
    rows = Invitation.objects.filter(wave__in=waves, is_anonymous=True, is_answered=False)
    return rows.order_by("pk").values_list("pk", "nonce").iterator(BATCH)


def _batches(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    return (ids[at : at + BATCH] for at in range(0, len(ids), BATCH))


def _mix(waves: Sequence[int], at: datetime) -> None:
    """Write the anonymous answers of this week and the last anew, in the order of drawn numbers."""
    since = monday(at) - timedelta(days=7)  # triggers would take what is only written anew for more
    fresh = "SELECT id FROM surveys_response WHERE is_anonymous AND wave_id = ANY(%s) AND week >= %s"
    answers = f"SELECT id FROM surveys_answer WHERE response_id IN ({fresh})"  # noqa: S608 - no value in it
    with pgtrigger.ignore(), connection.cursor() as cursor:
        for model, column, of in (
            (AnswerFile, "answer_id", answers),
            (Answer, "response_id", fresh),
            (Response, "id", fresh),
        ):
            _write_anew(cursor, model, f"{column} IN ({of})", [list(waves), since])


def _write_anew(cursor: Any, model: type[models.Model], which: str, values: Sequence[Any]) -> None:
    table = model._meta.db_table
    columns = ", ".join(str(field.column) for field in model._meta.local_concrete_fields)
    cursor.execute(
        f"WITH gone AS (DELETE FROM {table} WHERE {which} RETURNING *)"  # noqa: S608 - names of our own tables
        f" INSERT INTO {table} ({columns}) SELECT {columns} FROM gone ORDER BY id",
        values,
    )
