"""The words of a text, as the search knows them: Chinese cut, Latin in its stem, traditional simplified.

A `tsvector` is written out word by word instead of by PostgreSQL's parser, which knows no Chinese words
and sees letters differently under every locale.
"""

import unicodedata
from collections.abc import Iterable, Iterator

import rjieba

from config.common.words import plain, quoted
from feedback.knowledge.stopwords import STOP_WORDS

LONGEST = 64
MOST_PLACES = 16_000  # PostgreSQL counts places up to 16,383
MOST_OF_ONE = 200  # and keeps 256 places of one word
FOREVER = "\u4e00"
SHORT_STEM = 3


def tokens(text: str) -> list[str]:
    """The words of a text in their order; long Chinese words also in their parts. Signs are left out."""
    return list(_words(text))


def informative(text: str) -> list[str]:
    """The different words of a text that tell what it is about, in the order of their first place."""
    return [word for word in dict.fromkeys(_words(text)) if word not in STOP_WORDS]


def is_chinese(word: str) -> bool:
    """Whether a word is written in Chinese characters."""
    return FOREVER <= word[0] <= "\u9fff"


def stem(word: str) -> str:
    """An English word without the endings of number and tense: returns, returned, returning → return.

    Harman's S stemmer (1991) with -ed and -ing, and a last e or i that those leave behind.
    """
    if len(word) <= SHORT_STEM or not (word.isascii() and word.isalpha()):
        return word
    if word.endswith("ies"):
        word = word[:-3] + "y"
    elif word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-1]
    for ending in ("ing", "ed"):
        root = word.removesuffix(ending)
        if root != word and len(root) >= SHORT_STEM and any(sign in "aeiouy" for sign in root):
            word = root[:-1] if root[-1] == root[-2] and root[-1] not in "lsz" else root
            break
    return word[:-1] if len(word) > SHORT_STEM and word.endswith("e") else word


def vector(title: str, questions: str, body: str) -> str:
    """A text as a `tsvector` is written: title weighs most (A), then ways of asking (B), then text (D)."""
    places: dict[str, list[str]] = {}
    place = 0
    for part, weight in ((title, "A"), (questions, "B"), (body, "")):
        for word in _words(part):
            place = min(place + 1, MOST_PLACES)
            found = places.setdefault(word, [])
            if len(found) < MOST_OF_ONE:
                found.append(f"{place}{weight}")
    return " ".join(f"{quoted(word)}:{','.join(found)}" for word, found in places.items())


def any_of(words: Iterable[str]) -> str:
    """A `tsquery` for texts with any of the words."""
    return " | ".join(quoted(word) for word in words)


def _words(text: str) -> Iterator[str]:
    for piece in rjieba.cut_for_search(plain(text)):
        word = piece.strip("'’-_.·")[:LONGEST]
        if word and (any(sign.isalnum() for sign in word) or unicodedata.category(word[0]) == "So"):
            yield stem(word)
