"""Units, kinds of transaction and causes in words, for people. Files and the terminal keep the codes."""

from collections.abc import Iterable, Mapping

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from compensation.models import EarningRule, RefundCause, Unit
from compensation.points.wording import MOVEMENTS
from config.common.sheets import Row

REVERSED = ".reversed"
UNITS = {
    Unit.POINTS.value: Unit.POINTS.label,
    Unit.COUPON.value: _("coupons (yuan)"),
    Unit.MONEY.value: _("money (yuan)"),
}
HELD = {
    Unit.POINTS: Unit.POINTS.label,
    Unit.COUPON: pgettext_lazy("finance", "coupons"),
    Unit.MONEY: pgettext_lazy("finance", "money"),
}
"""The units where amounts say themselves what they are in."""
KINDS = {
    **MOVEMENTS,
    "coupon.issued": _("Coupon given"),
    "coupon.redeemed": _("Coupon used"),
    "coupon.expired": _("Coupon expired"),
    "coupon.revoked": _("Coupon taken back"),
    "refund.owed": _("Refund decided"),
    "refund.paid": _("Refund paid"),
}
CAUSES = {
    "case": pgettext_lazy("finance", "case"),
    "gap": pgettext_lazy("finance", "broken promise"),
    "batch": pgettext_lazy("finance", "batch"),
    "care": pgettext_lazy("finance", "care programme"),
    "reward": pgettext_lazy("finance", "coupon for points"),
    **dict(RefundCause.choices),
}


def kinds() -> Mapping[str, str]:
    """Every kind of transaction in words; one query for the rules of earning."""
    rules = {f"points.{rule.code}": str(rule) for rule in EarningRule.objects.all()}
    return {kind: str(words) for kind, words in {**KINDS, **rules}.items()}


def in_words(cell: object, known: Mapping[str, object]) -> object:
    """A code in words, and a thing undone as such; what is not known stays as it is."""
    if not isinstance(cell, str) or cell in known:
        return known.get(cell, cell) if isinstance(cell, str) else cell
    of = cell.removesuffix(REVERSED)
    return _("%(what)s, undone") % {"what": known[of]} if of != cell and of in known else cell


def worded(rows: Iterable[Row], columns: Mapping[int, Mapping[str, object]]) -> list[list[object]]:
    """Rows with the codes of some columns, by their place, in words."""
    return [
        [in_words(cell, columns[place]) if place in columns else cell for place, cell in enumerate(row)]
        for row in rows
    ]
