"""Telling members something: in the portal at once, by e-mail or text message through the outbox."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from django.db import transaction

from compensation.models import Member, Notice
from config.common import bulk, outbox

MEMBER = "member"
CODE = "code"


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """What a member is to be told, in the member's language; `path` is the portal's page it leads to.

    With a `purpose` it is sent by channels that the member allows for it only; `channel` names the only one.
    """

    member: Member
    kind: str
    key: str
    title: str
    body: str = ""
    path: str = ""
    send: bool = True
    purpose: str = ""
    channel: str = ""


def notify(
    *,
    member: Member,
    kind: str,
    key: str,
    title: str,
    body: str = "",
    path: str = "",
    send: bool = True,
    at: datetime,
) -> None:
    """Tell a member something, once per `key`; the caller renders the text in the member's language.

    Without `send` it stands in the portal only. Nothing is written for a member who was erased.
    """
    notify_all(
        [Telling(member=member, kind=kind, key=key, title=title, body=body, path=path, send=send)],
        at=at,
    )


@transaction.atomic
def notify_all(tellings: Iterable[Telling], *, at: datetime) -> None:
    """Tell many members in few statements; what was told before under its `key` is left out."""
    # In the order of the keys, so that two callers with some keys in common wait and never deadlock.
    wanted = sorted(
        (telling for telling in tellings if telling.member.erased_at is None), key=lambda telling: telling.key
    )
    if not wanted:
        return
    keys = [telling.key for telling in wanted]
    bulk.insert_columns(
        Notice,
        {
            "member": [telling.member.pk for telling in wanted],
            "key": keys,
            "kind": [telling.kind for telling in wanted],
            "title": [" ".join(telling.title.split())[:200] for telling in wanted],
            "body": [telling.body for telling in wanted],
            "path": [telling.path for telling in wanted],
            "purpose": [telling.purpose for telling in wanted],
            "channel": [telling.channel for telling in wanted],
        },
        {"created_at": at},
        skip_known=True,
    )
    # The outbox holds no personal data: text and address are read when it is sent.
    sent = [telling for telling in wanted if telling.send]
    outbox.put_many(
        MEMBER,
        keys=[f"{MEMBER}:{telling.key}" for telling in sent],
        recipients=[f"member:{telling.member.pk}" for telling in sent],
        payloads=[{"notice": telling.key} for telling in sent],
        at=at,
    )


@transaction.atomic
def send_code(
    *,
    member: Member,
    code: str,
    contact: Literal["phone", "email"],
    key: str,
    expires_at: datetime,
    at: datetime,
) -> None:
    """Have a sign-in code sent to one of the member's contacts after the commit, never when expired."""
    outbox.put(
        CODE,
        key=f"{CODE}:{key}",
        recipient=f"member:{member.pk}",
        payload={"code": code, "contact": contact, "expires_at": expires_at.isoformat()},
        at=at,
    )


@transaction.atomic
def mark_read(*, member: Member, notice_ids: Sequence[int] | None = None, at: datetime) -> int:
    """Note that the member has read these notices of theirs, or all; how many were unread."""
    unread = Notice.objects.filter(member=member, read_at=None)
    if notice_ids is not None:
        unread = unread.filter(pk__in=notice_ids)
    return unread.update(read_at=at)
