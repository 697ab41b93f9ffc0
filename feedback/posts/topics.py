"""Topics: posts that use the same words. Pure.

Each post goes to the topic whose words are most like its own (cosine of TF-IDF weights), or begins one. A
topic is the sum of the words of its posts. Posts are taken in their order, and how much a word tells goes by
the posts so far: the same posts in the same order give the same topics, however they are cut into batches.
"""

import heapq
import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

import rjieba

from config.common.words import plain
from feedback.knowledge.stopwords import STOP_WORDS

LIKE = 0.25
"""A cosine from which on a post belongs to a topic. Measured: docs/posts.md."""
SAME = 0.60
"""A cosine from which on two topics are one."""
READ = 3_000
TERMS = 60
"""Words that a topic keeps, the heaviest."""
OF_POST = 40
"""Different words of one post that count, the first."""
FEWEST = 2
"""A post with fewer words that tell something belongs to no topic."""
KEYWORDS = 6
LOOKED_AT = 3_000
"""Topics with a word in common that are looked at, those with its rarest words first."""
COMPARED = 20
"""Of these the likeliest are compared in full."""
LONGEST = 40
NOISE = re.compile(r"https?://\S+|\S+@\S+\.\S+|[@＠#＃]\S{1,30}|\[[^\]\s]{1,12}\]")
"""Addresses, names of people, marks and little pictures in words."""
CHINESE = re.compile(r"^[\u4e00-\u9fff]{2,}$")
LATIN = re.compile(r"^[a-z][a-z\-']{2,}$")
HARDLY = frozenset(Path(__file__).with_suffix(".txt").read_text(encoding="utf-8").split())
"""Words of talk, which tell no more of a post than stop words do of a question."""

Vector = dict[str, float]


def terms(text: str, judging: Collection[str] = ()) -> list[str]:
    """The words of a text that may tell what it is about, in their order; none of those that only judge."""
    found = []
    for piece in rjieba.cut(plain(NOISE.sub(" ", text[:READ]))):
        word = piece.strip()
        if len(word) > LONGEST or word in HARDLY or word in STOP_WORDS or word in judging:
            continue
        if CHINESE.match(word) or LATIN.match(word):
            found.append(word)
    return found


def vector(found: Iterable[str]) -> Vector:
    """The words of one post, as long as 1 in all: a word said often counts a little more."""
    counts = Counter(found)
    kept = dict(list(counts.items())[:OF_POST])
    weights = {term: 1 + math.log(number) for term, number in kept.items()}
    length = math.sqrt(sum(weight * weight for weight in weights.values()))
    return {term: weight / length for term, weight in weights.items()} if length else {}


