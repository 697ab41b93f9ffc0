"""What the finance page, a member's statement and the nightly check cost in a full ledger.

Builds a database of its own (huiyin_finance) in the private PostgreSQL, with ENTRIES entries (default
10,000,000) over three years, adds it up, and throws it away again.
"""

import os
import statistics
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import psycopg

from config import embedded

NAME = "huiyin_finance"
ENTRIES = int(os.environ.get("ENTRIES", "10000000"))
EACH = 50  # entries of a member
MEMBERS = max(ENTRIES // EACH // 2, 200)
SINCE = 15_000  # entries that came after the last adding up
AT = datetime(2026, 11, 1, 4, tzinfo=UTC)

FILL = """
SET session_replication_role = replica;
INSERT INTO compensation_member (external_id, name, phone, email, registered_at, region, city, language,
  consent_marketing, tier_id)
SELECT 'F' || n, '', '', '', %(at)s, '', '', 'zh-hans', false, (SELECT min(id) FROM compensation_tier)
FROM generate_series(1, %(members)s) n;
INSERT INTO compensation_account (kind, unit, member_id, balance, version, floor)
SELECT 'member', 'points', id, %(each)s, %(each)s, 0 FROM compensation_member;
INSERT INTO compensation_grant (key, cause, problem, member_id, kind, points, cost_fen, reason, department,
  status, requested_at, decided_at, executed_at, confirmed_at, decision_note)
SELECT 'f' || id, (ARRAY['case', 'gap', 'rule', 'batch', 'care'])[id %% 5 + 1] || ':' || id, '', id, 'points',
  1, 1, 'x', (ARRAY['service', 'logistics', 'product', ''])[id %% 4 + 1], 'confirmed', %(at)s, %(at)s,
  %(at)s, %(at)s, '' FROM compensation_member;
INSERT INTO compensation_transaction (key, request_hash, kind, at)
SELECT CASE WHEN n %% 3 = 0 THEN 'grant:' || given.id || ':given:' || n
    ELSE 'fill:' || a.id || ':' || n END, '',
  CASE WHEN n %% 3 = 0 THEN 'points.granted' ELSE 'points.purchase' END,
  %(at)s - (n * 21 + a.id %% 21) * interval '1 day'
FROM generate_series(1, %(each)s) n, compensation_account a
JOIN compensation_grant given ON given.member_id = a.member_id WHERE a.kind = 'member';
INSERT INTO compensation_entry (transaction_id, account_id, amount)
SELECT t.id, (SELECT id FROM compensation_account WHERE kind = 'issued' AND unit = 'points'), -1
FROM compensation_transaction t;
INSERT INTO compensation_entry (transaction_id, account_id, amount, balance_after, version)
SELECT t.id, a.id, 1, split_part(t.key, ':', 4)::bigint, split_part(t.key, ':', 4)::bigint
FROM compensation_transaction t JOIN compensation_grant given ON given.id = split_part(t.key, ':', 2)::bigint
JOIN compensation_account a ON a.member_id = given.member_id WHERE t.kind = 'points.granted';
INSERT INTO compensation_entry (transaction_id, account_id, amount, balance_after, version)
SELECT t.id, split_part(t.key, ':', 2)::bigint, 1, split_part(t.key, ':', 3)::bigint,
  split_part(t.key, ':', 3)::bigint
FROM compensation_transaction t WHERE t.kind = 'points.purchase';
SET session_replication_role = DEFAULT
"""


def main() -> None:
    embedded.use()
    server = embedded.url().rsplit("/", 1)[0]
    with psycopg.connect(f"{server}/postgres", autocommit=True) as admin:
        admin.execute(f"DROP DATABASE IF EXISTS {NAME}")
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
        add_up()
        pages()
    finally:
        with psycopg.connect(f"{server}/postgres", autocommit=True) as admin:
            admin.execute(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")


def timed(what: str, call: Callable[[], object]) -> object:
    begun = time.perf_counter()
    result = call()
    print(f"{what}: {time.perf_counter() - begun:.1f} s")
    return result


def fill() -> None:
    import django
    from django.conf import settings

    settings.STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    django.setup()
    from django.core.management import call_command
    from django.db import connection

    from compensation.models import Entry
    from config.common.registry import DEFAULTS

    call_command("migrate", verbosity=0)
    for seed in DEFAULTS:
        seed(AT)
    begun = time.perf_counter()
    with connection.cursor() as cursor:
        for statement in FILL.split(";\n"):
            cursor.execute(statement, {"at": AT, "members": MEMBERS, "each": EACH})
        cursor.execute("VACUUM ANALYZE")
    print(f"{MEMBERS:,} members, {Entry.objects.count():,} entries ({time.perf_counter() - begun:.0f} s)")


def add_up() -> None:
    from compensation.finance import rolling
    from compensation.ledger.many import Gift, give_many
    from compensation.models import LedgerSum, Member, Unit

    timed("adding all up", lambda: rolling.roll_up(at=AT))
    print(f"{LedgerSum.objects.count():,} sums")
    members = Member.objects.order_by("pk").values_list("pk", flat=True)[: SINCE // 2]
    gifts = [Gift(f"live:{pk}", pk, 1) for pk in members]
    give_many(unit=Unit.POINTS, kind="points.review", gifts=gifts, actor=None, at=AT)
    print(f"{2 * len(gifts):,} entries since then")
    found = timed("held against all balances", lambda: rolling.prove(at=AT))
    print("difference:", [one.difference for one in found])
    print("differences of sums:", timed("recomputing every sum", lambda: len(list(rolling.differences()))))


def pages() -> None:
    from django.db import connection
    from django.test import Client

    from compensation.ledger import queries
    from compensation.models import Member
    from config.common.models import User

    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    client = Client()
    client.force_login(
        User.objects.create_superuser("bench"), backend="django.contrib.auth.backends.ModelBackend"
    )
    today = AT.date()
    month = f"since={today - timedelta(days=31)}&until={today}"
    year = f"since={today - timedelta(days=365)}&until={today}"
    member = Member.objects.order_by("pk")[MEMBERS // 2]
    for what, path in {
        "finance page, a month": f"/admin/finance/?{month}",
        "finance page, a year": f"/admin/finance/?{year}",
        "finance page, a department": f"/admin/finance/?{year}&department=service",
        "whom we owe": "/admin/finance/members/",
        "a member's movements": f"/admin/finance/members/{member.pk}/",
    }.items():
        many(what, lambda path=path: client.get(path, secure=True))
    many("a member's statement, in SQL", lambda: list(queries.statement(member)[:50]))


def many(what: str, call: Callable[[], object]) -> None:
    times = []
    for _turn in range(22):
        begun = time.perf_counter()
        found = call()
        times.append((time.perf_counter() - begun) * 1000)
        if getattr(found, "status_code", 200) != 200:
            raise SystemExit(f"{what}: {found}")
    times = sorted(times[2:])
    print(f"{what}: median {statistics.median(times):.0f} ms, p95 {times[-2]:.0f} ms")


if __name__ == "__main__":
    main()
