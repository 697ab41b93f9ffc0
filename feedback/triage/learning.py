"""Learning from texts of which people have said how they are meant: pure, and the same at every run.

Texts are dealt into three parts by a digest of their words, so that one text is always in the same part,
whatever is learnt when: most are learnt from, some settle the probabilities and from where on the model is
sure, and some are held back and only ever used to tell how good a model is.
"""

import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score, roc_auc_score

from feedback.triage.features import features
from feedback.triage.weights import FEELING, Head, Weights

SEED = 20_261_101
LEARN, SETTLE, HOLD = "learn", "settle", "hold"
HELD, SETTLED = 20, 40
"""In percent: held back below the first, settling below the second."""
IN_TEXTS = 3
"""A word or pair that stands in fewer texts is not kept: it could tell whose they are."""
FEW_IN_TEXTS, FEW = 2, 2_000
"""With fewer texts than FEW, this many."""
STRENGTH = 5.0
"""How freely weights grow (the inverse of the penalty); 5 did best on the settling part of real reviews."""
CONFIDENCE = 1.2816
"""Of one side, 90 %: we say that we are sure only where we may be that sure of being right."""
LEAST_DECIDED = 20
"""Decisions of people for and against, from which on a head of their own is tried for a question."""
LEAST_SETTLING = 5
LOW_HALF, ROUND = 0.5, 4

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Example:
    """A text: its words, whether it is good (None: not known), what people decided, how much it counts."""

    words: tuple[str, ...]
    key: str
    is_good: bool | None = None
    decided: Mapping[str, bool] = field(default_factory=dict)
    """Answers of people to the questions of other heads, such as "aspect:price"."""
    guessed: Mapping[str, bool] = field(default_factory=dict)
    """What the lexicon says to them."""
    lexicon: float = 0.0
    """How good the lexicon takes it for, from −1 to 1."""
    is_lexicon_sure: bool = False
    weight: float = 1.0

    @property
    def part(self) -> str:
        """Which of the three parts it belongs to."""
        place = int(hashlib.sha256(self.key.encode()).hexdigest()[:8], 16) % 100
        return HOLD if place < HELD else SETTLE if place < SETTLED else LEARN


@dataclass(frozen=True, slots=True)
class Learnt:
    """What came of it."""

    weights: Weights
    texts: int
    held_back: int
    scores: dict[str, Any]


def learn(examples: Sequence[Example], *, sure_accuracy: float) -> Learnt:
    """Learn from some texts: good ones and bad ones have to be in each part."""
    parts = {part: [one for one in examples if one.part == part] for part in (LEARN, SETTLE, HOLD)}
    taught = parts[LEARN]
    least = FEW_IN_TEXTS if len(taught) < FEW else IN_TEXTS
    seeing = TfidfVectorizer(
        analyzer=features, binary=True, min_df=least, sublinear_tf=False, dtype=np.float32
    )
    seen = seeing.fit_transform([one.words for one in taught])
    names = sorted(seeing.vocabulary_, key=seeing.vocabulary_.__getitem__)
    feeling = _feeling(taught, seen, parts[SETTLE], seeing, sure_accuracy)
    heads = {FEELING: feeling}
    for question in sorted({name for one in examples for name in one.decided}):
        if head := _head(question, examples, seeing):
            heads[question] = head
    weights = Weights(names=names, idf=seeing.idf_.astype(np.float32), heads=heads)
    scores = measure(parts[HOLD], totals(weights, parts[HOLD]), feeling)
    scores["questions"] = _questions(weights, parts[HOLD])
    return Learnt(weights, len(taught) + len(parts[SETTLE]), len(parts[HOLD]), scores)


def totals(weights: Weights, examples: Sequence[Example]) -> Floats:
    """How good each text is, as the sum of the head for feeling."""
    head = weights.heads[FEELING]
    sums = []
    for one in examples:
        found, counts = weights.seen(one.words)
        sums.append(float(head.weights[found] @ counts) + head.bias)
    return np.array(sums)


