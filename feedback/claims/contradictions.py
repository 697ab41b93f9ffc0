"""What a text says that the facts of the product, or of the products that it is about, contradict. Pure."""

from collections import defaultdict
from collections.abc import Iterable
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
NAMED = 3
"""So many facts are named that a text about many products contradicts."""


@dataclass(frozen=True, slots=True)
class Fact:
    """What is true of the product: its number in the measure's unit, or its text as it is compared."""

    measure: str
    number: Decimal | None
    text: str
    shown: str
    """As people wrote it."""
    products: int = 1
    """Of how many products it is true."""


def contradictions(text: str, facts: Iterable[Fact]) -> list[Found]:
    """What in the text about a product is true by none of its facts, with what they say instead."""
    known = _by_measure(facts)
    return [
        _found(text, one, f"≠{shown}", shown)
        for one in parse(text)
        if one.measure in known and not any(agrees(one, fact) for fact in known[one.measure])
        for shown in [" / ".join(dict.fromkeys(fact.shown for fact in known[one.measure]))]
    ]


def contradicted_by_some(text: str, facts: Iterable[Fact]) -> list[Found]:
    """What in a text about many products is not true of some, with what is true of most of those."""
    known = _by_measure(facts)
    found = []
    for one in parse(text):
        wrong = [fact for fact in known.get(one.measure, []) if not agrees(one, fact)]
        if wrong:
            wrong.sort(key=lambda fact: (-fact.products, fact.shown))
            named = "; ".join(f"{fact.shown} × {fact.products}" for fact in wrong[:NAMED])
            rest = sum(fact.products for fact in wrong[NAMED:])
            # the same finding, whichever products come and go
            found.append(_found(text, one, "", f"{named}; … × {rest}" if rest else named))
    return found


def _by_measure(facts: Iterable[Fact]) -> dict[str, list[Fact]]:
    known: dict[str, list[Fact]] = defaultdict(list)
    for fact in facts:
        known[fact.measure].append(fact)
    return known


def _found(text: str, one: Said, instead: str, shown: str) -> Found:
    return Found(
        FindingKind.CONTRADICTION,
        f"{one.measure}:{_shown(one)}{instead}"[:120],
        one.start,
        one.end,
        excerpt(text, one.start, one.end),
        source=one.measure,
        why=shown,
        suggestion=shown,
    )


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
