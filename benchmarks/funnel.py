"""The funnel over EVENTS behaviour events of a year (default 10,000,000): all days, one day, the page.

Builds a database of its own (huiyin_funnel) in the private PostgreSQL and throws it away again. Nine of a
hundred events are orders, payments and parcels; of orders, half are known as orders of the shop as well.
"""

import os
import statistics
import sys
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import psycopg

from config import embedded

NAME = "huiyin_funnel"
EVENTS = int(os.environ.get("EVENTS", "10000000"))
MEMBERS, VISITORS = 100_000, 400_000
OK = 200
LAST = date(2026, 10, 31)
BEGIN = datetime(2025, 10, 31, 16, tzinfo=UTC)
AT = datetime(2026, 10, 31, 15, tzinfo=UTC)
SIZES = {
    "begin": BEGIN,
    "events": EVENTS,
    "step": timedelta(days=365) / EVENTS,
    "orders": EVENTS // 60,
    "order_step": timedelta(days=365) / (EVENTS // 60),
    "members": MEMBERS,
    "visitors": VISITORS,
}
FILL = """
SET session_replication_role = replica;
INSERT INTO compensation_member (external_id, name, phone, email, registered_at, region, city, language,
  consent_marketing, tier_id)
SELECT 'C' || n, '', '', '', %(begin)s, (ARRAY['north', 'south', 'west'])[1 + n %% 3], '', 'zh-hans', false,
  (SELECT id FROM compensation_tier ORDER BY rank LIMIT 1) FROM generate_series(1, %(members)s) n;
INSERT INTO compensation_memberfigures (member_id, orders, spent_fen, year_fen)
SELECT id, id %% 9, id %% 900 * 100, id %% 900 * 100 FROM compensation_member;
INSERT INTO feedback_behaviourevent (source, external_id, content, name, at, received_at, member_id, visitor,
  session, product, order_number, query, device, channel, page, txid)
SELECT 'shop', 'e' || n, '00000000-0000-0000-0000-000000000000',
  (ARRAY['browse', 'browse', 'browse', 'browse', 'browse', 'browse', 'search', 'add_to_cart', 'add_to_cart',
    'browse', 'browse', 'order', 'pay', 'browse', 'browse', 'browse', 'search', 'browse', 'add_to_cart',
    'receive'])[1 + (hashint8(n) & 2147483647) %% 20],
  %(begin)s + n * %(step)s, %(begin)s + n * %(step)s,
  CASE WHEN w.who <= %(members)s THEN (SELECT min(id) FROM compensation_member) + w.who - 1 END,
  'v' || w.who, '', '', '', '', (ARRAY['ios', 'android', 'web', 'mini'])[1 + w.who %% 4], 'app', '', 1
FROM generate_series(1::bigint, %(events)s) n,
  LATERAL (SELECT 1 + (hashint8(n / 12 + 77) & 2147483647) %% (%(members)s + %(visitors)s) AS who) w;
INSERT INTO compensation_order (external_id, member_id, channel, status, region, payment_method, total_fen,
  freight_fen, placed_at, paid_at, changed_at, changed_txid)
SELECT 'O' || n, (SELECT min(id) FROM compensation_member) + (n::bigint * 7919) %% %(members)s, 'app',
  'delivered', '', (ARRAY['alipay', 'wechat', 'card'])[1 + n %% 3], 1000, 0, t.at,
  CASE WHEN n %% 7 > 0 THEN t.at + interval '4 minutes' END, t.at, 1
FROM generate_series(1, %(orders)s) n,
  LATERAL (SELECT %(begin)s + n * %(order_step)s AS at) t;
INSERT INTO compensation_shipment (order_id, external_id, carrier, tracking_number, shipped_at, delivered_at)
SELECT id, '1', '', '', placed_at + interval '1 day', placed_at + interval '3 days'
FROM compensation_order WHERE paid_at IS NOT NULL;
SET session_replication_role = DEFAULT;
ANALYZE;
"""


def main() -> None:
    embedded.use()
    server = embedded.url().rsplit("/", 1)[0]
    with psycopg.connect(f"{server}/postgres", autocommit=True) as admin:
        admin.execute(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")
        admin.execute(f"CREATE DATABASE {NAME}")
    os.environ.update(
        DATABASE_URL=f"{server}/{NAME}", SECRET_KEY="b" * 60, AUDIT_KEY="b" * 60, LOG_LEVEL="ERROR"
    )
    os.environ.update(HTTPS="0", ALLOWED_HOSTS="*")
    try:
        run()
    finally:
        from django.db import connections

        connections.close_all()
        if "KEEP" not in os.environ:
            with psycopg.connect(f"{server}/postgres", autocommit=True) as admin:
                admin.execute(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")


def run() -> None:
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connection

    settings.STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
    settings.MIDDLEWARE = [one for one in settings.MIDDLEWARE if "whitenoise" not in one]
    call_command("migrate", verbosity=0)
    call_command("seed_defaults", verbosity=0)
    with connection.cursor() as cursor:
        took = timed(lambda: [cursor.execute(one, SIZES) for one in statements()])
    print(f"filled in {took:.0f} s: {EVENTS:,} events, {EVENTS // 60:,} orders; {load()}")
    from kpis.funnels import late
    from kpis.funnels.commands import take
    from kpis.models import FunnelCohort, FunnelDay

    print(f"noting all days: {timed(lambda: late.note(at=AT)):.1f} s")
    whole = 0.0
    while FunnelCohort.objects.exclude(stale_at=None).exists():
        whole += timed(lambda: late.take_stale(at=AT))
    n, kept = FunnelCohort.objects.count(), FunnelDay.objects.count()
    print(f"all {n} days: {whole:.1f} s, {kept:,} rows; {load()}")
    days = [LAST - timedelta(back) for back in (60, 120, 180, 240, 300)]
    one = [timed(lambda day=day: take(first=day, last=day, at=AT)) for day in days]
    print(f"one day counted again: {statistics.median(one):.2f} s (median of {len(one)})")
    run_of = [timed(lambda day=day: take(first=day - timedelta(14), last=day, at=AT)) for day in days]
    print(f"a day's run (it and the 14 whose window is open): {statistics.median(run_of):.2f} s; {load()}")
    look()


def statements() -> list[str]:
    return FILL.strip().rstrip(";").split(";\n")


def look() -> None:
    from django.test import Client

    from config.common.models import User

    client = Client()
    client.force_login(User.objects.create_superuser("bench"))
    time_of = {"six weeks": "2026-09-20", "a year": "2025-11-01"}
    for name, first in time_of.items():
        asked = {"first": first, "last": "2026-10-31"}
        assert client.get("/admin/funnel/", asked).status_code == OK
        took = [timed(lambda asked=asked: client.get("/admin/funnel/", asked)) for _turn in range(7)]
        print(f"the page of {name}: {statistics.median(took) * 1000:.0f} ms")
    asked = {"first": "2026-10-01", "last": "2026-10-07", "step": "pay", "lost": "1"}
    assert client.get("/admin/funnel/rows/", asked).status_code == OK
    took = [timed(lambda: client.get("/admin/funnel/rows/", asked)) for _turn in range(3)]
    print(f"the rows behind a number: {statistics.median(took) * 1000:.0f} ms; {load()}")


def load() -> str:
    return f"load {os.getloadavg()[0]:.1f}"


def timed(call: object) -> float:
    started = time.perf_counter()
    call()  # type: ignore[operator]
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
