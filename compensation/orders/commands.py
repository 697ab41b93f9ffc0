"""What happens to orders. The shop owns the facts; we take note of them."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.db.models.functions import Collate

from compensation.models import Order


@transaction.atomic
def touch(*, order_ids: Iterable[int], at: datetime) -> int:
    """Note that something of the orders (a line, a parcel) has changed, so that gaps are looked for."""
    rows = Order.objects.filter(pk__in=set(order_ids)).order_by(Collate("external_id", "C"))
    locked = rows.select_for_update(no_key=True)  # as imports and refunds lock them
    return Order.objects.filter(pk__in=list(locked.values_list("pk", flat=True))).update(changed_at=at)
