"""What the desk's lists cost over CASES cases (default 100,000), a tenth of them unresolved: `make bench`.

In a database of its own, made by the test runner and thrown away.
"""

import os
import statistics
import time
from collections.abc import Callable

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django

from config import embedded

embedded.use()
django.setup()

from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext, get_runner
from django.utils import timezone

from compensation.models import Member, Tier
from config.common.models import User
from feedback.cases.queries import get_for, visible_to
from feedback.cases.queue import VIEWS, counts, next_case, queue
from feedback.cases.search import search
from feedback.defaults.departments import seed_departments
from feedback.defaults.roles import seed_roles
from feedback.models import Agent, Case, Department, Membership

CASES = int(os.environ.get("CASES", "100000"))
ROUNDS = 50
FILL = """
INSERT INTO feedback_case (member_id, kind, channel, status, priority, subject, department_id, agent_id,
    version, opened_at, first_replied_at, resolved_at, resolution, closed_at, next_due_at, last_message,
    last_author)
SELECT %(member)s + n %% 1000, 'complaint', 'portal', CASE WHEN n %% 10 = 0 THEN 'open' ELSE 'closed' END, 2,
    'case ' || n, (%(departments)s::int[])[1 + (n / 10) %% 7],
    CASE WHEN n %% 3 = 0 THEN %(agent)s END, 1, now() - n * interval '1 minute', now(),
    CASE WHEN n %% 10 > 0 THEN now() END, CASE WHEN n %% 10 > 0 THEN 'solved' ELSE '' END,
    CASE WHEN n %% 10 > 0 THEN now() END,
    CASE WHEN n %% 10 = 0 AND n %% 40 > 0 THEN now() + (n * 7919 %% 100000) * interval '1 second' END,
    'x', 'member'
FROM generate_series(1, %(cases)s) AS n
"""
HANDOFFS = """
INSERT INTO feedback_handoff (case_id, from_department_id, department_id, status, question, asked_at, answer,
    ended_at)
SELECT id, department_id, %(to)s, CASE WHEN resolved_at IS NULL THEN 'open' ELSE 'answered' END, '?',
    now(), '', resolved_at
FROM feedback_case WHERE id %% 50 = 0 AND department_id <> %(to)s
"""


def fill() -> tuple[User, User]:
    """An agent of one department, and somebody who sees all."""
    seed_roles(timezone.now())
    seed_departments(timezone.now())
    tier = Tier.objects.create(code="t", name="t", rank=0, above_fen=-1)
    Member.objects.bulk_create(
        Member(
            external_id=f"M{n}", name=f"会员{n}", phone=f"138{n:08}", registered_at=timezone.now(), tier=tier
        )
        for n in range(1001)
    )
    first = Member.objects.order_by("pk")[0].pk
    departments = list(Department.objects.order_by("pk").values_list("pk", flat=True))
    user = User.objects.create(username="agent")
    agent = Agent.objects.create(user=user)
    Membership.objects.create(agent=agent, department_id=departments[1])
    boss = User.objects.create(username="boss", is_superuser=True)
    with connection.cursor() as cursor:
        cursor.execute(FILL, {"member": first, "departments": departments, "agent": agent.pk, "cases": CASES})
        cursor.execute(HANDOFFS, {"to": departments[1]})
        cursor.execute("ANALYZE")
    return user, boss


def measure(what: str, user: User, call: Callable[[User], object]) -> None:
    times = []
    for _ in range(ROUNDS):
        fresh = User.objects.get(pk=user.pk)
        start = time.perf_counter()
        call(fresh)
        times.append(time.perf_counter() - start)
    with CaptureQueriesContext(connection) as context:
        call(User.objects.get(pk=user.pk))
    median, p95 = statistics.median(times) * 1e3, statistics.quantiles(times, n=20)[-1] * 1e3
    print(f"{what:<44} median {median:7.1f} ms   p95 {p95:7.1f} ms   {len(context) - 1} queries")


def bench() -> None:
    agent, boss = fill()
    print(f"{CASES} cases, {Case.objects.filter(resolved_at=None).count()} of them unresolved")
    for who, user in (("agent", agent), ("all departments", boss)):
        for view in VIEWS:
            measure(f"{who}: {view}, first page", user, lambda one, view=view: queue(one, view))
        page = queue(user)
        for _ in range(9):
            page = queue(user, after=page.after or "")
        measure(
            f"{who}: department, tenth page",
            user,
            lambda one, after=page.after or "": queue(one, after=after),
        )
        measure(f"{who}: counts of all views", user, counts)
        measure(f"{who}: next case", user, next_case)
        case = Case.objects.filter(department=queue(user).cases[0].department)[0]
        measure(f"{who}: one case", user, lambda one, pk=case.pk: get_for(one, pk))
        measure(
            f"{who}: newest 50 of all visible", user, lambda one: list(visible_to(one).order_by("-pk")[:50])
        )
        measure(f"{who}: search by phone", user, lambda one: list(search(one, "13800000007")))
        measure(f"{who}: search by name", user, lambda one: list(search(one, "会员77")))


if __name__ == "__main__":
    runner = get_runner(settings)(verbosity=0, interactive=False)
    runner.setup_test_environment()
    databases = runner.setup_databases()
    try:
        bench()
    finally:
        runner.teardown_databases(databases)
        runner.teardown_test_environment()
