"""What it costs to give 1,000 new cases to 200 agents in 10 departments: `make bench`.

Builds a database of its own (huiyin_bench) in the private PostgreSQL, with the migrations of this checkout,
and throws it away again. In it are ROUTING_CASES cases (default 1,000,000), of which 50,000 are open and have
an agent. Every tenth new case is a chat, every fifth needs a skill, every fourth comes from a member whom an
agent looked after before, every tenth from one with an agent of their own.
"""

import os
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django
import psycopg
from django.db import connection
from django.db.models import CharField
from django.test.utils import CaptureQueriesContext

from config import embedded

NAME = "huiyin_bench"
CASES = int(os.environ.get("ROUTING_CASES", "1000000"))
OPEN, MEMBERS, AGENTS, DEPARTMENTS = 50_000, 10_000, 200, 10
NOW = datetime(2026, 3, 4, 4, 0, tzinfo=UTC)
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
CONTENT = {"zone": "UTC", "hours": {day: [["00:00", "24:00"]] for day in DAYS}}

OLD = """
INSERT INTO feedback_case (member_id, kind, channel, status, priority, subject, department_id, agent_id,
    version, opened_at, resolved_at, closed_at, resolution, next_due_at)
SELECT %(member)s + n %% %(members)s, 'complaint', 'portal',
    CASE WHEN n > %(open)s THEN 'closed' WHEN n %% 12 = 0 THEN 'open' ELSE 'waiting_member' END,
    2, 'case ' || n, %(department)s + n %% %(departments)s, %(agent)s + n %% %(agents)s,
    1, %(now)s - n * interval '1 second', CASE WHEN n > %(open)s THEN %(now)s END,
    CASE WHEN n > %(open)s THEN %(now)s END, CASE WHEN n > %(open)s THEN 'solved' ELSE '' END, NULL
FROM generate_series(1, %(cases)s) AS n
"""
NEW = """
INSERT INTO feedback_case (member_id, kind, channel, status, priority, subject, department_id, skill_id,
    version, opened_at, queued_at, next_due_at, language)
SELECT CASE WHEN n %% 4 = 0 THEN %(member)s + n %% %(members)s ELSE %(stranger)s + n %% 1000 END, 'complaint',
    CASE WHEN n / 10 %% 10 = 0 THEN 'chat' ELSE 'portal' END, 'new', 1 + n %% 4, 'new ' || n,
    %(department)s + n %% %(departments)s, CASE WHEN n / 10 %% 5 = 0 THEN %(skill)s END,
    1, %(now)s, %(now)s, %(now)s + n * interval '1 second', 'zh-hans'
FROM generate_series(1, %(number)s) AS n
"""


