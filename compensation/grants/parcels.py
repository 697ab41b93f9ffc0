"""What the shop sends: goods again, or a gift. It is asked under one number and says what became of it."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import Sum
from django.utils.translation import gettext_lazy as _

from compensation.grants import rules
from compensation.grants.rules import AlreadyGranted, Content
from compensation.models import LIVE, Grant, GrantKind, GrantLine, Order
from config.common import outbox
from config.common.errors import Invalid, NotFound, WrongState
from config.common.events import Actor

SHOP = "shop.parcel"
PARCELS = (GrantKind.RESHIPMENT, GrantKind.GIFT)
PREFIX = "G"
GIFT_LENGTH = 200
MOST_FEN = 100_000_000


class SentBefore(AlreadyGranted):
    """The goods are sent again already, or wait to be."""

    code = "sent_before"
    default = _(
        "This was sent again already. Where that parcel was lost, it has to be reported as lost first."
    )


class _Parcel:
    is_at_once = False

    def check(self, grant: Grant) -> None:
        """The shop says whether it can."""

    def begin(self, grant: Grant, *, actor: Actor, at: datetime) -> None:  # noqa: ARG002 - a handler's
        """Ask the shop; without its address it waits for people."""
        if settings.SHOP_PARCEL_URL:
            key = f"grant:{grant.pk}:parcel"
            outbox.put(SHOP, key=key, recipient="shop", payload={"grant": grant.pk}, at=at)

    def undo(self, grant: Grant, *, actor: Actor, at: datetime) -> None:  # noqa: ARG002 - a handler's
        """What was sent is not taken back."""
        raise WrongState(_("The shop has sent it: it cannot be taken back."))


class Reshipment(_Parcel):
    """Lines of an order, sent again; they cost what was paid for them."""

    def price(self, content: Content, order: Order | None) -> int:
        """What was paid for what is sent again."""
        if order is None or not content.lines or rules.says_more(content, "lines"):
            raise Invalid(_("Choose what of the order is sent again."))
        rules.check_lines(content, order)
        if any(line.amount_fen is not None for line in content.lines):
            raise Invalid(_("Choose what of the order is sent again."))
        return sum(rules.amount_of(line) for line in content.lines)


def sent_again(order_id: int, *, but: int | None = None) -> dict[int, int]:
    """How many pieces of each line of an order are sent again, or wait to be; `but` leaves one grant out."""
    rows = GrantLine.objects.filter(
        grant__order=order_id, grant__kind=GrantKind.RESHIPMENT, grant__status__in=LIVE
    ).exclude(grant=but or 0)
    return dict(rows.values_list("order_line").annotate(Sum("quantity")))


def check_left(content: Content, order: Order, *, but: int | None = None) -> None:
    """Refuse to send pieces again that are sent again already; hold the member.

    A parcel that failed or was lost no longer counts.

    Raises:
        SentBefore: more pieces of a line would be sent again than were bought.
    """
    sent = sent_again(order.pk, but=but)
    for line in content.lines:
        left = line.order_line.quantity - sent.get(line.order_line.pk, 0)
        if line.quantity > left:
            raise SentBefore(line=line.order_line.pk, left=left)


class Gift(_Parcel):
    """Something else, said in words, with what it is worth."""

    def price(self, content: Content, order: Order | None) -> int:  # noqa: ARG002 - a handler's
        """What it is worth."""
        text = content.gift.replace("\0", "").strip()
        worth = content.amount_fen
        if not text or len(text) > GIFT_LENGTH or worth is None or not 0 < worth <= MOST_FEN:
            raise Invalid(_("Say what the gift is and what it is worth."))
        if rules.says_more(content, "gift", "amount_fen"):
            raise Invalid(_("Say what the gift is and what it is worth."))
        return worth


def number_of(grant: Grant) -> str:
    """The number under which the shop knows what it is asked to send."""
    return f"{PREFIX}{grant.pk:09d}"


def by_number(number: str) -> Grant:
    """The parcel that the shop speaks of.

    Raises:
        NotFound: there is none.
    """
    digits = number.removeprefix(PREFIX)
    if number.startswith(PREFIX) and digits.isascii() and digits.isdigit() and len(digits) <= 18:  # noqa: PLR2004 - a bigint's
        found = Grant.objects.filter(pk=int(digits), kind__in=PARCELS).first()
        if found is not None and number == number_of(found):
            return found
    raise NotFound


def content_for_shop(grant: Grant) -> dict[str, Any]:
    """What the shop is told: it knows the member's address from the order or its own account of them."""
    lines = grant.lines.select_related("order_line__product").order_by("pk")
    return {
        "type": grant.kind,
        "number": number_of(grant),
        "member": grant.member.external_id,
        "order": grant.order.external_id if grant.order else None,
        "gift": grant.gift,
        "lines": [
            {
                "line": line.order_line.external_id,
                "product": line.order_line.product.external_id,
                "quantity": line.quantity,
            }
            for line in lines
        ],
    }
