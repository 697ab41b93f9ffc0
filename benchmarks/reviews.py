"""Searching reviews, and a product's voice, at REVIEWS reviews (default 1,000,000), 1 % of one product.

Texts are those of the public corpus online_shopping_10_cats (`reviews_zh/reviews.csv`, in DATA or
../shared/data), read once by the lexicon that ships; without it they are made up. Makes a database of its own
(huiyin_reviews) and throws it away again, unless KEEP=1; what was kept is used by the next run.
"""

import os
import statistics
import sys
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import psycopg

from config import embedded

NAME = "huiyin_reviews"
ROUNDS = int(os.environ.get("ROUNDS", "40"))


def main() -> None:
    embedded.use()
    server = embedded.url().rsplit("/", 1)[0]
    with psycopg.connect(f"{server}/postgres", autocommit=True) as admin:
        known = admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", (NAME,)).fetchone()
        if not known:
            admin.execute(f"CREATE DATABASE {NAME}")
    os.environ.update(
        DATABASE_URL=f"{server}/{NAME}",
        SECRET_KEY="b" * 60,
        AUDIT_KEY="b" * 60,
        LOG_LEVEL="ERROR",
        ALLOWED_HOSTS="*",
        HTTPS="0",
    )
    filled = bool(known)
    try:
        import django

        django.setup()
        from django.core.management import call_command
        from django.utils import timezone

        from benchmarks.filling.reviews import fill, timed
        from feedback.voice import days

        call_command("migrate", verbosity=0)
        if not filled:
            timed("filled", fill)
            filled = True
        timed("a day begins", lambda: days.begin_day(at=timezone.now()))
        measure()
    finally:
        from django.db import connection

        connection.close()
        if not (filled and os.environ.get("KEEP")):
            with psycopg.connect(f"{server}/postgres", autocommit=True) as admin:
                admin.execute(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")


def measure() -> None:
    from django.conf import settings
    from django.test import Client
    from django.utils import timezone

    from benchmarks.filling.reviews import staff
    from compensation.models import Member
    from feedback.replies import automatic
    from feedback.reviews import figures
    from feedback.voice.search import search
    from feedback.voice.terms import Narrow
    from tests.factories.session import browser_of

    settings.STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
    rows: list[tuple[str, list[float], str]] = []

    def take(what: str, call: Callable[[], Any], rounds: int = ROUNDS) -> None:
        call()
        times = []
        for _round in range(rounds):
            begun = time.perf_counter()
            told = call()
            times.append(1_000 * (time.perf_counter() - begun))
        rows.append((what, sorted(times), str(told)))

    def find(text: str, **narrow: Any) -> Callable[[], str]:
        def call() -> str:
            found = search(text, Narrow(**narrow))
            many = "many" if found.number is None else f"{found.number:,}"
            return f"{len(found.rows)} of {many}"

        return call

    def after_some(text: str) -> Callable[[], str]:
        after = search(text, Narrow()).after or ""
        return lambda: f"{len(search(text, Narrow(), after=after).rows)}"

    take("the newest, without a word", find(""))
    for name, text, narrow in ASKED:
        take(f"{name}: {text} {narrow or ''}".strip(), find(text, **narrow))
    take("second page of a common word", after_some("不错"))
    client = Client()
    client.force_login(staff())
    member = browser_of(Member.objects.get(pk=1))
    for name, path in PAGES:
        take(name, lambda path=path: got(member if path.startswith("/portal/") else client, path))
    take("published figures of the product", lambda: f"n = {figures.of_product(1).n:,}")
    at = timezone.now()
    take("reviews that are owed a reply", lambda: f"{len(automatic.due(at).values_list('pk')[:100])}")
    base = statistics.median(rows[0][1])
    print(f"{'':60} {'p50 ms':>8} {'p95 ms':>8} {'times':>7}")
    for what, times, told in rows:
        p50, p95 = statistics.median(times), times[int(len(times) * 0.95)]
        print(f"{what:60} {p50:8.1f} {p95:8.1f} {p50 / base:7.1f}  {told}")


ASKED: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("rare", "水货", {}),
    ("not there", "絕無此詞", {}),
    ("common", "不错", {}),
    ("common", "不", {}),
    ("two words", "快递 不错", {}),
    ("two words, one rare", "水货 不错", {}),
    ("never together", "酒店 尺码", {}),
    ("common, few stars", "不错", {"stars": [1, 2]}),
    ("common, of a product", "不错", {"product": 1}),
    ("common, of an aspect spoken ill of", "不错", {"aspect": "logistics", "tone": "ill"}),
    ("common, negative", "不错", {"feeling": "negative"}),
    ("common, held", "不错", {"status": "held"}),
    ("common, rewarded with picture", "不错", {"rewarded": True, "picture": True}),
    ("common, unanswered", "不错", {"replied": False}),
    ("common, long ago", "不错", {"until": date(2024, 12, 20)}),
    ("five stars alone", "", {"stars": [5]}),
    ("a product alone", "", {"product": 1}),
    (
        "common, of everything that cannot be",
        "不错",
        {"stars": [1], "aspect": "app", "tone": "well", "picture": True},
    ),
)
PAGES = (
    ("the product's page, 90 days", "/admin/voice/1/"),
    ("the product's page, a year", "/admin/voice/1/?days=365"),
    ("products by the fall of their stars, 30 days", "/admin/voice/"),
    ("the same, a year", "/admin/voice/?days=365"),
    ("the same, 30 days, of a category", "/admin/voice/?category=类目 1"),
    ("the same, 30 days, of a marketplace", "/admin/voice/?source=tmall"),
    ("the same, 30 days that ended long ago", "/admin/voice/?until=2026-03-31"),
    ("the same by API, 30 days", "/api/v1/staff/products/voice/"),
    ("a product by API, 90 days", "/api/v1/staff/products/SKU-1/voice/"),
    ("a search by API", "/api/v1/staff/reviews/?q=不错&stars=1&stars=2"),
    ("a search of a product by API", "/api/v1/staff/reviews/?q=不错&product=SKU-1"),
    ("the screen of the search", "/admin/reviews/search/?q=不错&stars=1&stars=2"),
    ("a moderator's queue", "/admin/moderation/"),
    ("the product's page in the portal", "/portal/products/1/reviews/"),
    ("the same, searched", "/portal/products/1/reviews/?q=不错"),
)


def got(client: Any, path: str) -> str:
    answer = client.get(path)
    if answer.status_code != 200:
        raise SystemExit(f"{path}: {answer.status_code}")
    return f"{len(answer.content) / 1000:.0f} kB"


if __name__ == "__main__":
    main()
