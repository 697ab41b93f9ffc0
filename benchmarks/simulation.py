"""What trying other policies on past cases costs, and moving running clocks over: `make bench`.

Builds the database of the sweep's benchmark with SIMULATED clocks (default 100,000) and throws it away again.
"""

import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import django
import psycopg
from django.db import connection
from sweep import NAME, NOW, build, fill, organise

from config import embedded

CLOCKS = int(os.environ.get("SIMULATED", "100000"))


def main() -> None:
    os.environ["DATABASE_URL"] = build()
    os.environ.setdefault("SECRET_KEY", "benchmark")
    os.environ.setdefault("AUDIT_KEY", "benchmark")
    django.setup()
    try:
        fill(organise(), 1, CLOCKS)
        measure()
    finally:
        connection.close()
        with psycopg.connect(embedded.url(), autocommit=True) as server:
            server.execute(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")


def measure() -> None:
    """A trial slice by slice, as the page does it; then the clocks that would be moved, and moving some."""
    from datetime import timedelta

    from config.common.models import User
    from feedback.clocks import moving
    from feedback.models import PolicyTarget
    from feedback.sops import drafts, simulation

    at = NOW + timedelta(days=1)
    PolicyTarget.objects.update(within=timedelta(hours=6))
    policies = drafts.as_if_published(drafts.drafts())
    user = User.objects.order_by("pk")[0]
    row = simulation.ask(policies=policies, days=30, actor=user, at=at)
    slices = []
    while row.finished_at is None:
        began = time.perf_counter()
        row = simulation.go_on(simulation_id=row.pk, at=at)
        slices.append(time.perf_counter() - began)
    print(
        f"trial of {row.clocks:,} clocks: {sum(slices):.1f} s in {len(slices)} requests,"
        f" the longest {max(slices):.2f} s"
    )
    began = time.perf_counter()
    clocks, cases = moving.affected(policies)
    print(f"{clocks:,} running clocks of {len(cases):,} cases counted in {time.perf_counter() - began:.2f} s")
    drafts.publish_changed(actor=user, at=NOW)
    move, began = moving.begin(actor=user, at=NOW), time.perf_counter()
    for _ in range(25):
        move = moving.go_on(move_id=move.pk, at=NOW)
    spent = time.perf_counter() - began
    print(f"{move.moved:,} clocks moved in {spent:.1f} s: {move.moved / spent:,.0f} a second, one worker")


if __name__ == "__main__":
    main()
