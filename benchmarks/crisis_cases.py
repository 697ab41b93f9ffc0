"""What a crisis of 10,000 cases costs: joining, first answers, answering all, making good, resolving all.

Builds a database of its own (huiyin_crisis) in the private PostgreSQL with what ships and CASES cases (by
default 10,000), each of a member of its own and with its clocks running, and throws it away again. EACH cases
(by default 1,000) are answered and resolved; how long all would take is reckoned from that, since each costs
the same.
"""

import cProfile
import os
import pstats
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

NAME = "huiyin_crisis"
CASES = int(os.environ.get("CASES", "10000"))
EACH = int(os.environ.get("EACH", "1000"))
PROFILE = "--profile" in sys.argv
AT = datetime(2026, 11, 18, 2, tzinfo=UTC)


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
        import django

        django.setup()
        measure(*house())
    finally:
        from django.db import connection

        connection.close()
        with psycopg.connect(f"{server}/postgres", autocommit=True) as admin:
            admin.execute(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")


def timed(name: str, do: Callable[[], Any], *, of: int = 0) -> Any:
    """Do it and print how long it took; with `of`, how long the whole number would take."""
    profiler = cProfile.Profile()
    if PROFILE:
        profiler.enable()
    began, used = time.perf_counter(), time.process_time()
    found = do()
    took, used = time.perf_counter() - began, time.process_time() - used
    profiler.disable()
    whole = f"; {CASES:,}: {took / of * CASES:.0f} s" if of else ""
    print(f"{name}: {took:.1f} s ({used:.1f} s of it in Python){whole}", flush=True)
    if PROFILE:
        pstats.Stats(profiler).sort_stats("cumulative").print_stats(40)
    return found


def house() -> tuple[Any, Any]:
    """What ships, somebody in charge, members with cases and their clocks."""
    from django.core.management import call_command
    from django.db import transaction

    from compensation.models import Member, Tier
    from config.common.models import User
    from config.common.registry import DEFAULTS
    from feedback.clocks import commands as clocks
    from feedback.models import Agent, Case, Department, Membership

    call_command("migrate", verbosity=0)
    for seed in DEFAULTS:
        seed(AT)
    department = Department.objects.get(code="service")
    boss = User.objects.create(username="boss", name="boss", is_staff=True, is_superuser=True)
    agent = Agent.objects.create(user=boss)
    Membership.objects.create(agent=agent, department=department)
    tier = Tier.objects.order_by("rank").first()
    members = Member.objects.bulk_create(
        Member(external_id=f"C{n}", name="会员", tier=tier, registered_at=AT) for n in range(CASES)
    )
    cases = Case.objects.bulk_create(
        Case(
            member=member, kind="complaint", channel="portal", subject="快递没到", department=department,
            priority=2, opened_at=AT,
        )
        for member in members
    )  # fmt: skip
    began = time.perf_counter()
    for case in cases:
        with transaction.atomic():
            clocks.start_for_case(case, actor=None, at=AT)
    print(f"{len(cases):,} cases with clocks ({time.perf_counter() - began:.0f} s)", flush=True)
    return boss, department


def measure(boss: Any, department: Any) -> None:
    """From opening the crisis to resolving all."""
    from compensation.batches.commands import Terms
    from compensation.models import Grant
    from feedback.crises import answering, clearing, commands, joining, making_good, report, running
    from feedback.models import BulkResult, BulkRun, CrisisCase, Template

    later = AT + timedelta(minutes=10)
    Template.objects.create(
        code="storm", language="zh-hans", problem="late", name="x", body="{{ case.number }}已收到。"
    )
    plan = commands.Plan(
        name="暴雨", severity=3, department=department, owner=boss, since=AT - timedelta(hours=1),
        raises_to=4, answer="storm", conditions={"kinds": ["complaint"]},
    )  # fmt: skip
    crisis = commands.begin(plan=plan, actor=boss, at=later)
    joined = timed("joining", lambda: joining.join_all(at=later))
    answered = timed("first answers", lambda: answering.answer_all(at=later))
    print(f"{joined:,} joined, {answered:,} answered at once")

    def all_of_it(doing: str, **content: str) -> None:
        begin = lambda: running.begin(  # noqa: E731 - one line
            crisis_id=crisis.pk, doing=doing, content=content, key=f"{doing}-{CASES}", actor=boss, at=later
        )
        run = timed(f"{doing}: putting it down", begin)
        BulkRun.objects.filter(pk=run.pk).update(cases=run.cases[:EACH])
        carry = lambda: running.go_on_all(now=lambda: later, seconds=3_600)  # noqa: E731 - one line
        timed(f"{doing} all: {EACH:,} of them", carry, of=EACH)
        results = BulkResult.objects.filter(run=run)
        print(f"  {results.filter(is_done=True).count():,} done", results.exclude(reason="").first() or "")

    all_of_it("reply", message="您好，{{ case.number }}明天送到。")
    terms = Terms(name="停电补偿", reason="仓库停电", points=100, same_reason_days=0)
    batch = timed(
        "batch: choosing and counting",
        lambda: making_good.begin(crisis_id=crisis.pk, terms=terms, actor=boss, at=later),
    )
    print(f"  {batch.members:,} members, {batch.total_fen} fen, {Grant.objects.count()} grants yet")
    all_of_it("resolve", message="已送达。", resolution="solved")
    timed("report", lambda: report.build(crisis, at=later))
    timed("all-clear", lambda: commands.close(
        crisis_id=crisis.pk, cause="x", told="恢复了", actor=boss, at=later
    ))  # fmt: skip
    told = timed("telling of it", lambda: clearing.tell_all(at=later))
    print(f"  {told:,} told, {CrisisCase.objects.count():,} cases")


if __name__ == "__main__":
    main()
