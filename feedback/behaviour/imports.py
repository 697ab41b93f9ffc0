"""Behaviour events as a target of an import."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from compensation.shop_import.convert import FieldType, Type
from compensation.shop_import.targets import Item, Target, Written
from feedback.behaviour import taking_in
from feedback.behaviour.rules import FREE_TEXTS, MOST_FEN, TEXTS
from feedback.models import BehaviourEvent, BehaviourName


@dataclass(frozen=True, slots=True)
class _Behaviour(Target):
    """Events, taken as those that are sent to us; the hints stand in one cell, with spaces between."""

    def write(self, items: Sequence[Item], at: datetime) -> Written:
        """Take what has no fault; what is refused is told at its line."""
        good = [item for item in items if not item.fault]
        rows = [
            {
                **item.values,
                "hints": (item.values.get("hints") or "").split(),
                "amount_fen": item.values.get("amount"),
            }
            for item in good
        ]
        done = taking_in.take_in(source=taking_in.FILE, rows=rows, at=at)
        for item, one in zip(good, done, strict=True):
            if one.result == taking_in.REFUSED:
                item.reject("", one.why, one.external_id)
        new = sum(one.result == taking_in.TAKEN for one in done)
        return Written([], new, 0)


BEHAVIOUR = _Behaviour(
    name="behaviour",
    model=BehaviourEvent,
    key=("external_id",),
    fields={
        **{name: FieldType(longest=most, required=name == "external_id") for name, most in TEXTS.items()},
        **{name: FieldType(longest=most, cut=True) for name, most in FREE_TEXTS.items()},
        "name": FieldType(Type.CHOICE, required=True, choices=tuple(BehaviourName.values)),
        "at": FieldType(Type.TIME, required=True),
        "amount": FieldType(Type.MONEY, most=MOST_FEN),
        "hints": FieldType(longest=200),
    },
)
