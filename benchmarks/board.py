"""How long the board takes at 50,000 open cases with 150,000 running clocks; are its counts right?

Makes its own database `huiyin_board` on the private server, or beside DATABASE_URL's, and keeps it for the
next run. `OPEN=100000` asks for more.
"""

import gzip
import os
import statistics
import sys
import time

from config import embedded

OPEN = int(os.environ.get("OPEN", "50000"))
ROUNDS = 100

embedded.use()
ADDRESS = os.environ.get("DATABASE_URL") or embedded.url()
SERVER = ADDRESS.rsplit("/", 1)[0]
os.environ.update(
    DATABASE_URL=f"{SERVER}/huiyin_board",
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
        known = server.execute("SELECT 1 FROM pg_database WHERE datname = 'huiyin_board'").fetchone()
        if not known:
            server.execute("CREATE DATABASE huiyin_board")


DEFAULTS = """
DO $$ DECLARE one record; BEGIN FOR one IN
  SELECT table_name, column_name, data_type FROM information_schema.columns
  WHERE table_name IN ('feedback_case', 'feedback_clock') AND is_nullable = 'NO' AND column_default IS NULL
    AND data_type IN ('character varying', 'text', 'boolean')
LOOP EXECUTE format('ALTER TABLE %I ALTER COLUMN %I SET DEFAULT %L', one.table_name, one.column_name,
  CASE one.data_type WHEN 'boolean' THEN 'false' ELSE '' END); END LOOP; END $$
"""
"""What the statements below do not name has a default, in this database."""

FILL = """
INSERT INTO compensation_member (external_id, name, phone, email, registered_at, region, city, language,
  consent_marketing, tier_id)
SELECT 'B' || n, '会员' || n, '', '', now() - interval '1 year', '上海', '', 'zh-hans', false,
  (SELECT min(id) FROM compensation_tier)
FROM generate_series(1, 5000) n;

INSERT INTO feedback_case (member_id, kind, channel, status, priority, subject, department_id, agent_id,
  version, opened_at, first_replied_at, resolved_at, resolution, next_due_at, last_message, last_author)
SELECT m.low + n %% 5000, 'complaint', (array['portal', 'chat', 'phone', 'app', 'email'])[1 + n %% 5],
  s.status, 2, '包裹什么时候到 ' || n, d.ids[1 + n %% 8], a.ids[1 + n %% 200], 1,
  now() - (n %% 8000) * interval '1 minute', NULL, CASE WHEN s.ended THEN now() END,
  CASE WHEN s.ended THEN 'solved' ELSE '' END,
  CASE WHEN NOT s.ended THEN now() + (n %% 2880 - 120) * interval '1 minute' END, '请尽快处理。', 'member'
FROM generate_series(1, 2 * %(open)s) n,
  LATERAL (SELECT n > %(open)s AS ended, CASE WHEN n > %(open)s THEN 'resolved' ELSE 'open' END AS status) s,
  (SELECT min(id) AS low FROM compensation_member WHERE external_id LIKE 'B%%') m,
  (SELECT array_agg(id ORDER BY id) AS ids FROM feedback_department) d,
  (SELECT array_agg(id ORDER BY id) AS ids FROM feedback_agent) a;

INSERT INTO feedback_clock (case_id, milestone, department_id, policy_version_id, calendar_version_id, facts,
  work, started_at, due_at, paused_at, met_at, breached_at, rungs_fired, next_fire_at)
SELECT c.id, m.name, c.department_id, p.id, k.id, jsonb_build_object('channel', c.channel),
  interval '2 hours', least(c.opened_at, t.due), t.due, CASE WHEN t.paused THEN least(now(), t.due) END,
  CASE WHEN c.resolved_at IS NOT NULL THEN t.met END,
  CASE WHEN c.resolved_at IS NULL AND NOT t.paused AND t.due < now()
      OR c.resolved_at IS NOT NULL AND t.met > t.due
    THEN t.due END,
  (c.id %% 4 = 0)::int,
  CASE WHEN c.resolved_at IS NULL AND NOT t.paused AND t.due > now() THEN t.due END
FROM feedback_case c, (VALUES ('first_reply', 1), ('next_reply', 2), ('resolution', 3)) m(name, n),
  LATERAL (SELECT coalesce(c.next_due_at, c.opened_at) + (m.n - 1) * interval '5 hours' AS due,
    c.resolved_at IS NULL AND m.name = 'resolution' AND c.id %% 4 = 0 AS paused,
    coalesce(c.next_due_at, c.opened_at) + (m.n - 1) * interval '5 hours'
      + ((c.id * 7 + m.n) %% 240 - 200) * interval '1 minute' AS met) t,
  (SELECT min(id) AS id FROM feedback_policyversion) p, (SELECT min(id) AS id FROM feedback_calendarversion) k
"""


def fill() -> None:
    """Departments, agents and a policy by the factories, the mass by SQL."""
    from django.db import connection, transaction
    from django.utils import timezone

    from feedback.defaults.roles import seed_roles
    from feedback.models import AttainmentTarget, Case, Presence
    from feedback.sops.commands import publish_calendar
    from tests.factories.compensation import TierFactory
    from tests.factories.feedback import AgentFactory, CalendarFactory, DepartmentFactory
    from tests.factories.sop import make_policy

    if Case.objects.filter(resolved_at=None).count() >= OPEN:
        return
    print(f"filling with {OPEN:,} open cases …", flush=True)
    with transaction.atomic():
        seed_roles(timezone.now())
        TierFactory()
        calendar = CalendarFactory(code="always")
        publish_calendar(calendar=calendar, actor=None, at=timezone.now())
        departments = [DepartmentFactory(calendar=calendar) for _ in range(8)]
        for n in range(200):
            agent = AgentFactory(departments=[departments[n % 8]], user__username=f"agent{n}")
            Presence.objects.create(agent=agent, since=timezone.now(), seen_at=timezone.now())
        AgentFactory(leads=departments, user__role="supervisor", user__username="lead")
        AttainmentTarget.objects.create(percent=90)
        make_policy()
        with connection.cursor() as cursor:
            cursor.execute(DEFAULTS)
            for statement in FILL.split(";\n"):
                cursor.execute(statement % {"open": OPEN})
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def measure() -> None:
    """Time what a browser would wait for, without the network; then count everything and compare."""
    from django.conf import settings
    from django.db import connection
    from django.test import Client
    from django.utils import timezone

    from config.common.models import User
    from feedback.models import BoardCount, Case, Clock
    from feedback.supervision import counts, pace
    from feedback.supervision.board import board

    settings.STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
    settings.MIDDLEWARE = [one for one in settings.MIDDLEWARE if "whitenoise" not in one]
    running = Clock.objects.filter(met_at=None, stopped_at=None).count()
    print(f"{Case.objects.filter(resolved_at=None).count():,} open cases, {running:,} running clocks")
    start = time.perf_counter()
    gone = counts.fold()
    print(
        f"folding: {gone:,} rows in {time.perf_counter() - start:.2f} s; {BoardCount.objects.count():,} left"
    )
    pace.measure(at=timezone.now())
    client = Client()
    client.force_login(User.objects.get(username="lead"), settings.AUTHENTICATION_BACKENDS[-1])
    print(f"{'':26}{'queries':>8}{'p50 ms':>9}{'p95 ms':>9}{'kB':>7}{'gzip':>7}")
    pages = {
        "board": ("/admin/board/", {}),
        "board, refreshed": ("/admin/board/", {"HTTP_HX_REQUEST": "true"}),
        "board, late": ("/admin/board/clocks/?state=breached", {}),
        "board, forecast": ("/admin/board/clocks/?state=forecast", {}),
        "board, today": ("/admin/board/clocks/?state=today", {}),
        "breaches": ("/admin/breaches/", {}),
    }
    for label, (path, headers) in pages.items():
        client.get(path, **headers)
        queries: list[str] = []
        with connection.execute_wrapper(counter(queries)):
            response = client.get(path, **headers)
        assert response.status_code == 200, (path, response.status_code)
        times = []
        for _ in range(ROUNDS):
            start = time.perf_counter()
            client.get(path, **headers)
            times.append((time.perf_counter() - start) * 1000)
        p50, p95 = statistics.median(times), statistics.quantiles(times, n=20)[-1]
        size, packed = len(response.content) / 1000, len(gzip.compress(response.content)) / 1000
        print(f"{label:26}{len(queries):8}{p50:9.1f}{p95:9.1f}{size:7.1f}{packed:7.1f}", flush=True)
    start = time.perf_counter()
    wrong = counts.differences()
    took = time.perf_counter() - start
    print(f"a recount of all clocks takes {took:.2f} s and differs in {len(wrong)} counts")
    from feedback.models import Department

    start = time.perf_counter()
    board(list(Department.objects.values_list("pk", flat=True)), now=timezone.now())
    print(f"the board's queries alone: {(time.perf_counter() - start) * 1000:.1f} ms")


def counter(queries: list[str]):
    """Write down what is asked of the database."""

    def ask(run, sql, *rest):
        start = time.perf_counter()
        result = run(sql, *rest)
        took = (time.perf_counter() - start) * 1000
        queries.append(sql)
        if os.environ.get("SHOW") and took > float(os.environ["SHOW"]):
            print(f"   {took:6.1f} ms {sql[:220]}")
        return result

    return ask


if __name__ == "__main__":
    make_database()
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    fill()
    measure()
    sys.exit(0)
