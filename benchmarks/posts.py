"""How long 100,000 posts take, from a file to topics with figures, and how good the topics are.

Reads the public corpus online_shopping_10_cats (`reviews_zh/reviews.csv`, in DATA or ../shared/data). POSTS
posts (default 100,000) are made of it: its texts, then pieces of two of them put together. They are imported
by file into a database of its own (huiyin_posts), read, sorted into topics and counted, as workers do it; the
database is thrown away again. With `--profile` the functions that took longest are printed.

Of how good the topics are: the corpus is halved once, at random. The likeness from which on a post belongs to
a topic is looked for in one half (`--tune`), and what is reported is the other half: purity (the share of
posts in a topic whose category is the commonest of that topic) and the share of posts in a topic of at least
two.
"""

import argparse
import cProfile
import csv
import os
import pstats
import random
import sys
import tempfile
import time
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import psycopg

from config import embedded

NAME = "huiyin_posts"
HERE = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("DATA", HERE.parent / "shared" / "data"))
POSTS = int(os.environ.get("POSTS", "100000"))
NOW = datetime(2026, 11, 18, 2, tzinfo=UTC)
DAYS = 80
TRIED = (0.15, 0.2, 0.25, 0.3, 0.35, 0.4)
SAID = ("水壶", "快递", "尺码", "发票", "退款", "客服", "耳机", "闪退")
MAP = """
timezone: UTC
entities:
  post:
    file: posts.csv
    fields:
      source: network
      external_id: number
      text: said
      written_at: written
      likes: likes
"""


def main() -> None:
    """Print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--profile", action="store_true")
    parser.add_argument("--tune", action="store_true")
    parser.add_argument("--topics-only", action="store_true")
    given = parser.parse_args()
    corpus = DATA / "reviews_zh" / "reviews.csv"
    if not corpus.exists():
        print(f"skipped: there is no {corpus}")
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
        import django

        django.setup()
        from django.core.management import call_command

        with corpus.open(encoding="utf-8", newline="") as file:
            rows = [(row["category"], row["text"]) for row in csv.DictReader(file) if row["text"].strip()]
        call_command("migrate", verbosity=0)
        seed()
        quality(rows, tune=given.tune)
        if not given.topics_only:
            scale([text for _category, text in rows], profile=given.profile)
    finally:
        from django.db import connection

        connection.close()
        with psycopg.connect(f"{server}/postgres", autocommit=True) as admin:
            admin.execute(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")


def seed() -> None:
    """Put in the lexicon that ships."""
    from feedback.defaults.lexicon import seed_lexicon

    seed_lexicon(NOW)


def texts(corpus: list[str]) -> list[str]:
    """As many texts as are asked for: real ones, then pieces of two with a word between them."""
    chance = random.Random(3)
    found = [chance.choice(corpus)[:80] for _one in range(min(POSTS, len(corpus)))]
    while len(found) < POSTS:
        one, other = chance.choice(corpus), chance.choice(corpus)
        found.append(f"{one[:60]}{chance.choice(SAID)}{other[:30]}")
    return found


def scale(corpus: list[str], *, profile: bool) -> None:
    """From a file to topics with figures."""
    from compensation.shop_import.reports import Report
    from feedback.intake import shop
    from feedback.models import Post, PostCluster
    from feedback.posts import counting, following

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "posts.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["network", "number", "said", "written", "likes"])
            for number, text in enumerate(texts(corpus)):
                written = NOW - timedelta(minutes=(POSTS - number) * DAYS * 1440 / POSTS)
                writer.writerow(["weibo", number, text, f"{written:%F %T}", number % 97])
        began = time.monotonic()
        with Report(Path(folder) / "rejected.csv") as rejects:
            shop.of_files([path], shop.parse_map(MAP)).run(at=NOW, report=rejects)
    print(f"{Post.objects.count():,} posts imported in {time.monotonic() - began:.0f} s", flush=True)
    profiler = cProfile.Profile()
    if profile:
        profiler.enable()
    began, done, told = time.monotonic(), 0, 0
    while read := following.catch_up(at=NOW):
        done += read
        if done - told >= POSTS // 10:
            print(f"  {done:,} read after {time.monotonic() - began:.0f} s", flush=True)
            told = done
    print(f"read, compared and sorted into topics in {time.monotonic() - began:.0f} s", flush=True)
    began = time.monotonic()
    while counting.catch_up(at=NOW):
        pass
    print(f"topics counted in {time.monotonic() - began:.0f} s", flush=True)
    began = time.monotonic()
    grown = counting.compare(at=NOW)
    print(f"{grown} growing, told in {time.monotonic() - began:.1f} s")
    if profile:
        profiler.disable()
        pstats.Stats(profiler).sort_stats("cumulative").print_stats(45)
    copies = Post.objects.exclude(copy_of=None).count()
    print(f"{PostCluster.objects.count():,} topics, {copies:,} copies")


def quality(rows: list[tuple[str, str]], *, tune: bool) -> None:
    """How pure topics are in the half that nothing was chosen by."""
    from feedback.posts import placing, topics

    judge = placing.judging()
    chance = random.Random(20261122)
    mixed = chance.sample(rows, len(rows))
    halves = mixed[: len(mixed) // 2], mixed[len(mixed) // 2 :]
    if tune:
        for least in TRIED:
            told(f"chosen by, from {least}", *judged(halves[0], judge, least))
    told(f"held out, from {topics.LIKE}", *judged(halves[1], judge, topics.LIKE))


def told(name: str, purity: float, share: float, number: int) -> None:
    print(f"topics, {name}: purity {purity:.3f}, {share:.0%} of posts in one of {number:,}", flush=True)


def judged(rows: list[tuple[str, str]], judge: frozenset[str], least: float) -> tuple[float, float, int]:
    """Purity, the share of posts in a topic of two and more, and how many of those there are."""
    from feedback.posts.topics import FEWEST, Topics, terms, vector

    known, members, key, told_of = Topics(0, {}), defaultdict(Counter), 0, 0
    for category, text in rows:
        words = vector(terms(text, judge))
        if len(words) < FEWEST:
            continue
        told_of += 1
        known.learn(words)
        found = known.nearest(words, least=least)
        if found is None:
            key += 1
        into = found[0] if found else key
        known.grow(into, words)
        members[into][category] += 1
    shared = [one for one in members.values() if one.total() > 1]
    placed = sum(one.total() for one in shared)
    pure = sum(one.most_common(1)[0][1] for one in shared)
    return pure / placed, placed / told_of, len(shared)


if __name__ == "__main__":
    main()
