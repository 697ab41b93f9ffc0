"""How many behaviour events a second come in, are summed, and how long it takes to reckon many members.

Makes its own database on the private server, or beside DATABASE_URL's, and throws it away again. STORED
events (default 2,000,000; 10,000,000 is what it is made for) are there before anything is measured, of
MEMBERS members (default 100,000). The requests go through the signed address, in this process.
"""

import json
import os
import random
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import psycopg

from config import embedded

STORED = int(os.environ.get("STORED", "2000000"))
MEMBERS = int(os.environ.get("MEMBERS", "100000"))
REQUESTS = int(os.environ.get("REQUESTS", "30"))
NAME = "huiyin_behaviour"
SECRET = "whsec_" + "YmVuY2htYXJrYmVuY2htYXJrYmVuY2htYXJrMTIzNDU2"
NOW = datetime.now(UTC)
chance = random.Random(20261122)
embedded.use()
ADDRESS = os.environ.get("DATABASE_URL") or embedded.url()
SERVER = ADDRESS.rsplit("/", 1)[0]
os.environ.update(
    DATABASE_URL=f"{SERVER}/{NAME}",
    DJANGO_SETTINGS_MODULE="config.settings",
    SECRET_KEY="bench" * 12,
    AUDIT_KEY="bench" * 12,
    ALLOWED_HOSTS="*",
    HTTPS="0",
    LOG_LEVEL="ERROR",
    SHOP_API_SECRETS=SECRET,
)

FILL_MEMBERS = """
INSERT INTO compensation_member (external_id, name, phone, email, registered_at, region, city, language,
  consent_marketing, tier_id)
SELECT 'B' || n, '会员' || n, '139' || lpad(n::text, 8, '0'), '', now() - interval '2 years', '上海', '',
  'zh-hans', false, (SELECT min(id) FROM compensation_tier)
FROM generate_series(1::bigint, %s) n
"""
FILL_EVENTS = """
INSERT INTO feedback_behaviourevent (source, external_id, content, name, at, received_at, member_id, visitor,
  session, product, order_number, amount_fen, query, hints, device, channel, page, txid)
SELECT 'file', 'old-' || n, gen_random_uuid(),
  (ARRAY['browse','browse','browse','browse','search','add_to_cart','order','pay'])[1 + n %% 8],
  now() - interval '1 second' * (%s - n) * 12, now(),
  CASE WHEN n %% 4 > 0 THEN (SELECT min(id) FROM compensation_member) + (n * 7919) %% %s END,
  'v' || (n * 104729) %% 500000, 's' || n / 7, 'P' || n %% 5000, '', NULL,
  CASE WHEN n %% 8 = 4 THEN '连衣裙 打折' ELSE '' END,
  CASE WHEN n %% 16 = 4 THEN ARRAY['price_sort'] END, 'ios', 'app', '/p/' || n %% 5000, 0
FROM generate_series(1::bigint, %s) n
"""
FILL_DAYS = """
INSERT INTO feedback_behaviourday (member_id, day, what, n)
SELECT id, current_date - (d * 17), what, 1 + (id % 5)
FROM compensation_member, generate_series(1, 6) d, (VALUES ('search'), ('says_price'), ('express')) w (what)
WHERE (id + d + length(what)) % 3 = 0
"""
FILL_ORDERS = """
INSERT INTO compensation_order (external_id, member_id, channel, status, region, payment_method, total_fen,
  freight_fen, refunded_freight_fen, placed_at, paid_at, changed_at, changed_txid)
SELECT 'O' || id || '-' || n, id, '', CASE WHEN (id + n) % 9 = 0 THEN 'returned' ELSE 'delivered' END, '', '',
  9900, 0, 0, now() - interval '20 days' * n, now() - interval '20 days' * n, now(), 0
FROM compensation_member, generate_series(1, 3) n
"""
FILL_PARCELS = """
INSERT INTO compensation_shipment (order_id, external_id, carrier, tracking_number, delivered_at)
SELECT id, 'S', '', '', paid_at + interval '1 hour' * (30 + id % 60) FROM compensation_order
"""
LAST = """
SELECT * FROM feedback_behaviourevent WHERE member_id = (SELECT min(id) + 77 FROM compensation_member)
ORDER BY at DESC LIMIT 100
"""
A_DAY = """
SELECT name, count(*) FROM feedback_behaviourevent
WHERE at >= now() - interval '3 days' AND at < now() - interval '2 days' GROUP BY name
"""


def event(number: int, **more: object) -> dict[str, object]:
    """One of a busy day: three in four of a known member."""
    name = chance.choices(
        ["browse", "search", "add_to_cart", "order", "pay", "receive"], [60, 20, 10, 4, 4, 2]
    )[0]
    row: dict[str, object] = {
        "external_id": f"0191f0a2-7c1e-7000-8000-{number:012d}",
        "name": name,
        "at": (NOW - timedelta(seconds=chance.randrange(86_400))).isoformat(),
        "visitor": f"v{chance.randrange(500_000)}",
        "session": f"s{number // 7}",
        "product": f"P{chance.randrange(5_000)}",
        "device": "ios",
        "channel": "app",
        "page": f"/p/{chance.randrange(5_000)}",
        **more,
    }
    if chance.random() < 0.75:
        row["member"] = f"B{1 + chance.randrange(MEMBERS)}"
    if name == "search":
        row |= {"query": chance.choice(["连衣裙", "打折 衬衫", "顺丰 次日达"]), "hints": ["price_sort"]}
    return row


