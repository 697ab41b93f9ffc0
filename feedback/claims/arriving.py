"""Facts and claims as shops send them, many at a time: each by its key, so that again changes nothing."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from compensation.models import Product
from config.common.errors import DomainError, Invalid
from config.common.events import Actor
from feedback.claims import commands, facts
from feedback.models import FactKind

MOST = 1_000


@dataclass(slots=True)
class Taken:
    """What became of the rows: how many were new or changed, and what was refused, by place from 0."""

    changed: int = 0
    same: int = 0
    refused: list[tuple[int, str, str]] = field(default_factory=list)
    """Place, field and why."""


def take_claims(*, rows: Sequence[Mapping[str, Any]], actor: Actor, at: datetime) -> Taken:
    """Keep claims, each on its own: one that does not fit stops no other.

    Raises:
        Invalid: too many at once, or one key twice.
    """
    _check(rows)
    products = _products(row.get("product") for row in rows)
    taken = Taken()
    for place, row in enumerate(rows):
        said = {name: value for name, value in row.items() if name != "product"}
        _take(taken, place, lambda said=said, row=row: _put_claim(said, row, products, actor, at))
    return taken


def take_facts(*, rows: Sequence[Mapping[str, Any]], actor: Actor, at: datetime) -> Taken:
    """Keep facts, each on its own; those of one product and kind in the order of their times.

    Raises:
        Invalid: too many at once, or one key twice.
    """
    _check(rows)
    products = _products(row.get("product") for row in rows)
    kinds = {kind.code: kind for kind in FactKind.objects.all()}
    taken = Taken()
    for place, row in sorted(enumerate(rows), key=lambda one: one[1]["valid_from"]):
        _take(taken, place, lambda row=row: _put_fact(row, products, kinds, actor, at))
    taken.refused.sort()
    return taken


def _put_claim(
    said: Mapping[str, Any],
    row: Mapping[str, Any],
    products: Mapping[str, int],
    actor: Actor,
    at: datetime,
) -> bool:
    content = commands.Content(**said, product_id=_product(row.get("product"), products))
    return commands.put(content=content, actor=actor, at=at)[1]


def _put_fact(
    row: Mapping[str, Any],
    products: Mapping[str, int],
    kinds: Mapping[str, FactKind],
    actor: Actor,
    at: datetime,
) -> bool:
    if row["kind"] not in kinds:
        raise Invalid(_("There is no such kind of fact."), field="kind")
    product = _product(row["product"], products)
    content = facts.Content(
        product_id=product or 0,
        kind=kinds[row["kind"]],
        text=row["text"],
        valid_from=row["valid_from"],
        valid_to=row.get("valid_to"),
        key=row["key"],
    )
    return facts.put(content=content, actor=actor, at=at)[1]


def _take(taken: Taken, place: int, put: Any) -> None:
    """Take a row; what is refused leaves nothing behind, since each is kept in a transaction of its own."""
    try:
        changed = put()
    except DomainError as error:
        taken.refused.append((place, str(error.details.get("field", "")), str(error)))
    else:
        taken.changed += changed
        taken.same += not changed


def _check(rows: Sequence[Mapping[str, Any]]) -> None:
    if len(rows) > MOST:
        raise Invalid(_("At most %(most)s at once.") % {"most": MOST})
    keys = [row["key"] for row in rows]
    if len(set(keys)) < len(keys):
        raise Invalid(_("The same key comes twice."), field="key")


def _products(numbers: Iterable[str | None]) -> dict[str, int]:
    asked = {one for one in numbers if one}
    return dict(Product.objects.filter(external_id__in=asked).values_list("external_id", "pk"))


def _product(number: str | None, known: Mapping[str, int]) -> int | None:
    if number and number not in known:
        raise Invalid(_("There is no such product."), field="product")
    return known[number] if number else None
