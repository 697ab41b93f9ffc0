"""The lexicon: what words and phrases tell of a text, with what turns them round or makes them stronger.

Words are looked for in the text as it is compared (`folded`), the longest first, Latin ones whole. A word
that turns round or strengthens does so for what comes next in its clause, at most NEAR words further on.
"""

import math
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from config.common.words import plain
from feedback.models import GapKind, LexiconEntry, Priority, VoiceAspect, WordRole

LONGEST = 20_000
"""Signs of a text that are read."""
NEAR = 6
TURNED = -0.8
STRONGER, WEAKER = 1.5, 0.6
AFTER, BEFORE = 1.5, 0.6
"""What counts more after "but", and less before it."""
FULL = 3.0
"""A sum at which a text is about three quarters of the way to the end of the scale."""
SURE_FROM = 2.0
"""From which sum on the lexicon is sure."""
MIXED_FROM = 0.4
"""The lesser side is this much of the greater one: it is both, and not for the lexicon to say."""

CLAUSE = re.compile(r"[,.;:!?，。；：！？、…\n~～]")
STEP = re.compile(r"[a-z0-9']+|[^\s\w]|\w")
KIND_OF: Mapping[str, str] = {
    VoiceAspect.PRODUCT_QUALITY: GapKind.PRODUCT,
    VoiceAspect.DESCRIPTION: GapKind.PRODUCT,
    VoiceAspect.PACKAGING: GapKind.PRODUCT,
    VoiceAspect.LOGISTICS: GapKind.SERVICE,
    VoiceAspect.SERVICE: GapKind.SERVICE,
    VoiceAspect.AFTER_SALES: GapKind.SERVICE,
    VoiceAspect.APP: GapKind.SERVICE,
    VoiceAspect.PRICE: GapKind.PRICE,
}
"""The kind of gap that a complaint about an aspect speaks of, where no word says another."""


@dataclass(frozen=True, slots=True)
class Word:
    """An entry of the lexicon."""

    word: str
    role: str = WordRole.SAYS
    aspect: str = ""
    weight: float = 0
    gap_kind: str = ""
    cause: str = ""
    urgency: int | None = None


@dataclass(frozen=True, slots=True)
class Hit:
    """A word of the lexicon in a text: where it stands, and what it weighs there."""

    start: int
    end: int
    word: Word
    weight: float
    aspect: str


@dataclass(frozen=True, slots=True)
class Told:
    """What the lexicon makes of a text."""

    text: str
    hits: tuple[Hit, ...] = ()
    aspects: tuple[str, ...] = ()
    tones: Mapping[str, float] = field(default_factory=dict)
    sentiment: float = 0.0
    is_sure: bool = False
    gap_kind: str = ""
    cause: str = ""
    urgency: int = Priority.NORMAL


class Lexicon:
    """Some words, ready to be looked for."""

    def __init__(self, words: Iterable[Word]) -> None:
        self._words = {word.word: word for word in words}
        lengths: dict[str, set[int]] = defaultdict(set)
        for word in self._words:
            lengths[word[0]].add(len(word))
        self._lengths = {sign: sorted(known, reverse=True) for sign, known in lengths.items()}

    def find(self, text: str) -> list[tuple[int, Word]]:
        """Where which words stand in a folded text; of those that overlap the first and longest."""
        found = []
        free = 0
        words, lengths = self._words, self._lengths
        for at, sign in enumerate(text):
            if at < free or sign not in lengths:
                continue
            for length in lengths[sign]:
                word = words.get(text[at : at + length])
                if word is not None and _is_whole(text, at, at + length):
                    found.append((at, word))
                    free = at + length
                    break
        return found

    def read(self, text: str) -> Told:
        """What a text tells."""
        return self.read_folded(folded(text))

    def read_folded(self, text: str) -> Told:
        """The same of a text that is folded already."""
        return _told(text, _weighed(text, self.find(text)))


def folded(text: str) -> str:
    """A text as it is compared: simplified, narrow, small letters, no signs that are not seen.

    What is not Unicode (half a pair of surrogates) becomes a question mark; LONGEST signs are read.
    """
    clean = text[:LONGEST].encode("utf-8", "replace").decode()
    return UNSEEN.sub("", plain(clean)).replace("’", "'")


UNSEEN = re.compile(
    "[{}]+".format(
        "".join(
            re.escape(chr(code))
            for code in (*range(0xFFFF), *range(0xE0001, 0xE01F0))
            if code != ord("\n") and unicodedata.category(chr(code)) in {"Cf", "Mn", "Cc"}
        )
    )
)
"""Joiners, variants and control signs, which stand in the way of finding a word."""


