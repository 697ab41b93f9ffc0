"""Where the members of a batch come from: orders here, cases from above."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import CharField, F, QuerySet, Value
from django.db.models.functions import Cast, Concat
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from compensation.models import Order, OrderLine
from config.common.errors import Invalid

Criteria = Mapping[str, Any]
LIST = "list"
ORDERS = "orders"


@dataclass(frozen=True, slots=True)
class Source:
    """A way to choose members: its name for people, and the rows (member's id, what chosen for)."""

    label: str | Promise
    rows: Callable[[Criteria], "QuerySet[Any, tuple[int, str]]"]


def about(kind: str, field: str = "pk") -> Concat:
    """What a member is chosen for, such as "order:12", in SQL."""
    return Concat(Value(f"{kind}:"), Cast(F(field), CharField()), output_field=CharField())


def moment(criteria: Criteria, name: str) -> datetime | None:
    """A moment of the criteria, which are kept as ISO 8601 text."""
    text = criteria.get(name)
    return datetime.fromisoformat(text) if text else None


def of_orders(criteria: Criteria) -> "QuerySet[Any, tuple[int, str]]":
    """The members of orders placed in a period, of a product or category, to a region.

    Raises:
        Invalid: nothing narrows the orders down to a period.
    """
    since, until = moment(criteria, "since"), moment(criteria, "until")
    if since is None or until is None or not since < until:
        raise Invalid(_("Choose a period: its end is after its beginning."))
    found = Order.objects.filter(placed_at__gte=since, placed_at__lt=until)
    if region := criteria.get("region"):
        found = found.filter(region=region)
    lines = OrderLine.objects.all()
    if product := criteria.get("product"):
        lines = lines.filter(product__external_id=product)
    if category := criteria.get("category"):
        lines = lines.filter(product__category=category)
    if product or category:
        found = found.filter(pk__in=lines.values("order"))
    return found.order_by().values_list("member_id", about("order"))


SOURCES: dict[str, Source] = {ORDERS: Source(_("orders"), of_orders)}
"""The ways to choose members by what they have in common; upper apps add theirs in `ready()`."""
