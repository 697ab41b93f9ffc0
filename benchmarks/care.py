"""One evening's run of the care programme over SIZE members, and live counts of segments over them.

Builds a database of its own (huiyin_care) in the private PostgreSQL for each of SIZES (default
"100000,1000000"; three orders a member) and throws it away again. Measured: the figures of members from their
orders, the count of every segment that ships and of some harder ones, finding a day's birthdays and
win-backs, a festival that concerns everybody who consents, a second look that finds nothing new, and carrying
out messages; then the ratio of each by size.
"""

import os
import statistics
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import psycopg

from config import embedded

NAME = "huiyin_care"
SIZES = [int(size) for size in os.environ.get("SIZES", "100000,1000000").split(",")]
AT = datetime(2027, 9, 15, 12, tzinfo=UTC)  # Mid-Autumn, eight in the evening
ACTS = 5_000

FILL = """
SET session_replication_role = replica;
INSERT INTO compensation_member (external_id, name, phone, email, birthday, registered_at, region, city,
  language, consent_marketing, tier_id)
SELECT 'C' || n, '会员' || n, '139' || lpad(n::text, 7, '0'), '', date '1960-01-01' + n * 79 %% 16000,
  %(at)s - (n * 31 %% 1500) * interval '1 day', (ARRAY['上海','江苏','浙江','北京','广东'])[1 + n %% 5],
  '', 'zh-hans', n %% 10 < 7, (SELECT id FROM compensation_tier ORDER BY rank OFFSET (n %% 20) / 18 LIMIT 1)
FROM generate_series(1, %(members)s) n;
INSERT INTO compensation_memberfigures (member_id) SELECT id FROM compensation_member;
INSERT INTO compensation_product (external_id, name, category)
SELECT 'P' || n, '商品' || n, (ARRAY['服饰','家居','数码','食品','美妆','母婴'])[1 + n %% 6]
FROM generate_series(1, 60) n;
INSERT INTO compensation_order (external_id, member_id, channel, status, region, payment_method, total_fen,
  freight_fen, placed_at, paid_at, changed_at, changed_txid)
SELECT 'O' || m.id || '-' || n, m.id, 'app', 'delivered', m.region, '', 2000 + (m.id * 37 * n) %% 50000, 0,
  t.at, t.at, t.at, 1
FROM compensation_member m, generate_series(1, 3) n,
  LATERAL (SELECT %(at)s - ((m.id * 13 * n) %% 900) * interval '1 day' AS at) t
WHERE m.id %% 5 < 4;
INSERT INTO compensation_orderline (order_id, external_id, product_id, quantity, paid_fen)
SELECT id, '1', 1 + id %% 60, 1, total_fen FROM compensation_order;
INSERT INTO compensation_account (kind, unit, member_id, balance, version, floor)
SELECT 'member', 'points', id, id %% 900, 0, 0 FROM compensation_member WHERE id %% 2 = 0;
SET session_replication_role = DEFAULT
"""
HARD: dict[str, dict[str, Any]] = {
    "everybody": {},
    "silver, spent 1,000, consents": {
        "tier": ["silver"],
        "spent_from": "1000",
        "consent": "yes",
    },
    "best 10 %, 上海 or 北京": {"top_percent": "10", "region": "上海,北京"},
    "points 100-500, 2 orders": {"points_from": "100", "points_to": "500", "orders_from": "2"},
    "bought 数码, born in May": {"category": "数码", "birthday_month": ["5"]},
}


