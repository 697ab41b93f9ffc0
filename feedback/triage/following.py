"""Reading what is new: reviews as they come or are edited, cases as their members write."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from config.common.following import follow
from config.common.models import Event
from feedback.models import Triage, TriageQueue
from feedback.triage.commands import take_up
from feedback.triage.queries import UNSURE
from feedback.triage.reading import reader
from feedback.triage.texts import SOURCES

READER = "triage"
AT_ONCE = 500
EVENTS = 2_000
SAID = frozenset(
    {
        "case.opened", "case.corrected", "case.member_wrote", "case.recognised", "case.took_in", "case.split",
        "chat.said", "chat.message_left",
    }
)  # fmt: skip
"""Events after which there may be something else to read in a case."""


@transaction.atomic
def take_up_reviews(*, at: datetime) -> int:
    """Read the next reviews that are new or were edited. Returns how many there were."""
    waiting = TriageQueue.objects.order_by("pk").select_for_update(skip_locked=True)
    taken = dict(waiting.values_list("pk", "review")[:AT_ONCE])
    if taken:
        take_up(source="review", keys=list(taken.values()), at=at)
        TriageQueue.objects.filter(pk__in=taken).delete()
    return len(taken)


def take_up_cases(*, at: datetime) -> int:
    """Read the cases in which somebody wrote since the last time. Returns how many events were read."""

    def read_cases(events: Sequence[Event]) -> None:
        keys = {one.subject_id for one in events if one.subject_type == "case" and one.kind in SAID}
        take_up(source="case", keys=sorted(keys), at=at)

    return follow(READER, read_cases, limit=EVENTS)


def read_again(*, at: datetime) -> int:
    """Read anew, with what is in service now, what nobody was sure of. Returns how many texts there were."""
    model_id, before, read = reader().model_id, None, 0
    while True:
        unsure = Triage.objects.filter(UNSURE).order_by("-pk")
        if before is not None:
            unsure = unsure.filter(pk__lt=before)
        rows = list(unsure.values_list("pk", *SOURCES, "model")[:AT_ONCE])
        if not rows:
            return read
        before = rows[-1][0]
        old = [row for row in rows if row[-1] != model_id]
        for column, source in enumerate(SOURCES, 1):
            keys = [row[column] for row in old if row[column] is not None]
            read += take_up(source=source, keys=keys, at=at)
