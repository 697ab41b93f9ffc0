"""The part of a text in which words are found, with the words marked. Pure; gives parts, never markup."""

from collections.abc import Iterable, Sequence

from config.common.words import plain

AROUND = 30
"""Characters shown before the first word that was found."""
SHOWN = 140
LONGEST = 20_000
Parts = list[tuple[str, bool]]
"""Pieces of a text, and whether each is one of the words."""


def snippet(text: str, words: Sequence[str]) -> Parts:
    """A line of the text around the first place where one of the words stands; without any, its beginning."""
    line = " ".join(text[:LONGEST].split())
    places = _places(line, words)
    first = places[0][0] if places else 0
    start = max(0, first - AROUND) if len(line) > SHOWN else 0
    start = min(start, max(0, len(line) - SHOWN))
    end = min(len(line), start + SHOWN)
    parts = _cut(line, start, end, places)
    return [*([("…", False)] if start else []), *parts, *([("…", False)] if end < len(line) else [])]


def _cut(line: str, start: int, end: int, places: Iterable[tuple[int, int]]) -> Parts:
    parts: Parts = []
    at = start
    for first, last in places:
        begins, ends = max(first, at), min(last, end)
        if begins >= ends:
            continue
        if begins > at:
            parts.append((line[at:begins], False))
        parts.append((line[begins:ends], True))
        at = ends
    if at < end:
        parts.append((line[at:end], False))
    return parts


def _places(line: str, words: Sequence[str]) -> list[tuple[int, int]]:
    """Where the words stand, in order; a text is compared as words are kept, whose length may be another."""
    folded, origin = [], []
    for place, sign in enumerate(line):
        for plainer in plain(sign):
            folded.append(plainer)
            origin.append(place)
    whole = "".join(folded)
    found = []
    for word in words:
        at = whole.find(word)
        while at >= 0:
            found.append((origin[at], origin[at + len(word) - 1] + 1))
            at = whole.find(word, at + len(word))
    return sorted(found)