class Topics:
    """The topics as they stand, and how many posts each word stands in.

    `holding` has for each word the topics that hold it, and what it weighs there: `sums` by word.
    """

    def __init__(self, posts: int, standing: Mapping[str, int]) -> None:
        self.posts = posts
        self.standing = Counter(standing)
        self.often: dict[str, float] = {}
        self.sums: dict[int, Vector] = {}
        self.sizes: dict[int, int] = {}
        self.holding: dict[str, dict[int, float]] = {}

    def put(self, key: int, words: Mapping[str, float], size: int) -> None:
        """Know a topic."""
        self.sums[key], self.sizes[key] = dict(words), size
        for term, weight in words.items():
            self.holding.setdefault(term, {})[key] = weight

    def drop(self, key: int) -> None:
        """Forget a topic."""
        for term in self.sums.pop(key, ()):
            del self.holding[term][key]
        self.sizes.pop(key, None)

    def idf(self, term: str) -> float:
        """How much a word tells: more, the fewer posts it stands in."""
        return math.log(self.posts + 1) + 1 - self._often(term)

    def _often(self, term: str) -> float:
        """The part of `idf` that stays as it is until a post with the word comes."""
        found = self.often.get(term)
        if found is None:
            found = self.often[term] = math.log(self.standing.get(term, 0) + 1)
        return found

    def learn(self, words: Collection[str]) -> None:
        """Count the words of a new post."""
        self.posts += 1
        for term in set(words):
            self.standing[term] += 1
            self.often.pop(term, None)

    def nearest(
        self, words: Mapping[str, float], *, least: float = LIKE, but: int | None = None
    ) -> tuple[int, float] | None:
        """The topic that these words are most like, and how much; None where none is like them."""
        weighted = {term: weight * self.idf(term) for term, weight in words.items()}
        likely = self._likely(weighted)
        if but is not None:
            likely.pop(but, None)
        length = math.hypot(*weighted.values())
        best: tuple[float, int] | None = None
        for _score, key in heapq.nsmallest(COMPARED, ((-score, key) for key, score in likely.items())):
            score = self._cosine(weighted, length, key)
            if score >= least and (best is None or (score, -key) > (best[0], -best[1])):
                best = (score, key)
        return (best[1], best[0]) if best else None

    def _likely(self, weighted: Vector) -> dict[int, float]:
        """What words have in common with topics, by the words that tell most."""
        likely: dict[int, float] = {}
        known, sizes, looked = likely.get, self.sizes, 0
        for term in sorted(weighted, key=lambda one: (-weighted[one], one)):
            holders = self.holding.get(term, {})
            looked += len(holders)
            if looked > LOOKED_AT and likely:
                break
            tells = weighted[term] * self.idf(term)
            for key, weight in holders.items():
                likely[key] = known(key, 0.0) + tells * weight / sizes[key]
        return likely

    def _cosine(self, weighted: Vector, length: float, key: int) -> float:
        base, often, theirs = math.log(self.posts + 1) + 1, self._often, self.sums[key]
        dot = sum(
            weight * theirs[term] * self.idf(term) for term, weight in weighted.items() if term in theirs
        )
        lengths = length * math.hypot(*[weight * (base - often(term)) for term, weight in theirs.items()])
        return dot / lengths if lengths else 0.0

    def grow(self, key: int, words: Vector) -> None:
        """Add the words of a post to a topic."""
        mine = self.sums.setdefault(key, {})
        for term, weight in words.items():
            mine[term] = mine.get(term, 0.0) + weight
            self.holding.setdefault(term, {})[key] = mine[term]
        self.sizes[key] = self.sizes.get(key, 0) + 1
        if len(mine) > 2 * TERMS:
            self.trim(key)

    def shrink(self, key: int, words: Vector) -> None:
        """Take the words of a post out of a topic again."""
        mine = self.sums.get(key, {})
        for term, weight in words.items():
            left = mine.get(term, 0.0) - weight
            if left > 1e-9:  # noqa: PLR2004 - what rounding leaves
                mine[term] = self.holding[term][key] = left
            elif term in mine:
                del mine[term]
                del self.holding[term][key]
        self.sizes[key] = max(self.sizes.get(key, 1) - 1, 0)

    def trim(self, key: int) -> None:
        """Keep the heaviest words of a topic."""
        mine = self.sums[key]
        kept = set(self._heaviest(key, TERMS))
        for term in [one for one in mine if one not in kept]:
            del mine[term]
            del self.holding[term][key]

    def keywords(self, key: int) -> list[str]:
        """The words that name a topic: what its posts share and others do not."""
        return self._heaviest(key, KEYWORDS)

    def _heaviest(self, key: int, number: int) -> list[str]:
        mine = self.sums.get(key, {})
        return sorted(mine, key=lambda term: (-mine[term] * self.idf(term), term))[:number]


def added(sums: Iterable[Mapping[str, float]]) -> Vector:
    """The words of several topics together, the heaviest of them."""
    total: Counter[str] = Counter()
    for one in sums:
        total.update(one)
    return dict(sorted(total.items(), key=lambda item: (-item[1], item[0]))[: 2 * TERMS])


def name_of(keywords: Iterable[str]) -> str:
    """A name of a topic that nobody has named."""
    return " · ".join(list(keywords)[:4])
