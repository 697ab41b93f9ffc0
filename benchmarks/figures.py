"""A day's figures, and a year's, over ROWS orders, cases and reviews of a year (default 1,000,000).

Builds a database of its own (huiyin_figures) in the private PostgreSQL and throws it away again. Prints how
long a day takes, and a backfill of the year.
"""

import os
import statistics
import sys
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import psycopg

from config import embedded

NAME = "huiyin_figures"
ROWS = int(os.environ.get("ROWS", "1000000"))
MEMBERS, AGENTS, PRODUCTS, DEPARTMENTS = 100_000, 200, 2_000, 5
LAST = date(2026, 10, 31)
BEGIN = datetime(2025, 10, 31, 16, tzinfo=UTC)
SIZES = {
    "begin": BEGIN,
    "rows": ROWS,
    "members": MEMBERS,
    "products": PRODUCTS,
    "agents": AGENTS,
    "departments": DEPARTMENTS,
}
FILL = """
SET session_replication_role = replica;
INSERT INTO compensation_member (external_id, name, phone, email, registered_at, region, city, language,
  consent_marketing, tier_id)
SELECT 'C' || n, '', '', '', %(begin)s, (ARRAY['north', 'south', 'west'])[1 + n %% 3], '', 'zh-hans', false,
  (SELECT id FROM compensation_tier ORDER BY rank LIMIT 1) FROM generate_series(1, %(members)s) n;
INSERT INTO compensation_memberfigures (member_id, orders, spent_fen, year_fen, last_order_at)
SELECT id, id %% 9, id %% 900 * 100, id %% 900 * 100, %(begin)s + id %% 365 * interval '1 day' FROM
  compensation_member;
INSERT INTO compensation_tierperiod (member_id, tier_id, starts_at, reason, note)
SELECT id, tier_id, registered_at, 'start', '' FROM compensation_member;
INSERT INTO compensation_product (external_id, name, category)
SELECT 'P' || n, '', 'category ' || n %% 20 FROM generate_series(1, %(products)s) n;
INSERT INTO compensation_order (external_id, member_id, channel, status, region, payment_method, total_fen,
  freight_fen, placed_at, paid_at, changed_at, changed_txid)
SELECT 'O' || n, (SELECT min(id) FROM compensation_member) + (n::bigint * 7919) %% %(members)s,
  (ARRAY['app', 'web'])[1 + n %% 2], 'delivered', (ARRAY['north', 'south', 'west'])[1 + n %% 3], '',
  1000, 0,
  t.at, t.at, t.at, 1
FROM generate_series(1, %(rows)s) n, LATERAL (SELECT %(begin)s + n * (interval '365 days' / %(rows)s) AS
  at) t;
INSERT INTO compensation_orderline (order_id, external_id, product_id, quantity, paid_fen, deliver_by)
SELECT id, '1', (SELECT min(id) FROM compensation_product) + id %% %(products)s, 1, 1000, placed_at +
  interval '3 days'
FROM compensation_order;
INSERT INTO feedback_promise (line_id, aspect, source, due_at)
SELECT id, 'delivery', 'order', deliver_by FROM compensation_orderline;
INSERT INTO feedback_gap (member_id, order_id, promise_id, about, aspect, kind, cause, expected_at,
  actual_at, days,
  severity, detected_at, changed_at, dismissed_why, rules_due)
SELECT o.member_id, o.id, p.id, '', 'delivery', 'service', '', p.due_at, p.due_at + interval '2 days',
  -2, 2, p.due_at,
  p.due_at, '', false
FROM feedback_promise p JOIN compensation_orderline l ON l.id = p.line_id JOIN compensation_order o ON
  o.id = l.order_id
WHERE p.id %% 20 = 0;
INSERT INTO feedback_review (external_id, source, member_id, order_id, order_line_id, product_id, stars,
  title, text,
  written_at, counts)
SELECT 'R' || l.id, 'import', o.member_id, o.id, l.id, l.product_id, 1 + l.id %% 5, '', '', o.placed_at +
  interval '5 days', true
FROM compensation_orderline l JOIN compensation_order o ON o.id = l.order_id;
INSERT INTO feedback_case (member_id, order_id, kind, channel, status, priority, subject, language,
  waiting_for, department_id, agent_id, category, opened_at, first_replied_at, resolved_at, resolution,
  closed_at,
  last_message, last_author, version)
SELECT member_id, id, (ARRAY['complaint', 'enquiry'])[1 + id %% 2], (ARRAY['chat', 'portal'])[1 + id %% 2],
  'closed', 2, '', 'zh-hans', '', (SELECT min(id) FROM feedback_department) + id %% %(departments)s,
  (SELECT min(id) FROM feedback_agent) + id %% %(agents)s, '', placed_at, placed_at + interval '20 minutes',
  placed_at + interval '5 hours', 'solved', placed_at + interval '9 hours', '', '', 1
FROM compensation_order;
INSERT INTO feedback_clock (case_id, milestone, department_id, policy_version_id, calendar_version_id,
  facts, work,
  started_at, due_at, met_at, breached_at, rungs_fired)
SELECT c.id, m.name, c.department_id, 1, 1, '{}', interval '30 minutes', c.opened_at, c.opened_at +
  m.within,
  c.opened_at + m.took, CASE WHEN m.took > m.within THEN c.opened_at + m.within END, 0
FROM feedback_case c CROSS JOIN (VALUES ('first_reply', interval '30 minutes', interval '20 minutes'),
  ('resolution', interval '4 hours', interval '5 hours')) m (name, within, took);
SET session_replication_role = DEFAULT;
ANALYZE;
"""


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
        run()
    finally:
        from django.db import connections

        connections.close_all()
        with psycopg.connect(f"{server}/postgres", autocommit=True) as admin:
            admin.execute(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")


def run() -> None:
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    call_command("seed_defaults", verbosity=0)
    fill()
    from kpis.models import Snapshot
    from kpis.snapshots.commands import take

    days = [LAST - timedelta(back) for back in (40, 80, 120, 160, 200)]
    took = [timed(lambda day=day: take(first=day, last=day, at=datetime.now(UTC))) for day in days]
    print(
        f"a day: {statistics.median(took):.2f} s (median of {len(days)}), {ROWS // 365:,} facts of each kind"
    )
    whole = 0.0
    first = BEGIN.date() + timedelta(1)
    while first <= LAST:
        last = min(first + timedelta(30), LAST)
        whole += timed(lambda first=first, last=last: take(first=first, last=last, at=datetime.now(UTC)))
        first = last + timedelta(1)
    print(f"a year: {whole:.0f} s, {Snapshot.objects.count():,} snapshots")


def fill() -> None:
    """A year of the shop."""
    from django.db import connection

    started = time.perf_counter()
    people()
    with connection.cursor() as cursor:
        for statement in FILL.strip().split(";\n"):
            cursor.execute(statement, SIZES)
    print(
        f"filled in {time.perf_counter() - started:.0f} s: {ROWS:,} orders, cases and reviews, load",
        os.getloadavg(),
    )


def people() -> None:
    """Departments and agents enough."""
    from config.common.models import User
    from feedback.models import Agent, Calendar, Department

    calendar = Calendar.objects.first()
    for number in range(DEPARTMENTS):
        Department.objects.get_or_create(
            code=f"bench-{number}", defaults={"name": f"{number}", "calendar": calendar}
        )
    for number in range(AGENTS):
        Agent.objects.create(user=User.objects.create(username=f"bench-{number}"))


def timed(call: object) -> float:
    started = time.perf_counter()
    call()  # type: ignore[operator]
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
