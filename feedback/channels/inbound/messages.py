"""Messages of marketplaces and social media, as signed webhooks bring them; and our replies to them."""

import base64
import binascii
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from compensation.members.commands import guest
from compensation.members.rules import plausible_contact
from compensation.models import Member, Order
from config.common import outside, vault, webhooks
from config.common.errors import Invalid
from config.common.http import post
from config.common.models import OutboxMessage
from config.common.outbox import Dropped, Refused
from feedback.attachments.commands import kept_with_the_transaction
from feedback.channels import arriving
from feedback.channels.arriving import Files, Said
from feedback.channels.failing import leave_word
from feedback.channels.inbound import fields
from feedback.channels.inbound.keys import valid_secrets
from feedback.models import (
    Case,
    CaseKind,
    ChannelMessage,
    Direction,
    Message,
    Outcome,
    Scope,
    WebhookSource,
)

FIELDS = (
    "external_id", "thread_id", "sender_id", "sender_name", "phone", "email", "order", "subject", "text",
    "kind", "at", "files", "links",
)  # fmt: skip
FILES_SENT = 8_000_000  # bytes of files that go with a reply; of more only the names


@transaction.atomic
def known(source: WebhookSource, external_id: str) -> ChannelMessage | None:
    """The message that came under this number before."""
    return ChannelMessage.objects.filter(
        channel=source.channel, external_id=f"{source.code}:{external_id}"
    ).first()


def take(source: WebhookSource, content: Mapping[str, Any], *, at: datetime) -> Case | None:
    """Take in one message, once for its number; gives the case it went to.

    Raises:
        Invalid: what is needed is missing, or a field is not what it should be.
    """
    found = fields.read(content, source.field_map, FIELDS)
    external_id = fields.text(found, "external_id", limit=128, required=True)
    before = known(source, external_id)
    if before is not None:
        return before.case
    files = arriving.look_at(_files(found))
    return _take(source, found, external_id, files, at=at)


@kept_with_the_transaction()
@transaction.atomic
def _take(
    source: WebhookSource, found: Mapping[str, Any], external_id: str, files: Files, *, at: datetime
) -> Case | None:
    said_at = fields.moment(found, "at", now=at)
    sender = fields.text(found, "sender_id", limit=128)
    thread = fields.text(found, "thread_id", limit=200) or sender
    row, is_new = ChannelMessage.objects.get_or_create(
        channel=source.channel,
        external_id=f"{source.code}:{external_id}",
        defaults={
            "direction": Direction.IN,
            "source": source,
            "outcome": Outcome.SET_ASIDE,
            "thread_id": thread,
            "sender": sender,
            "sender_name": fields.text(found, "sender_name", limit=200),
            "subject": fields.text(found, "subject", limit=500),
            "at": said_at,
        },
    )
    if not is_new:
        return row.case
    body = _body(found)
    if not (body or files.kept):
        raise Invalid(_("“%(name)s” is missing.") % {"name": "text"}, field="text")
    order = Order.objects.filter(external_id=fields.text(found, "order", limit=64) or None).first()
    member = _member(source, found, sender, order, said_at)
    said = Said(
        body=body,
        at=said_at,
        subject=row.subject,
        files=files,
        kind=_kind(source, found),
        channel=source.channel,
        department=source.department,
        order=order if order is not None and order.member_id == member.pk else None,
    )
    row.case, row.message = arriving.put(_case(source, thread, member), said, member=member, at=at)
    row.outcome = Outcome.TAKEN
    row.save()
    return row.case


def _body(found: Mapping[str, Any]) -> str:
    text = fields.text(found, "text", limit=100_000)
    links = found.get("links") or []
    links = links if isinstance(links, list) else [links]
    shown = [str(link)[:500] for link in links[:20] if isinstance(link, str) and link.startswith("http")]
    return "\n".join(part for part in (text, *shown) if part)


def _kind(source: WebhookSource, found: Mapping[str, Any]) -> str:
    kind = fields.text(found, "kind", limit=16)
    return kind if kind in CaseKind.values else source.kind


def _member(
    source: WebhookSource, found: Mapping[str, Any], sender: str, order: Order | None, at: datetime
) -> Member:
    """Whose order it is, else whom the sender or a contact names, else somebody new.

    Raises:
        Invalid: nothing says who.
    """
    if order is not None and order.member.erased_at is None:
        return order.member
    contacts = {name: fields.text(found, name, limit=254) for name in ("phone", "email")}
    contacts = {name: one if plausible_contact(one) else "" for name, one in contacts.items()}
    if not (sender or any(contacts.values())):
        raise Invalid(_("“%(name)s” is missing.") % {"name": "sender_id"}, field="sender_id")
    return guest(
        **contacts,
        name=fields.text(found, "sender_name", limit=200),
        origin=f"{source.code}:{sender}" if sender else "",
        at=at,
    )


