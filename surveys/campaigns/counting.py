"""The count before a launch: who would be asked now, who would not, and why, by stratum. Exact."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Q

from surveys.campaigns import judging, placing, subjects, waves
from surveys.models import TRIGGERED, AskChannel, Campaign, Occasion, Stratum, WaveCell

MEMBERS = """
SELECT id AS member_id, %(at)s::timestamptz AS happened_at FROM compensation_member WHERE erased_at IS NULL
"""
HAPPENED = """
SELECT * FROM unnest(%(members)s::bigint[], %(moments)s::timestamptz[]) AS found(member_id, happened_at)
"""

COUNT = """
WITH placed AS MATERIALIZED ({placed}),
judged AS ({judged}),
ranked AS (SELECT stratum_id, verdict, heard,
  row_number() OVER (PARTITION BY member_id, verdict = ANY(%(channels)s) ORDER BY happened_at) - 1 AS before
  FROM judged),
settled AS (SELECT stratum_id, CASE
    WHEN verdict = ANY(%(channels)s) AND before > 0 AND %(rests)s THEN 'resting'
    WHEN verdict = ANY(%(channels)s) AND heard >= 0 AND heard + before >= %(most)s THEN 'cap'
    ELSE verdict END AS verdict FROM ranked)
SELECT stratum_id, fate, count(*) FROM placed WHERE fate <> '' GROUP BY stratum_id, fate
UNION ALL SELECT stratum_id, verdict, count(*) FROM settled GROUP BY stratum_id, verdict
"""
MOST = 200_000
"""Happenings that are counted; a campaign about more of them in a few days is told of the first."""


@dataclass(slots=True)
class Line:
    """What would become of the members of one stratum; of none, of those whom no stratum takes."""

    stratum: Stratum | None
    by_channel: Counter[str] = field(default_factory=Counter)
    later: Counter[str] = field(default_factory=Counter)
    not_asked: Counter[str] = field(default_factory=Counter)

    @property
    def asked(self) -> int:
        """How many would be asked now."""
        return self.by_channel.total()

    @property
    def total(self) -> int:
        """How many there are."""
        return self.asked + self.later.total() + self.not_asked.total()


@dataclass(frozen=True, slots=True)
class Preview:
    """The count, stratum by stratum and in all."""

    lines: list[Line]
    total: Line


def preview(campaign: Campaign, at: datetime) -> Preview:
    """Who would be asked if the campaign asked at this moment, and who would not, and why.

    Of what is set off by something that happened: those to whom it did in the last `within_days`. At night it
    counts as by day. Nothing is written.

    Raises:
        Invalid: a segment asks for a criterion that there is no longer.
    """
    strata: dict[int | None, Stratum | None] = {one.pk: one for one in campaign.strata.order_by("position")}
    lines = {pk: Line(stratum) for pk, stratum in (strata or {None: None}).items()}
    for pk, verdict, number in _rows(campaign, at):
        line = lines.setdefault(pk, Line(strata.get(pk)))
        _which(line, verdict)[verdict] += number
    total = Line(None)
    for line in lines.values():
        for name in ("by_channel", "later", "not_asked"):
            getattr(total, name).update(getattr(line, name))
    return Preview(list(lines.values()), total)


def _which(line: Line, verdict: str) -> Counter[str]:
    if verdict in AskChannel.values:
        return line.by_channel
    return line.later if verdict in judging.LATER else line.not_asked


def _rows(campaign: Campaign, at: datetime) -> list[tuple[int | None, str, int]]:
    if campaign.occasion == Occasion.OPEN:
        return []
    using = judging.terms()
    values: dict[str, Any] = {"at": at}
    found, scope = MEMBERS, Q()
    is_triggered = campaign.occasion in TRIGGERED
    if is_triggered:
        happened = list(subjects.happened(campaign, at).values_list("whom", "moment")[:MOST])
        found, scope = HAPPENED, Q(pk__in={member for member, _moment in happened})
        values |= {
            "members": [member for member, _moment in happened],
            "moments": [moment for _member, moment in happened],
        }
    label = waves.round_of(campaign, at).label
    full = waves.full(WaveCell.objects.filter(wave__campaign=campaign, wave__label=label))
    placed, of_placing = placing.placed(
        campaign, label, found, scope=scope, at=at, is_audience=not is_triggered
    )
    judged, of_judging = judging.judged(
        campaign,
        "SELECT * FROM placed WHERE fate = ''",
        at=at,
        using=using,
        full=full,
        minds_the_night=False,
    )
    values |= of_placing | of_judging
    values |= {"channels": AskChannel.values, "rests": campaign.rest_days > 0}
    with connection.cursor() as cursor:
        cursor.execute(COUNT.format(placed=placed, judged=judged), values)
        return list(cursor.fetchall())
