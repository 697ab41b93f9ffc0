"""A year of campaigns over SIZE members (default 100,000), a pass each morning: nobody is asked too often.

Builds a database of its own (huiyin_year) in the private PostgreSQL and throws it away again. Three campaigns
ask: a quarterly one with three strata and a holdout, one every month, one after deliveries. At the end the
rows are held against the terms: the rest of each questionnaire, the cap of all, the shares, the holdout.
"""

import os
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import psycopg

from config import embedded

NAME = "huiyin_year"
SIZE = int(os.environ.get("SIZE", "100000"))
DAYS = int(os.environ.get("DAYS", "365"))
BEGIN = datetime(2027, 1, 1, 2, tzinfo=UTC)  # ten in the morning in Shanghai
REST, MOST, WITHIN = 60, 2, 30
STRATA = [("north", 50), ("south", 20), (None, 5)]

FILL = """
SET session_replication_role = replica;
INSERT INTO compensation_member (external_id, name, phone, email, registered_at, region, city, language,
  consent_marketing, tier_id)
SELECT 'C' || n, '会员' || n, '139' || lpad(n::text, 8, '0'), '', %(at)s - interval '1 year',
  (ARRAY['north', 'south', 'west'])[1 + n %% 3], '', 'zh-hans', false,
  (SELECT id FROM compensation_tier ORDER BY rank LIMIT 1)
FROM generate_series(1, %(members)s) n;
INSERT INTO compensation_memberfigures (member_id) SELECT id FROM compensation_member;
INSERT INTO compensation_order (external_id, member_id, channel, status, region, payment_method, total_fen,
  freight_fen, placed_at, paid_at, changed_at, changed_txid)
SELECT 'O' || n, 1 + (n * 7919) %% %(members)s, 'app', 'delivered', '', '', 1000, 0, t.at, t.at, t.at, 1
FROM generate_series(1, %(members)s) n,
  LATERAL (SELECT %(at)s + (n * 31 %% 525600) * interval '1 minute' AS at) t;
SET session_replication_role = DEFAULT
"""
CLOSE = """
WITH asked AS (
  SELECT i.member_id, i.invited_at, c.survey_id, c.is_capped
  FROM surveys_invitation i JOIN surveys_wave w ON w.id = i.wave_id
  JOIN surveys_campaign c ON c.id = w.campaign_id)
SELECT
  (SELECT count(*) FROM (SELECT invited_at - lag(invited_at) OVER (PARTITION BY member_id, survey_id
    ORDER BY invited_at) AS gap FROM asked) gaps WHERE gap < %(rest)s),
  (SELECT coalesce(max(number), 0) FROM (SELECT count(*) OVER (PARTITION BY member_id ORDER BY invited_at
    RANGE BETWEEN %(within)s PRECEDING AND CURRENT ROW) AS number FROM asked WHERE is_capped) windows)
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


def run() -> None:
    """Fill the database, let a year pass, and look."""
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection
    from django.db.models import Count

    from compensation.defaults import tiers
    from compensation.models import Segment
    from surveys.campaigns import chance, commands
    from surveys.invitations.commands import ask
    from surveys.models import Campaign, Invitation, Occasion, Rhythm, Skip, Stratum, SurveyTerms, Wave
    from surveys.questionnaires.commands import install

    connection.close()
    connection.settings_dict["NAME"] = NAME
    call_command("migrate", verbosity=0)
    tiers.seed(BEGIN)
    with connection.cursor() as cursor:
        for statement in FILL.split(";\n"):
            cursor.execute(statement, {"at": BEGIN, "members": SIZE})
        cursor.execute("VACUUM ANALYZE")
    SurveyTerms.objects.create(most=MOST, days=WITHIN)
    kinds = [
        ("quarterly", {"occasion": Occasion.RECURRING, "rhythm": Rhythm.QUARTER, "holdout": 10}),
        ("nps", {"occasion": Occasion.RECURRING, "rhythm": Rhythm.MONTH}),
        ("post-delivery", {"occasion": Occasion.DELIVERED, "delay_hours": 24}),
    ]
    for code, fields in kinds:
        made = Campaign(
            code=code, name=code, survey=install(code, at=BEGIN), channels=["sms"], rest_days=REST, **fields
        )
        made = commands.save_campaign(campaign=made, actor=None, at=BEGIN)
        for place, (region, share) in enumerate(STRATA if code != "post-delivery" else [], start=1):
            filters = {"region": region} if region else {}
            segment, _new = Segment.objects.get_or_create(
                code=region or "all", defaults={"name": "x", "filters": filters}
            )
            Stratum.objects.create(
                campaign=made, position=place, name=region or "rest", share=share,
                segment=segment if region else None,
            )  # fmt: skip
        commands.launch(campaign_id=made.pk, actor=None, at=BEGIN)
    begun, asked = time.perf_counter(), 0
    for day in range(DAYS):
        asked += ask(at=BEGIN + timedelta(days=day)).asked
    took = time.perf_counter() - begun
    print(f"{SIZE:,} members, {DAYS} days: asked {asked:,} times in {took:,.0f} s")
    with connection.cursor() as cursor:
        cursor.execute(CLOSE, {"rest": timedelta(days=REST), "within": timedelta(days=WITHIN, seconds=-1)})
        too_soon, most = cursor.fetchone()
    print(f"asked the same within {REST} days: {too_soon}; most within {WITHIN} days: {most} of {MOST}")
    assert (too_soon, most <= MOST) == (0, True)
    never = {
        pk for pk in range(1, SIZE + 1) if chance.place("quarterly", chance.HOLDOUT, pk) < chance.limit(10)
    }
    quarterly = Invitation.objects.filter(wave__campaign__code="quarterly")
    reached = quarterly.filter(member__in=never).count()
    print(f"holdout: {len(never):,} members, asked {reached}")
    assert reached == 0
    in_stratum = SIZE / len(STRATA)
    for wave in Wave.objects.filter(campaign__code="quarterly").order_by("opens_at"):
        rows = Invitation.objects.filter(wave=wave).values_list("stratum__name").annotate(number=Count("pk"))
        drawn = [
            sum(1 for pk in range(1 + shift, SIZE + 1, 3)
                if chance.place("quarterly", wave.label, pk) < chance.limit(share))
            for shift, (_region, share) in zip((2, 0, 1), STRATA, strict=True)
        ]  # fmt: skip
        print(
            f"{wave.label}: drawn "
            + ", ".join(f"{100 * number / in_stratum:.1f} %" for number in drawn)
            + " of "
            + ", ".join(f"{share} %" for _region, share in STRATA)
            + "; asked of those who are not held out "
            + ", ".join(
                f"{100 * n / 0.9 / in_stratum:.1f} %" for _name, n in rows.order_by("stratum__position")
            )
        )
    reasons = Skip.objects.values_list("reason").annotate(number=Count("pk")).order_by("-number")
    print("not asked:", ", ".join(f"{reason} {number:,}" for reason, number in reasons))
    connection.close()


if __name__ == "__main__":
    main()
