"""How fast coupons are given to a hundred thousand members, used by two tills, and expired.

Builds a database of its own (huiyin_coupons) in the private PostgreSQL, with MEMBERS members (default
100,000), and throws it away again. The ratio compares giving with writing the bare rows of the coupons.
"""

import multiprocessing
import os
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import psycopg

from config import embedded

NAME = "huiyin_coupons"
MEMBERS = int(os.environ.get("MEMBERS", "100000"))
WORKERS = 2
SECONDS = 8
AT = datetime(2026, 11, 1, tzinfo=UTC)

FILL = """
INSERT INTO compensation_member (external_id, name, phone, email, registered_at, region, city, language,
  consent_marketing, tier_id)
SELECT 'L' || n, '', '', '', %(at)s, '', '', 'zh-hans', false, (SELECT min(id) FROM compensation_tier)
FROM generate_series(1, %(members)s) n;
INSERT INTO compensation_account (kind, unit, member_id, balance, version, floor)
SELECT 'member', 'coupon', id, 0, 0, 0 FROM compensation_member
"""
BARE = """
INSERT INTO compensation_coupon (template_id, terms_id, member_id, key, code, value_fen, min_spend_fen,
  status, issued_at, expires_at, redeemed_for)
SELECT %(template)s, %(terms)s, id, 'bare:' || id, 'bare' || id, 500, 0, 'issued', %(at)s,
  %(at)s + interval '30 days', '' FROM compensation_member
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
    try:
        fill()
        give()
        use()
        expire()
    finally:
        with psycopg.connect(f"{server}/postgres", autocommit=True) as admin:
            admin.execute(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")


def fill() -> None:
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    from compensation.defaults import money, tiers

    call_command("migrate", verbosity=0)
    tiers.seed(AT)
    money.seed(AT)
    with connection.cursor() as cursor:
        for statement in FILL.split(";\n"):
            cursor.execute(statement, {"at": AT, "members": MEMBERS})
        cursor.execute("VACUUM ANALYZE")


def give() -> None:
    """One call for all members, beside the bare rows."""
    from django.db import connection, transaction

    from compensation.coupons.commands import Recipient, issue_many
    from compensation.coupons.terms import freeze
    from compensation.models import CouponTemplate, Member

    template = CouponTemplate.objects.get(code="sorry-5")
    values = {"template": template.pk, "terms": freeze(template).pk, "at": AT}
    with transaction.atomic():
        begun = time.perf_counter()
        with connection.cursor() as cursor:
            cursor.execute(BARE, values)
        bare = time.perf_counter() - begun
        transaction.set_rollback(True)
    members = list(Member.objects.values_list("pk", flat=True))
    few = [Recipient(f"bench:first:{pk}", pk) for pk in members[:1_000]]
    issue_many(template=template, recipients=few, actor=None, at=AT)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")  # as in a shop that has given some: the planner knows the ledger
    for name, limit in (("without limits", None), ("with limits", 3)):
        CouponTemplate.objects.filter(pk=template.pk).update(member_limit=limit)
        who = [Recipient(f"bench:{name}:{pk}", pk) for pk in members]
        begun = time.perf_counter()
        new = issue_many(template=template, recipients=who, actor=None, at=AT)
        spent = time.perf_counter() - begun
        print(
            f"{new:,} coupons {name}: {spent:.1f} s, {new / spent:,.0f} a second;"
            f" bare rows {bare:.1f} s, ratio {spent / bare:.1f}",
            flush=True,
        )
    connection.close()


def till(worker: int, done: "multiprocessing.Queue[int]") -> None:
    """Reserve and redeem for some seconds, in a process of its own."""
    import django

    django.setup()
    from compensation.coupons.commands import Basket, redeem, reserve
    from compensation.models import Coupon

    codes = Coupon.objects.order_by("pk").values_list("code", flat=True)
    mine = list(codes[worker * 20_000 : (worker + 1) * 20_000])
    number, until = 0, time.perf_counter() + SECONDS
    while time.perf_counter() < until and number < len(mine):
        asked = {"code": mine[number], "order_ref": f"O{worker}-{number}", "key": f"{worker}-{number}"}
        reserve(**asked, basket=Basket.of(9_900, 800), at=AT)
        redeem(**asked, at=AT)
        number += 1
    done.put(number)


def use() -> None:
    """How often two tills together reserve and then redeem."""
    started = multiprocessing.get_context("spawn")
    done: multiprocessing.Queue[int] = started.Queue()
    tills = [started.Process(target=till, args=(one, done)) for one in range(WORKERS)]
    for one in tills:
        one.start()
    total = sum(done.get() for _ in tills)
    for one in tills:
        one.join()
    print(f"reserved and redeemed: {total / SECONDS:,.0f} orders a second by {WORKERS} tills", flush=True)


def expire() -> None:
    """All that is left, a thousand at a time."""
    from compensation.coupons.commands import expire_due
    from compensation.ledger.check import differences

    at, total = AT + timedelta(days=31), 0
    begun = time.perf_counter()
    while new := expire_due(at=at):
        total += new
    spent = time.perf_counter() - begun
    print(f"{total:,} coupons expired in {spent:.1f} s, {total / spent:,.0f} a second")
    print(f"differences in the books: {len(list(differences()))}")


if __name__ == "__main__":
    main()
