"""How long the screens that people live in take at a million cases, a twentieth of them open, and 200 agents.

Makes its own database on the private server, or beside DATABASE_URL's, one for each size, and keeps it for
the next run of the same checkout. `CASES=100000` is ready sooner.
"""

import gzip
import os
import statistics
import sys
import time
from importlib import import_module

from config import embedded

CASES = int(os.environ.get("CASES", "1000000"))
ROUNDS = 60

embedded.use()
ADDRESS = os.environ.get("DATABASE_URL") or embedded.url()
SERVER, NAME = ADDRESS.rsplit("/", 1)[0], f"huiyin_screens_{CASES}"
os.environ.update(
    DATABASE_URL=f"{SERVER}/{NAME}",
    DJANGO_SETTINGS_MODULE="config.settings",
    SECRET_KEY="bench" * 12,
    AUDIT_KEY="bench" * 12,
    ALLOWED_HOSTS="*",
    HTTPS="0",
    LOG_LEVEL="ERROR",
)


def make_database() -> None:
    """An empty database of our own, unless it is there."""
    import psycopg

    with psycopg.connect(f"{SERVER}/postgres", autocommit=True) as server:
        known = server.execute("SELECT 1 FROM pg_database WHERE datname = %s", (NAME,)).fetchone()
        if not known:
            server.execute(f"CREATE DATABASE {NAME}")


FILL = """
INSERT INTO compensation_member (external_id, name, phone, email, registered_at, region, city, language,
  consent_marketing, tier_id)
SELECT 'B' || n, '会员' || n, '139' || lpad(n::text, 8, '0'), '', now() - interval '1 year', '上海', '',
  'zh-hans', false, (SELECT min(id) FROM compensation_tier)
FROM generate_series(1, %(members)s) n;

INSERT INTO feedback_case (member_id, kind, channel, status, priority, subject, department_id, agent_id,
  version, opened_at, first_replied_at, resolved_at, resolution, closed_at, next_due_at, last_message_at,
  last_message, last_author, category, language, waiting_for)
SELECT m.low + n %% %(members)s, (array['complaint', 'enquiry', 'refund'])[1 + n %% 3],
  (array['portal', 'chat', 'phone', 'app'])[1 + n %% 4], s.status, 1 + n %% 4, '包裹什么时候到 ' || n,
  d.ids[1 + n %% array_length(d.ids, 1)],
  CASE WHEN n %% 3 > 0 THEN a.ids[1 + n %% 8 + 8 * (n / 8 %% 25)] END, 1,
  w.opened, CASE WHEN s.ended THEN w.opened + interval '20 minutes' END,
  CASE WHEN s.ended THEN w.ended END,
  CASE WHEN s.ended THEN 'solved' ELSE '' END, CASE WHEN s.status = 'closed' THEN w.ended END,
  CASE WHEN NOT s.ended AND s.status <> 'waiting_member'
    THEN now() + (n %% 2880 - 300) * interval '1 minute' END,
  now() - n %% 600 * interval '1 minute', '什么时候能送到？等了三天了，麻烦帮我查一下。', 'member',
  '', 'zh-hans', ''
FROM generate_series(1, %(cases)s) n,
  LATERAL (SELECT min(id) AS low FROM compensation_member WHERE external_id LIKE 'B%%') m,
  LATERAL (SELECT array_agg(id ORDER BY id) AS ids FROM feedback_department) d,
  LATERAL (SELECT array_agg(id ORDER BY id) AS ids FROM feedback_agent) a,
  LATERAL (SELECT CASE WHEN n %% %(cases)s < %(cases)s / 20
    THEN (array['open', 'new', 'open', 'waiting_member'])[1 + n %% 4]
    ELSE (array['resolved', 'closed', 'closed', 'closed', 'closed'])[1 + n / 40 %% 5] END AS status) x,
  LATERAL (SELECT x.status, x.status IN ('resolved', 'closed') AS ended) s,
  LATERAL (SELECT now() - n * interval '30 seconds' AS opened, now() - n * interval '29 seconds' AS ended) w;

INSERT INTO feedback_message (case_id, author, user_id, is_public, body, at)
SELECT c.id, CASE n WHEN 2 THEN 'agent' ELSE 'member' END, CASE n WHEN 2 THEN u.id END, true,
  '什么时候能送到？等了三天了，麻烦帮我查一下。', c.opened_at + n * interval '10 minutes'
FROM feedback_case c, generate_series(1, 3) n, (SELECT min(id) AS id FROM common_user) u;

INSERT INTO feedback_casewords (case_id, words)
SELECT id, array_to_tsvector(array['快递', '包裹', id::text]
  || CASE WHEN id %% 3 = 0 THEN '漏发' ELSE '少件' END || ('词' || id %% 100)
  || ('事' || id %% 10000)) FROM feedback_case;

INSERT INTO common_event (kind, at, actor, subject_type, subject_id, data)
SELECT (array['case.opened', 'case.claimed', 'case.replied', 'clock.met'])[n],
  c.opened_at + n * interval '9 minutes',
  'user:' || u.id, 'case', c.id, '{}'
FROM feedback_case c, generate_series(1, 4) n, (SELECT min(id) AS id FROM common_user) u;

INSERT INTO feedback_clock (case_id, milestone, department_id, policy_version_id, calendar_version_id, facts,
  work, started_at, due_at, met_at, rungs_fired, next_fire_at)
SELECT c.id, m.name, c.department_id, p.id, k.id, '{}', interval '2 hours', c.opened_at,
  coalesce(c.next_due_at, c.opened_at + interval '1 day'), c.resolved_at, 0,
  CASE WHEN c.resolved_at IS NULL THEN coalesce(c.next_due_at, c.opened_at + interval '1 day') END
FROM feedback_case c, (VALUES ('next_reply'), ('resolution')) m(name),
  (SELECT min(id) AS id FROM feedback_policyversion) p, (SELECT min(id) AS id FROM feedback_calendarversion) k
WHERE c.resolved_at IS NULL OR c.resolved_at <= coalesce(c.next_due_at, c.opened_at + interval '1 day');
"""


