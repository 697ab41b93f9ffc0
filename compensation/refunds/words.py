"""Refunds as their members may see them: on its way, or paid out; never why we and a gateway disagree."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from compensation.models import RefundCause, RefundOrder, RefundStatus


class Stand(StrEnum):
    """How far a refund is, for its member."""

    ON_ITS_WAY = "on_its_way"
    PAID = "paid"


REASONS: Mapping[str, Promise] = {
    RefundCause.CANCELLED: gettext_lazy("The order was cancelled before it was shipped."),
    RefundCause.RETURNED: gettext_lazy("The goods came back to us."),
    RefundCause.GRANT: gettext_lazy("To put something right for you."),
}
"""Why money goes back, as its member is told."""


@dataclass(frozen=True, slots=True)
class Told:
    """A refund as it is told."""

    pk: int
    number: str
    amount_fen: int
    status: Stand
    text: str
    started_at: datetime
    due_at: datetime
    paid_at: datetime | None


def told(refunds: Iterable[RefundOrder]) -> list[Told]:
    """Tell some refunds in the language of the moment, newest first; what failed is not one."""
    shown = sorted(
        (one for one in refunds if one.status != RefundStatus.FAILED), key=lambda one: one.pk, reverse=True
    )
    return [tell(one) for one in shown]


def tell(refund: RefundOrder) -> Told:
    """Tell one refund that has not failed, in the language of the moment."""
    is_paid = refund.status == RefundStatus.CONFIRMED
    if is_paid and refund.ended_at is not None:
        day = date_format(localtime(refund.ended_at), "Y-m-d H:i")
        text = _("Paid out on %(day)s. Your bank may take some days to show it.") % {"day": day}
    else:
        text = _("On its way back to you.")
    return Told(
        pk=refund.pk,
        number=refund.number,
        amount_fen=refund.amount_fen,
        status=Stand.PAID if is_paid else Stand.ON_ITS_WAY,
        text=text,
        started_at=refund.created_at,
        due_at=refund.due_at,
        paid_at=refund.ended_at if is_paid else None,
    )