def main() -> None:
    embedded.use()
    server = embedded.url().rsplit("/", 1)[0]
    times: dict[str, dict[int, float]] = {}
    for size in SIZES:
        with psycopg.connect(f"{server}/postgres", autocommit=True) as admin:
            admin.execute(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")
            admin.execute(f"CREATE DATABASE {NAME}")
        os.environ.update(
            DATABASE_URL=f"{server}/{NAME}", SECRET_KEY="b" * 60, AUDIT_KEY="b" * 60, LOG_LEVEL="ERROR"
        )
        try:
            for what, seconds in run(size).items():
                times.setdefault(what, {})[size] = seconds
        finally:
            with psycopg.connect(f"{server}/postgres", autocommit=True) as admin:
                admin.execute(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")
    if len(SIZES) > 1:
        small, large = SIZES[0], SIZES[-1]
        print(f"ratio of {large:,} to {small:,} members ({large / small:.0f} times as many):")
        for what, by_size in times.items():
            print(f"  {what}: {by_size[large] / by_size[small]:.1f}")


def timed(what: str, act: Callable[[], Any], into: dict[str, float], *, times: int = 1) -> Any:
    """Do something, note how long it took at the median, print it."""
    took, found = [], None
    for _ in range(times):
        begun = time.perf_counter()
        found = act()
        took.append(time.perf_counter() - begun)
    into[what] = statistics.median(took)
    print(f"  {what}: {into[what] * 1000:,.0f} ms ({found if found is not None else ''})", flush=True)
    return found


def run(size: int) -> dict[str, float]:
    """Fill a database of one size and measure."""
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    from compensation.care import acting, finding
    from compensation.defaults import care, money, segments, tiers
    from compensation.models import CareAct, CareRule, MemberFigures, Segment
    from compensation.orders import queries as orders
    from compensation.segments import figures, queries
    from config.common.models import Bookmark

    connection.close()
    connection.settings_dict["NAME"] = NAME
    call_command("migrate", verbosity=0)
    for seed in (tiers.seed, money.seed, tiers.seed_benefits, segments.seed):
        seed(AT)
    care.seed(AT - timedelta(hours=20))
    took: dict[str, float] = {}
    begun = time.perf_counter()
    with connection.cursor() as cursor:
        for statement in FILL.split(";\n"):
            cursor.execute(statement, {"at": AT, "members": size})
        cursor.execute("VACUUM ANALYZE")
    print(f"{size:,} members, {size * 12 // 5:,} orders ({time.perf_counter() - begun:.0f} s to fill)")

    ids = range(1, size + 1, max(size // 20_000, 1))
    timed("figures of 20,000 members", lambda: _refresh(figures, ids), took)
    for start in range(1, size + 1, 20_000):
        figures.refresh(member_ids=range(start, min(start + 20_000, size + 1)), at=AT)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE compensation_memberfigures")
    assert MemberFigures.objects.filter(orders__gt=0).exists()
    shipped = {f"segment {one.code}": one.filters for one in Segment.objects.all()}
    for name, filters in {**shipped, **HARD}.items():
        timed(f"count of {name}", lambda f=filters: queries.count(f, AT), took, times=5)
        timed(f"  as the form shows it: {name}", lambda f=filters: queries.about(f, AT), took, times=5)
    floor = orders.snapshot_floor() - 1  # what was filled in is not new; a day's orders are
    Bookmark.objects.bulk_create([Bookmark(reader=finding.READER, txid=floor)])
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE compensation_order SET status = 'paid', paid_at = %s - (id %% 1440) * interval '1 minute'"
            " WHERE id %% 240 = 0",
            [AT],
        )
        print(f"  {cursor.rowcount:,} orders of the day")
    others = CareRule.objects.filter(trigger="festival")
    others.update(is_active=False)
    timed("an evening's occasions (no festival)", lambda: finding.find(at=AT), took)
    timed("looking again", lambda: finding.find(at=AT + timedelta(minutes=5)), took)
    others.filter(festival="mid_autumn").update(is_active=True)
    timed("a festival for all who consent", lambda: finding.find(at=AT + timedelta(minutes=6)), took)
    CareRule.objects.exclude(code="festival-mid-autumn").update(is_active=False)
    CareAct.objects.exclude(rule__code="festival-mid-autumn").delete()
    timed(f"carrying out {ACTS:,} messages", lambda: _act(acting), took)
    connection.close()
    return took


def _refresh(figures: Any, ids: range) -> None:
    for start in range(0, len(ids), 2_000):
        figures.refresh(member_ids=ids[start : start + 2_000], at=AT)


def _act(acting: Any) -> int:
    done = 0
    while done < ACTS:
        step = acting.act_due(at=AT + timedelta(minutes=10))
        if not step:
            break
        done += step
    return done


if __name__ == "__main__":
    main()
