"""A text as words are looked for in it: what hides them taken away, with where each character stood. Pure."""

import re
import unicodedata
from dataclasses import dataclass

from config.common.traditional import TO_SIMPLIFIED

HIDING = frozenset("·•・*＊-‐‑–—_~`^|/\\+=.'\"“”‘’「」『』《》〈〉()[]{}【】")
"""Signs that are put between characters to hide a word; none of those that end a part of a sentence."""
INVISIBLE = frozenset({"Cf", "Mn", "Cc"})
CHINESE = re.compile(r"[㐀-鿿]")


@dataclass(frozen=True, slots=True)
class Squeezed:
    """What is left of a text, and the place in the text of each character left."""

    text: str
    places: tuple[int, ...]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where a part of it stood in the text, from the first character to after the last."""
        return self.places[start], self.places[end - 1] + 1


def squeeze(text: str, *, hard: bool = True) -> Squeezed:
    """Small simplified characters without marks and invisible signs; if `hard`, no spaces or signs.

    Without `hard` every run of spaces is one space: so words of languages that have spaces are found.
    """
    found: list[str] = []
    places: list[int] = []
    for place, sign in enumerate(text):
        for one in unicodedata.normalize("NFKD", sign).casefold().translate(TO_SIMPLIFIED):
            is_space = one.isspace()
            if is_space and (hard or found[-1:] == [" "]):
                continue
            if not is_space and unicodedata.category(one) in INVISIBLE:
                continue
            if hard and one in HIDING:
                continue
            found.append(" " if is_space else one)
            places.append(place)
    return Squeezed("".join(found), tuple(places))


def is_chinese(text: str) -> bool:
    """Whether it holds a Chinese character."""
    return CHINESE.search(text) is not None


def excerpt(text: str, start: int, end: int, around: int = 16) -> str:
    """The part of a text with a little before and after it, on one line."""
    before, after = max(start - around, 0), min(end + around, len(text))
    part = " ".join(text[before:after].split())
    return f"{'…' if before else ''}{part}{'…' if after < len(text) else ''}"[:200]
