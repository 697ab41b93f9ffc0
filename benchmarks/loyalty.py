"""Loyalty of MEMBERS members (default 1,000,000) with three orders each: taking months, and the pages.

Builds a database of its own (huiyin_loyalty) in the private PostgreSQL and throws it away again. Takes eight
months, of which the last learns from one, is judged on another and gives everybody a chance.
"""

import os
import statistics
import sys
import time
from datetime import UTC, date, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import psycopg

from config import embedded

NAME = "huiyin_loyalty"
MEMBERS = int(os.environ.get("MEMBERS", "1000000"))
AT = datetime(2026, 11, 2, tzinfo=UTC)
MONTHS = [date(2026, month, 1) for month in range(3, 11)]
OK = 200
FILL = """
SET session_replication_role = replica;
INSERT INTO compensation_member (external_id, name, phone, email, registered_at, region, city, language,
  consent_marketing, tier_id)
SELECT 'C' || n, '', '', '', %(at)s - interval '900 days', (ARRAY['north', 'south', 'west'])[1 + n %% 3], '',
  'zh-hans', false, (SELECT min(id) FROM compensation_tier) FROM generate_series(1, %(members)s) n;
INSERT INTO compensation_tierperiod (member_id, tier_id, starts_at, reason, note)
SELECT id, tier_id, registered_at, 'start', '' FROM compensation_member;
INSERT INTO compensation_order (external_id, member_id, channel, status, region, payment_method, total_fen,
  freight_fen, placed_at, paid_at, changed_at, changed_txid)
SELECT 'O' || m.id || '-' || n, m.id, 'app', 'delivered', '', '', 1000 + m.id %% 50000, 0, t.at, t.at, t.at, 1
FROM compensation_member m, generate_series(0, 2) n, LATERAL (
  SELECT %(at)s - (m.id %% 97 * 2 + n * (20 + m.id %% 211)) * interval '1 day' AS at) t;
INSERT INTO feedback_review (external_id, source, member_id, order_id, stars, title, text, written_at, counts)
SELECT 'R' || id, 'import', member_id, id, 1 + id %% 5, '', '', placed_at + interval '5 days', true
FROM compensation_order WHERE id %% 4 = 0 AND placed_at < %(at)s - interval '5 days';
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
    os.environ["ALLOWED_HOSTS"] = "testserver"
    try:
        run()
    finally:
        from django.db import connections

        connections.close_all()
        with psycopg.connect(f"{server}/postgres", autocommit=True) as admin:
            admin.execute(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")


def run() -> None:
    import django
    from django.conf import settings

    settings.STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    call_command("seed_defaults", verbosity=0)
    began = time.perf_counter()
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        connection.cursor().execute(
            psycopg.ClientCursor(connection).mogrify(FILL, {"at": AT, "members": MEMBERS})
        )
    print(f"filled in {time.perf_counter() - began:.0f} s: {MEMBERS:,} members, {3 * MEMBERS:,} orders")
    from kpis.loyalty.taking import take

    took = [timed(lambda month=month: take(month=month, at=AT)) for month in MONTHS]
    print(f"a month: {statistics.median(took):.1f} s (median of {len(took)})")
    print(f"the last, which learns and warns: {took[-1]:.1f} s")
    pages()


def pages() -> None:
    from django.test import Client

    from compensation.models import Tier
    from config.common.models import User
    from kpis.models import LoyaltyMonth, LoyaltyRun

    user = User.objects.create(username="bench", is_staff=True, is_superuser=True)
    client = Client()
    client.force_login(user, "django.contrib.auth.backends.ModelBackend")
    run = LoyaltyRun.objects.order_by("-month").first()
    assert run is not None
    print(f"AUC {run.auc}, {run.low}–{run.high}; it may warn: {run.may_warn}")
    tier = Tier.objects.order_by("rank").values_list("code", flat=True)[0]
    one = LoyaltyMonth.objects.order_by("-pk").values_list("member", flat=True)[0]
    for name, url in {
        "how all stand": "/admin/loyalty/",
        "most likely to leave": "/admin/loyalty/members/?order=risk",
        "fell most": "/admin/loyalty/members/?order=fall",
        "lowest, of a tier": f"/admin/loyalty/members/?order=least&tier={tier}&band=5",
        "one member": f"/admin/loyalty/members/{one}/",
    }.items():
        status = client.get(url, secure=True).status_code
        took = [timed(lambda url=url: client.get(url, secure=True)) for _each in range(5)]
        print(f"{name}: {1000 * statistics.median(took):.0f} ms ({status})")


def timed(call) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
