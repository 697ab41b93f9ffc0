"""How well triage tells how real reviews are meant, and how many texts a second it reads.

Learns from one part of `../shared/data/reviews_zh/reviews.csv` (or REVIEWS=…) and is tried on the rest, which
nothing but the last figures ever looked at. Needs no database: the lexicon is the one that ships.
"""

import csv
import os
import statistics
import sys
import time
from collections.abc import Iterable
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
REVIEWS = Path(
    os.environ.get("REVIEWS", Path(__file__).parents[2] / "shared" / "data" / "reviews_zh" / "reviews.csv")
)
SURE = 0.95
ROUNDS = 5
TRADITIONAL = "質量太差了，快遞也很慢，客服不理人，要求退款"


def lexicon():
    """The words that ship, without a database."""
    from feedback.defaults.lexicon import shipped
    from feedback.triage.lexicon import Lexicon, Word

    return Lexicon(Word(**one) for one in shipped())


def table(confusion: dict[str, dict[str, int]]) -> Iterable[str]:
    """What was said of what."""
    yield f"{'':10}{'says good':>12}{'says bad':>12}{'unsure':>12}"
    for truth, row in confusion.items():
        yield f"{truth:10}{row['positive']:>12,}{row['negative']:>12,}{row['unsure']:>12,}"


def main() -> None:
    if not REVIEWS.exists():
        print(f"no reviews at {REVIEWS}: nothing was measured")
        return
    import django

    django.setup()
    from feedback.triage import learning
    from feedback.triage.examples import of_file, prepared
    from feedback.triage.learning import HOLD
    from feedback.triage.reading import Read
    from feedback.triage.weights import FEELING, pack, unpack

    words = lexicon()
    start = time.perf_counter()
    with REVIEWS.open(encoding="utf-8-sig", newline="") as file:
        examples = prepared(of_file(file), words)
    parts = {part: sum(1 for one in examples if one.part == part) for part in ("learn", "settle", "hold")}
    print(f"{len(examples):,} different texts, read in {time.perf_counter() - start:.1f} s: {parts}")
    start = time.perf_counter()
    learnt = learning.learn(examples, sure_accuracy=SURE)
    content, digest = pack(learnt.weights)
    print(
        f"trained in {time.perf_counter() - start:.1f} s: {len(learnt.weights.names):,} words and pairs, ",
        end="",
    )
    print(f"{len(content) / 1e6:.2f} MB")
    held = [one for one in examples if one.part == HOLD]
    for name, scores in (("model", learnt.scores), ("lexicon alone", learning.measure_lexicon(held))):
        print(f"\n{name}, on {scores['n']:,} texts that nothing was learnt from")
        for figure in ("accuracy", "balanced", "auc", "unsure", "sure_accuracy"):
            print(f"  {figure:14} {scores[figure]}")
        print("\n".join(f"  {line}" for line in table(scores["confusion"])))
    by_category(held, learnt)
    again = learning.learn(examples, sure_accuracy=SURE)
    print(f"\nthe same weights at a second training: {pack(again.weights)[1] == digest}")

    weights = unpack(content, digest)
    reads = Read(words, weights, 1)
    texts = [one.key for one in held]
    speeds, works = [], []
    for _round in range(ROUNDS):
        start, worked = time.perf_counter(), time.process_time()
        reads.many(texts)
        speeds.append(len(texts) / (time.perf_counter() - start))
        works.append(len(texts) / (time.process_time() - worked))
    print(f"\n{statistics.median(speeds):,.0f} texts a second by the clock, all that is read of them, in one")
    print(f"process ({ROUNDS} rounds, {min(speeds):,.0f} to {max(speeds):,.0f}); ", end="")
    print(f"{statistics.median(works):,.0f} a second of processor time")
    for text in ("差", TRADITIONAL, "👍👍", "Terrible quality, I want a refund", "很好" * 5_000, ""):
        start = time.perf_counter()
        found = reads.one(text)
        took = (time.perf_counter() - start) * 1000
        print(f"  {took:6.2f} ms  {text[:24]!r:28} {found.sentiment} {found.aspects} {found.words[:3]}")
    assert FEELING in weights.heads


def by_category(held, learnt) -> None:
    """Accuracy and share unsure by category of goods, which the training never saw."""
    from feedback.triage import learning
    from feedback.triage.lexicon import folded
    from feedback.triage.weights import FEELING

    with REVIEWS.open(encoding="utf-8-sig", newline="") as file:
        of = {folded(row["text"]).strip(): row["category"] for row in csv.DictReader(file)}
    print("\nby category: n, accuracy, unsure, accuracy where sure")
    for category in sorted(set(of.values())):
        some = [one for one in held if of[one.key] == category]
        scores = learning.measure(some, learning.totals(learnt.weights, some), learnt.weights.heads[FEELING])
        figures = " ".join(f"{scores[name] or 0:.3f}" for name in ("accuracy", "unsure", "sure_accuracy"))
        print(f"  {category:6} {scores['n']:>6,} {figures}")


if __name__ == "__main__":
    sys.exit(main())
