"""What reviews are narrowed by, as terms that stand among their words. Pure.

A word holds letters and digits alone (config.common.words), so nothing that somebody writes is ever a term.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from config.common.words import quoted

WELL, ILL = "well", "ill"
UNSURE = "unsure"
YES, NO = "yes", "no"


def term(name: str, value: object) -> str:
    """A term, such as "stars=5"."""
    return f"{name}={value}"


def yes_no(name: str, holds: bool) -> str:
    """A term that says whether something holds."""
    return term(name, YES if holds else NO)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of a review beside its words."""

    product: int | None
    source: str
    stars: int | None
    status: str
    is_rewarded: bool
    has_picture: bool
    is_replied: bool
    feeling: str | None
    """None: it has not been read yet."""
    aspects: Sequence[str]
    tones: Mapping[str, float]


def terms_of(facts: Facts) -> list[str]:
    """The terms that a review is found by."""
    found = [
        term("source", facts.source),
        term("status", facts.status),
        yes_no("rewarded", facts.is_rewarded),
        yes_no("picture", facts.has_picture),
        yes_no("replied", facts.is_replied),
        term("stars", facts.stars or 0),
    ]
    if facts.product is not None:
        found.append(term("product", facts.product))
    if facts.feeling is not None:
        found.append(term("feeling", facts.feeling or UNSURE))
    for aspect in facts.aspects:
        found.append(term("aspect", aspect))
        tone = facts.tones.get(aspect) or 0
        if tone:
            found.append(term(WELL if tone > 0 else ILL, aspect))
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Narrow:
    """Which reviews are wanted; what is empty narrows nothing. Of several values any will do."""

    product: int | None = None
    stars: Collection[int] = ()
    """From 1 to 5; 0 is a follow-up, which has none."""
    aspect: str = ""
    tone: str = ""
    """How the aspect is spoken of: WELL or ILL; nothing without an aspect."""
    feeling: str = ""
    """One of Feeling, or UNSURE."""
    source: str = ""
    status: str = ""
    picture: bool | None = None
    rewarded: bool | None = None
    replied: bool | None = None
    since: date | None = None
    until: date | None = None
    """Days of the shop, both inclusive."""

    def groups(self) -> list[list[str]]:
        """The terms that a review must have, one of each group. Days are none."""
        found = []
        if self.product is not None:
            found.append([term("product", self.product)])
        if self.stars:
            found.append([term("stars", stars) for stars in sorted(set(self.stars))])
        if self.aspect:
            found.append([term(self.tone or "aspect", self.aspect)])
        named = (("feeling", self.feeling), ("source", self.source), ("status", self.status))
        found += [[term(name, value)] for name, value in named if value]
        asked = (("picture", self.picture), ("rewarded", self.rewarded), ("replied", self.replied))
        return found + [[yes_no(name, holds)] for name, holds in asked if holds is not None]


def query(groups: Iterable[Sequence[str]]) -> str:
    """A `tsquery` for what holds one of each group; empty for none."""
    return " & ".join(f"({' | '.join(map(quoted, group))})" for group in groups)
