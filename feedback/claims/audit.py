"""Absolute terms and vague wording in a text, with where they stand and where they are innocent. Pure."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from feedback.claims.characters import Squeezed, excerpt, is_chinese, squeeze
from feedback.models import FindingKind

LONGEST = 20_000
"""Characters of a text that are read."""


@dataclass(frozen=True, slots=True)
class Term:
    """Words that are looked for, and the longer words in which they are innocent."""

    term: str
    kind: str = FindingKind.ABSOLUTE
    allowed_in: tuple[str, ...] = ()
    source: str = ""
    why: str = ""
    suggestion: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """Something at a place of the text."""

    kind: str
    code: str
    """What was found: the same at the same place of the same text is the same finding."""
    start: int
    end: int
    excerpt: str
    source: str = ""
    why: str = ""
    suggestion: str = ""


def audit(text: str, terms: Iterable[Term]) -> list[Found]:
    """What stands in the text, by place; of words that overlap the longest counts."""
    text = text[:LONGEST]
    hard, soft = squeeze(text), squeeze(text, hard=False)
    hits: list[tuple[int, int, Term]] = []
    for term in terms:
        looked = hard if is_chinese(term.term) else soft
        hits += [(*looked.span(start, end), term) for start, end in _places(looked, term)]
    hits.sort(key=lambda hit: (hit[0] - hit[1], hit[0], hit[2].term))  # the longest first
    taken: list[tuple[int, int]] = []
    found = []
    for start, end, term in hits:
        if any(start < other_end and other_start < end for other_start, other_end in taken):
            continue
        taken.append((start, end))
        found.append(
            Found(
                term.kind,
                term.term,
                start,
                end,
                excerpt(text, start, end),
                term.source,
                term.why,
                term.suggestion,
            )
        )
    return sorted(found, key=lambda one: (one.start, one.end))


def _places(looked: Squeezed, term: Term) -> list[tuple[int, int]]:
    """Where the term stands and is not part of a longer word that is innocent."""
    found = [match.span() for match in _pattern(term.term).finditer(looked.text)]
    if not found or not term.allowed_in:
        return found
    innocent = [
        match.span() for allowed in term.allowed_in for match in _pattern(allowed).finditer(looked.text)
    ]
    return [
        (start, end)
        for start, end in found
        if not any(begins <= start and end <= ends for begins, ends in innocent)
    ]


@lru_cache(maxsize=4_096)
def _pattern(words: str) -> re.Pattern[str]:
    """Chinese as it is, found even where it overlaps itself; other words as whole words."""
    if is_chinese(words):
        return re.compile(re.escape(squeeze(words).text) or r"(?!)")
    plain = squeeze(words, hard=False).text.strip()
    if not plain:
        return re.compile(r"(?!)")
    inner = r"\s+".join(re.escape(part) for part in plain.split())
    return re.compile(rf"(?<![^\W_]){inner}(?![^\W_])")


def parts(text: str, found: Sequence[Found]) -> list[tuple[str, Found | None]]:
    """The text cut where findings begin and end, for marking them; what overlaps goes to the first."""
    cut: list[tuple[str, Found | None]] = []
    place = 0
    for one in sorted(found, key=lambda one: (one.start, -one.end)):
        if one.start < place:
            continue
        if one.start > place:
            cut.append((text[place : one.start], None))
        cut.append((text[one.start : one.end], one))
        place = one.end
    if place < len(text):
        cut.append((text[place:], None))
    return cut
