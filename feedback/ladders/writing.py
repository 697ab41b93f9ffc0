"""What a chunk of a sweep writes: a handful of statements, whatever the number of clocks.

They ask for the transaction's position in the event log once, not once an event as its default would.
"""

from collections.abc import Sequence
from datetime import datetime

from django.db import connection

from config.common.bulk import array
from feedback.ladders.chunk import Due, Held
from feedback.ladders.firing import LATE, Fire

CLOCKS = """
WITH given AS (
    SELECT * FROM unnest(%s::bigint[], %s::smallint[], %s::timestamptz[], %s::boolean[], %s::bigint[])
        AS given (id, rungs_fired, next_fire_at, is_breached_now, department_id)
), done AS (
    UPDATE feedback_clock AS clock
    SET rungs_fired = given.rungs_fired, next_fire_at = given.next_fire_at,
        department_id = given.department_id,
        breached_at = CASE WHEN given.is_breached_now THEN clock.due_at ELSE clock.breached_at END
    FROM given WHERE clock.id = given.id
    RETURNING clock.id, clock.case_id, clock.milestone, clock.due_at, given.is_breached_now
)
INSERT INTO common_event (txid, kind, at, actor, subject_type, subject_id, data)
SELECT (SELECT common_event_position()), 'clock.breached', due_at, 'system', 'case', case_id,
    jsonb_build_object('clock', id, 'milestone', milestone)
FROM done WHERE is_breached_now ORDER BY id
"""

CASES = """
UPDATE feedback_case AS held
SET department_id = given.department_id, agent_id = given.agent_id, status = given.status,
    priority = given.priority, version = held.version + 1,
    news_version = CASE WHEN (given.department_id, given.status) = (held.department_id, held.status)
        THEN held.news_version ELSE held.version + 1 END,
    given_version = CASE WHEN given.agent_id IS NOT DISTINCT FROM held.agent_id
        THEN held.given_version ELSE held.version + 1 END,
    waiting_for = CASE WHEN given.status = 'open' THEN held.waiting_for ELSE '' END,
    queued_at = CASE WHEN given.department_id = held.department_id THEN held.queued_at ELSE %s END
FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::text[], %s::smallint[])
    AS given (id, department_id, agent_id, status, priority)
WHERE held.id = given.id
"""

SIBLINGS = """
UPDATE feedback_clock AS clock SET department_id = moved.to_id
FROM unnest(%s::bigint[], %s::bigint[]) AS moved (case_id, to_id)
WHERE clock.case_id = moved.case_id AND clock.handoff_id IS NULL AND clock.met_at IS NULL
    AND clock.stopped_at IS NULL AND clock.department_id <> moved.to_id
"""

MOVED = """
INSERT INTO common_event (txid, kind, at, actor, subject_type, subject_id, data)
SELECT (SELECT common_event_position()), 'clock.moved', %s, 'system', 'case', clock.case_id,
    jsonb_build_object(
        'clocks', jsonb_agg(clock.id ORDER BY clock.id), 'from', moved.from_id, 'to', moved.to_id
    )
FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[]) AS moved (case_id, from_id, to_id)
    JOIN feedback_clock AS clock USING (case_id)
WHERE clock.handoff_id IS NULL AND clock.met_at IS NULL AND clock.stopped_at IS NULL
GROUP BY clock.case_id, moved.from_id, moved.to_id
"""

