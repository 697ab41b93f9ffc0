"""How fast gaps are found, and what the pages about them cost, with ORDERS orders (default 1,000,000).

Builds a database of its own (huiyin_gaps) in the private PostgreSQL and throws it away again. A tenth of the
orders is late.
"""

import os
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import psycopg

from config import embedded

NAME = "huiyin_gaps"
ORDERS = int(os.environ.get("ORDERS", "1000000"))
DAYS = 360
AT = datetime(2026, 11, 1, 4, tzinfo=UTC)

FILL = """
SET session_replication_role = replica;
INSERT INTO compensation_member (external_id, name, phone, email, registered_at, region, city, language,
  consent_marketing, tier_id)
SELECT 'G' || n, '', '', '', %(at)s, '', '', 'zh-hans', false, (SELECT min(id) FROM compensation_tier)
FROM generate_series(1, %(orders)s / 2) n;
INSERT INTO compensation_product (external_id, name, category)
SELECT 'P' || n, 'P' || n, 'c' || n %% 40 FROM generate_series(1, greatest(%(orders)s / 200, 10)) n;
INSERT INTO compensation_order (external_id, member_id, channel, status, region, payment_method, total_fen,
  freight_fen, placed_at, paid_at, changed_at, changed_txid)
SELECT 'G' || n, (SELECT min(id) FROM compensation_member) + n / 2 %% (%(orders)s / 2), 'c' || n %% 5,
  'delivered', 'r' || n %% 30, '', 9900, 0, placed, placed, %(at)s, 1
FROM (SELECT n, %(at)s::timestamptz - interval '10 days'
    - (n::bigint * 86400 * %(days)s / %(orders)s) * interval '1 second' AS placed
    FROM generate_series(1, %(orders)s) n) one;
INSERT INTO compensation_shipment (order_id, external_id, carrier, tracking_number, shipped_at, delivered_at)
SELECT id, '1', 'k' || id %% 6, '', placed_at + interval '1 day',
  placed_at + interval '3 days' + (id %% 10 = 0)::int * (id %% 7 + 1) * interval '18 hours'
FROM compensation_order;
INSERT INTO compensation_orderline (order_id, external_id, product_id, shipment_id, quantity, paid_fen,
  ship_by, deliver_by)
SELECT o.id, '1', (SELECT min(id) FROM compensation_product)
    + o.id * 7919 %% (SELECT count(*) FROM compensation_product), s.id, 1, 9900,
  o.placed_at + interval '2 days', o.placed_at + interval '3 days'
FROM compensation_order o JOIN compensation_shipment s ON s.order_id = o.id;
SET session_replication_role = DEFAULT;
ANALYZE
"""


def main() -> None:
    embedded.use()
    server = embedded.url().rsplit("/", 1)[0]
    with psycopg.connect(f"{server}/postgres", autocommit=True) as admin:
        admin.execute(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")
        admin.execute(f"CREATE DATABASE {NAME}")
    os.environ.update(
        DATABASE_URL=f"{server}/{NAME}",
        SECRET_KEY="b" * 60,
        AUDIT_KEY="b" * 60,
        LOG_LEVEL="ERROR",
        ALLOWED_HOSTS="testserver",
    )
    try:
        fill()
        detect("first search of all")
        detect("search of all again, nothing changed", anew=True)
        sums()
    finally:
        with psycopg.connect(f"{server}/postgres", autocommit=True) as admin:
            admin.execute(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")


def timed(what: str, call: Callable[[], object]) -> float:
    begun = time.perf_counter()
    call()
    taken = time.perf_counter() - begun
    print(f"{what}: {taken:.2f} s", flush=True)
    return taken


def fill() -> None:
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    from config.common.registry import DEFAULTS

    call_command("migrate", verbosity=0)
    for seed in DEFAULTS:
        seed(AT)
    begun = time.perf_counter()
    with connection.cursor() as cursor:
        for statement in FILL.split(";\n"):
            cursor.execute(statement, {"at": AT, "orders": ORDERS, "days": DAYS})
    print(f"filled with {ORDERS:,} orders: {time.perf_counter() - begun:.1f} s", flush=True)


def detect(what: str, *, anew: bool = False) -> None:
    from feedback.gaps import commands
    from feedback.models import Gap

    if anew:
        commands.search_anew()
    at = datetime.now(UTC)

    def search() -> None:
        while commands.detect(at=at).more:
            pass

    taken = timed(what, search)
    print(f"  {ORDERS / taken:,.0f} orders a second; {Gap.objects.count():,} gaps", flush=True)


def sums() -> None:
    """Sum every day, then look for hot spots, a spot's weeks and its rows."""
    from feedback.gaps import days, hot_spots

    at = datetime.now(UTC)

    def until_done() -> None:
        while days.catch_up(at=at) == days.AT_ONCE:
            pass

    timed("sums of all days", until_done)
    timed("sums when nothing is noted but today and yesterday", until_done)
    until = (AT - timedelta(days=40)).date()
    for look in range(2):
        timed(f"hot spots of a week, {look + 1}", lambda: hot_spots.search("delivery", until=until))
    timed("a spot week by week", lambda: hot_spots.line("delivery", "region", "r1", until=until))
    rows = hot_spots.rows_of("delivery", "region", "r1", since=until - timedelta(days=6), until=until)
    timed("its rows", lambda: list(rows.order_by("-severity", "-pk")[:51]))


if __name__ == "__main__":
    main()