def fill() -> None:
    """Departments, agents and a policy by the factories, the mass by SQL."""
    from django.db import connection, transaction
    from django.utils import timezone

    from feedback.defaults.roles import seed_roles
    from feedback.models import Case
    from feedback.sops.commands import publish_calendar
    from tests.factories.compensation import TierFactory
    from tests.factories.feedback import AgentFactory, CalendarFactory, DepartmentFactory
    from tests.factories.sop import make_policy

    if Case.objects.count() >= CASES:
        return
    print(f"filling with {CASES:,} cases …", flush=True)
    with transaction.atomic():
        seed_roles(timezone.now())
        TierFactory()
        calendar = CalendarFactory(code="always")
        publish_calendar(calendar=calendar, actor=None, at=timezone.now())
        departments = [DepartmentFactory(calendar=calendar) for _ in range(8)]
        for n in range(200):
            AgentFactory(
                departments=[departments[n % 8], departments[(n + 1) % 8]], user__username=f"agent{n}"
            )
        AgentFactory(leads=departments, user__role="supervisor", user__username="lead")
        make_policy()
        with connection.cursor() as cursor:
            for statement in FILL.split(";\n"):
                cursor.execute(statement % {"cases": CASES, "members": CASES // 5})
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def counter(queries: list[str]):
    """Write down what is asked of the database."""

    def ask(run, sql, *rest):
        queries.append(sql)
        return run(sql, *rest)

    return ask


def measure() -> None:
    """Time what a browser would wait for, without the network."""
    from django.conf import settings
    from django.db import connection
    from django.test import Client
    from django.utils import timezone

    from config.common.models import User
    from feedback.models import Agent, Case

    settings.STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
    settings.MIDDLEWARE = [one for one in settings.MIDDLEWARE if "whitenoise" not in one]
    print(f"{Case.objects.count():,} cases, {Case.objects.filter(resolved_at=None).count():,} not resolved")
    agent = Agent.objects.select_related("user").get(user__username="agent3")
    mine = Case.objects.filter(agent=agent, resolved_at=None).first()
    assert mine is not None
    since = timezone.now().isoformat().replace("+", "%2B")
    pages = {
        "desk, mine": "/admin/desk/",
        "desk, departments": "/admin/desk/?view=department",
        "desk, late complaints": "/admin/desk/?view=department&kind=complaint&due=late",
        "desk, waiting": "/admin/desk/?view=waiting",
        "desk, resolved": "/admin/desk/?view=resolved",
        "desk, search by phone": f"/admin/desk/?q={mine.member.phone}",
        "desk, search by number": f"/admin/desk/?q={mine.number}",
        "desk, search a word of all": "/admin/desk/?q=快递",
        "desk, search one of a hundred": "/admin/desk/?q=词7 包裹",
        "desk, search one of ten thousand": "/admin/desk/?q=事77 漏发",
        "preview": f"/admin/case/{mine.pk}/preview/",
        "case page": f"/admin/case/{mine.pk}/",
        "poll": f"/admin/desk/news/?view=department&since={since}",
        "changelist": "/admin/feedback/case/",
        "board": "/admin/board/",
        "staff API": "/api/v1/staff/cases/",
    }
    print(f"{'':10}{'':26}{'queries':>8}{'p50 ms':>9}{'p95 ms':>9}{'kB':>7}{'gzip':>7}")
    for name in ("agent3", "lead"):
        client = Client()
        client.force_login(User.objects.get(username=name), settings.AUTHENTICATION_BACKENDS[-1])
        for label, path in pages.items():
            if client.get(path).status_code == 403:
                continue
            queries: list[str] = []
            with connection.execute_wrapper(counter(queries)):
                response = client.get(path)
            assert response.status_code == 200, (path, response.status_code)
            times = []
            for _ in range(ROUNDS):
                start = time.perf_counter()
                client.get(path)
                times.append((time.perf_counter() - start) * 1000)
            p50, p95 = statistics.median(times), statistics.quantiles(times, n=20)[-1]
            size, packed = len(response.content) / 1000, len(gzip.compress(response.content)) / 1000
            print(
                f"{name:10}{label:26}{len(queries):8}{p50:9.1f}{p95:9.1f}{size:7.1f}{packed:7.1f}", flush=True
            )


if __name__ == "__main__":
    make_database()
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    import_module("config.wsgi")  # as a web worker starts
    fill()
    measure()
    sys.exit(0)
