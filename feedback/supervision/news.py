"""What the board waits for: something that happened to cases which a person sees."""

from config.common.models import Event, User
from feedback.cases.queries import visible_to

TOLD_OF = ("case", "clock", "handoff", "agent")
"""Subjects of events that change the board's numbers."""
MOST = 500  # so many at once concern everybody


def newest() -> int:
    """The number of the newest event, from which on to look for what is new."""
    return Event.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


def is_news(user: User, *, since: int) -> bool:
    """Whether cases that this person sees, or who is at the desk, have changed after an event."""
    events = Event.objects.filter(pk__gt=since, subject_type__in=TOLD_OF).order_by("pk")
    rows = list(events.values_list("subject_type", "subject_id", "data__case")[:MOST])
    if len(rows) == MOST or any(subject == "agent" for subject, _pk, _case in rows):
        return True
    cases = {pk if subject == "case" else case for subject, pk, case in rows}
    return bool(cases) and visible_to(user).filter(pk__in=[pk for pk in cases if pk]).exists()
