"""Counting, drawing and asking 100,000 of SIZE members (default 1,000,000), and looking again.

WORKERS (default 2) processes invite, as workers of an installation do.

Builds a database of its own (huiyin_asking) in the private PostgreSQL and throws it away again. The members
have the segments that ship, two earlier waves, and some refusals and open cases; the wave has three strata.
"""

import os
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import psycopg

from config import embedded

NAME = "huiyin_asking"
SIZE = int(os.environ.get("SIZE", "1000000"))
WORKERS = int(os.environ.get("WORKERS", "2"))
AT = datetime(2027, 4, 12, 2, tzinfo=UTC)  # ten in the morning in Shanghai
STRATA = [("vip", "VIP", 20), ("new", "New", 50), ("established", "Established", 9)]

FILL = """
SET session_replication_role = replica;
INSERT INTO compensation_member (external_id, name, phone, email, registered_at, region, city, language,
  consent_marketing, tier_id)
SELECT 'C' || n, '会员' || n, CASE WHEN n %% 10 < 8 THEN '139' || lpad(n::text, 8, '0') ELSE '' END,
  CASE WHEN n %% 3 = 0 THEN 'm' || n || '@example.com' ELSE '' END,
  %(at)s - (n * 31 %% 1500) * interval '1 day', '上海', '', 'zh-hans', false,
  (SELECT id FROM compensation_tier ORDER BY rank LIMIT 1)
FROM generate_series(1, %(members)s) n;
INSERT INTO compensation_memberfigures (member_id, orders, year_fen, spent_fen, last_order_at)
SELECT id, id %% 7, (id * 7919) %% 300000, (id * 7919) %% 900000, %(at)s - (id * 13 %% 700) * interval '1 day'
FROM compensation_member;
INSERT INTO compensation_consentchoice (member_id, purpose, channel, is_given, source, changed_at)
SELECT id, 'survey', channel, false, 'portal', %(at)s
FROM compensation_member, unnest(ARRAY['sms', 'email']) AS channel WHERE id %% 50 = 0;
SET session_replication_role = DEFAULT
"""


def main() -> None:
    embedded.use()
    server = embedded.url().rsplit("/", 1)[0]
    with psycopg.connect(f"{server}/postgres", autocommit=True) as admin:
        admin.execute(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")
        admin.execute(f"CREATE DATABASE {NAME}")
    os.environ.update(
        DATABASE_URL=f"{server}/{NAME}", SECRET_KEY="b" * 60, AUDIT_KEY="b" * 60, LOG_LEVEL="ERROR",
        SMS_WEBHOOK_URL="http://gateway.example",
    )  # fmt: skip
    try:
        run()
    finally:
        with psycopg.connect(f"{server}/postgres", autocommit=True) as admin:
            admin.execute(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")


def timed(what: str, act: Callable[[], Any]) -> float:
    """Do something, print how long it took and what came of it."""
    begun = time.perf_counter()
    found = act()
    took = time.perf_counter() - begun
    print(f"  {what}: {took:,.1f} s ({found})", flush=True)
    return took


def ready() -> None:
    """Make a worker ready."""
    import django

    django.setup()


def invite(at: datetime) -> tuple[int, int]:
    """Decide on whoever waits, until nobody does; gives how many were asked and skipped."""
    from surveys.invitations.commands import invite_due
    from surveys.models import Waiting

    asked = skipped = 0
    while Waiting.objects.filter(due_at__lte=at).exists():
        step = invite_due(at=at)
        asked, skipped = asked + step.asked, skipped + step.skipped
        if not step.total:
            time.sleep(0.1)  # another worker has them
    return asked, skipped


def run() -> None:
    """Fill the database and measure."""
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    from compensation.defaults import segments, tiers
    from compensation.models import Segment
    from surveys.campaigns import commands
    from surveys.campaigns.queries import preview
    from surveys.invitations.commands import draw
    from surveys.models import Campaign, Occasion, Stratum
    from surveys.questionnaires.commands import install

    connection.close()
    connection.settings_dict["NAME"] = NAME
    call_command("migrate", verbosity=0)
    for seed in (tiers.seed, segments.seed):
        seed(AT)
    begun = time.perf_counter()
    with connection.cursor() as cursor:
        for statement in FILL.split(";\n"):
            cursor.execute(statement, {"at": AT, "members": SIZE})
        cursor.execute("VACUUM ANALYZE")
    print(f"{SIZE:,} members ({time.perf_counter() - begun:.0f} s to fill)", flush=True)
    survey = install("quarterly", at=AT)

    def campaign(code: str) -> Campaign:
        made = commands.save_campaign(
            campaign=Campaign(
                code=code, name=code, survey=survey, occasion=Occasion.ONCE, channels=["sms", "email"],
                holdout=5, rest_days=80,
            ),
            actor=None, at=AT,
        )  # fmt: skip
        for place, (segment, name, share) in enumerate(STRATA, start=1):
            Stratum.objects.create(
                campaign=made,
                position=place,
                name=name,
                share=share,
                segment=Segment.objects.get(code=segment),
            )
        return made

    def drawn(at: datetime) -> int:
        looked = 0
        while step := draw(at=at):
            looked += step
        return looked

    workers = ProcessPoolExecutor(WORKERS, mp_context=get_context("spawn"), initializer=ready)
    list(workers.map(time.sleep, [1] * WORKERS))

    def invited(at: datetime) -> tuple[int, int]:
        parts = list(workers.map(invite, [at] * WORKERS))
        return sum(asked for asked, _skipped in parts), sum(skipped for _asked, skipped in parts)

    for number, back in enumerate((200, 100, 0), start=1):
        at, made = AT - timedelta(days=back), campaign(f"wave-{number}")
        print(f"wave {number}:", flush=True)
        timed("count before launch", lambda m=made, at=at: preview(m, at).total)
        commands.launch(campaign_id=made.pk, actor=None, at=at)
        took = timed("drawing", lambda at=at: drawn(at))
        took += timed("inviting", lambda at=at: invited(at))
        print(f"  drawn and invited in {took:,.1f} s", flush=True)
        timed("looking again", lambda at=at: (drawn(at), invited(at)))
    workers.shutdown()
    connection.close()


if __name__ == "__main__":
    main()
