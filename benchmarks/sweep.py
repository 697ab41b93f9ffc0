"""What a sweep of 10,000 due clocks costs among a million running ones: `make bench`.

Builds a database of its own (huiyin_bench) in the private PostgreSQL, with the migrations of this checkout,
and throws it away again. Measures among 50,000 running clocks, then among SWEEP_CLOCKS (default 1,000,000).
Erased members are told nothing: that is what "no notices" does.
"""

import os
import resource
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django
import psycopg
from django.db import connection

from config import embedded

NAME = "huiyin_bench"
FEW = 50_000
MANY = int(os.environ.get("SWEEP_CLOCKS", "1000000"))
DUE = 10_000
MEMBERS = 10_000
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
    version, opened_at, resolution, next_due_at, last_message, last_author, category, language, waiting_for,
    queued_at)
SELECT %(member)s + n %% %(members)s, 'complaint', 'portal', 'open', 2, 'case ' || n,
    %(department)s + n %% %(departments)s, %(agent)s + n %% %(agents)s,
    1, %(start)s, '', %(due)s + n * interval '1 millisecond', '', '', '', 'zh-hans', '', %(start)s
FROM generate_series(%(first)s, %(last)s) AS n
"""
ROWS = """
INSERT INTO feedback_clock (case_id, milestone, department_id, policy_version_id, calendar_version_id,
    ladder_version_id, facts, work, started_at, due_at, rungs_fired, next_fire_at)
SELECT id, 'resolution', department_id, %(policy)s, %(calendar)s, %(ladder)s,
    '{"kind": "complaint", "channel": "portal", "priority": 2, "tier": "ordinary"}', interval '8 hours',
    next_due_at - interval '8 hours', next_due_at, 0, next_due_at - interval '96 minutes'
