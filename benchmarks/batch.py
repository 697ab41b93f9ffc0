"""How long two workers take to give a coupon, points, or a full refund with a coupon to 100,000 members.

Each is held against one by one.

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
ORDERS = """
INSERT INTO compensation_order (external_id, member_id, channel, status, region, payment_method, total_fen,
  freight_fen, refunded_freight_fen, placed_at, paid_at, changed_at, changed_txid)
SELECT 'O' || member.id, member.id, '', 'paid', '', '', 15000, 800, 0, %(at)s, %(at)s, %(at)s, 0
FROM compensation_member AS member;
INSERT INTO compensation_product (external_id, name, category) VALUES ('P', 'P', '');
INSERT INTO compensation_orderline (order_id, external_id, product_id, quantity, paid_fen, refunded_fen)
SELECT bought.id, n::text, (SELECT min(id) FROM compensation_product), 1, 7100, 0
FROM compensation_order AS bought, generate_series(1, 2) n
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
        for kind in ("coupon", "points", "refund"):
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
        cursor.execute(ORDERS, {"at": AT})
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
    if kind == "refund":  # and the 100 yuan of C10
        return {"refunds": True, "template": CouponTemplate.objects.get(code="sorry-100")}
    return {"template": CouponTemplate.objects.get(code="sorry-5")}


def batch(kind: str) -> None:
    """From the list to the last coupon."""
    from django.db import connection

    from compensation.batches import commands
    from compensation.models import Grant, Member

    asker, approver = people()
    terms = commands.Terms(name=kind, reason="benchmark", same_reason_days=0, **content(kind))
    chosen = Member.objects.order_by("pk")[:MEMBERS]
    name = "O%s" if kind == "refund" else "B%s"
    listed = "\n".join(
        name % (pk if kind == "refund" else n) for n, pk in enumerate(chosen.values_list("pk", flat=True), 1)
    )
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
            **wanted(kind, member),
            actor=None, at=AT,
        )  # fmt: skip
        if kind == "refund":
            grants.request(
                key=f"{kind}:{member.pk}:coupon", cause=f"{kind}:{member.pk}:coupon", member=member,
                reason="benchmark", content=grants.Content(kind="coupon", template=content(kind)["template"]),
                actor=None, at=AT,
            )  # fmt: skip
        notify(member=member, kind="remedy.granted", key=f"{kind}:{member.pk}", title="x", body="y", at=AT)


def wanted(kind: str, member: object) -> dict[str, object]:
    """What a member is given: a coupon, points, or a full refund of their order, by hand."""
    from compensation.grants import commands as grants

    if kind != "refund":
        return {"content": grants.Content(kind=kind, **content(kind))}
    order = member.orders.get()
    lines = [grants.Line(order_line=line) for line in order.lines.all()]
    back = grants.Content(kind="refund", lines=lines, amount_fen=15_000)
    return {"content": back, "order": order, "evidence": 1}


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
