"""How long two workers take to give a coupon to 100,000 members, against one by one.

Builds a database of its own (huiyin_batch) in the private PostgreSQL with MEMBERS members (default 100,000),
and throws it away again.
"""

import multiprocessing
import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import psycopg

from config import embedded

NAME = "huiyin_batch"
MEMBERS = int(os.environ.get("MEMBERS", "100000"))
ALONE = 300  # members that are given theirs one by one
WORKERS = 2
AT = datetime(2026, 11, 1, tzinfo=UTC)

FILL = """
INSERT INTO compensation_member (external_id, name, phone, email, registered_at, region, city, language,
  consent_marketing, tier_id)
SELECT 'B' || n, '', '', '', %(at)s, '', '', 'zh-hans', false, (SELECT min(id) FROM compensation_tier)
FROM generate_series(1, %(members)s) n
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
        for kind in ("coupon", "points"):
            batch(kind)
        report()
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
        cursor.execute(FILL, {"at": AT, "members": MEMBERS + ALONE})
        cursor.execute("VACUUM ANALYZE")


def people() -> tuple[object, object]:
    """Who asks, and who approves."""
    from compensation.models import Authority
    from config.common.models import User

    asker = User.objects.get_or_create(username="asker", defaults={"is_superuser": True})[0]
    approver = User.objects.get_or_create(username="approver", defaults={"is_superuser": True})[0]
    Authority.objects.get_or_create(user=approver, defaults={"per_batch_fen": 10**12})
    return asker, approver


def content(kind: str) -> dict[str, object]:
    from compensation.models import CouponTemplate

    if kind == "points":
        return {"points": 100}
    return {"template": CouponTemplate.objects.get(code="sorry-5")}


def batch(kind: str) -> None:
    """From the list to the last coupon."""
    from django.db import connection

    from compensation.batches import commands
    from compensation.models import Grant, Member

    asker, approver = people()
    terms = commands.Terms(name=kind, reason="benchmark", same_reason_days=0, **content(kind))
    listed = "\n".join(f"B{n}" for n in range(1, MEMBERS + 1))
    begun = time.perf_counter()
    made = commands.create(terms=terms, actor=asker, at=AT)
    commands.choose(batch_id=made.pk, source="list", listed=listed, actor=asker, at=AT)
    made = commands.count(batch_id=made.pk, actor=asker, at=AT)
    print(f"{kind}: list read and dry run of {made.members:,} members: {time.perf_counter() - begun:.1f} s")
    commands.ask(batch_id=made.pk, content_hash=made.content_hash, actor=asker, at=AT)
    commands.approve(batch_id=made.pk, content_hash=made.content_hash, actor=approver, at=AT)
    connection.close()
    begun = time.perf_counter()
    with multiprocessing.Pool(WORKERS) as pool:
        done = pool.map(work, [made.pk] * WORKERS)
    seconds = time.perf_counter() - begun
    given = Grant.objects.filter(cause__startswith=f"batch:{made.pk}:").count()
    print(
        f"{kind}: {WORKERS} workers gave {done} = {given:,} grants in {seconds:.1f} s,"
        f" {given / seconds:,.0f} a second"
    )
    begun = time.perf_counter()
    for member in Member.objects.order_by("-pk")[:ALONE]:
        one_by_one(kind, member)
    alone = (time.perf_counter() - begun) / ALONE
    print(
        f"{kind}: one by one on one worker {1 / alone:,.0f} a second,"
        f" so the batch is {WORKERS * alone * given / WORKERS / seconds:.1f} times as fast"
        f" ({alone / (seconds * WORKERS / given):.1f} times for each worker)"
    )


def work(batch_id: int) -> int:
    from compensation.batches import running

    return running.run(batch_id=batch_id, now=lambda: AT)


def one_by_one(kind: str, member: object) -> None:
    """What the batch does for one: a grant, and the notice of it."""
    from django.db import transaction

    from compensation.grants import commands as grants
    from compensation.notices.commands import notify

    with transaction.atomic():
        grants.request(
            key=f"{kind}:{member.pk}", cause=f"{kind}:{member.pk}", member=member, reason="benchmark",
            content=grants.Content(kind=kind, **content(kind)), actor=None, at=AT,
        )  # fmt: skip
        notify(member=member, kind="remedy.granted", key=f"{kind}:{member.pk}", title="x", body="y", at=AT)


def report() -> None:
    from compensation.ledger.check import differences
    from compensation.models import Coupon, Entry, Grant, Notice
    from config.common.models import Event, OutboxMessage

    begun = time.perf_counter()
    found = list(differences())
    print(f"ledger: {len(found)} differences ({time.perf_counter() - begun:.1f} s)")
    counts = {
        model.__name__: model._default_manager.count()
        for model in (Grant, Coupon, Entry, Event, Notice, OutboxMessage)
    }
    print(", ".join(f"{number:,} {name}" for name, number in counts.items()))


if __name__ == "__main__":
    main()
