"""Sums of answers, kept up as answers come, so that a million of them are read in a moment.

A trigger names each new response in TallyDue. Passes take names in bulk, leaving those that another pass is
at, and count their answers in the transaction that forgets the names: each response counts once, whatever
dies in between. A response or an answer that is deleted makes its week stale, which is then summed anew.

What is only emptied, because a member was erased or a period is over, stays as it was counted: sums hold
nobody. Summing a wave anew later counts what is left, which then has fewer segments and dates.
"""

from collections.abc import Iterable
from datetime import date
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from surveys.models import Response, Tally, TallyDue, TallyStale

AT_ONCE, MANY = 2_000, 20_000
"""Responses that one pass counts, for somebody who waits and for beat."""
IN_A_LOOK = 5
"""Passes that somebody who looks at results makes at most; beat makes the others."""
SUMMING = 4_702_126
"""The number of the lock that passes share, and that summing a week anew has alone."""

TAKE = """
    WITH named AS MATERIALIZED (
        SELECT id FROM surveys_tallydue ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED
    )
    DELETE FROM surveys_tallydue due USING named WHERE due.id = named.id RETURNING due.response_id
"""
KEYS = """
        SELECT ''
        UNION ALL SELECT answer.score::text WHERE answer.score IS NOT NULL AND answer.second IS NULL
        UNION ALL SELECT answer.score || '-' || answer.second WHERE answer.second IS NOT NULL
        UNION ALL SELECT one.code || CASE question.kind WHEN 'ranking' THEN ':' || one.place ELSE '' END
            FROM unnest(answer.picked) WITH ORDINALITY AS one (code, place)
            WHERE question.kind IN ('single', 'multiple', 'ranking')
        UNION ALL SELECT CASE WHEN answer.number = 0 THEN '0' ELSE
            trim_scale(round(answer.number, 2 - floor(log(abs(answer.number)))::int))::text END
            WHERE answer.number IS NOT NULL
        UNION ALL SELECT to_char(answer.day, 'YYYY-MM') WHERE answer.day IS NOT NULL
"""
"""What is counted of an answer to a question: a key for each thing."""
SAID = f"""
    SELECT taken.id, answer.question_id, answer."row", keyed.key
    FROM taken
    JOIN surveys_answer answer ON answer.response_id = taken.id
    JOIN surveys_question question ON question.id = answer.question_id
    CROSS JOIN LATERAL ({KEYS}) AS keyed (key)
    UNION ALL
    SELECT taken.id, NULL, timed."row", timed.key
    FROM taken
    JOIN surveys_response response ON response.id = taken.id
    LEFT JOIN surveys_invitation invitation ON invitation.id = response.invitation_id
    CROSS JOIN LATERAL (
        SELECT '', ''
        UNION ALL SELECT 'hour', extract(hour FROM response.at AT TIME ZONE %(zone)s)::int::text
            WHERE response.at IS NOT NULL
        UNION ALL SELECT 'waited',
            floor(extract(epoch FROM response.at - invitation.invited_at) / 3600)::int::text
            WHERE response.at IS NOT NULL AND invitation.way = 'asked'
    ) AS timed ("row", key)
"""  # noqa: S608 - put together from texts of the code
"""What the responses in `taken` said: a row for each thing that is counted, with its response."""
HELD = """
    SELECT taken.id, response.wave_id, response.week, known.dimension, known.value
    FROM taken
    JOIN surveys_response response ON response.id = taken.id
    CROSS JOIN LATERAL (
        SELECT '', ''
        UNION ALL SELECT 'stratum', response.stratum_id::text WHERE response.stratum_id IS NOT NULL
        UNION ALL SELECT 'channel', response.channel
        UNION ALL SELECT DISTINCT 'segment', segment FROM unnest(response.segments) AS segment
        UNION ALL SELECT 'tier', response.tier_id::text WHERE response.tier_id IS NOT NULL
        UNION ALL SELECT 'agent', response.agent_id::text WHERE response.agent_id IS NOT NULL
        UNION ALL SELECT 'department', response.department_id::text WHERE response.department_id IS NOT NULL
        UNION ALL SELECT 'product', response.product_id::text WHERE response.product_id IS NOT NULL
    ) AS known (dimension, value)
"""
"""What the responses in `taken` are told apart by: a row for each value."""
ADD = f"""
    WITH taken AS MATERIALIZED ({{taken}}), said AS MATERIALIZED ({SAID}), held AS MATERIALIZED ({HELD})
    INSERT INTO surveys_tally (wave_id, question_id, "row", week, dimension, value, counts)
    SELECT wave_id, question_id, "row", week, dimension, value, jsonb_object_agg(key, n)
    FROM (
        SELECT wave_id, question_id, "row", week, dimension, value, key, count(*) AS n
        FROM held JOIN said USING (id) GROUP BY 1, 2, 3, 4, 5, 6, 7
    ) AS counted
    GROUP BY wave_id, question_id, "row", week, dimension, value
    ORDER BY wave_id, dimension, value, question_id, "row", week
    ON CONFLICT (wave_id, dimension, value, question_id, "row", week) DO UPDATE SET counts = (
        SELECT jsonb_object_agg(key, n) FROM (
            SELECT key, sum(one::bigint) AS n FROM (
                SELECT * FROM jsonb_each_text(surveys_tally.counts)
                UNION ALL SELECT * FROM jsonb_each_text(excluded.counts)
            ) AS both_of_them (key, one) GROUP BY key
        ) AS summed
    )
"""  # noqa: S608 - put together from the texts above
NAMED = "SELECT unnest(%(ids)s::bigint[]) AS id"
OF_A_WEEK = """
    SELECT id FROM surveys_response WHERE wave_id = %(wave)s AND week = %(week)s
"""
ANEW = f"""
    WITH named AS (
        DELETE FROM surveys_tallydue due USING surveys_response response
        WHERE response.id = due.response_id AND response.wave_id = %(wave)s AND response.week = %(week)s
    ), {ADD.format(taken=OF_A_WEEK).lstrip().removeprefix("WITH ")}
"""  # noqa: S608 - put together from the texts above
"""The names go, and the week is counted, in one statement: both see the same responses."""


