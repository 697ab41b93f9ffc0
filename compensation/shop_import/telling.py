"""Members and parcels as the shop tells of them, some hundred at a time, each row for itself.

The newest counts, by `as_of`: when the shop knew it so. What is older than what was told before is not taken,
for messages overtake each other; the same again changes nothing. What a row leaves out stays as it is.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from compensation.models import Member, Shipment, ShipmentEvent
from compensation.shop_import import holding
from compensation.shop_import.push import CLOCKS, fault_in
from compensation.shop_import.shop import CARRIER_EVENT, MEMBER, REFERRAL, SHIPMENT
from compensation.shop_import.targets import Item, Target
from config.common.events import Actor, Happening, record_all

MOST = 500
TAKEN, SAME, OLDER, REFUSED = "taken", "same", "older", "refused"
Row = Mapping[str, Any]


@dataclass(slots=True)
class Verdict:
    """What became of a row; `why` where it was refused."""

    result: str = SAME
    why: str = ""

    def refuse(self, why: object) -> None:
        """It was not taken, for a reason."""
        self.result, self.why = REFUSED, str(why)


@dataclass(slots=True)
class _Told:
    """A row on its way: what it says, as an item of an import, and what becomes of it."""

    item: Item
    as_of: datetime
    verdict: Verdict
    apart: Any = None
    """What the target has no column for: who referred a member, what carriers reported."""


@transaction.atomic
def record_members(*, rows: Sequence[Row], actor: Actor, at: datetime) -> list[Verdict]:
    """Take note of members; gives what became of each row, in their order.

    A row holds `as_of`, `external_id`, and those of the fields of an import that the shop tells; with
    `referrer`, the number of who referred them.
    """
    told = [_told(MEMBER, row, "referrer", at) for row in rows]
    good = _newest(told)
    holding.members([one.item for one in good])
    known = Member.objects.in_bulk([one.item.key[0] for one in good], field_name="external_id")
    for one in good:
        held = known.get(one.item.key[0])
        if held is not None and held.erased_at is not None:
            one.verdict.refuse(_("The data of this member was erased."))
        elif held is None and "registered_at" not in one.item.values:
            one.verdict.refuse(f"registered_at: {_('is empty')}")
        elif held is not None:
            one.item.values.setdefault("registered_at", held.registered_at)  # no row is made without it
            _compare(one, held.as_of)
    changed = _write(MEMBER, good, at, lambda keys: _numbers(Member, keys))
    referrers = [
        (one, Item("", 0, one.item.key, {"member": one.item.key[0], "referrer": one.apart}))
        for one in good
        if one.apart and one.verdict.result != REFUSED
    ]
    REFERRAL.write([item for _one, item in referrers], at)
    for one, item in referrers:
        if item.fault:
            one.verdict.why = f"referrer: {item.fault}"
    members = Member.objects.filter(pk__in=changed).order_by("pk")
    record_all(Happening("member.recorded", one, at, actor) for one in members)
    return [one.verdict for one in told]


@transaction.atomic
def record_shipments(*, rows: Sequence[Row], actor: Actor, at: datetime) -> list[Verdict]:
    """Take note of parcels and of what carriers report of them; gives what became of each row.

    A row holds `as_of`, `order`, `external_id`, those of the fields of an import that the shop tells, and
    `events`: each with `at` and `code`, and `text` and `place` where there are any. Reports are facts of
    their own: those of a row that is older are kept too. Orders whose parcels changed are looked at for
    gaps again.
    """
    told = [_told(SHIPMENT, row, "events", at) for row in rows]
    good = _newest(told)
    orders = holding.hold_orders(Q(external_id__in={one.item.values["order"] for one in good}), set())
    held = {
        (parcel.order.external_id, parcel.external_id): parcel
        for parcel in Shipment.objects.filter(order__in=orders.values()).select_related("order")
    }
    for one in good:
        if one.item.values["order"] not in orders:
            one.verdict.refuse(f"order: {_('There is no such order.')}")
        elif (parcel := held.get(one.item.key)) is not None:
            _compare(one, parcel.as_of)
    ids = {number: order.pk for number, order in orders.items()}
    changed = _write(SHIPMENT, good, at, lambda keys: _parcels(ids, keys))
    parcels = Shipment.objects.filter(pk__in=changed).order_by("pk")
    record_all(Happening("shipment.recorded", one, at, actor) for one in parcels)
    _report([one for one in told if one.verdict.result != REFUSED], at)
    return [one.verdict for one in told]


def _told(target: Target, row: Row, apart: str, at: datetime) -> _Told:
    """A row with its faults, as far as it shows them by itself."""
    values = dict(row)
    beside = values.pop(apart, None)
    key = tuple(values[name] for name in target.key)
    one = _Told(Item("", 0, key, values), values["as_of"], Verdict(), beside)
    if one.as_of > at + CLOCKS:
        one.verdict.refuse(f"as_of: {_('lies in the future')}")
    for name, value in values.items():
        if one.verdict.result != REFUSED and (fault := fault_in(value, target.fields[name])):
            one.verdict.refuse(f"{name}: {fault}")
    return one


def _newest(told: Sequence[_Told]) -> list[_Told]:
    """The newest good row about each thing; the rest say of themselves what they are."""
    found: dict[Any, _Told] = {}
    for one in told:
        if one.verdict.result == REFUSED:
            continue
        before = found.setdefault(one.item.key, one)
        if before is one:
            continue
        if one.as_of == before.as_of and one.item.values != before.item.values:
            one.verdict.refuse(_("Another row says something else as of the same moment."))
        elif one.as_of > before.as_of:
            before.verdict.result = OLDER
            found[one.item.key] = one
        elif one.as_of < before.as_of:
            one.verdict.result = OLDER
    return list(found.values())


def _compare(one: _Told, known: datetime | None) -> None:
    if known is not None and one.as_of < known:
        one.verdict.result = OLDER


def _write(
    target: Target,
    told: Sequence[_Told],
    at: datetime,
    keys_of: Callable[[Collection[Any]], Mapping[Any, int]],
) -> set[int]:
    """Write what is newer, rows that tell of the same fields together; gives what is another now."""
    groups: dict[frozenset[str], list[_Told]] = defaultdict(list)
    for one in told:
        if one.verdict.result == SAME:
            groups[frozenset(one.item.values)].append(one)
    changed: set[int] = set()
    for group in groups.values():
        names = list(group[0].item.values)
        for one in group:
            one.item.values = {name: one.item.values[name] for name in names}
        changed.update(target.write([one.item for one in group], at).ids)
        keys = keys_of([one.item.key for one in group])
        for one in group:
            if one.item.fault:
                one.verdict.refuse(f"{one.item.field}: {one.item.fault}")
            elif keys[one.item.key] in changed:
                one.verdict.result = TAKEN
    return changed


def _numbers(model: type[Member], keys: Collection[Any]) -> Mapping[Any, int]:
    rows = model.objects.filter(external_id__in=[key[0] for key in keys])
    return {(number,): pk for number, pk in rows.values_list("external_id", "pk")}


def _parcels(orders: Mapping[str, int], keys: Collection[Any]) -> Mapping[Any, int]:
    rows = Shipment.objects.filter(
        order__in={orders[order] for order, _number in keys}, external_id__in={key[1] for key in keys}
    )
    found = rows.values_list("order__external_id", "external_id", "pk")
    return {(order, number): pk for order, number, pk in found}


def _report(told: Sequence[_Told], at: datetime) -> None:
    """Write what carriers reported, each report once; a row that brings one was taken."""
    reports: dict[Any, tuple[_Told, Item]] = {}
    kinds = CARRIER_EVENT.fields
    for one in told:
        order, number = one.item.key
        for event in one.apart or ():
            values = {"order": order, "shipment": number, "text": "", "place": "", **event}
            faults = [f"{name}: {fault}" for name in values if (fault := fault_in(values[name], kinds[name]))]
            if faults:
                one.verdict.why = one.verdict.why or f"events: {faults[0]}"
                continue
            key = (order, number, event["at"], event["code"])
            reports[key] = (one, Item("", 0, key[1:], values))
    written = CARRIER_EVENT.write([item for _one, item in reports.values()], at).ids
    rows = ShipmentEvent.objects.filter(pk__in=written)
    new = set(rows.values_list("shipment", "at", "code"))
    for one, item in reports.values():
        if item.fault:
            one.verdict.why = one.verdict.why or f"events: {item.fault}"
        elif (item.values["shipment"], item.values["at"], item.values["code"]) in new:
            one.verdict.result = TAKEN
