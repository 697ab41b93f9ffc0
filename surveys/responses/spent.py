"""The end of an anonymous day: nothing that is kept says any more who answered when, or in what order.

While the day lasts, a link that was used stands in SpentLink, under a key to which only the link itself and
the secret key lead. At night the invitations of the day are marked together, in the order of their numbers,
and the links go. The answers of these weeks are written anew in the order of their numbers, which are drawn:
else the order in which they lie on the disk, and the transaction that wrote each, would be the links' own.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pgtrigger
from django.conf import settings
from django.db import connection, models, transaction
from django.db.models import Q
from django.utils import timezone

from surveys.invitations import links
from surveys.models import Answer, AnswerFile, Invitation, Occasion, Response, SpentLink, SurveyTerms
from surveys.responses import webhook
from surveys.responses.commands import monday

BATCH = 2_000


@transaction.atomic
def mark_spent(*, at: datetime, since: datetime | None = None) -> int:
    """Mark the anonymous invitations that were answered since last time (`since`); gives how many.

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
    _mix(sorted(waves), since or at)
    return len(found)


NIGHT = time(3)
"""When the day that is over is closed, in the shop's zone."""
WEEK = timedelta(days=7)


@transaction.atomic
def close_the_day(*, at: datetime, smallest: int) -> bool:
    """Close the anonymous days up to the last night, once, however late somebody comes to it.

    Marks their invitations together, and tells how many answered in the weeks that are over since.
    """
    SurveyTerms.objects.get_or_create(pk=1)
    terms = SurveyTerms.objects.select_for_update().get(pk=1)
    night = _night(at)
    if terms.closed_upto is not None and terms.closed_upto >= night:
        return False
    mark_spent(at=at, since=terms.closed_upto)
    week = monday(terms.closed_upto or night) - WEEK
    while week < monday(night):
        tell_counts(at=at, smallest=smallest, week=week)
        week += WEEK
    terms.closed_upto = night
    terms.save(update_fields=["closed_upto"])
    return True


def _night(at: datetime) -> datetime:
    """The last moment up to now at which a day is closed."""
    local = timezone.localtime(at, ZoneInfo(settings.TIME_ZONE))
    day = local.date() if local.time() >= NIGHT else local.date() - timedelta(days=1)
    return datetime.combine(day, NIGHT, ZoneInfo(settings.TIME_ZONE)).astimezone(UTC)


def tell_counts(*, at: datetime, smallest: int, week: date | None = None) -> None:
    """Tell the shop's systems how many anonymous answers there were in a week that is over: the last one."""
    webhook.tell_counted(webhook.counts(week or monday(at) - WEEK), smallest, at)


def _unmarked(waves: set[int]) -> Iterator[tuple[int, Any]]:
    rows = Invitation.objects.filter(wave__in=waves, is_anonymous=True, is_answered=False)
    return rows.order_by("pk").values_list("pk", "nonce").iterator(BATCH)


def _batches(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    return (ids[at : at + BATCH] for at in range(0, len(ids), BATCH))


def _mix(waves: Sequence[int], since: datetime) -> None:
    """Write the anonymous answers from the week before a moment on anew, in the order of drawn numbers."""
    # triggers would take what is only written anew for more
    fresh = "SELECT id FROM surveys_response WHERE is_anonymous AND wave_id = ANY(%s) AND week >= %s"
    answers = f"SELECT id FROM surveys_answer WHERE response_id IN ({fresh})"  # noqa: S608 - no value in it
    with pgtrigger.ignore(), connection.cursor() as cursor:
        for model, column, of in (
            (AnswerFile, "answer_id", answers),
            (Answer, "response_id", fresh),
            (Response, "id", fresh),
        ):
            _write_anew(cursor, model, f"{column} IN ({of})", [list(waves), monday(since) - WEEK])


def _write_anew(cursor: Any, model: type[models.Model], which: str, values: Sequence[Any]) -> None:
    table = model._meta.db_table
    columns = ", ".join(str(field.column) for field in model._meta.local_concrete_fields)
    cursor.execute(
        f"WITH gone AS (DELETE FROM {table} WHERE {which} RETURNING *)"  # noqa: S608 - names of our own tables
        f" INSERT INTO {table} ({columns}) SELECT {columns} FROM gone ORDER BY id",
        values,
    )
