"""Texts that are nearly the same, found by digests of their shingles (MinHash in bands). Pure.

Two texts whose shingles overlap by a share J agree in one of 10 bands of 3 with probability 1 − (1 − J³)¹⁰:
0.99 at J = 0.7, 0.91 at 0.6, 0.08 at 0.2. Source: Leskovec, Rajaraman, Ullman, "Mining of Massive Datasets",
chapter 3.
"""

import re
import zlib

import numpy as np
import numpy.typing as npt

from config.common.words import plain

SIZE = 3
BANDS, ROWS = 10, 3
FEWEST = 10
"""Shingles: a shorter text is like many others by chance."""
LONGEST = 5_000
PRIME = np.uint64((1 << 31) - 1)
SIGNS = re.compile(r"[\W_]+")
_random = np.random.default_rng(20261122)  # what is stored depends on it: it stays
_FACTORS = _random.integers(1, int(PRIME), size=(BANDS * ROWS, 1), dtype=np.uint64)
_TERMS = _random.integers(0, int(PRIME), size=(BANDS * ROWS, 1), dtype=np.uint64)
_MIX = _random.integers(1, 1 << 62, size=(BANDS, ROWS), dtype=np.uint64) | np.uint64(1)

Shingles = npt.NDArray[np.uint64]


def bare(text: str) -> str:
    """A text as it is compared: letters, digits and Chinese characters only, simplified, small."""
    return SIGNS.sub("", plain(text[:LONGEST]))


def shingles(text: str) -> Shingles:
    """The digests of all runs of three characters, each once."""
    signs = bare(text)
    runs = {signs[place : place + SIZE] for place in range(len(signs) - SIZE + 1)}
    found = np.fromiter((zlib.crc32(run.encode()) for run in runs), dtype=np.uint64, count=len(runs))
    return np.unique(found % PRIME)


def bands(found: Shingles) -> list[int]:
    """The digests under which a text is found again; none of a text that is too short."""
    if len(found) < FEWEST:
        return []
    least = ((_FACTORS * found + _TERMS) % PRIME).min(axis=1).reshape(BANDS, ROWS)
    mixed = (least * _MIX).sum(axis=1, dtype=np.uint64) ^ (np.arange(BANDS, dtype=np.uint64) << np.uint64(58))
    return [int(one) for one in mixed.view(np.int64)]


def alike(one: Shingles, other: Shingles) -> float:
    """The share of shingles that two texts have in common, of all that either has (Jaccard)."""
    both = len(np.intersect1d(one, other, assume_unique=True))
    every = len(one) + len(other) - both
    return both / every if every else 0.0
