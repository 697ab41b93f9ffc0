"""What is made of behaviour events once their transactions have ended: whose they are, and sums by day.

Events are followed by the transaction that wrote them, in whole transactions and behind the oldest that
still runs, so each is counted once, however late it came or for whatever day. Joining an event to a member
writes it again: the next pass counts it as theirs.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from datetime import date, timedelta
from typing import Any

from django.db import connection, transaction

from config.common.models import Bookmark
from config.common.words import plain
from feedback.models import BehaviourDay, BehaviourName, SearchWord

READER = "behaviour"
AT_ONCE = 10_000
BEFORE = timedelta(days=30)
"""What a visitor did within this time before signing in is the member's."""
MOST_MEMBERS = 3
"""A device that more members than this sign in on tells of none of them."""
ZONE = "Asia/Shanghai"

UPTO = """
    SELECT max(txid) FROM (
        SELECT txid FROM feedback_behaviourevent
        WHERE txid > %s AND txid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
        ORDER BY txid LIMIT %s
    ) next
"""
WHO = """
    SELECT id FROM compensation_member
    WHERE id = ANY(%s) AND erased_at IS NULL AND refused_profiling_at IS NULL ORDER BY id FOR KEY SHARE
"""
MEMBERS = """
    SELECT DISTINCT member_id FROM feedback_behaviourevent
    WHERE txid > %s AND txid <= %s AND member_id IS NOT NULL
"""
SIGNED_IN = """
    INSERT INTO feedback_behaviourvisitor AS held (source, visitor, member_id, first_at)
    SELECT source, visitor, member_id, min(at) FROM feedback_behaviourevent
    WHERE txid > %(after)s AND txid <= %(upto)s AND member_id = ANY(%(members)s) AND visitor <> ''
    GROUP BY source, visitor, member_id
    ON CONFLICT (source, visitor, member_id) DO UPDATE SET first_at = EXCLUDED.first_at
    WHERE EXCLUDED.first_at < held.first_at
    RETURNING source, visitor
"""
ANONYMOUS = """
    SELECT DISTINCT event.source, event.visitor FROM feedback_behaviourevent event
    WHERE txid > %(after)s AND txid <= %(upto)s AND member_id IS NULL AND visitor <> ''
      AND EXISTS (SELECT FROM feedback_behaviourvisitor known
                  WHERE known.source = event.source AND known.visitor = event.visitor)
"""
THEIRS = """
    SELECT DISTINCT known.member_id
    FROM unnest(%(sources)s::text[], %(visitors)s::text[]) AS who (source, visitor)
    JOIN feedback_behaviourvisitor known USING (source, visitor)
"""
JOIN = """
    WITH known AS (
        SELECT source, visitor, member_id, first_at,
               lag(first_at, 1, '-infinity') OVER
                   (PARTITION BY source, visitor ORDER BY first_at, id) AS since,
               count(*) OVER (PARTITION BY source, visitor) AS members
        FROM feedback_behaviourvisitor
        JOIN unnest(%(sources)s::text[], %(visitors)s::text[]) AS who (source, visitor)
          USING (source, visitor)
    )
    UPDATE feedback_behaviourevent event
    SET member_id = known.member_id, txid = pg_current_xact_id()::text::bigint
    FROM known
    WHERE event.source = known.source AND event.visitor = known.visitor AND event.visitor <> ''
      AND event.member_id IS NULL AND known.members <= %(most)s AND known.member_id = ANY(%(members)s)
      AND event.at <= known.first_at AND event.at > known.first_at - %(before)s AND event.at > known.since
"""
COUNT = """
    INSERT INTO feedback_behaviourday AS held (member_id, day, what, n)
    SELECT member_id, (at AT TIME ZONE %(zone)s)::date, what, count(*)
    FROM feedback_behaviourevent, unnest(array_append(hints, name::varchar)) what
    WHERE txid > %(after)s AND txid <= %(upto)s AND member_id = ANY(%(members)s)
    GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
    ON CONFLICT (member_id, day, what) DO UPDATE SET n = held.n + EXCLUDED.n
"""
SEARCHED = """
    SELECT member_id, (at AT TIME ZONE %(zone)s)::date, query FROM feedback_behaviourevent
    WHERE txid > %(after)s AND txid <= %(upto)s AND member_id = ANY(%(members)s)
      AND name = %(search)s AND query <> ''
"""
SAID = """
    INSERT INTO feedback_behaviourday AS held (member_id, day, what, n)
    SELECT * FROM unnest(%s::bigint[], %s::date[], %s::text[], %s::int[])
    ON CONFLICT (member_id, day, what) DO UPDATE SET n = held.n + EXCLUDED.n
"""
DUE = "INSERT INTO feedback_expectationdue (member_id) SELECT unnest(%s::bigint[])"


