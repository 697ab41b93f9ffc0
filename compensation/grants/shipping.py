"""What becomes of what the shop was asked to send: it is told through the outbox, and tells us by the API."""

import json
from datetime import datetime
from typing import Literal

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from compensation.grants import giving
from compensation.grants.parcels import PARCELS, content_for_shop, number_of
from compensation.models import Grant, GrantStatus, Member
from config.common import webhooks
from config.common.errors import NotPermitted, WrongState
from config.common.events import Actor
from config.common.http import post
from config.common.models import OutboxMessage, User
from config.common.outbox import Dropped, Refused

SETTLE = "compensation.settle_grant"
What = Literal["taken", "sent", "refused", "lost"]


def ask_shop(message: OutboxMessage) -> None:
    """Ask the shop to send something, always under the same number; that it took the order is carrying out.

    Raises:
        Dropped: it was sent or has failed meanwhile, or the member was erased.
        Refused: no address is set, or the shop will never take it.
        OSError: the shop cannot take it now.
    """
    if not settings.SHOP_PARCEL_URL:
        raise Refused("SHOP_PARCEL_URL is not set")
    grant = Grant.objects.select_related("member", "order").get(pk=message.payload["grant"])
    if grant.status != GrantStatus.APPROVED or grant.member.erased_at is not None:
        raise Dropped("it is not to be sent any more")
    body = json.dumps(content_for_shop(grant)).encode()
    signed = webhooks.sign(
        settings.SHOP_API_SECRETS[:1], message_id=str(message.request_id), at=timezone.now(), body=body
    )
    post(settings.SHOP_PARCEL_URL, body, request_id=number_of(grant), headers=signed)
    told(grant=grant, what="taken", actor=None, at=timezone.now())


@transaction.atomic
def told(
    *, grant: Grant, what: What, reference: str = "", reason: str = "", actor: Actor, at: datetime
) -> Grant:
    """Write down what the shop says of a parcel; again changes nothing.

    Raises:
        WrongState: it is no parcel, was never approved, or is told otherwise than before.
        Invalid: refused or lost without a reason.
    """
    if grant.kind not in PARCELS:
        raise WrongState(_("The shop does not send this."))
    Member.objects.select_for_update(no_key=True, of=("self",)).get(pk=grant.member_id)
    if what == "taken":
        return giving.execute(grant_id=grant.pk, reference=reference, actor=actor, at=at)
    if what == "sent":
        return giving.confirm(grant_id=grant.pk, reference=reference, actor=actor, at=at)
    return giving.fail(grant_id=grant.pk, reason=reason, was_lost=what == "lost", actor=actor, at=at)


def told_by_hand(*, grant: Grant, what: What, text: str, actor: User, at: datetime) -> Grant:
    """Write down by hand that a parcel was sent, under its tracking number, was lost or refused, and why.

    Raises:
        NotPermitted: the actor may not settle.
        Invalid: there is no number or reason.
        WrongState: see `told`.
    """
    if not actor.has_perm(SETTLE):
        raise NotPermitted
    text = giving.text(text, _("Give the number it was sent under, or say why it could not be sent."))
    return told(grant=grant, what=what, reference=text, reason=text, actor=actor, at=at)