def measure(examples: Sequence[Example], sums: Floats, head: Head) -> dict[str, Any]:
    """How well sums tell good texts from bad ones, over all and where the head is sure."""
    told = np.array([one.is_good is not None for one in examples], dtype=bool)
    good = np.array([bool(one.is_good) for one in examples], dtype=bool)[told]
    sums = sums[told]
    says_good = _chances(head, sums) >= LOW_HALF
    sure = (sums <= head.low) | (sums >= head.high)
    return {**rates(good, says_good, sure), "auc": auc(good, sums)}


def measure_lexicon(examples: Sequence[Example]) -> dict[str, Any]:
    """How well the lexicon alone tells good texts from bad ones."""
    told = [one for one in examples if one.is_good is not None]
    good = np.array([bool(one.is_good) for one in told], dtype=bool)
    sums = np.array([one.lexicon for one in told])
    sure = np.array([one.is_lexicon_sure for one in told], dtype=bool)
    return {**rates(good, sums > 0, sure), "auc": auc(good, sums)}


def rates(good: Bools, says_good: Bools, sure: Bools) -> dict[str, Any]:
    """Shares of right answers, and the table of what was said of what."""
    right = says_good == good
    hits = [float(right[side].mean()) for side in (good, ~good) if side.any()]
    return {
        "n": len(good),
        "accuracy": _rounded(right.mean() if len(good) else None),
        "balanced": _rounded(sum(hits) / len(hits) if hits else None),
        "unsure": _rounded(1 - sure.mean() if len(good) else None),
        "sure_accuracy": _rounded(right[sure].mean() if sure.any() else None),
        "confusion": {
            truth: {
                "positive": int((is_it & sure & says_good).sum()),
                "negative": int((is_it & sure & ~says_good).sum()),
                "unsure": int((is_it & ~sure).sum()),
            }
            for truth, is_it in (("positive", good), ("negative", ~good))
        },
    }


def auc(good: Bools, sums: Floats) -> float | None:
    """The area under the curve; None where all are good or all are bad."""
    if not len(good) or good.all() or not good.any():
        return None
    return _rounded(roc_auc_score(good, sums))


def is_better(one: Mapping[str, Any], other: Mapping[str, Any] | None) -> bool:
    """Whether scores beat others of the same texts.

    By the mean share of right answers to good and to bad texts, which no majority can flatter, then by AUC.
    """
    if other is None:
        return True
    return (one["balanced"] or 0, one["auc"] or 0) > (other["balanced"] or 0, other["auc"] or 0)


def _feeling(
    taught: Sequence[Example],
    seen: sparse.csr_matrix,
    settling: Sequence[Example],
    seeing: TfidfVectorizer,
    sure_accuracy: float,
) -> Head:
    told = np.array([one.is_good is not None for one in taught], dtype=bool)
    good = np.array([bool(one.is_good) for one in taught])
    fitted = _fit(seen[told], good[told], np.array([one.weight for one in taught])[told])
    weights, bias = fitted
    settling = [one for one in settling if one.is_good is not None]
    sums = np.asarray(seeing.transform([one.words for one in settling]) @ weights).ravel() + bias
    is_good = np.array([bool(one.is_good) for one in settling])
    slope, shift = _fit_curve(sums, is_good)
    head = Head(weights.astype(np.float32), bias, slope, shift)
    low, high = _sure_from(sums, is_good, head, sure_accuracy)
    return Head(head.weights, bias, slope, shift, low, high)


def _fit(seen: sparse.csr_matrix, says: Bools, counts: Floats) -> tuple[Floats, float]:
    model = LogisticRegression(C=STRENGTH, solver="liblinear", random_state=SEED, max_iter=500)
    model.fit(seen, says, sample_weight=counts)
    return model.coef_[0], float(model.intercept_[0])


def _fit_curve(sums: Floats, is_good: Bools) -> tuple[float, float]:
    """The curve from sums to probabilities (Platt 1999), on texts that were not learnt from."""
    curve = LogisticRegression(C=1e3, solver="lbfgs", random_state=SEED)
    curve.fit(sums.reshape(-1, 1), is_good)
    return float(curve.coef_[0][0]), float(curve.intercept_[0])


