"""Behaviour events as they are sent."""

from datetime import datetime, timedelta
from itertools import count

from django.utils import timezone

from feedback.behaviour import taking_in

_numbers = count(1)


def told(name="browse", *, at: datetime | None = None, **more):
    """An event as the shop sends it, an hour ago."""
    moment = at or timezone.now() - timedelta(hours=1)
    return {"external_id": f"e{next(_numbers)}", "name": name, "at": moment.isoformat(), **more}


def take(*rows, source="shop", at: datetime | None = None):
    """Take events in; gives what became of each."""
    results = taking_in.take_in(source=source, rows=list(rows), at=at or timezone.now())
    return [one.result for one in results]
