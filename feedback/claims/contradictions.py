"""What a text says that the product's facts contradict. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from feedback.claims.audit import Found
from feedback.claims.characters import excerpt
from feedback.claims.parsing import Said, fibres, parse
from feedback.models import FindingKind, Measure

TOLERANCE_PERCENT = Decimal(5)
"""Fibres may be off by five points, as GB/T 29862 allows of blended textiles."""
TOLERANCE_SIZE = Decimal("0.02")
"""Sides may be off by two in a hundred."""


@dataclass(frozen=True, slots=True)
class Fact:
    """What is true of the product: its number in the measure's unit, or its text as it is compared."""

    measure: str
    number: Decimal | None
    text: str
    shown: str
    """As people wrote it."""


def contradictions(text: str, facts: Iterable[Fact], said: Iterable[Said] | None = None) -> list[Found]:
    """What in the text cannot be true, with what the fact says instead."""
    known: Mapping[str, Fact] = {fact.measure: fact for fact in facts}
    found = []
    for one in parse(text) if said is None else said:
        fact = known.get(one.measure)
        if fact is not None and not agrees(one, fact):
            found.append(
                Found(
                    FindingKind.CONTRADICTION,
                    f"{one.measure}:{_shown(one)}≠{fact.shown}"[:120],
                    one.start,
                    one.end,
                    excerpt(text, one.start, one.end),
                    source=one.measure,
                    why=fact.shown,
                    suggestion=fact.shown,
                )
            )
    return found


def agrees(said: Said, fact: Fact) -> bool:
    """Whether what is said can be true; a fact that nobody can read contradicts nothing."""
    match said.measure:
        case Measure.COMPOSITION:
            return _composed(said.text, fact.text)
        case Measure.SIZE:
            return not fact.text or _alike(said.text, fact.text)
        case Measure.PRODUCED:
            return not fact.text or (
                said.text[:7] == fact.text[:7]
                and (
                    len(said.text) == len("2026-03")
                    or len(fact.text) == len("2026-03")
                    or _day(said.text) == _day(fact.text)
                )
            )
    if said.number is None or fact.number is None:
        return True
    if said.measure in {Measure.DELIVERY, Measure.SHIPPING, Measure.PRICE}:
        return said.number >= fact.number  # it may promise less than is true, never more
    return said.number <= fact.number


def _composed(said: str, fact: str) -> bool:
    true = fibres(fact)
    return not true or all(
        abs(true.get(name, Decimal()) - percent) <= (TOLERANCE_PERCENT if percent < 100 else 0)  # noqa: PLR2004
        for name, percent in fibres(said).items()
    )


def _alike(said: str, fact: str) -> bool:
    one, other = said.split("×"), fact.split("×")
    if len(one) != len(other):
        return True  # a side more or less is another thing that is measured
    return all(
        abs(Decimal(a) - Decimal(b)) <= Decimal(b) * TOLERANCE_SIZE
        for a, b in zip(sorted(map(Decimal, one)), sorted(map(Decimal, other)), strict=True)
    )


def _day(text: str) -> date:
    return date.fromisoformat(text)


def _shown(said: Said) -> str:
    return said.text or (f"{said.number.normalize():f}" if said.number is not None else "")