def main() -> None:
    embedded.use()
    with psycopg.connect(embedded.url(), autocommit=True) as server:
        server.execute(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")
        server.execute(f"CREATE DATABASE {NAME}")
    os.environ["DATABASE_URL"] = embedded.url().rpartition("/")[0] + f"/{NAME}"
    os.environ.setdefault("SECRET_KEY", "benchmark")
    os.environ.setdefault("AUDIT_KEY", "benchmark")
    django.setup()
    try:
        measure(organise())
    finally:
        connection.close()
        with psycopg.connect(embedded.url(), autocommit=True) as server:
            server.execute(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")


def organise() -> dict[str, Any]:
    """Make departments, agents at their desks, members and old cases; give what new cases refer to."""
    from django.core.management import call_command

    from compensation.models import Member, Tier
    from config.common.models import User
    from feedback.models import Agent, Calendar, Case, Dedication, Department, Membership, Presence, Skill

    call_command("migrate", verbosity=0)
    tier, _made = Tier.objects.get_or_create(
        code="ordinary", defaults={"name": "普通", "rank": 0, "above_fen": -1}
    )
    members = Member.objects.bulk_create(
        Member(external_id=f"M{n}", name="会员", tier=tier, registered_at=NOW) for n in range(MEMBERS + 1000)
    )
    calendar = Calendar.objects.create(code="bench", name="bench", content=CONTENT)
    departments = Department.objects.bulk_create(
        Department(
            code=f"bench-{n}", name=f"d{n}", calendar=calendar,
            strategy="least_loaded" if n % 2 else "round_robin",
        )
        for n in range(DEPARTMENTS)
    )  # fmt: skip
    users = User.objects.bulk_create(
        User(username=f"agent{n}", name=f"agent{n}", email=f"agent{n}@bench.example") for n in range(AGENTS)
    )
    agents = Agent.objects.bulk_create(
        Agent(user=user, capacity=60, chat_capacity=3, languages=["zh-hans"]) for user in users
    )
    Membership.objects.bulk_create(
        Membership(agent=agent, department=departments[n % DEPARTMENTS]) for n, agent in enumerate(agents)
    )
    Presence.objects.bulk_create(Presence(agent=agent, since=NOW, seen_at=NOW) for agent in agents)
    skill = Skill.objects.create(code="bench", name="bench")
    for agent in agents[: AGENTS // 2]:
        agent.skills.add(skill)
    Dedication.objects.bulk_create(
        Dedication(member=member, agent=agents[n % AGENTS], since=NOW)
        for n, member in enumerate(members[: MEMBERS // 10])
    )
    values = {
        "member": members[0].pk,
        "stranger": members[MEMBERS].pk,
        "members": MEMBERS,
        "department": departments[0].pk,
        "departments": DEPARTMENTS,
        "agent": agents[0].pk,
        "agents": AGENTS,
        "skill": skill.pk,
        "now": NOW,
        "open": OPEN,
        "cases": CASES,
    }
    began = time.perf_counter()
    with connection.cursor() as cursor:
        for field in Case._meta.concrete_fields:
            if isinstance(field, CharField) and not field.null:
                cursor.execute(f"ALTER TABLE feedback_case ALTER {field.column} SET DEFAULT ''")
        cursor.execute(OLD, values)
        cursor.execute("VACUUM ANALYZE")
    print(f"{CASES:,} cases, {OPEN:,} of them open ({time.perf_counter() - began:.0f} s)")
    return values


def measure(values: dict[str, Any]) -> None:
    from feedback.models import Case, Department
    from feedback.routing.commands import Routed, hand_back_gone, route

    def arrive(number: int) -> None:
        with connection.cursor() as cursor:
            cursor.execute(NEW, {**values, "number": number})
            cursor.execute("ANALYZE feedback_case")

    def run(name: str) -> Routed:
        with CaptureQueriesContext(connection) as queries:
            began = time.perf_counter()
            done = route(at=NOW)
            taken = time.perf_counter() - began
        print(f"{name}: {done.given:,} given in {taken:.3f} s with {len(queries)} statements")
        return done

    run("nothing waits")
    for number in (10, 100, 1000):
        arrive(number)
        assert run(f"{number:,} wait").given == number
    arrive(1000)
    print(f"1,000 wait, two routers: {together(lambda: route(at=NOW)):.3f} s")
    left = Case.objects.filter(agent=None, resolved_at=None).count()
    assert route(at=NOW).given == left, left
    Department.objects.update(away_after=timedelta(minutes=15))
    began = time.perf_counter()
    hand_back_gone(at=NOW)
    print(f"looking for those who left, everybody being there: {time.perf_counter() - began:.3f} s")
    arrive(20_000)
    run("20,000 wait, more than fits")
    run("the rest wait, everybody is full")
    began = time.perf_counter()
    back = hand_back_gone(at=NOW + timedelta(minutes=30))
    print(f"everybody is gone: {back:,} taken back in {time.perf_counter() - began:.2f} s")


def together(call: Callable[[], Any]) -> float:
    def run() -> None:
        try:
            call()
        finally:
            connection.close()

    threads = [Thread(target=run) for _ in range(2)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
