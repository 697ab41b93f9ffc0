"""Writing down who is to be asked: members drawn for a wave, and those to whom something happened.

Both end in the same two tables: `Waiting` holds who is to be asked when the time has come, `Skip` who is not.
"""

import logging
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Q

from config.common.errors import Invalid
from config.common.events import record
from surveys.campaigns import placing, subjects
from surveys.campaigns.waves import round_of, wave_at
from surveys.models import TRIGGERED, Campaign, CampaignState, Occasion, Wave

log = logging.getLogger(__name__)

DRAWN = (Occasion.ONCE, Occasion.RECURRING)
STEP = 100_000
"""Members looked at in one transaction."""
FOUND = 5_000
"""Happenings taken up in one transaction."""

MEMBERS = """
SELECT id AS member_id, 'member:' || id AS key, %(at)s::timestamptz AS happened_at,
  NULL::bigint AS case_id, NULL::bigint AS order_id
FROM compensation_member WHERE id > %(after)s AND id <= %(upto)s AND erased_at IS NULL
"""
HAPPENED = """
SELECT * FROM unnest(%(members)s::bigint[], %(keys)s::text[], %(moments)s::timestamptz[], %(cases)s::bigint[],
  %(orders)s::bigint[]) AS found(member_id, key, happened_at, case_id, order_id)
"""
WRITE = """
WITH placed AS MATERIALIZED ({placed}),
fresh AS (SELECT * FROM placed WHERE NOT EXISTS (
    SELECT FROM surveys_invitation known WHERE known.wave_id = %(wave)s AND known.key = placed.key
  ) AND NOT EXISTS (
    SELECT FROM surveys_skip known WHERE known.wave_id = %(wave)s AND known.key = placed.key)),
waiting AS (
  INSERT INTO surveys_waiting (wave_id, member_id, stratum_id, case_id, order_id, key, happened_at, due_at)
  SELECT %(wave)s, member_id, stratum_id, case_id, order_id, key, happened_at, happened_at + %(delay)s
  FROM fresh WHERE fate = '' ORDER BY member_id ON CONFLICT (wave_id, key) DO NOTHING RETURNING 1),
skipped AS (
  INSERT INTO surveys_skip (wave_id, member_id, key, reason, at)
  SELECT %(wave)s, member_id, key, fate, %(at)s FROM fresh WHERE fate = ANY(%(told)s)
  ORDER BY member_id ON CONFLICT (wave_id, key) DO NOTHING RETURNING 1)
SELECT (SELECT count(*) FROM waiting), (SELECT count(*) FROM skipped)
"""


def draw(*, at: datetime, step: int = STEP) -> int:
    """Go on drawing the waves that are open, each by a step of members; returns how many were looked at.

    A step that dies leaves the wave where it was; two at once take different waves.
    """
    looked = 0
    for campaign in _running(DRAWN, at):
        try:
            looked += _draw(campaign, at, step)
        except Invalid as error:  # a segment asks for a criterion that is no more; the others go on
            log.warning("campaign %s draws nobody: %s", campaign.code, error)
    return looked


@transaction.atomic
def _draw(campaign: Campaign, at: datetime, step: int) -> int:
    pk = wave_at(campaign, at).pk
    held = Wave.objects.select_for_update(no_key=True, skip_locked=True).filter(pk=pk, drawn_at=None)
    wave = held.first()
    if wave is None:
        return 0
    upto, number = _next_step(wave.drawn_up_to, step)
    if upto is None:
        wave.drawn_at = at
        record("wave.drawn", wave, actor=None, at=at, campaign=campaign.pk, label=wave.label)
    else:
        scope = Q(pk__gt=wave.drawn_up_to, pk__lte=upto)
        _write(campaign, wave, MEMBERS, {"after": wave.drawn_up_to, "upto": upto}, scope=scope, at=at)
        wave.drawn_up_to = upto
    wave.save(update_fields=["drawn_up_to", "drawn_at"])
    return number


def _next_step(after: int, step: int) -> tuple[int | None, int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT max(id), count(*) FROM"
            " (SELECT id FROM compensation_member WHERE id > %s ORDER BY id LIMIT %s) AS members",
            [after, step],
        )
        last, number = cursor.fetchone()
    return last, number


def find(*, at: datetime, limit: int = FOUND, occasions: Sequence[Occasion] = TRIGGERED) -> int:
    """Write down to whom something happened that a running campaign asks about; returns how many there were.

    One transaction a campaign, at most `limit` each. What chance leaves out has its row too.
    """
    found = 0
    for campaign in _running(occasions, at):
        try:
            found += _find(campaign, at, limit)
        except Invalid as error:  # as above
            log.warning("campaign %s asks nobody: %s", campaign.code, error)
    return found


@transaction.atomic
def _find(campaign: Campaign, at: datetime, limit: int) -> int:
    rows = list(subjects.happened(campaign, at)[:limit])
    by_wave: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        by_wave[round_of(campaign, row["moment"]).label].append(row)
    made = [wave_at(campaign, some[0]["moment"]).pk for some in by_wave.values()]
    # Whoever else looks at this moment waits here, and then sees what was written down.
    for wave in Wave.objects.filter(pk__in=made).order_by("pk").select_for_update(no_key=True):
        mine = by_wave[wave.label]
        values = {
            "members": [row["whom"] for row in mine],
            "keys": [row["told_as"] for row in mine],
            "moments": [row["moment"] for row in mine],
            "cases": [row["about_case"] for row in mine],
            "orders": [row["about_order"] for row in mine],
        }
        scope = Q(pk__in={row["whom"] for row in mine})
        _write(campaign, wave, HAPPENED, values, scope=scope, at=at)
    return len(rows)


def _write(
    campaign: Campaign, wave: Wave, found: str, values: dict[str, Any], *, scope: Q, at: datetime
) -> None:
    """Write subjects down. Of a drawing, those not drawn have no row: their place is the same for ever."""
    is_triggered = campaign.occasion in TRIGGERED
    sql, of_placing = placing.placed(
        campaign, wave.label, found, scope=scope, at=at, is_audience=not is_triggered
    )
    given: dict[str, Any] = {
        **values,
        **of_placing,
        "at": at,
        "wave": wave.pk,
        "delay": timedelta(hours=campaign.delay_hours if is_triggered else 0),
        "told": ["holdout", "not_drawn"] if is_triggered else ["holdout"],
    }
    with connection.cursor() as cursor:
        cursor.execute(WRITE.format(placed=sql), given)


def _running(occasions: Sequence[Occasion], at: datetime) -> list[Campaign]:
    """The campaigns that ask at this moment."""
    campaigns = Campaign.objects.filter(
        Q(ends_at=None) | Q(ends_at__gt=at),
        occasion__in=occasions,
        state=CampaignState.RUNNING,
        starts_at__lte=at,
    )
    return list(campaigns.order_by("pk").select_related("segment", "survey"))
