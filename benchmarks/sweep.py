"""What a sweep of 10,000 due clocks costs among a million running ones: `make bench`.

Builds a database of its own (huiyin_bench) in the private PostgreSQL, with the migrations of this checkout,
and throws it away again. SWEEP_CLOCKS (default 1,000,000) is the number of running clocks.
"""

import os
import resource
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django
import psycopg
from django.db import connection

from config import embedded

NAME = "huiyin_bench"
CLOCKS = int(os.environ.get("SWEEP_CLOCKS", "1000000"))
DUE = 10_000
NOW = datetime(2026, 3, 4, 4, 0, tzinfo=UTC)
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
CONTENT = {"zone": "UTC", "hours": {day: [["00:00", "24:00"]] for day in DAYS}}
STANDARD: list[dict[str, Any]] = [
    {"percent": 80, "action": "notify_agent"},
    {"percent": 100, "action": "notify_lead"},
    {"after": timedelta(minutes=30), "action": "reassign_lead"},
    {"after": timedelta(hours=2), "action": "escalate"},
]

CASES = """
INSERT INTO feedback_case (member_id, kind, channel, status, priority, subject, department_id, agent_id,
    version, opened_at, resolution, next_due_at, last_message, last_author)
SELECT %(member)s, 'complaint', 'portal', 'open', 2, 'case ' || n, %(department)s + n %% %(departments)s,
    %(agent)s + n %% %(agents)s, 1, %(start)s, '', %(due)s + n * interval '1 millisecond', '', ''
FROM generate_series(1, %(clocks)s) AS n
"""
ROWS = """
INSERT INTO feedback_clock (case_id, milestone, department_id, policy_version_id, calendar_version_id,
    ladder_version_id, facts, work, started_at, due_at, rungs_fired, next_fire_at)
SELECT id, 'resolution', department_id, %(policy)s, %(calendar)s, %(ladder)s,
    '{"kind": "complaint", "channel": "portal", "priority": 2, "tier": "ordinary"}', interval '8 hours',
    next_due_at - interval '8 hours', next_due_at, 0, next_due_at - interval '96 minutes'
FROM feedback_case
"""


def main() -> None:
    url = build()
    os.environ["DATABASE_URL"] = url
    os.environ.setdefault("SECRET_KEY", "benchmark")
    os.environ.setdefault("AUDIT_KEY", "benchmark")
    django.setup()
    try:
        fill()
        measure()
    finally:
        connection.close()
        with psycopg.connect(embedded.url(), autocommit=True) as server:
            server.execute(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")


def build() -> str:
    embedded.use()
    with psycopg.connect(embedded.url(), autocommit=True) as server:
        server.execute(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")
        server.execute(f"CREATE DATABASE {NAME}")
    return embedded.url().rpartition("/")[0] + f"/{NAME}"


def fill() -> None:
    from django.core.management import call_command

    from compensation.models import Member, Tier
    from feedback.models import Calendar, Department, Ladder, Policy, PolicyTarget, Rung
    from feedback.sops.commands import publish_calendar, publish_ladder, publish_policy

    began = time.perf_counter()
    call_command("migrate", verbosity=0)
    tier, _made = Tier.objects.get_or_create(
        code="ordinary", defaults={"name": "普通", "rank": 0, "above_fen": -1}
    )
    member = Member.objects.create(external_id="M1", name="会员", tier=tier, registered_at=NOW)
    calendar = Calendar.objects.create(code="bench", name="bench", content=CONTENT)
    top = Department.objects.create(code="bench-top", name="top", calendar=calendar)
    departments = [
        Department.objects.create(code=f"bench-{n}", name=f"d{n}", calendar=calendar, parent=top)
        for n in range(10)
    ]
    leads = [make_agent(f"lead{n}", one, is_lead=True) for n, one in enumerate([top, *departments])]
    agents = [make_agent(f"agent{n}", departments[n % 10], is_lead=False) for n in range(200)]
    ladder = Ladder.objects.create(code="bench", name="bench")
    Rung.objects.bulk_create(Rung(ladder=ladder, **rung) for rung in STANDARD)
    policy = Policy.objects.create(code="bench", name="bench")
    PolicyTarget.objects.create(
        policy=policy, milestone="resolution", within=timedelta(hours=8), calendar=calendar, ladder=ladder
    )
    version = publish_policy(policy=policy, actor=None, at=NOW)
    values = {
        "member": member.pk,
        "department": departments[0].pk,
        "departments": len(departments),
        "agent": agents[0].pk,
        "agents": len(agents),
        "start": NOW,
        "due": NOW + timedelta(hours=2),
        "clocks": CLOCKS,
        "policy": version.pk,
        "calendar": publish_calendar(calendar=calendar, actor=None, at=NOW).pk,
        "ladder": publish_ladder(ladder=ladder, actor=None, at=NOW).pk,
    }
    with connection.cursor() as cursor:
        cursor.execute(CASES, values)
        cursor.execute(ROWS, values)
        cursor.execute("VACUUM ANALYZE")
    taken = time.perf_counter() - began
    print(f"{CLOCKS:,} running clocks, one a case, {len(leads)} leads ({taken:.0f} s)")


def make_agent(name: str, department: Any, *, is_lead: bool) -> Any:
    from config.common.models import User
    from feedback.models import Agent, Membership

    user = User.objects.create(username=name, name=name, email=f"{name}@bench.example")
    agent = Agent.objects.create(user=user)
    Membership.objects.create(agent=agent, department=department, is_lead=is_lead)
    return agent


def make_due(offset: int, behind: timedelta) -> None:
    """Take the next 10,000 clocks and start them so that they are `behind` their due time at NOW."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE feedback_clock SET started_at = %(due)s - work, due_at = %(due)s,"
            " next_fire_at = %(due)s - interval '96 minutes'"
            " WHERE id IN (SELECT id FROM feedback_clock ORDER BY id OFFSET %(offset)s LIMIT %(number)s)",
            {"due": NOW - behind, "offset": offset, "number": DUE},
        )


def measure() -> None:
    from feedback.ladders.sweep import sweep

    print(f"nothing due: {timed(lambda: sweep(NOW - timedelta(days=1)))[0] * 1000:.1f} ms")
    for number, (name, behind) in enumerate(
        {
            "one rung each": -timedelta(minutes=30),
            "two and the breach": timedelta(minutes=10),
            "all four and the breach": timedelta(hours=3),
        }.items()
    ):
        make_due(number * DUE, behind)
        taken, ours, servers, result = timed(lambda: sweep(NOW))
        print(
            f"{name:24} {result.clocks:,} clocks, {result.breached:,} breached,"
            f" {sum(result.fired.values()):,} rungs: {taken:.2f} s"
            f" (processor: {ours:.2f} s here, {servers:.2f} s in the server)"
        )
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


def timed(call: Any) -> tuple[float, float, float, Any]:
    """Time of the wall, of this process and of its server process, and what came out."""
    with connection.cursor() as cursor:
        cursor.execute("CHECKPOINT")
        cursor.execute("SELECT pg_backend_pid()")
        backend = cursor.fetchone()[0]
    began = time.perf_counter(), time.process_time(), used(backend)
    result = call()
    ended = time.perf_counter(), time.process_time(), used(backend)
    return *(after - before for before, after in zip(began, ended, strict=True)), result


def used(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