def word_of(entry: LexiconEntry) -> Word:
    """A row of the lexicon as a word to look for."""
    return Word(
        word=entry.word,
        role=entry.role,
        aspect=entry.aspect,
        weight=entry.weight,
        gap_kind=entry.gap_kind,
        cause=entry.cause,
        urgency=entry.urgency,
    )


def _is_whole(text: str, start: int, end: int) -> bool:
    """Whether a Latin word is not just a part of a longer one; Chinese has no such limits."""
    return not (
        (start and _latin(text[start]) and _latin(text[start - 1]))
        or (end < len(text) and _latin(text[end - 1]) and _latin(text[end]))
    )


def _latin(sign: str) -> bool:
    return sign.isascii() and sign.isalnum()


class _Clauses:
    """Goes through the words that were found: some turn round or strengthen what comes next."""

    def __init__(self, text: str, contrast: int | None) -> None:
        self.hits: list[Hit] = []
        self._text = text
        self._contrast = contrast
        self._turn, self._strength = 1.0, 1.0
        self._about = ""
        self._since = self._first = 0

    def take(self, start: int, word: Word) -> None:
        """Take the next word."""
        self._pass(start)
        self._since = start + len(word.word)
        match word.role:
            case WordRole.NEGATES:
                self._turn *= TURNED
            case WordRole.STRONGER:
                self._strength *= STRONGER
            case WordRole.WEAKER:
                self._strength *= WEAKER
            case WordRole.CONTRASTS:
                self._turn = self._strength = 1.0
            case WordRole.SAYS:
                self._say(start, word)

    def _pass(self, start: int) -> None:
        between = self._text[self._since : start]
        is_over = CLAUSE.search(between) is not None
        if is_over or len(STEP.findall(between)) > NEAR:
            self._turn = self._strength = 1.0
        if is_over:
            self._about, self._first = "", len(self.hits)

    def _say(self, start: int, word: Word) -> None:
        weight = word.weight * self._turn * self._strength
        if word.weight:
            self._turn = self._strength = 1.0
        if self._contrast is not None:
            weight *= AFTER if start > self._contrast else BEFORE
        if word.aspect:
            self._about = word.aspect
            for place in range(self._first, len(self.hits)):  # said before of nothing yet: it was of this
                if not self.hits[place].aspect:
                    self.hits[place] = replace(self.hits[place], aspect=word.aspect)
        self.hits.append(Hit(start, start + len(word.word), word, weight, word.aspect or self._about))


def _weighed(text: str, found: list[tuple[int, Word]]) -> list[Hit]:
    """What each word weighs where it stands, and which aspect it speaks of."""
    contrasts = [place for place, word in found if word.role == WordRole.CONTRASTS]
    clauses = _Clauses(text, contrasts[-1] if contrasts else None)
    for start, word in found:
        clauses.take(start, word)
    return clauses.hits


def _told(text: str, hits: list[Hit]) -> Told:
    good = sum(hit.weight for hit in hits if hit.weight > 0)
    bad = -sum(hit.weight for hit in hits if hit.weight < 0)
    total = good - bad
    is_mixed = min(good, bad) >= MIXED_FROM * max(good, bad)
    by_aspect: dict[str, float] = {}
    for hit in hits:
        if hit.aspect:
            by_aspect[hit.aspect] = by_aspect.get(hit.aspect, 0.0) + hit.weight
    aspects = sorted(by_aspect, key=lambda one: (by_aspect[one] >= 0, -abs(by_aspect[one])))
    is_bad = total < 0
    return Told(
        text=text,
        hits=tuple(hits),
        aspects=tuple(aspects),
        tones={one: round(math.tanh(by_aspect[one] / FULL), 3) for one in aspects},
        sentiment=math.tanh(total / FULL),
        is_sure=abs(total) >= SURE_FROM and not is_mixed,
        gap_kind=_gap_kind(hits) if is_bad or is_mixed else "",
        cause=_cause(hits) if is_bad or is_mixed else "",
        urgency=max((hit.word.urgency for hit in hits if hit.word.urgency), default=Priority.NORMAL),
    )


def _gap_kind(hits: list[Hit]) -> str:
    """What kind of expectation the bad words speak of."""
    votes: dict[str, float] = defaultdict(float)
    for hit in hits:
        if hit.weight < 0:
            votes[hit.word.gap_kind or KIND_OF.get(hit.aspect, "")] -= hit.weight
    return _most(votes)


def _cause(hits: list[Hit]) -> str:
    """Which root cause the bad words point to."""
    votes: dict[str, float] = defaultdict(float)
    for hit in hits:
        if hit.weight < 0:
            votes[hit.word.cause] -= hit.weight
    return _most(votes)


def _most(votes: Mapping[str, float]) -> str:
    """The one with most votes; in the order of the alphabet where two have as many."""
    counted = sorted((-votes[one], one) for one in votes if one and votes[one] > 0)
    return counted[0][1] if counted else ""
