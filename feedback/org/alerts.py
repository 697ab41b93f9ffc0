"""Telling colleagues about a case: on their desk at once, by letter and messenger when it is gathered."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import translation
from django.utils.functional import Promise

from config.common import bulk
from config.common.models import User
from feedback.models import Alert, Case, Department, Messenger, Review, WatchJump
from feedback.org import digests, words
from feedback.org.digests import Recipient
from feedback.org.letters import Group, summarise

INSERT = """
INSERT INTO feedback_alert (key, user_id, case_id, jump_id, kind, data, at)
SELECT %s || ':' || id, id, %s, %s, %s, %s::jsonb, %s FROM unnest(%s::bigint[]) AS told (id)
ON CONFLICT (key) DO NOTHING RETURNING user_id
"""


def alert(
    *,
    users: Iterable[User],
    case: Case,
    kind: str,
    key: str,
    title: Promise,
    at: datetime,
    data: dict[str, Any] | None = None,
    department: Department | None = None,
) -> None:
    """Alert some colleagues, each once for one `key`; `data` fills the placeholders in the title.

    With `department`, its messengers are told too. Call inside the transaction of what they are told of.
    """
    with translation.override(None):
        known = {"number": case.number, **(data or {}), "title": str(title)}
    accounts = {user.pk for user in users}
    told = _keep(Alert(key=key, case=case, kind=kind, data=known, at=at), accounts)
    if not told and (accounts or department is None):
        return
    recipients = [Recipient(user=pk) for pk in told]
    recipients += [Recipient(messenger=pk) for pk in messengers_of(told, department)]
    digests.add(recipients, [case.pk, kind, known], at=at)


def alert_jump(
    *,
    users: Iterable[User],
    jump: WatchJump,
    kind: str,
    title: Promise,
    data: dict[str, Any],
    department: Department,
    at: datetime,
) -> None:
    """Alert some colleagues, and the messengers of a department, to a jump of a watched word, once.

    `data` fills the placeholders in the title. Call inside the transaction of the jump.
    """
    with translation.override(None):
        known = {**data, "title": str(title), digests.JUMP: jump.pk}
    told = _keep(
        Alert(key=f"jump:{jump.pk}", jump=jump, kind=kind, data=known, at=at), {user.pk for user in users}
    )
    recipients = [Recipient(user=pk) for pk in told]
    recipients += [Recipient(messenger=pk) for pk in messengers_of(told, department)]
    digests.add(recipients, [None, kind, known], at=at)


def _keep(same: Alert, users: set[int]) -> list[int]:
    """Write an alert for each account, its key with the account's; gives those that had none of this key."""
    told = bulk.array(sorted(users))
    with connection.cursor() as cursor:
        about = [same.case_id, same.jump_id]
        cursor.execute(INSERT, [same.key, *about, same.kind, json.dumps(same.data), same.at, told])
        return [row[0] for row in cursor.fetchall()]


def messengers_of(users: Iterable[int], department: Department | None = None) -> list[int]:
    """Give the messengers in use of some colleagues, and those of a department."""
    found = Messenger.objects.filter(is_active=True, user__in=list(users))
    if department is not None:
        found |= Messenger.objects.filter(is_active=True, department=department)
    return list(found.order_by("pk").values_list("pk", flat=True))


def say(alert: Alert) -> str:
    """Say what an alert is about, in the language of the moment."""
    return words.say(alert.kind, alert.data)


@dataclass(frozen=True, slots=True)
class Unread:
    """The alerts that somebody has not seen, in groups; `upto` is the newest of them."""

    groups: list[Group]
    upto: int
    has_more: bool


def unread(user: User, limit: int = 2_000) -> Unread:
    """Give what a person has not seen yet, newest first, the same about many cases as one group."""
    found = list(Alert.objects.filter(user=user, read_at=None).order_by("-at", "-pk")[: limit + 1])
    shown = found[:limit]
    summary = summarise((alert.case_id, alert.kind, alert.data) for alert in shown)
    return Unread(summary.groups, max((alert.pk for alert in shown), default=0), len(found) > limit)


def unseen(user: User) -> QuerySet[Alert]:
    """What a person has not seen yet, in no order."""
    return Alert.objects.filter(user=user, read_at=None)


@transaction.atomic
def read(
    *,
    user: User,
    at: datetime,
    case_id: int | None = None,
    review_id: int | None = None,
    jump_id: int | None = None,
    upto: int | None = None,
) -> int:
    """Note that a person has seen the alerts of a case, review or jump, or all up to one; gives how many."""
    mine = Alert.objects.filter(user=user, read_at=None)
    if case_id is not None:
        mine = mine.filter(case=case_id)
    elif review_id is not None:
        mine = mine.filter(review=review_id)
    elif jump_id is not None:
        mine = mine.filter(jump=jump_id)
    elif upto is not None:
        mine = mine.filter(pk__lte=upto)
    return mine.update(read_at=at)


def read_all_of(review: Review, *, at: datetime) -> None:
    """A review has its answer: nobody needs to be told of it any more."""
    Alert.objects.filter(review=review, read_at=None).update(read_at=at)