def _case(source: WebhookSource, thread: str, member: Member) -> Case | None:
    """The case of the conversation over there, if it is this member's."""
    if not thread:
        return None
    row = (
        ChannelMessage.objects.filter(source=source, thread_id=thread, case__member=member)
        .select_related("case")
        .order_by("-id")
        .first()
    )
    case = row.case if row else None
    while case is not None and case.merged_into_id is not None:
        case = case.merged_into
    return case


def _files(found: Mapping[str, Any]) -> list[tuple[str, bytes]]:
    """Files sent along as {"name": …, "data": base64}.

    Raises:
        Invalid: they are not.
    """
    given = found.get("files") or []
    if not isinstance(given, list):
        raise Invalid(_("“%(name)s” is not a list.") % {"name": "files"}, field="files")
    files = []
    for one in given[:50]:
        if not isinstance(one, dict) or not isinstance(one.get("data"), str):
            raise Invalid(_("A file has a name and its data in Base64."), field="files")
        try:
            data = base64.b64decode(one["data"], validate=True)
        except (binascii.Error, ValueError) as error:
            raise Invalid(_("A file has a name and its data in Base64."), field="files") from error
        files.append((str(one.get("name") or "file"), data))
    return files


def reaches(case: Case) -> bool:
    """Whether the source of the case's messages takes replies."""
    row = _latest(case)
    return row is not None and row.source is not None and bool(row.source.is_active and row.source.reply_url)


def _latest(case: Case) -> ChannelMessage | None:
    """The latest message of the member: the one that a reply answers."""
    rows = ChannelMessage.objects.filter(case=case, channel=case.channel, direction=Direction.IN)
    return rows.filter(source__isnull=False).select_related("source").order_by("-id").first()


def send_reply(message: Message, sending: OutboxMessage) -> None:
    """Post a reply to its source, signed.

    Raises:
        Dropped: the source takes no replies any more.
        Refused: it will never take this one; the case has a note of it.
        OSError: not now.
    """
    case = message.case
    answered = _latest(case)
    if answered is None or answered.source is None or not reaches(case):
        raise Dropped("the source takes no replies")
    source, at = answered.source, timezone.now()
    keys = valid_secrets(source, Scope.REPLIES, at)
    row = _sending(message, sending, answered)
    body = json.dumps(_content(message, sending, answered), ensure_ascii=False).encode()
    signed = webhooks.sign(
        [secret for _key, secret in keys], message_id=str(sending.request_id), at=at, body=body
    )
    try:
        _post(source, body, str(sending.request_id), signed)
    except Refused as error:
        _give_up(row, source, str(error), at)
        raise
    except (OSError, vault.Unreadable) as error:
        if sending.attempts >= settings.OUTBOX_MAX_ATTEMPTS:
            _give_up(row, source, str(error), at)
        raise
    ChannelMessage.objects.filter(pk=row.pk).update(outcome=Outcome.SENT)


def _post(source: WebhookSource, body: bytes, request_id: str, signed: dict[str, str]) -> None:
    if not signed["webhook-signature"]:
        raise Refused("there is no key to sign with")
    with outside.only():
        post(source.reply_url, body, request_id=request_id, headers=signed)


def _content(message: Message, sending: OutboxMessage, answered: ChannelMessage) -> dict[str, Any]:
    files, room = [], FILES_SENT
    for file in message.attachments.all():
        told = {"name": file.name, "content_type": file.content_type, "size": file.size}
        if file.size <= room:
            room -= file.size
            with file.file.open("rb") as opened:
                told["data"] = base64.b64encode(opened.read()).decode()
        files.append(told)
    return {
        "type": "reply",
        "id": str(sending.request_id),
        "case": message.case.number,
        "thread_id": answered.thread_id,
        "to": answered.sender,
        "in_reply_to": answered.external_id.partition(":")[2],
        "text": message.body,
        "files": files,
        "at": message.at.isoformat(),
    }


def _sending(message: Message, sending: OutboxMessage, answered: ChannelMessage) -> ChannelMessage:
    return ChannelMessage.objects.get_or_create(
        channel=message.case.channel,
        external_id=str(sending.request_id),
        defaults={
            "direction": Direction.OUT,
            "case": message.case,
            "message": message,
            "source": answered.source,
            "outcome": Outcome.SENDING,
            "thread_id": answered.thread_id,
            "recipient": answered.sender,
            "at": timezone.now(),
        },
    )[0]


@transaction.atomic
def _give_up(row: ChannelMessage, source: WebhookSource, why: str, at: datetime) -> None:
    changed = ChannelMessage.objects.filter(pk=row.pk).exclude(outcome=Outcome.FAILED)
    if changed.update(outcome=Outcome.FAILED, reason=why[:300]) and row.case_id:
        with translation.override(settings.LANGUAGE_CODE):
            text = _("%(source)s did not take the reply: %(why)s") % {"source": source, "why": why[:300]}
        leave_word(row.case_id, text, at=at)
