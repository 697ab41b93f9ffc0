"""Letters and messages to colleagues: many alerts become one, and nobody gets more than one in a while.

Whoever alerts adds lines (`add`, `add_many`) and waits for nobody. A pass of the sweep gathers them
(`gather`): a recipient who was told nothing lately is told at once, everybody else when the time of
`TeamRule.alert_window` is over. Only one gathers at a time, so that two passes never make two messages.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db import connection, transaction
from django.db.models import Q

from config.common import bulk, outbox
from config.common.models import OutboxMessage
from feedback.models import Digest, DigestLine
from feedback.org.team import team_rule

LETTER, MESSAGE = "alerts", "messenger"
LOCK = 7_215_004

REVIEW = "review"
"""What an alert about a review names in its data, in place of a case."""

JUMP = "jump"
"""What an alert about a jump of a watched word names in its data, in place of a case."""

Line = Sequence[Any]
"""Case (None: see REVIEW and JUMP), kind of alert, its data."""


class Recipient(NamedTuple):
    """Who is told: a colleague by letter, or a messenger."""

    user: int | None = None
    messenger: int | None = None


def add(recipients: Iterable[Recipient], line: Line, *, at: datetime) -> None:
    """Have some recipients told one thing with their next message. Call in the transaction of the alert."""
    DigestLine.objects.bulk_create(
        DigestLine(user_id=to.user, messenger_id=to.messenger, alerts=[line], at=at) for to in recipients
    )


def add_many(lines: Mapping[Recipient, Sequence[str]], *, at: datetime) -> None:
    """Have recipients told many things each, from lines that are written as JSON already. One statement."""
    if not lines:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO feedback_digestline (user_id, messenger_id, alerts, at)"
            " SELECT unnest(%s::bigint[]), unnest(%s::bigint[]), unnest(%s::text[])::jsonb, %s",
            [
                bulk.array(to.user for to in lines),
                bulk.array(to.messenger for to in lines),
                bulk.texts([f"[{','.join(some)}]" for some in lines.values()]),
                at,
            ],
        )


@transaction.atomic
def gather(at: datetime) -> int:
    """Make up the messages that are due at `at`; gives how many: none where another pass does it just now."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        if not cursor.fetchone()[0]:
            return 0
    asked = [Recipient(*row) for row in DigestLine.objects.values_list("user", "messenger").distinct()]
    known = {Recipient(one.user_id, one.messenger_id): one for one in _known(asked)}
    window = team_rule().alert_window
    due = [to for to in asked if to not in known or not _is_quiet(known[to], at, window)]
    if not due:
        return 0
    lines = _take(due)
    old, new = [known[to] for to in due if to in known], [to for to in due if to not in known]
    for digest in old:
        digest.made_at, digest.number = at, digest.number + 1
    Digest.objects.bulk_update(old, ["made_at", "number"])
    made = Digest.objects.bulk_create(
        Digest(user_id=to.user, messenger_id=to.messenger, made_at=at) for to in new
    )
    outbox.put_all(_message(one, lines[Recipient(one.user_id, one.messenger_id)], at) for one in old + made)
    return len(due)


def _take(due: Sequence[Recipient]) -> dict[Recipient, list[Line]]:
    """Take what some recipients are to be told off the table."""
    wanted = Q(user__in=[to.user for to in due if to.user]) | Q(
        messenger__in=[to.messenger for to in due if to.messenger]
    )
    found: dict[Recipient, list[Line]] = defaultdict(list)
    taken = []
    for line in DigestLine.objects.filter(wanted).order_by("pk"):
        found[Recipient(line.user_id, line.messenger_id)] += line.alerts
        taken.append(line.pk)
    DigestLine.objects.filter(pk__in=taken).delete()
    return found


def _known(recipients: Sequence[Recipient]) -> Iterable[Digest]:
    users = [to.user for to in recipients if to.user]
    messengers = [to.messenger for to in recipients if to.messenger]
    yield from Digest.objects.filter(user__in=users)
    yield from Digest.objects.filter(messenger__in=messengers)


def _is_quiet(digest: Digest, at: datetime, window: timedelta) -> bool:
    """Tell whether a recipient was told something less than the window ago."""
    return digest.made_at <= at < digest.made_at + window


def _message(digest: Digest, alerts: Sequence[Line], at: datetime) -> OutboxMessage:
    is_letter = digest.user_id is not None
    return OutboxMessage(
        kind=LETTER if is_letter else MESSAGE,
        key=f"digest:{digest.pk}:{digest.number}",
        recipient=f"user:{digest.user_id}" if is_letter else f"messenger:{digest.messenger_id}",
        payload={
            "user": digest.user_id,
            "messenger": digest.messenger_id,
            "alerts": alerts,
        },
        created_at=at,
        next_attempt_at=at,
    )