@transaction.atomic
def catch_up() -> bool:
    """Take up the next events; False when there were none. Two passes follow one another."""
    Bookmark.objects.bulk_create([Bookmark(reader=READER)], ignore_conflicts=True)
    mark = Bookmark.objects.select_for_update().get(reader=READER)
    with connection.cursor() as cursor:
        cursor.execute(UPTO, [mark.txid, AT_ONCE])
        upto = cursor.fetchone()[0]
        if upto is None:
            return False
        cursor.execute(MEMBERS, [mark.txid, upto])
        members = _held([row[0] for row in cursor.fetchall()])
        given = {"after": mark.txid, "upto": upto, "members": members, "zone": ZONE}
        _join(given)
        cursor.execute(COUNT, given)
        cursor.execute(SEARCHED, {**given, "search": str(BehaviourName.SEARCH)})
        said = _said(cursor.fetchall())
        cursor.execute(SAID, [list(column) for column in zip(*said, strict=True)] or [[], [], [], []])
        cursor.execute(DUE, [members])
    mark.txid = upto
    mark.save(update_fields=["txid"])
    return True


def _held(members: Collection[int]) -> list[int]:
    """Those of some members whose events may be theirs; held, so that nobody is erased meanwhile."""
    with connection.cursor() as cursor:
        cursor.execute(WHO, [sorted(members)])
        return [row[0] for row in cursor.fetchall()]


def _join(given: Mapping[str, Any]) -> None:
    """Note who signed in as which visitor, and make what these did before theirs."""
    with connection.cursor() as cursor:
        cursor.execute(SIGNED_IN, given)
        visitors = set(cursor.fetchall())
        cursor.execute(ANONYMOUS, given)
        visitors.update(cursor.fetchall())
        if not visitors:
            return
        ordered = sorted(visitors)
        which: dict[str, Any] = {
            "sources": [one[0] for one in ordered],
            "visitors": [one[1] for one in ordered],
        }
        cursor.execute(THEIRS, which)
        members = _held([row[0] for row in cursor.fetchall()])
        which |= {"members": members, "most": MOST_MEMBERS, "before": BEFORE}
        cursor.execute(JOIN, which)


def _said(searches: Iterable[tuple[int, date, str]]) -> list[tuple[int, date, str, int]]:
    """How often members searched on a day for what tells what they care about."""
    words = [(plain(word), cared) for word, cared in SearchWord.objects.values_list("word", "cared")]
    counts: Counter[tuple[int, date, str]] = Counter()
    for member, day, query in searches:
        text = plain(query)
        counts.update((member, day, f"says_{cared}") for cared in {c for word, c in words if word in text})
    return [(*key, n) for key, n in sorted(counts.items())]


def sums_of(member_id: int) -> dict[str, int]:
    """How often a member did each thing, by what."""
    found: Counter[str] = Counter()
    for what, n in BehaviourDay.objects.filter(member=member_id).values_list("what", "n"):
        found[what] += n
    return dict(found)
