"""What members are told of their refunds, in their language."""

from datetime import datetime

from django.utils import translation
from django.utils.translation import gettext as _

from compensation.models import RefundOrder
from compensation.notices.commands import notify
from config.common.money import display


def on_its_way(refund: RefundOrder, *, at: datetime) -> None:
    """Tell the member that the money is on its way."""
    with translation.override(refund.member.language):
        title = _("Your refund of %(amount)s is on its way") % {"amount": display(refund.amount_fen)}
        body = _("It goes back the way you paid order %(order)s.") % {"order": refund.order.external_id}
    _tell(refund, "sent", title, body, at=at)


def paid(refund: RefundOrder, *, at: datetime) -> None:
    """Tell the member that the money was paid out."""
    with translation.override(refund.member.language):
        title = _("We have refunded %(amount)s") % {"amount": display(refund.amount_fen)}
        body = _("For order %(order)s, under the number %(number)s.") % {
            "order": refund.order.external_id,
            "number": refund.number,
        }
    _tell(refund, "paid", title, body, at=at)


def _tell(refund: RefundOrder, what: str, title: str, body: str, *, at: datetime) -> None:
    notify(
        member=refund.member,
        kind=f"refund.{what}",
        key=f"refund:{refund.pk}:{what}",
        title=title,
        body=body,
        path=f"/portal/refunds/{refund.pk}/",
        at=at,
    )
