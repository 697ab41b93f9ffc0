"""How each kind of grant is priced, carried out and taken back. A kind that is not here cannot be given."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from django.utils.translation import gettext_lazy as _

from compensation.coupons import commands as coupons
from compensation.coupons import terms
from compensation.grants.money import Money
from compensation.grants.parcels import Gift, Reshipment
from compensation.grants.rules import Content, says_more
from compensation.ledger import commands as ledger
from compensation.ledger.rules import given
from compensation.models import CouponTemplate, Grant, GrantKind, Order, Transaction, Unit
from compensation.points import giving
from compensation.points import queries as points_queries
from config.common.errors import Invalid, Stale, WrongState
from config.common.events import Actor

MOST_POINTS = 10_000_000


class KindNotGiven(WrongState):
    """Nothing here can carry this kind of grant out."""

    code = "kind_not_given"
    default = _("This kind cannot be given here yet.")


class Handler(Protocol):
    """One kind of grant."""

    is_at_once: bool
    """Whether the member has it in the moment of the decision; else it is carried out and confirmed later."""

    def price(self, content: Content, order: Order | None) -> int:
        """What it costs the house, in fen; raises Invalid for a content that is not of this kind."""
        ...

    def check(self, grant: Grant) -> None:
        """Refuse what can no longer be given."""
        ...

    def begin(self, grant: Grant, *, actor: Actor, at: datetime) -> None:
        """Carry an approved grant out, or have it carried out."""
        ...

    def undo(self, grant: Grant, *, actor: Actor, at: datetime) -> None:
        """Take back what was given, as long as the member has not used it."""
        ...


class _Coupon:
    is_at_once = True

    def price(self, content: Content, order: Order | None) -> int:  # noqa: ARG002 - a handler's
        if content.template is None or says_more(content, "template"):
            raise Invalid(_("Choose either a kind of coupon or a number of points."))
        return content.template.value_fen

    def check(self, grant: Grant) -> None:
        if grant.template is None or not grant.template.is_active:
            raise coupons.NotGiven

    def begin(self, grant: Grant, *, actor: Actor, at: datetime) -> None:
        if grant.template is None:
            raise coupons.NotGiven
        coupons.issue(
            template=grant.template,
            member=grant.member,
            grant=grant,
            key=f"grant:{grant.pk}",
            actor=actor,
            at=at,
        )
        now = CouponTemplate.objects.get(pk=grant.template.pk)  # held by what was issued
        if grant.terms_digest not in {"", terms.digest(now)}:
            raise Stale(_("This kind of coupon was changed since it was asked for: ask for it anew."))

    def undo(self, grant: Grant, *, actor: Actor, at: datetime) -> None:
        coupons.revoke(coupon_id=grant.coupon.pk, actor=actor, at=at)


class _Points:
    is_at_once = True

    def price(self, content: Content, order: Order | None) -> int:  # noqa: ARG002 - a handler's
        if content.points is None or not 0 < content.points <= MOST_POINTS or says_more(content, "points"):
            raise Invalid(_("Choose either a kind of coupon or a number of points."))
        return points_queries.worth_fen(content.points)

    def check(self, grant: Grant) -> None:
        """Points can always be given."""

    def begin(self, grant: Grant, *, actor: Actor, at: datetime) -> None:
        moves = given(Unit.POINTS, grant.points or 0, member_id=grant.member_id)
        ledger.post(
            key=_points_key(grant),
            kind="points.granted",
            moves=moves,
            actor=actor,
            at=at,
            terms=giving.granted(at),
        )

    def undo(self, grant: Grant, *, actor: Actor, at: datetime) -> None:
        posted = Transaction.objects.get(key=_points_key(grant))
        ledger.reverse(posted=posted, key=f"grant:{grant.pk}:reversed", actor=actor, at=at)


HANDLERS: Mapping[GrantKind, Handler] = {
    GrantKind.COUPON: _Coupon(),
    GrantKind.POINTS: _Points(),
    GrantKind.REFUND: Money(GrantKind.REFUND),
    GrantKind.PRICE_DIFFERENCE: Money(GrantKind.PRICE_DIFFERENCE),
    GrantKind.RESHIPMENT: Reshipment(),
    GrantKind.GIFT: Gift(),
}


def handler_of(kind: str) -> Handler:
    """What carries a kind out.

    Raises:
        Invalid: there is no such kind.
        KindNotGiven: it cannot be given here.
    """
    if kind not in GrantKind.values:
        raise Invalid(_("Choose what is given."))
    found = HANDLERS.get(GrantKind(kind))
    if found is None:
        raise KindNotGiven
    return found


def _points_key(grant: Grant) -> str:
    return f"grant:{grant.pk}:given"
