"""What happened to a row, as people read it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db.models import Model

from config.common.events import timeline
from config.common.models import User

SHOWN = 30


def history(row: Model, words: Mapping[str, Any]) -> list[tuple[str, datetime, str]]:
    """The last events of a row, the newest first: what by `words`, when, and who did it, if somebody did.

    Of a kind that has no words nothing is told.
    """
    events = list(timeline([row]).filter(kind__in=words).order_by("-id")[:SHOWN])
    actors = {int(one.actor.partition(":")[2]) for one in events if one.actor.startswith("user:")}
    names = {f"user:{user.pk}": str(user) for user in User.objects.filter(pk__in=actors)}
    return [(str(words[one.kind]), one.at, names.get(one.actor, "")) for one in events]