FIRED = """
WITH effect AS MATERIALIZED (
    SELECT * FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::text[]::jsonb[])
        WITH ORDINALITY AS effect (action, event, alert, milestone, outcome, number)
), fired AS MATERIALIZED (
    SELECT clock_id, case_id, rung, due_at, action, event, alert, milestone, outcome
    FROM unnest(%s::bigint[], %s::bigint[], %s::smallint[], %s::timestamptz[], %s::integer[]) WITH ORDINALITY
        AS rung (clock_id, case_id, rung, due_at, effect, place)
        JOIN effect ON effect.number = rung.effect + 1
    ORDER BY place
), firings AS (
    INSERT INTO feedback_firing (clock_id, rung, action, due_at, fired_at, outcome)
    SELECT clock_id, rung, action, due_at, %s, outcome FROM fired
), alerts AS (
    INSERT INTO feedback_alert (key, user_id, case_id, kind, data, at)
    SELECT concat_ws(':', 'rung', clock_id, rung, told.id), told.id::bigint, case_id, alert,
        jsonb_strip_nulls(
            jsonb_build_object('clock', clock_id, 'milestone', milestone, 'approval', outcome -> 'approval')
        ), %s
    FROM fired CROSS JOIN jsonb_array_elements_text(outcome -> 'told') AS told (id)
)
INSERT INTO common_event (txid, kind, at, actor, subject_type, subject_id, data)
SELECT (SELECT common_event_position()), event, %s, 'system', 'case', case_id,
    outcome || jsonb_build_object(
        'clock', clock_id, 'milestone', milestone, 'rung', rung, 'action', action, 'due', due_at
    )
FROM fired
"""


SEEN = """
INSERT INTO feedback_alert (key, user_id, case_id, kind, data, at)
SELECT concat_ws(':', 'watch', clock_id, user_id), user_id, case_id, %s,
    jsonb_build_object('clock', clock_id, 'milestone', milestone), %s
FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::bigint[])
    AS seen (case_id, clock_id, milestone, user_id)
ON CONFLICT (key) DO NOTHING
"""

WATCHING = """
INSERT INTO feedback_watcher (case_id, user_id, since)
SELECT case_id, user_id, %s FROM unnest(%s::bigint[], %s::bigint[]) AS watching (case_id, user_id)
ON CONFLICT (case_id, user_id) DO NOTHING
"""

REQUESTS = """
INSERT INTO feedback_approval (asked_at, clock_id, rung, case_id, department_id, kind, reason, status, note)
SELECT %s, clock_id, rung, case_id, department_id, kind, reason, 'asked', ''
FROM unnest(%s::bigint[], %s::smallint[], %s::bigint[], %s::bigint[], %s::text[], %s::text[])
    AS request (clock_id, rung, case_id, department_id, kind, reason)
"""


def write(clocks: Sequence[Due], cases: Sequence[Held], fire: Fire, at: datetime) -> None:
    """Write what a chunk changed: clocks and their breaches, cases, firings, alerts, events."""
    moved = [case for case in cases if case.came_from is not None]
    with connection.cursor() as cursor:
        cursor.execute(
            CLOCKS,
            [
                array(clock.pk for clock in clocks),
                array(clock.rungs_fired for clock in clocks),
                array(clock.next_fire_at for clock in clocks),
                array(clock.is_breached_now for clock in clocks),
                array(clock.department for clock in clocks),
            ],
        )
        if cases:
            cursor.execute(
                CASES,
                [
                    at,
                    array(case.pk for case in cases),
                    array(case.department for case in cases),
                    array(case.agent for case in cases),
                    [case.status for case in cases],
                    array(case.priority for case in cases),
                ],
            )
        if fire.records:
            effects = [list(column) for column in zip(*fire.effects, strict=True)]
            rungs = [array(column) for column in zip(*fire.records, strict=True)]
            cursor.execute(FIRED, [*effects, *rungs, at, at, at])
        if fire.seen:
            cases_, clocks_, milestones, users = (list(column) for column in zip(*fire.seen, strict=True))
            cursor.execute(SEEN, [LATE, at, cases_, clocks_, milestones, users])
        if fire.watching:
            cases_, users = (list(column) for column in zip(*fire.watching, strict=True))
            cursor.execute(WATCHING, [at, cases_, users])
        if fire.requests:
            cursor.execute(REQUESTS, [at, *(list(column) for column in zip(*fire.requests, strict=True))])
        if moved:
            ids, to = array(case.pk for case in moved), array(case.department for case in moved)
            cursor.execute(SIBLINGS, [ids, to])
            cursor.execute(MOVED, [at, ids, array(case.came_from for case in moved), to])
