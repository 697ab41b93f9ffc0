"""Counting, drawing and asking 100,000 of SIZE members (default 1,000,000), and looking again.

Builds a database of its own (huiyin_asking) in the private PostgreSQL and throws it away again. The members
have the segments that ship, two earlier waves, and some refusals and open cases; the wave has three strata.
"""

import os
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

NAME = "huiyin_asking"
SIZE = int(os.environ.get("SIZE", "1000000"))
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
    from surveys.invitations.commands import Decided, draw, invite_due
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

    def invited(at: datetime) -> Decided:
        decided = Decided()
        while (step := invite_due(at=at)).total:
            decided.add(step)
        return decided

    for number, back in enumerate((200, 100, 0), start=1):
        at, made = AT - timedelta(days=back), campaign(f"wave-{number}")
        print(f"wave {number}:", flush=True)
        timed("count before launch", lambda m=made, at=at: preview(m, at).total)
        commands.launch(campaign_id=made.pk, actor=None, at=at)
        took = timed("drawing", lambda at=at: drawn(at))
        took += timed("inviting", lambda at=at: invited(at))
        print(f"  drawn and invited in {took:,.1f} s", flush=True)
        timed("looking again", lambda at=at: (drawn(at), invited(at)))
    connection.close()


if __name__ == "__main__":
    main()
