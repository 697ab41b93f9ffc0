"""What an import locks before it writes, in the order of everybody else: members, orders, then the rest."""

from collections.abc import Collection, Iterable, Sequence

from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Collate
from django.utils.translation import gettext as _

from compensation.models import Earning, Grant, Member, Order, RefundOrder
from compensation.shop_import.targets import Item


def members(items: Sequence[Item]) -> None:
    """Hold the members that rows are about."""
    known = Member.objects.filter(external_id__in=[item.values["external_id"] for item in items])
    _hold(set(known.values_list("pk", flat=True)))


def orders(items: Sequence[Item]) -> None:
    """Hold whom orders are of and are to be of, and then the orders.

    An order that money or points were given for stays with its member: they are owed to nobody else.
    """
    numbers = [item.values["external_id"] for item in items]
    held = hold_orders(Q(external_id__in=numbers), {item.values["member"] for item in items})
    bound = _bound(order.pk for order in held.values())
    for item in items:
        order = held.get(item.values["external_id"])
        if order is not None and order.member_id != item.values["member"] and order.pk in bound:
            fault = _("the order is known to be of another member, who was given money or points for it")
            item.reject("member", fault, order.external_id)


def parts_of_orders(items: Sequence[Item]) -> None:
    """Hold the orders that lines or parcels belong to, and before them their members."""
    hold_orders(Q(pk__in={item.values["order"] for item in items}), set())


def hold_orders(which: Q, more: Collection[int]) -> dict[str, Order]:
    """Lock the members of orders and some more, then the orders; gives these by their numbers."""
    found = Order.objects.filter(which)
    wanted = {*more, *found.values_list("member_id", flat=True)}
    _hold(wanted)
    rows = found.order_by(Collate("external_id", "C")).select_for_update(no_key=True)  # as refunds lock them
    held = {order.external_id: order for order in rows}
    if moved := {order.member_id for order in held.values()} - wanted:
        _hold(moved)  # given to somebody else while we waited
    return held


def _hold(ids: Collection[int]) -> None:
    """Lock members, and whoever referred them, who may get points for it."""
    people = Member.objects.filter(Q(pk__in=ids) | Q(referred__in=ids)).values("pk")
    rows = Member.objects.filter(pk__in=people).order_by("pk").select_for_update(no_key=True)
    list(rows.values_list("pk", flat=True))


def _bound(ids: Iterable[int]) -> set[int]:
    """The orders that money or points hang on."""
    of_order = {"order": OuterRef("pk")}
    hanging = [Exists(model._default_manager.filter(**of_order)) for model in (RefundOrder, Grant, Earning)]
    rows = Order.objects.filter(hanging[0] | hanging[1] | hanging[2], pk__in=list(ids))
    return set(rows.values_list("pk", flat=True))
