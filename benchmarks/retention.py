"""What counting and letting go of what is past its period costs, with ROWS rows a table (default 1,000,000).

Rows are spread evenly over the last four years. Makes a database of its own (huiyin_retention) and throws it
away again, unless KEEP=1; what was kept is used by the next run. GO=1 lets go of notices and alerts too.
"""

import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import psycopg

from config import embedded

NAME = "huiyin_retention"
ROWS = int(os.environ.get("ROWS", "1000000"))
FILL = """
SET session_replication_role = replica;
CREATE TEMP TABLE moment AS
SELECT n, now() - n * interval '4 years' / %(rows)s AS at FROM generate_series(1, %(rows)s) n;
INSERT INTO compensation_member (id, external_id, name, phone, email, registered_at, region, city, language,
  consent_marketing, tier_id)
SELECT n, 'R' || n, '', '', '', at, '', '', 'zh-hans', false, 1 FROM moment WHERE n <= %(rows)s / 10;
INSERT INTO compensation_notice (key, kind, title, body, path, created_at, member_id)
SELECT 'r' || n, 'case', '有新的回复', '客服回复了您的问题', '/portal/', at, 1 + n %% (%(rows)s / 10)
FROM moment;
INSERT INTO common_outboxmessage (kind, key, request_id, recipient, payload, status, attempts,
  next_attempt_at, created_at, sent_at, last_error)
SELECT 'sms', 'r' || n, gen_random_uuid(), '', '{}', 'sent', 1, at, at, at, '' FROM moment;
INSERT INTO common_idempotencykey (scope, key, request_hash, created_at)
SELECT 'r', n, repeat('a', 64), at FROM moment;
INSERT INTO feedback_case (id, member_id, kind, channel, status, priority, subject, version, opened_at,
  resolved_at, resolution, closed_at, last_message_at, last_message, last_author, category, language,
  waiting_for, department_id)
SELECT n, 1 + n %% (%(rows)s / 10), 'complaint', 'portal', 'closed', 2, '包裹什么时候到', 1, at, at,
  'solved', at, at, '什么时候能送到？', 'member', '', 'zh-hans', '', 1 FROM moment;
INSERT INTO feedback_message (case_id, author, is_public, body, at)
SELECT n, 'member', true, '什么时候能送到？等了三天了，麻烦帮我查一下。', at FROM moment;
INSERT INTO feedback_casewords (case_id, words)
SELECT n, array_to_tsvector(array['快递', '包裹']) FROM moment;
INSERT INTO feedback_triage (case_id, member_id, read_at, decided, aspects, feeling, sentiment, gap_kind,
  cause, urgency, tones, keywords, words, read)
SELECT n, 1 + n %% (%(rows)s / 10), at, '{}', '{}', '', NULL, '', '', 2, '{}', '{快递}', '[]', '{}'
FROM moment;
INSERT INTO feedback_alert (key, kind, data, at, user_id, case_id)
SELECT 'r' || n, 'breach', '{}', at, 1, n FROM moment;
INSERT INTO compensation_order (id, external_id, member_id, channel, status, region, payment_method,
  total_fen, freight_fen, placed_at, changed_at, changed_txid)
SELECT n, 'R' || n, 1 + n %% (%(rows)s / 10), 'shop', 'delivered', '', '', 9900, 0, at, at, 1 FROM moment;
INSERT INTO compensation_shipment (id, order_id, external_id, carrier, tracking_number)
SELECT n, n, '1', 'sf', '' FROM moment;
INSERT INTO compensation_shipmentevent (at, code, text, place, shipment_id)
SELECT at, 'signed', '已签收', '上海', n FROM moment;
INSERT INTO feedback_review (external_id, source, member_id, order_id, stars, title, text, written_at, status,
  is_rewarded, device)
SELECT 'r' || n, 'import', 1 + n %% (%(rows)s / 10), n, 5, '', '不错', at, 'published', false,
  CASE WHEN n < %(rows)s / 8 THEN 'd' ELSE '' END FROM moment;
INSERT INTO feedback_behaviourevent (source, external_id, content, name, at, received_at, visitor, session,
  product, order_number, query, device, channel, page, member_id)
SELECT 'shop', 'r' || n, gen_random_uuid(), 'browse', at, at, '', '', '', '', '', '', '', '',
  1 + n %% (%(rows)s / 10) FROM moment;
SET session_replication_role = DEFAULT
"""


def main() -> None:
    embedded.use()
    server = embedded.url().rsplit("/", 1)[0]
    with psycopg.connect(f"{server}/postgres", autocommit=True) as admin:
        known = admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", (NAME,)).fetchone()
        if not known:
            admin.execute(f"CREATE DATABASE {NAME}")
    os.environ.update(
        DATABASE_URL=f"{server}/{NAME}", SECRET_KEY="b" * 60, AUDIT_KEY="b" * 60, LOG_LEVEL="ERROR"
    )
    filled = False
    try:
        filled = fill()
        measure()
    finally:
        from django.db import connection

        connection.close()
        if not (filled and os.environ.get("KEEP")):
            with psycopg.connect(f"{server}/postgres", autocommit=True) as admin:
                admin.execute(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")


def fill() -> bool:
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    from compensation.models import Notice

    call_command("migrate", verbosity=0)
    if not Notice.objects.exists():
        with connection.cursor() as cursor:
            for statement in FILL.split(";\n"):
                cursor.execute(statement % {"rows": ROWS})
            cursor.execute("VACUUM ANALYZE")
    return True


def measure() -> None:
    from django.utils import timezone

    from config.common import retention

    at, whole = timezone.now(), 0.0
    print(f"{'counted':30} {'rows':>10} {'seconds':>8}")
    for code in retention.KINDS:
        begun = time.perf_counter()
        run = retention.retain(code=code, is_dry=True, at=at)
        taken = time.perf_counter() - begun
        whole += taken
        print(f"{code:30} {run.rows:10,} {taken:8.2f}", flush=True)
    print(f"{'all':30} {'':10} {whole:8.2f}")
    for code in ("notices", "alerts") if os.environ.get("GO") else ():
        begun = time.perf_counter()
        run = retention.retain(code=code, at=at)
        taken = time.perf_counter() - begun
        print(
            f"let go of {code}: {run.rows:,} in {taken:.1f} s, {run.rows / taken:,.0f} a second", flush=True
        )


if __name__ == "__main__":
    main()
