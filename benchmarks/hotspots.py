"""What the delivery gap does to reviews and where it grew, on Olist's real orders; how often the test errs.

OLIST=folder with Olist's CSV files. Builds a database of its own (huiyin_hotspots) in the private PostgreSQL
and throws it away again. ONLY_OLIST=1 leaves the simulation out. Prints tables in Markdown.
"""

import os
import sys
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import numpy as np
import psycopg

from config import embedded

NAME = "huiyin_hotspots"
FIRST, LAST = date(2017, 4, 2), date(2018, 8, 26)
LOOKS = 400
SPOTS = 200


def main() -> None:
    if not os.environ.get("ONLY_OLIST"):
        simulate()
    folder = os.environ.get("OLIST")
    if not folder:
        print("OLIST is not set: only the simulation")
        return
    embedded.use()
    server = embedded.url().rsplit("/", 1)[0]
    with psycopg.connect(f"{server}/postgres", autocommit=True) as admin:
        admin.execute(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")
        admin.execute(f"CREATE DATABASE {NAME}")
    os.environ.update(
        DATABASE_URL=f"{server}/{NAME}", SECRET_KEY="b" * 60, AUDIT_KEY="b" * 60, LOG_LEVEL="ERROR"
    )
    try:
        fill(folder)
        show()
    finally:
        with psycopg.connect(f"{server}/postgres", autocommit=True) as admin:
            admin.execute(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")


def timed(what: str, call: Callable[[], object]) -> None:
    begun = time.perf_counter()
    call()
    print(f"{what}: {time.perf_counter() - begun:.1f} s", flush=True)


def fill(folder: str) -> None:
    import django

    django.setup()
    from django.core.management import call_command

    from feedback.gaps import commands, days, quality

    at = datetime.now(UTC)

    def until_done(step: Callable[[], int]) -> Callable[[], None]:
        def run() -> None:
            while step():
                pass

        return run

    def summed() -> int:
        return int(days.catch_up(at=at) == days.AT_ONCE)

    call_command("migrate", verbosity=0)
    call_command("seed_defaults", verbosity=0)
    files = [str(path) for path in sorted(Path(folder).glob("*.csv"))]
    timed("import", lambda: call_command("import_shop", *files, map="olist", no_progress=True))
    timed("gaps of orders", until_done(lambda: commands.detect(at=at).more))
    timed("gaps of reviews", until_done(lambda: quality.compare(at=at)))
    timed("sums by day", until_done(summed))


def show() -> None:
    from django.utils.translation import override

    from feedback.gaps import costs, hot_spots
    from feedback.models import Severity

    with override("en"):
        print("\n| delivery | reviews | mean stars (95 %) | one or two stars (95 %) |\n|---|--:|--:|--:|")
        for row in costs.by_severity("delivery"):
            name = Severity(row.severity).label if row.severity else "kept"
            mean, bad = row.mean, row.bad
            print(
                f"| {name} | {mean.n:,} | {mean.value:.2f} ({mean.low:.2f}–{mean.high:.2f})"
                f" | {bad.value:.1%} ({bad.low:.1%}–{bad.high:.1%}) |"
            )
        looks, grown, taken = 0, 0, 0.0
        for back in range((LAST - FIRST).days // 7 + 1):
            until = LAST - timedelta(days=7 * back)
            begun = time.perf_counter()
            found = hot_spots.search("delivery", until=until)
            taken += time.perf_counter() - begun
            looks, grown = looks + 1, grown + len(found.grown)
            whole = hot_spots.whole("delivery", until=until)
            usually = whole.usual_gaps / max(whole.usual_n, 1)
            for spot in found.grown:
                print(
                    f"- week to {until}: {spot.by} {spot.name}: {spot.counts.gaps}/{spot.counts.n}"
                    f" = {spot.rate.value:.0%}, usually {spot.usual.value:.0%}; by chance {spot.chance:.2g};"
                    f" everything {whole.gaps}/{whole.n}, usually {usually:.0%}"
                )
        print(f"{looks} weeks, {grown} spots grown; {1_000 * taken / looks:.0f} ms a look")


def simulate() -> None:
    """Weeks in which nothing has grown, with and without heaps; and weeks in which ten spots have doubled."""
    from feedback.gaps import statistics
    from feedback.gaps.statistics import Counts

    print(
        f"| weeks vary | looks with a false alarm (of {LOOKS}) | of 10 doubled spots found | false of shown |"
    )
    print("|---|--:|--:|--:|")
    for name, shape in (("by chance alone", None), ("by a tenth more", 10.0), ("by a quarter more", 4.0)):
        random = np.random.default_rng(3)
        alarms, hits, shown, wrong = 0, 0, 0, 0
        for look in range(2 * LOOKS):
            n = random.integers(20, 3_000, SPOTS)
            heaps = np.ones((SPOTS, 9)) if shape is None else random.gamma(shape, 1 / shape, (SPOTS, 9))
            rates = n[:, None] * 0.04 * heaps
            if look % 2:
                rates[:10, 0] *= 2
            weeks = random.poisson(rates)
            varies = statistics.variance(
                [[(int(k), int(one)) for k in row[1:]] for row, one in zip(weeks, n, strict=True)]
            )
            counts = [
                Counts(int(row[0]), int(one), int(row[1:].sum()), 8 * int(one))
                for row, one in zip(weeks, n, strict=True)
            ]
            tested = [place for place, one in enumerate(counts) if statistics.could_show(one, varies)]
            adjusted = statistics.false_share([statistics.chance(counts[place], varies) for place in tested])
            grown = [
                place
                for place, at in zip(tested, adjusted, strict=True)
                if statistics.has_grown(counts[place], at)
            ]
            if look % 2:
                hits += sum(place < 10 for place in grown)
                wrong += sum(place >= 10 for place in grown)
                shown += len(grown)
            else:
                alarms += bool(grown)
        print(
            f"| {name} | {alarms / LOOKS:.1%} | {hits / LOOKS / 10:.0%} | {wrong / max(shown, 1):.1%} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
