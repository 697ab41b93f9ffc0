"""What moved a member's points, in words."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from compensation.models import AccountKind, EarningRule, Entry

MOVEMENTS = {
    "points.granted": gettext_lazy("Given by us"),
    "points.granted.reversed": gettext_lazy("Taken back"),
    "points.expired": gettext_lazy("Expired"),
    "points.refunded": gettext_lazy("Taken back with a refund"),
    "points.referral.reversed": gettext_lazy("Taken back: the friend's first order was refunded"),
    "points.redeemed": gettext_lazy("Redeemed for a coupon"),
}
"""The rules for earning have names of their own."""


@dataclass(frozen=True, slots=True)
class Movement:
    """An entry, with why it is there."""

    entry: Entry
    why: str
    order: str
    """The number of the order that it goes with; "" where there is none."""
    expires_at: datetime | None = None
    """When what came in ends; None: never, or nothing came in."""

    @property
    def last(self) -> datetime | None:
        """The last moment at which it can be used, for people: points end at midnight."""
        return self.expires_at and self.expires_at - timedelta(seconds=1)

    @property
    def is_owed(self) -> bool:
        """Whether it is not on what the member has but on what they owe."""
        return self.entry.account.kind == AccountKind.OWED


def readable(entries: QuerySet[Entry]) -> QuerySet[Entry]:
    """The entries with all that their words need."""
    rows = entries.select_related("transaction", "account")
    return rows.prefetch_related("lots__order", "lot_uses__lot__order")


def movements(entries: Iterable[Entry]) -> Sequence[Movement]:
    """Each entry with what moved it, in the language that is spoken now; give them `readable`."""
    rules = {f"points.{rule.code}": str(rule) for rule in EarningRule.objects.all()}
    return [Movement(entry, _why(entry, rules), _order(entry), _end(entry)) for entry in entries]


def _why(entry: Entry, rules: dict[str, str]) -> str:
    kind = entry.transaction.kind
    said = str(rules.get(kind) or MOVEMENTS.get(kind) or _("Movement of points"))
    if entry.account.kind != AccountKind.OWED:
        return said
    if entry.amount < 0:
        return _("%(why)s, but already used: still to be made up for") % {"why": said}
    return _("%(why)s, for what was still to be made up for") % {"why": said}


def _end(entry: Entry) -> datetime | None:
    """When what came in with an entry ends, its first lot going first."""
    if entry.account.kind == AccountKind.OWED or entry.amount < 0:
        return None
    return min((lot.expires_at for lot in entry.lots.all() if lot.expires_at), default=None)


def _order(entry: Entry) -> str:
    """The order of what was earned or taken back; what was spent came from many."""
    orders = [lot.order for lot in entry.lots.all()]
    if entry.transaction.kind == "points.refunded":
        orders += [use.lot.order for use in entry.lot_uses.all()]
    if not orders and entry.account.kind == AccountKind.OWED and entry.amount > 0:
        orders = [use.lot.order for use in entry.lot_uses.all()]
    return next((order.external_id for order in orders if order is not None), "")
