"""Rate limits, counted in the database: exact with any number of processes, without another server."""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from config.common.errors import DomainError
from config.common.models import RateCount


class TooMany(DomainError):
    """The same thing was asked for too often."""

    code = "too_many"
    status = 429
    default = _("Too many attempts. Please wait a little and try again.")


@dataclass(frozen=True, slots=True)
class Count:
    """How often something was done in the running window, this time included."""

    count: int
    resets_at: datetime


def hit(key: str, *, per: timedelta, at: datetime) -> Count:
    """Count one more of `key`; the window begins with its first hit and lasts `per`.

    One statement, so that hits at the same moment are all counted. Call it outside the transaction whose
    failure it should outlive.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO common_ratecount AS known (key, count, resets_at) VALUES (%s, 1, %s)"
            " ON CONFLICT (key) DO UPDATE SET"
            " count = CASE WHEN known.resets_at <= %s THEN 1 ELSE known.count + 1 END,"
            " resets_at = CASE WHEN known.resets_at <= %s THEN excluded.resets_at ELSE known.resets_at END"
            " RETURNING count, resets_at",
            [key, at + per, at, at],
        )
        return Count(*cursor.fetchone())


def take(key: str, *, limit: int, per: timedelta, at: datetime) -> None:
    """Count one more of `key`.

    Raises:
        TooMany: that is more than `limit` in the window; `retry_after` says the seconds to wait.
    """
    now = hit(key, per=per, at=at)
    if now.count > limit:
        raise TooMany(retry_after=max(1, math.ceil((now.resets_at - at).total_seconds())))


def give_back(key: str, *, at: datetime) -> None:
    """Take one back of what was counted in the running window, such as what turned out to be right."""
    RateCount.objects.filter(key=key, count__gt=0, resets_at__gt=at).update(count=F("count") - 1)


def forget(*, before: datetime) -> int:
    """Drop the counts whose window ended before that moment; how many."""
    return RateCount.objects.filter(resets_at__lt=before).delete()[0]
