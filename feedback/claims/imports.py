"""Facts and claims as targets of an import."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from compensation.shop_import.convert import FieldType, Type
from compensation.shop_import.targets import Item, Target, Written
from feedback.claims import arriving
from feedback.claims.arriving import Taken
from feedback.claims.commands import LONGEST
from feedback.claims.facts import LONGEST as LONGEST_FACT
from feedback.models import Claim, ClaimChannel, ProductFact


class KeyedTarget(Target):
    """Rows that a command takes by their key, each on its own."""

    def write(self, items: Sequence[Item], at: datetime) -> Written:
        """Take what has no fault; what is refused is told at its line."""
        good = [item for item in items if not item.fault]
        rows = [{name: value for name, value in item.values.items() if value is not None} for item in good]
        taken = TAKES[self.name](rows=rows, actor=None, at=at)
        for place, field, why in taken.refused:
            named = field if field in good[place].values else ""
            good[place].reject(named, why, str(good[place].values.get(named, "")))
        return Written([], 0, taken.changed)


KEY = FieldType(longest=120, required=True)
BEGINS, ENDS = FieldType(Type.TIME, required=True), FieldType(Type.TIME)
TAKES: dict[str, Callable[..., Taken]] = {
    "product_fact": arriving.take_facts,
    "claim": arriving.take_claims,
}

PRODUCT_FACT = KeyedTarget(
    name="product_fact",
    model=ProductFact,
    key=("key",),
    fields={
        "key": KEY,
        "product": FieldType(longest=64, required=True),
        "kind": FieldType(longest=50, required=True),
        "text": FieldType(longest=LONGEST_FACT, required=True),
        "valid_from": BEGINS,
        "valid_to": ENDS,
    },
)
CLAIM = KeyedTarget(
    name="claim",
    model=Claim,
    key=("key",),
    fields={
        "key": KEY,
        "product": FieldType(longest=64),
        "category": FieldType(longest=80),
        "channel": FieldType(Type.CHOICE, required=True, choices=tuple(ClaimChannel.values)),
        "order_channel": FieldType(longest=32),
        "source": FieldType(longest=200, cut=True),
        "url": FieldType(longest=500),
        "text": FieldType(longest=LONGEST, required=True),
        "valid_from": BEGINS,
        "valid_to": ENDS,
    },
)
TARGETS: tuple[Any, ...] = (PRODUCT_FACT, CLAIM)
