"""How long after an unshipped order is cancelled its refund goes to the gateway, with the workers running.

Builds a database of its own (huiyin_refund) in the private PostgreSQL, starts the worker, outbox worker and
beat that `make run` starts, and a payment gateway over HTTP. The shop then tells of ORDERS cancelled orders
(default 60), one after the other over SECONDS (default 90), and everything is thrown away again.
"""

import os
import random
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median, quantiles

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import psycopg

from config import embedded

NAME = "huiyin_refund"
ORDERS, SECONDS = int(os.environ.get("ORDERS", "60")), int(os.environ.get("SECONDS", "90"))
STARTING, LONGEST = timedelta(seconds=90), timedelta(minutes=5)
MINUTE = 60


def main() -> None:
    embedded.use()
    server = embedded.url().rsplit("/", 1)[0]
    with psycopg.connect(f"{server}/postgres", autocommit=True) as admin:
        admin.execute(f"DROP DATABASE IF EXISTS {NAME}")
        admin.execute(f"CREATE DATABASE {NAME}")
    from tests.gateway import SECRET, running

    with tempfile.TemporaryDirectory() as folder, running() as gateway:
        os.environ.update(
            DATABASE_URL=f"{server}/{NAME}",
            DATA_DIR=folder,
            REFUND_GATEWAY_URL=gateway.url,
            REFUND_GATEWAY_SECRETS=SECRET,
            SECRET_KEY="b" * 60,
            AUDIT_KEY="b" * 60,
            LOG_LEVEL="ERROR",
            PYTHONWARNINGS="ignore",
        )
        started: list[subprocess.Popen[bytes]] = []
        try:
            fill()
            started += begin()
            wait_for_workers()
            cancel_orders()
            report()
        finally:
            for one in started:
                one.terminate()
            for one in started:
                one.wait(timeout=60)
            with psycopg.connect(f"{server}/postgres", autocommit=True) as admin:
                admin.execute(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")


def fill() -> None:
    """An installation with its defaults, members, and orders that are paid and not sent."""
    import django

    django.setup()
    from django.core.management import call_command

    from compensation.models import Member
    from compensation.shop_import.push import LineFacts, OrderFacts, record_order
    from compensation.tiers import commands as tiers

    call_command("migrate", verbosity=0)
    call_command("seed_defaults", verbosity=0)
    at, tier = datetime.now(UTC), tiers.lowest()
    Member.objects.bulk_create(
        Member(external_id=f"M{n}", registered_at=at - timedelta(days=1), tier=tier) for n in range(ORDERS)
    )
    tiers.start(member_ids=list(Member.objects.values_list("pk", flat=True)), at=at)
    for n in range(ORDERS):
        facts = OrderFacts(
            external_id=f"O{n}", member=f"M{n}", status="paid", total=9_900, placed_at=at, paid_at=at
        )
        lines = [LineFacts(external_id="1", product="P1", paid=9_900)]
        record_order(order=facts, lines=lines, actor=None, at=at)


def begin() -> list[subprocess.Popen[bytes]]:
    """The processes that see to refunds, as `make run` starts them."""
    from config.run import PROCESSES

    return [subprocess.Popen(PROCESSES[name]) for name in ("worker", "clocks", "beat")]


def wait_for_workers() -> None:
    """Until both workers have been heard of."""
    from config.common.models import Heartbeat

    until = datetime.now(UTC) + STARTING
    while Heartbeat.objects.count() < 2 and datetime.now(UTC) < until:
        time.sleep(1)


def cancel_orders() -> None:
    """The shop tells of cancelled orders, at any moment."""
    from compensation.shop_import.push import LineFacts, OrderFacts, record_order

    dice, begun = random.Random(7), time.monotonic()
    for n, moment in enumerate(sorted(dice.uniform(0, SECONDS) for _ in range(ORDERS))):
        time.sleep(max(0.0, begun + moment - time.monotonic()))
        at = datetime.now(UTC)
        facts = OrderFacts(
            external_id=f"O{n}",
            member=f"M{n}",
            status="cancelled",
            total=9_900,
            placed_at=at - timedelta(hours=1),
            paid_at=at - timedelta(hours=1),
            cancelled_at=at,
        )
        lines = [LineFacts(external_id="1", product="P1", paid=9_900)]
        record_order(order=facts, lines=lines, actor=None, at=at)


def report() -> None:
    """Wait for the last one, and say how long each took from the moment in which we were told."""
    from compensation.models import RefundOrder

    until = datetime.now(UTC) + LONGEST
    while RefundOrder.objects.filter(ended_at__isnull=False).count() < ORDERS and datetime.now(UTC) < until:
        time.sleep(1)
    rows = RefundOrder.objects.values_list("order__cancelled_at", "handed_at", "sent_at", "ended_at")
    print(f"{ORDERS} orders cancelled over {SECONDS} s, load {os.getloadavg()[0]:.1f}")
    for place, what in enumerate(("handed over", "sent to the gateway", "paid, as it says"), start=1):
        took = [(row[place] - row[0]).total_seconds() for row in rows if row[place] is not None]
        if len(took) < 2:
            print(f"{what:22} never")
            continue
        share = 100 * sum(one < MINUTE for one in took) / ORDERS
        print(
            f"{what:22} {share:5.1f} % under {MINUTE} s, median {median(took):5.1f} s,"
            f" p95 {quantiles(took, n=20)[-1]:5.1f} s, longest {max(took):5.1f} s"
        )


if __name__ == "__main__":
    main()