def refresh(*, limit: int = AT_ONCE) -> int:
    """Count responses that came since. Returns how many; several passes at once share the work."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s)", [SUMMING])
        cursor.execute(TAKE, [limit])
        ids = [pk for (pk,) in cursor.fetchall()]
        if ids:
            cursor.execute(ADD.format(taken=NAMED), {"ids": ids, **_zone()})
    return len(ids)


def look() -> int:
    """Count what somebody who looks now should see; returns how many are still to be counted."""
    for _pass in range(IN_A_LOOK):
        if refresh() < AT_ONCE:
            return 0
    return TallyDue.objects.count()


def catch_up() -> int:
    """Count all that is due, in passes that each commit, and sum anew what is stale. For beat."""
    counted = 0
    while found := refresh(limit=MANY):
        counted += found
    stale = TallyStale.objects.order_by("wave_id", "week").values_list("wave_id", "week").distinct()
    for wave_id, week in stale:
        recount(wave_id, week)
    return counted


@transaction.atomic
def recount(wave_id: int, week: date) -> None:
    """Sum a week of a wave anew from the answers themselves."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [SUMMING])
        TallyStale.objects.filter(wave_id=wave_id, week=week).delete()
        Tally.objects.filter(wave=wave_id, week=week).delete()
        cursor.execute(ANEW, {"wave": wave_id, "week": week, **_zone()})


def rebuild(wave_id: int) -> None:
    """Sum a wave anew, a week at a time."""
    for week in _weeks(wave_id):
        recount(wave_id, week)


def _weeks(wave_id: int) -> Iterable[date]:
    counted = Tally.objects.filter(wave=wave_id).order_by().values_list("week", flat=True).distinct()
    given = Response.objects.filter(wave=wave_id).order_by().values_list("week", flat=True).distinct()
    return sorted({*counted, *given})


def _zone() -> dict[str, Any]:
    return {"zone": settings.TIME_ZONE}