def _sure_from(sums: Floats, is_good: Bools, head: Head, accuracy: float) -> tuple[float, float]:
    """The sums up to which "bad" and from which "good" are right often enough, each side for itself."""
    says_good = _chances(head, sums) >= LOW_HALF
    high = _from(sums[says_good], is_good[says_good], accuracy)
    low = -_from(-sums[~says_good], ~is_good[~says_good], accuracy)
    return low, high


def _from(sums: Floats, right: Bools, accuracy: float) -> float:
    """The least sum from which on the lower bound (Wilson) of the share of right ones is high enough."""
    order = np.argsort(-sums, kind="stable")
    sums, right = sums[order], right[order]
    n = np.arange(1, len(sums) + 1)
    share = np.cumsum(right) / n
    z2 = CONFIDENCE**2
    bound = (share + z2 / (2 * n) - CONFIDENCE * np.sqrt(share * (1 - share) / n + z2 / (4 * n * n))) / (
        1 + z2 / n
    )
    last = np.append(sums[1:] < sums[:-1], True) if len(sums) else np.array([], dtype=bool)
    enough = np.flatnonzero((bound >= accuracy) & last)
    return float(sums[enough[-1]]) if len(enough) else math.inf


def _head(question: str, examples: Sequence[Example], seeing: TfidfVectorizer) -> Head | None:
    """A head for a question that people have answered often enough; kept if it beats the lexicon.

    It learns from what people decided, and less from what the lexicon says of the rest. Which of the two
    reads better is settled on texts that are neither learnt from nor held back.
    """
    decided = [one for one in examples if question in one.decided and one.part != HOLD]
    for side in (True, False):
        if sum(1 for one in decided if one.decided[question] is side) < LEAST_DECIDED:
            return None
    settling = [one for one in decided if one.part == SETTLE]
    truth = np.array([one.decided[question] for one in settling], dtype=bool)
    if min(truth.sum(), (~truth).sum()) < LEAST_SETTLING:
        return None
    taught = [one for one in examples if one.part == LEARN]
    says = np.array([one.decided.get(question, one.guessed.get(question, False)) for one in taught])
    counts = np.array([one.weight if question in one.decided else 1.0 for one in taught])
    weights, bias = _fit(seeing.transform([one.words for one in taught]), says, counts)
    found = np.asarray(seeing.transform([one.words for one in settling]) @ weights).ravel() + bias > 0
    guessed = np.array([one.guessed.get(question, False) for one in settling], dtype=bool)
    if f1_score(truth, found, zero_division=0) <= f1_score(truth, guessed, zero_division=0):
        return None
    return Head(weights.astype(np.float32), bias)


def _questions(weights: Weights, held: Sequence[Example]) -> dict[str, Any]:
    """How the held-back answers of people were met, by question: by what reads it now, and by the lexicon."""
    scores: dict[str, Any] = {}
    for question in sorted({name for one in held for name in one.decided}):
        asked = [one for one in held if question in one.decided]
        truth = np.array([one.decided[question] for one in asked], dtype=bool)
        guessed = np.array([one.guessed.get(question, False) for one in asked], dtype=bool)
        head = weights.heads.get(question)
        found = np.array([_answer(weights, head, one) for one in asked], dtype=bool) if head else guessed
        scores[question] = {
            "n": len(asked),
            "f1": _rounded(f1_score(truth, found, zero_division=0)),
            "lexicon_f1": _rounded(f1_score(truth, guessed, zero_division=0)),
            "learnt": head is not None,
        }
    return scores


def _answer(weights: Weights, head: Head, one: Example) -> bool:
    found, counts = weights.seen(one.words)
    return bool(float(head.weights[found] @ counts) + head.bias > 0)


def _chances(head: Head, sums: Floats) -> Floats:
    chance: Callable[[float], float] = head.chance
    return np.array([chance(float(one)) for one in sums])


def _rounded(value: Any) -> float | None:
    return None if value is None else round(float(value), ROUND)
