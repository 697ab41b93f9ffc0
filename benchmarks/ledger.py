"""How often two workers earn and redeem points in a second, and what a statement costs in a full ledger.

Builds a database of its own (huiyin_ledger) in the private PostgreSQL, with ENTRIES entries (default
10,000,000), and throws it away again.
"""

import multiprocessing
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

NAME = "huiyin_ledger"
ENTRIES = int(os.environ.get("ENTRIES", "10000000"))
EACH = 50  # entries of a member
MEMBERS = max(ENTRIES // EACH // 2, 2_000)
WORKERS = 2
SECONDS = 10
AT = datetime(2026, 11, 1, tzinfo=UTC)

FILL = """
SET session_replication_role = replica;
INSERT INTO compensation_member (external_id, name, phone, email, registered_at, region, city, language,
  consent_marketing, tier_id)
SELECT 'L' || n, '', '', '', %(at)s, '', '', 'zh-hans', false, (SELECT min(id) FROM compensation_tier)
FROM generate_series(1, %(members)s) n;
INSERT INTO compensation_account (kind, unit, member_id, balance, version, floor)
SELECT 'member', 'points', id, %(each)s, %(each)s, 0 FROM compensation_member;
INSERT INTO compensation_transaction (key, request_hash, kind, at)
SELECT 'fill:' || a.id || ':' || n, '', 'points.earned', %(at)s - n * interval '1 hour'
FROM compensation_account a, generate_series(1, %(each)s) n WHERE a.kind = 'member';
INSERT INTO compensation_entry (transaction_id, account_id, amount, balance_after, version)
SELECT t.id, split_part(t.key, ':', 2)::bigint, 1, split_part(t.key, ':', 3)::bigint,
  split_part(t.key, ':', 3)::bigint
FROM compensation_transaction t;
INSERT INTO compensation_entry (transaction_id, account_id, amount)
SELECT t.id, (SELECT id FROM compensation_account WHERE kind = 'issued' AND unit = 'points'), -1
FROM compensation_transaction t;
INSERT INTO compensation_lot (account_id, amount, remaining, spent, expired, withdrawn, available_from,
  expires_at)
SELECT a.id, %(each)s / 5, %(each)s / 5, 0, 0, 0, %(at)s - interval '1 year', %(at)s + n * interval '90 days'
FROM compensation_account a, generate_series(1, 5) n WHERE a.kind = 'member';
SET session_replication_role = DEFAULT
"""


def main() -> None:
    embedded.use()
    server = embedded.url().rsplit("/", 1)[0]
    with psycopg.connect(f"{server}/postgres", autocommit=True) as admin:
        admin.execute(f"DROP DATABASE IF EXISTS {NAME}")
        admin.execute(f"CREATE DATABASE {NAME}")
    os.environ.update(
        DATABASE_URL=f"{server}/{NAME}", SECRET_KEY="b" * 60, AUDIT_KEY="b" * 60, LOG_LEVEL="ERROR"
    )
    try:
        fill()
        rate("earned", earn)
        rate("redeemed", redeem)
        rate("earned and reversed", earn_and_reverse)
        rate("earned by a rule", earn_by_rule)
        read()
        many()
        expire()
        check()
    finally:
        with psycopg.connect(f"{server}/postgres", autocommit=True) as admin:
            admin.execute(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")


def fill() -> None:
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    from compensation.defaults import money, points, tiers

    call_command("migrate", verbosity=0)
    tiers.seed(AT)
    money.seed(AT)
    points.seed(AT)
    begun = time.perf_counter()
    with connection.cursor() as cursor:
        for statement in FILL.split(";\n"):
            cursor.execute(statement, {"at": AT, "members": MEMBERS, "each": EACH})
        cursor.execute("VACUUM ANALYZE")
    print(f"{MEMBERS:,} members, {2 * EACH * MEMBERS:,} entries ({time.perf_counter() - begun:.0f} s)")
    connection.close()


def earn(worker: int, number: int) -> None:
    """Points of an order for a member."""
    from compensation.ledger.commands import post
    from compensation.ledger.rules import LotTerms, given
    from compensation.models import Unit

    moves = given(Unit.POINTS, 100, member_id=_member(worker, number))
    terms = LotTerms(AT, AT + timedelta(days=365))
    post(key=f"e:{worker}:{number}", kind="points.earned", moves=moves, actor=None, at=AT, terms=terms)


def redeem(worker: int, number: int) -> None:
    """Points spent by a member."""
    from compensation.ledger.commands import post
    from compensation.ledger.rules import taken
    from compensation.models import AccountKind, Unit

    moves = taken(Unit.POINTS, 15, member_id=_member(worker, number), into=AccountKind.SPENT)
    post(key=f"r:{worker}:{number}", kind="points.redeemed", moves=moves, actor=None, at=AT)


def earn_and_reverse(worker: int, number: int) -> None:
    """Points of an order that is refunded."""
    from compensation.ledger.commands import post, reverse
    from compensation.ledger.rules import given
    from compensation.models import Unit

    moves = given(Unit.POINTS, 100, member_id=_member(worker, number))
    posted = post(key=f"x:{worker}:{number}", kind="points.earned", moves=moves, actor=None, at=AT)
    reverse(posted=posted, key=f"y:{worker}:{number}", actor=None, at=AT)


def earn_by_rule(worker: int, number: int) -> None:
    """Points for an occurrence, by the rule in force and within its limits."""
    from compensation.points.commands import earn

    member = _member(worker, number)
    earn(rule="review", member_id=member, occurrence=f"r:{worker}:{number}", actor=None, at=AT)


def _member(worker: int, number: int) -> int:
    return 1 + (number * WORKERS + worker) * 7919 % MEMBERS


def work(act: Callable[[int, int], None], worker: int, done: "multiprocessing.Queue[int]") -> None:
    """Act for some seconds, in a process of its own."""
    import django

    django.setup()
    act(worker, -1 - worker)
    number, until = 0, time.perf_counter() + SECONDS
    while time.perf_counter() < until:
        act(worker, number)
        number += 1
    done.put(number)


def rate(name: str, act: Callable[[int, int], None]) -> None:
    """How often two workers together do something in a second."""
    started = multiprocessing.get_context("spawn")
    done: multiprocessing.Queue[int] = started.Queue()
    workers = [started.Process(target=work, args=(act, one, done)) for one in range(WORKERS)]
    for one in workers:
        one.start()
    counts = [done.get() for _ in workers]
    for one in workers:
        one.join()
    print(f"{name}: {sum(counts) / SECONDS:,.0f} a second by {WORKERS} workers", flush=True)


def read() -> None:
    """A member's holding, the first page of the statement, and the lots."""
    from compensation.ledger import queries
    from compensation.models import Member

    times = []
    for number in range(200):
        member = Member.objects.get(pk=1 + number * 7919 % MEMBERS)
        begun = time.perf_counter()
        queries.holding(member, AT)
        list(queries.statement(member)[:50])
        list(queries.lots_held(member, AT)[:50])
        times.append((time.perf_counter() - begun) * 1000)
    late = statistics.quantiles(times, n=20)[-1]
    print(f"statement: p50 {statistics.median(times):.1f} ms, p95 {late:.1f} ms")


def many() -> None:
    """Gifts to many members in chunks."""
    from compensation.ledger.many import Gift, give_many
    from compensation.models import Unit

    total, size = min(MEMBERS, 20_000), 1_000
    begun = time.perf_counter()
    for first in range(1, total, size):
        gifts = [Gift(f"m:{member}", member, 10) for member in range(first, first + size)]
        give_many(unit=Unit.POINTS, kind="points.granted", gifts=gifts, actor=None, at=AT)
    spent = time.perf_counter() - begun
    print(f"gifts to many: {total / spent:,.0f} members a second by one worker, {size} at a time")


def expire() -> None:
    """Lots that end, a thousand at a time.

    All have ended by then: of few members the first are spent before, and nothing would be left to expire.
    """
    from compensation.ledger.expiry import expire_due

    at, accounts, passes = AT + timedelta(days=500), 0, 0
    begun = time.perf_counter()
    while passes < 20 and (done := expire_due(at=at)):
        accounts, passes = accounts + done, passes + 1
    rate = accounts / (time.perf_counter() - begun)
    print(f"expiry: {accounts:,} accounts, {rate:,.0f} a second by one worker")


def check() -> None:
    """The nightly recomputation of all that."""
    from compensation.ledger.check import CHECKS, differences

    begun = time.perf_counter()
    found = len(list(differences()))
    print(f"{len(CHECKS)} checks of all entries: {time.perf_counter() - begun:.1f} s, {found} differences")


if __name__ == "__main__":
    main()