FROM feedback_case WHERE NOT EXISTS (SELECT FROM feedback_clock WHERE case_id = feedback_case.id)
"""
ALL = timedelta(hours=3)
PASSES = [
    ("one rung each", -timedelta(minutes=30), 1, True),
    ("two rungs and the breach", timedelta(minutes=10), 1, True),
    ("all four rungs and the breach, no notices", ALL, 1, False),
    ("all four rungs, the breach and a notice", ALL, 1, True),
    ("all four rungs, the breach and a notice", ALL, 2, True),
]


def main() -> None:
    url = build()
    os.environ["DATABASE_URL"] = url
    os.environ.setdefault("SECRET_KEY", "benchmark")
    os.environ.setdefault("AUDIT_KEY", "benchmark")
    django.setup()
    try:
        values = organise()
        fill(values, 1, FEW)
        few = measure(0)
        fill(values, FEW + 1, MANY)
        many = measure(len(PASSES) * DUE)
        measure_caps(2 * len(PASSES) * DUE)
        for name, cost in many.items():
            spent, before = cost.ours + cost.servers, few[name].ours + few[name].servers
            print(
                f"{name}: among {MANY:,} clocks {spent / before:.2f} times the processor time"
                f" and {cost.wall / few[name].wall:.2f} times the time of {FEW:,}"
            )
        print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")
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


def organise() -> dict[str, Any]:
    """Make departments, people, members and the SOP; give what the cases refer to."""
    from django.core.management import call_command

    from compensation.models import Member, Tier
    from feedback.models import Calendar, Department, Ladder, Policy, PolicyTarget, Rung
    from feedback.sops.commands import publish_calendar, publish_ladder, publish_policy

    call_command("migrate", verbosity=0)
    tier, _made = Tier.objects.get_or_create(
        code="ordinary", defaults={"name": "普通", "rank": 0, "above_fen": -1}
    )
    Member.objects.bulk_create(
        Member(external_id=f"M{n}", name="会员", tier=tier, registered_at=NOW) for n in range(MEMBERS)
    )
    calendar = Calendar.objects.create(code="bench", name="bench", content=CONTENT)
    top = Department.objects.create(code="bench-top", name="top", calendar=calendar)
    departments = [
        Department.objects.create(code=f"bench-{n}", name=f"d{n}", calendar=calendar, parent=top)
        for n in range(10)
    ]
    for n, one in enumerate([top, *departments]):
        make_agent(f"lead{n}", one, is_lead=True)
    agents = [make_agent(f"agent{n}", departments[n % 10], is_lead=False) for n in range(200)]
    ladder = Ladder.objects.create(code="bench", name="bench")
    Rung.objects.bulk_create(Rung(ladder=ladder, **rung) for rung in STANDARD)
    policy = Policy.objects.create(code="bench", name="bench")
    PolicyTarget.objects.create(
        policy=policy, milestone="resolution", within=timedelta(hours=8), calendar=calendar, ladder=ladder
    )
    version = publish_policy(policy=policy, actor=None, at=NOW)
    return {
        "member": Member.objects.order_by("pk")[0].pk,
        "members": MEMBERS,
        "department": departments[0].pk,
        "departments": len(departments),
        "agent": agents[0].pk,
        "agents": len(agents),
        "start": NOW,
        "due": NOW + timedelta(hours=2),
        "policy": version.pk,
        "calendar": publish_calendar(calendar=calendar, actor=None, at=NOW).pk,
        "ladder": publish_ladder(ladder=ladder, actor=None, at=NOW).pk,
    }


def fill(values: dict[str, Any], first: int, last: int) -> None:
    """Have the cases and clocks of these numbers run as well."""
    began = time.perf_counter()
    with connection.cursor() as cursor:
        cursor.execute(CASES, {**values, "first": first, "last": last})
        cursor.execute(ROWS, values)
        cursor.execute("VACUUM ANALYZE")
    taken = time.perf_counter() - began
    print(f"{last:,} running clocks, one a case ({taken:.0f} s)")


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
        cursor.execute("CHECKPOINT")


def make_capped(offset: int) -> None:
    """Take the next 10,000 clocks and let them stand still for as long as their pauses may last."""
    chosen = "SELECT id FROM feedback_clock ORDER BY id OFFSET %(offset)s LIMIT %(number)s"
    values = {"now": NOW, "offset": offset, "number": DUE}
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO feedback_pause (clock_id, reason, from_at, ends_by, needs_review, verdict, remark)"
            " SELECT id, 'waiting_supplier', %(now)s - interval '2 hours', %(now)s - interval '1 hour',"
            f" true, '', '' FROM ({chosen}) AS chosen",
            values,
        )
        cursor.execute(
            "UPDATE feedback_clock SET started_at = %(now)s - interval '3 hours',"
            " paused_at = %(now)s - interval '2 hours', next_fire_at = %(now)s - interval '1 hour',"
            f" due_at = %(now)s + interval '5 hours' WHERE id IN ({chosen})",
            values,
        )
        cursor.execute("CHECKPOINT")


class Cost(NamedTuple):
    """In seconds."""

    wall: float
    ours: float
    servers: float


def measure(offset: int) -> dict[str, Cost]:
    """Measure every pass on clocks of its own, from the given one on."""
    from compensation.models import Member
    from feedback.ladders.sweep import sweep

    idle = [timed(lambda: sweep(NOW - timedelta(days=1)))[0].wall * 1000 for _ in range(10)]
    print(f"nothing due: {median(idle):.1f} ms, the first time after the load {idle[0]:.1f} ms")
    costs = {}
    for number, (name, behind, workers, is_told) in enumerate(PASSES):
        make_due(offset + number * DUE, behind)
        Member.objects.update(erased_at=None if is_told else NOW)
        cost, result = timed(partial(sweep, NOW, workers=workers))
        assert result.clocks == DUE, result
        print(
            f"{name:44} {workers} at work: {sum(result.fired.values()):,} rungs: {cost.wall:.2f} s"
            f" (processor: {cost.ours:.2f} s here, {cost.servers:.2f} s in the server)"
        )
        costs[f"{name}, {workers} at work"] = cost
    return costs


def measure_caps(offset: int) -> None:
    """Measure the end of 10,000 pauses that have lasted as long as they may."""
    from feedback.ladders.sweep import sweep

    make_capped(offset)
    cost, _result = timed(partial(sweep, NOW, workers=2))
    print(
        f"10,000 pauses that have reached their caps   2 at work: {cost.wall:.2f} s"
        f" (processor: {cost.ours:.2f} s here, {cost.servers:.2f} s in the server)"
    )


def timed(call: Callable[[], Any]) -> tuple[Cost, Any]:
    """Time of the wall, of this process and of all processes of the server, and what came out."""
    began = time.perf_counter(), time.process_time(), used()
    result = call()
    wall, ours = time.perf_counter(), time.process_time()
    time.sleep(0.2)  # the server counts the processes that have ended
    ended = wall, ours, used()
    return Cost(*(after - before for before, after in zip(began, ended, strict=True))), result


def used() -> float:
    """Processor time of the server so far, with that of its processes that have ended."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        server = stat(cursor.fetchone()[0])[1]
    ticks = sum(stat(server)[13:15])
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(FileNotFoundError, ProcessLookupError):
            numbers = stat(int(folder.name))
            if numbers[1] == server:
                ticks += sum(numbers[11:13])
    return ticks / os.sysconf("SC_CLK_TCK")


def stat(process: int) -> list[int]:
    """The fields of a process's /proc/…/stat from its state on; the state itself as 0."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return [0, *map(int, fields[1:15])]


if __name__ == "__main__":
    main()
