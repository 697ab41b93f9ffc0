"""The results of a survey with 1,000,000 answers: how long counting them takes, and each page.

Builds a database of its own (huiyin_results) in the private PostgreSQL and throws it away again.
ANSWERS=1000000 says how many. Prints a table in Markdown.
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

NAME = "huiyin_results"
ANSWERS = int(os.environ.get("ANSWERS", "1000000"))
A_RESPONSE = 5
MEMBERS, PRODUCTS, AGENTS = 100_000, 2_000, 200
RATE = 0.4
INVITATIONS = """
    INSERT INTO surveys_invitation (wave_id, version_id, member_id, stratum_id, way, segments, key, nonce,
        digest, is_anonymous, invited_at, expires_at, channel, reminders, is_answered)
    SELECT wave.id, %(version)s, member.id, NULL, 'asked',
           ARRAY[(ARRAY['vip', 'new', 'established', 'lost'])[1 + n %% 4]], 'member:' || n, gen_random_uuid(),
           md5(wave.id || '|' || n) || md5(n::text), false, wave.opens_at + n %% 80 * interval '1 day',
           wave.opens_at + interval '400 days', (ARRAY['push', 'sms', 'wechat', 'email'])[1 + n %% 4], 0,
           n %% 100 < %(rate)s
    FROM surveys_wave wave CROSS JOIN generate_series(1, %(each)s) n
    JOIN (SELECT id, row_number() OVER (ORDER BY id) AS place FROM compensation_member) member
      ON member.place = 1 + n %% %(members)s
    WHERE wave.campaign_id = %(campaign)s
"""
RESPONSES = """
    INSERT INTO surveys_response (wave_id, version_id, invitation_id, at, week, is_anonymous, channel,
        segments, product_id, agent_id)
    SELECT wave_id, version_id, id, invited_at + interval '5 hours',
           date_trunc('week', (invited_at + interval '5 hours') AT TIME ZONE 'Asia/Shanghai')::date, false,
           channel, segments, (SELECT min(id) FROM compensation_product) + id %% %(products)s,
           (SELECT min(id) FROM feedback_agent) + id %% %(agents)s
    FROM surveys_invitation WHERE is_answered
"""
SAID = """
    INSERT INTO surveys_answer (response_id, question_id, "row", score, second, picked, text)
    SELECT response.id, question.id, '',
           CASE question.kind WHEN 'csat' THEN 1 + (response.id * 7 %% 9 + response.id %% 3) %% 5
                WHEN 'ces' THEN 1 + response.id * 3 %% 5 WHEN 'nps' THEN response.id * 11 %% 11
                WHEN 'kano' THEN 1 + response.id %% 5 END,
           CASE question.kind WHEN 'kano' THEN 1 + response.id / 5 %% 5 END,
           CASE question.kind WHEN 'single'
                THEN ARRAY[(ARRAY['price', 'speed', 'words'])[1 + response.id %% 3]] END,
           ''
    FROM surveys_response response CROSS JOIN surveys_question question
    WHERE question.version_id = %(version)s
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
    campaign = fill()
    count()
    pages(campaign)


def fill() -> int:
    from django.db import connection

    from compensation.models import Member, Product, Tier
    from config.common.models import User
    from feedback.models import Agent
    from surveys.campaigns import commands as campaigns
    from surveys.models import Campaign, Occasion, QuestionKind, Rhythm, Survey, Wave
    from surveys.questionnaires import commands

    at = datetime.now(UTC) - timedelta(days=400)
    survey = Survey(code="bench", name="Bench")
    version = commands.create(survey=survey, title="Bench", actor=None, at=at)
    choices = [{"code": code, "text": code} for code in ("price", "speed", "words")]
    for kind in (
        QuestionKind.CSAT,
        QuestionKind.NPS,
        QuestionKind.CES,
        QuestionKind.SINGLE,
        QuestionKind.KANO,
    ):
        given = choices if kind == QuestionKind.SINGLE else []
        commands.add_question(
            version_id=version.pk,
            choices=given,
            actor=None,
            at=at,
            kind=kind,
            code=kind.value,
            text=kind.value,
        )
    commands.publish(version_id=version.pk, actor=None, at=at)
    campaign = campaigns.save_campaign(
        campaign=Campaign(
            code="bench", name="Bench", survey=survey, occasion=Occasion.RECURRING, rhythm=Rhythm.QUARTER
        ),
        actor=None,
        at=at,
    )
    campaigns.launch(campaign_id=campaign.pk, actor=None, at=at)
    tier = Tier.objects.first()
    Member.objects.bulk_create(
        (Member(external_id=f"B{n}", registered_at=at, tier=tier) for n in range(MEMBERS)), batch_size=5_000
    )
    Product.objects.bulk_create(Product(external_id=f"P{n}", name=f"P{n}") for n in range(PRODUCTS))
    users = User.objects.bulk_create(User(username=f"bench{n}", password="!") for n in range(AGENTS))
    Agent.objects.bulk_create(Agent(user=user) for user in users)
    for quarter in range(4):
        opens = at + timedelta(days=90 * quarter)
        Wave.objects.create(
            campaign=campaign, label=f"W{quarter + 1}", opens_at=opens, closes_at=opens + timedelta(days=90)
        )
    given = {
        "version": version.pk,
        "campaign": campaign.pk,
        "each": round(ANSWERS / A_RESPONSE / RATE / 4),
        "rate": round(100 * RATE),
        "members": MEMBERS,
        "products": PRODUCTS,
        "agents": AGENTS,
    }
    with connection.cursor() as cursor:
        for statement in (INVITATIONS, RESPONSES, SAID):
            cursor.execute(statement, given)
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("SELECT count(*) FROM surveys_answer")
        print(f"{cursor.fetchone()[0]:,} answers", flush=True)
    return campaign.pk


def count() -> None:
    from django.db import connection

    from surveys.models import Tally
    from surveys.results import sums

    begun = time.perf_counter()
    counted = sums.catch_up()
    took = time.perf_counter() - begun
    print(f"counted {counted:,} responses in {took:.0f} s, {counted / took:,.0f} a second", flush=True)
    print(f"{Tally.objects.count():,} sums", flush=True)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def pages(campaign: int) -> None:
    from django.conf import settings
    from django.test import Client
    from django.urls import reverse

    from config.common.models import User

    settings.ALLOWED_HOSTS = ["*"]
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": plain}
    user = User.objects.create(username="bench", is_staff=True, is_superuser=True, password="!")
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    print("\n| page | s, median of 5 | kB |\n|---|--:|--:|")
    for name, query in (
        ("survey_results", ""),
        ("survey_results", "wave=all"),
        ("survey_results", "wave=all&segment=vip"),
        ("survey_results", "wave=all&segment=vip&channel=push"),
        ("survey_results", "wave=all&kano=segment"),
        ("survey_trend", ""),
        ("survey_groups", "wave=all&by=segment"),
        ("survey_groups", "wave=all&by=agent"),
        ("survey_groups", "wave=all&by=product"),
        ("survey_crosstab", "wave=all&down=csat&across=single"),
        ("survey_words", ""),
    ):
        took = []
        for _ in range(5):
            begun = time.perf_counter()
            response = client.get(f"{reverse(f'admin:{name}', args=[campaign])}?{query}", secure=True)
            took.append(time.perf_counter() - begun)
        assert response.status_code == 200, response.status_code
        size = len(response.content) / 1_000
        print(f"| {name} {query} | {sorted(took)[2]:.2f} | {size:.0f} |", flush=True)


if __name__ == "__main__":
    main()