def main() -> None:
    with psycopg.connect(f"{SERVER}/postgres", autocommit=True) as server:
        server.execute(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")
        server.execute(f"CREATE DATABASE {NAME}")
    try:
        measure()
    finally:
        from django.db import connections

        connections.close_all()
        with psycopg.connect(f"{SERVER}/postgres", autocommit=True) as server:
            server.execute(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")


def timed(what: str, rows: int, begun: float) -> None:
    took = time.perf_counter() - begun
    print(f"{what}: {rows:,} in {took:.1f} s, {rows / took:,.0f} a second", flush=True)


def measure() -> None:
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    call_command("migrate", verbosity=0)
    call_command("seed_defaults", verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute(FILL_MEMBERS, [MEMBERS])
        begun = time.perf_counter()
        cursor.execute(FILL_EVENTS, [STORED, MEMBERS, STORED])
        timed("stored beforehand, by the database alone", STORED, begun)
        for statement in (FILL_DAYS, FILL_ORDERS, FILL_PARCELS):
            cursor.execute(statement)
        cursor.execute("VACUUM ANALYZE")
        cursor.execute(
            "SELECT pg_size_pretty(pg_table_size(oid)), pg_size_pretty(pg_indexes_size(oid))"
            " FROM pg_class WHERE relname = 'feedback_behaviourevent'"
        )
        print("table and indexes:", *cursor.fetchone())
    taking()
    summing()
    reckoning()
    reading()


def taking() -> None:
    from django.utils import timezone
    from rest_framework.test import APIClient

    from config.common import webhooks
    from feedback.behaviour import taking_in

    client, took, sent = APIClient(), [], 0
    for number in range(REQUESTS):
        body = json.dumps({"events": [event(number * 1_000 + n) for n in range(1_000)]}).encode()
        at = timezone.now()
        signed = webhooks.sign([SECRET], message_id=f"m{number}", at=at, body=body)
        headers = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in signed.items()}
        begun = time.perf_counter()
        answer = client.post("/api/v1/behaviour/", body, content_type="application/json", **headers)
        took.append(time.perf_counter() - begun)
        sent += answer.json()["taken"]
    took.sort()
    print(
        f"by the API, a thousand a request: {sent:,} events, {sent / sum(took):,.0f} a second;"
        f" p50 {took[len(took) // 2] * 1000:.0f} ms, p95 {took[int(len(took) * 0.95)] * 1000:.0f} ms"
    )
    rows = [event(n) for n in range(1_000)]
    begun = time.perf_counter()
    answer = taking_in.take_in(source="shop", rows=rows, at=timezone.now())
    timed(f"the same numbers with another content, {answer[0].result}", 1_000, begun)
    batches = [[event(10**9 + b * 1_000 + n) for n in range(1_000)] for b in range(20)]
    begun = time.perf_counter()
    for rows in batches:
        taking_in.take_in(source="file", rows=rows, at=timezone.now())
    timed("in bulk, as a file is read", 20_000, begun)


def summing() -> None:
    from feedback.behaviour import summing as sums
    from feedback.models import BehaviourEvent

    n = BehaviourEvent.objects.filter(txid__gt=0).count()
    begun = time.perf_counter()
    while sums.catch_up():
        pass
    joined = BehaviourEvent.objects.filter(source="shop", member__isnull=False).count()
    timed(f"summed by day and visitors joined ({joined:,} have a member)", n, begun)


def reckoning() -> None:
    from django.utils import timezone

    from compensation.models import Member
    from feedback.expectations import refreshing
    from feedback.models import ExpectationDue

    ExpectationDue.objects.all().delete()
    refreshing.due(set(Member.objects.values_list("pk", flat=True)))
    begun = time.perf_counter()
    while refreshing.refresh_due(at=timezone.now()):
        pass
    timed("members reckoned", MEMBERS, begun)
    begun = time.perf_counter()
    refreshing.means(at=timezone.now())
    timed("averages of groups", MEMBERS, begun)
    begun = time.perf_counter()
    refreshing.refresh([Member.objects.order_by("pk").first().pk], at=timezone.now())
    timed("one member, on demand", 1, begun)


def reading() -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        for what, statement in (
            ("a member's last 100", LAST),
            ("a day by name, for funnels", A_DAY),
        ):
            begun = time.perf_counter()
            cursor.execute(statement)
            rows = len(cursor.fetchall())
            print(f"{what}: {(time.perf_counter() - begun) * 1000:.1f} ms, {rows} rows")


if __name__ == "__main__":
    main()
