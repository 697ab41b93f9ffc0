"""What the wallet's page says about movements."""

from django import template
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from compensation.models import Transaction

register = template.Library()

MOVEMENTS = {
    "points.granted": gettext_lazy("Given by us"),
    "points.granted.reversed": gettext_lazy("Taken back"),
    "points.expired": gettext_lazy("Expired"),
}


@register.filter
def movement(transaction: Transaction) -> str:
    """Say what moved the points."""
    return str(MOVEMENTS.get(transaction.kind) or _("Movement of points"))
