"""What a change of the lexicon would do: to one text, and to what members wrote lately."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from feedback.triage.lexicon import Hit, Lexicon, Told, Word, folded
from feedback.triage.reading import feeling_of

SHOWN = 10


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a text: with the word of the lexicon that it is, where it is one."""

    text: str
    hit: Hit | None = None

    @property
    def side(self) -> str:
        """Which way it pulls."""
        if self.hit is None or not self.hit.weight:
            return "about" if self.hit else ""
        return "good" if self.hit.weight > 0 else "bad"


@dataclass(frozen=True, slots=True)
class Changed:
    """A text that reads otherwise than before."""

    text: str
    before: Told
    after: Told


@dataclass(frozen=True, slots=True)
class Effect:
    """How many texts were looked at, how many read otherwise, and some of those."""

    looked: int
    changed: int
    shown: Sequence[Changed]


def pieces(told: Told) -> list[Piece]:
    """A text in pieces, the words of the lexicon among them."""
    found, at = [], 0
    for hit in told.hits:
        if hit.start > at:
            found.append(Piece(told.text[at : hit.start]))
        found.append(Piece(told.text[hit.start : hit.end], hit))
        at = hit.end
    if at < len(told.text):
        found.append(Piece(told.text[at:]))
    return found


def feeling(told: Told) -> str:
    """How a text is meant, where the lexicon is sure."""
    return feeling_of(told.sentiment if told.is_sure else None)


def with_word(words: Iterable[Word], changed: Word | None, *, instead_of: str = "") -> Lexicon:
    """The lexicon with one word put in, changed or (None) taken out."""
    left = {"", instead_of, changed.word if changed else ""}
    return Lexicon([*(one for one in words if one.word not in left), *([changed] if changed else [])])


def effect(texts: Iterable[str], before: Lexicon, after: Lexicon) -> Effect:
    """What two lexicons make of some texts, where they differ."""
    looked, changed = 0, 0
    shown: list[Changed] = []
    for text in texts:
        looked += 1
        whole = folded(text)
        old, new = before.read_folded(whole), after.read_folded(whole)
        if _seen(old) != _seen(new):
            changed += 1
            if len(shown) < SHOWN:
                shown.append(Changed(text, old, new))
    return Effect(looked, changed, shown)


def _seen(told: Told) -> tuple[object, ...]:
    return frozenset(told.aspects), feeling(told), told.gap_kind, told.cause, told.urgency
