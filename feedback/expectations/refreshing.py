"""Keeping up what members care about: those of whom something new is known, and all of them by age."""

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from compensation.models import Order, Tier
from compensation.orders.queries import changed_since
from compensation.segments.queries import inside, makes_sense
from config.common.models import Bookmark
from feedback.expectations import counting, rules, setup
from feedback.expectations.rules import CARED, Seen
from feedback.models import ExpectationDue, ExpectationSetup, MemberExpectation

AT_ONCE = 2_000
ORDERS_AT_ONCE = 5_000
READER = "expectations-orders"
OLD = timedelta(days=30)
"""After so long a member is reckoned anew even if nothing happened: what was counts less by then."""

WHO = """
    SELECT id, tier_id FROM compensation_member
    WHERE id = ANY(%s) AND erased_at IS NULL AND refused_profiling_at IS NULL ORDER BY id FOR KEY SHARE
"""
WRITE = f"""
    INSERT INTO feedback_memberexpectation
        (member_id, {", ".join(CARED)}, cares_for, certainty, votes, signs, "group", usual_days, usual_of,
         computed_at)
    SELECT *, %s FROM unnest(
        %s::bigint[], {"%s::numeric[], " * len(CARED)}%s::text[], %s::numeric[], %s::numeric[], %s::jsonb[],
        %s::text[], %s::numeric[], %s::int[])
    ON CONFLICT (member_id) DO UPDATE SET
        {", ".join(f"{one} = EXCLUDED.{one}" for one in CARED)}, cares_for = EXCLUDED.cares_for,
        certainty = EXCLUDED.certainty, votes = EXCLUDED.votes, signs = EXCLUDED.signs,
        "group" = EXCLUDED."group", usual_days = EXCLUDED.usual_days, usual_of = EXCLUDED.usual_of,
        computed_at = EXCLUDED.computed_at
"""  # noqa: S608 - our own names
TAKE = """
    DELETE FROM feedback_expectationdue WHERE id = ANY(ARRAY(
        SELECT id FROM feedback_expectationdue ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED
    )) RETURNING member_id
"""
BY_AGE = """
    INSERT INTO feedback_expectationdue (member_id)
    SELECT figures.member_id FROM compensation_memberfigures figures
    JOIN compensation_member member ON member.id = figures.member_id
    LEFT JOIN feedback_memberexpectation known ON known.member_id = figures.member_id
    WHERE member.erased_at IS NULL AND member.refused_profiling_at IS NULL
      AND CASE WHEN known.member_id IS NULL THEN figures.orders > 0 ELSE known.computed_at < %s END
    ORDER BY figures.member_id
"""
MEANS = """
    WITH given AS (
        SELECT known.member_id, "group", weight.cared, sum(weight.weight * (seen.value ->> 2)::float) AS votes
        FROM feedback_memberexpectation known, jsonb_each(known.signs) seen
        JOIN feedback_signweight weight ON weight.sign = seen.key
        WHERE weight.weight > 0
        GROUP BY known.member_id, "group", weight.cared
    ), shares AS (
        SELECT member_id, "group", cared, votes / total AS share, total / (total + %(prior)s) AS weight
        FROM (SELECT *, sum(votes) OVER (PARTITION BY member_id) AS total FROM given) summed
        WHERE total > 0
    ), people AS (
        SELECT groups.name, count(*) AS members, sum(weight) AS weight
        FROM (SELECT DISTINCT member_id, "group", weight FROM shares) one,
             LATERAL (VALUES (one."group"), ('all')) groups (name)
        GROUP BY groups.name
    ), averages AS (
        SELECT groups.name, cared, sum(share * weight) AS share
        FROM shares, LATERAL (VALUES (shares."group"), ('all')) groups (name)
        GROUP BY groups.name, cared
    )
    INSERT INTO feedback_groupmean ("group", members, quality, speed, price, service, computed_at)
    SELECT people.name, people.members,
           {0}, %(now)s
    FROM people JOIN averages USING (name)
    WHERE people.name <> ''
    GROUP BY people.name, people.members, people.weight
    ON CONFLICT ("group") DO UPDATE SET members = EXCLUDED.members, quality = EXCLUDED.quality,
        speed = EXCLUDED.speed, price = EXCLUDED.price, service = EXCLUDED.service,
        computed_at = EXCLUDED.computed_at
""".replace(
    "{0}",
    ", ".join(
        f"round((100 * coalesce(sum(share) FILTER (WHERE cared = '{one}'), 0) / people.weight)::numeric, 1)"
        for one in CARED
    ),
)


@transaction.atomic
def refresh(members: Collection[int], *, at: datetime) -> int:
    """Reckon anew what some members care about; gives of how many. Who refused or was erased has nothing."""
    with connection.cursor() as cursor:
        cursor.execute(WHO, [sorted(members)])
        tiers = dict(cursor.fetchall())
    found = setup.current()
    known, weights, numbers = setup.means(), setup.weights(), setup.numbers(found)
    signs = counting.signs_of(tiers, found, at=at)
    usual = counting.usual_days_of(tiers, found, at=at)
    groups = _groups(found, tiers, at)
    rows: list[Sequence[Any]] = []
    for member in tiers:
        seen = signs.get(member, {})
        scored = rules.score(rules.votes(seen, weights), setup.mean_of(groups[member], known), numbers)
        rows.append(
            (
                member, *(scored.scores[one] for one in CARED), scored.cares_for, scored.certainty,
                scored.votes, _json(seen), groups[member], *usual.get(member, (None, 0)),
            )
        )  # fmt: skip
    if rows:
        with connection.cursor() as cursor:
            cursor.execute(WRITE, [at, *(list(column) for column in zip(*rows, strict=True))])
    return len(rows)


def _json(seen: Mapping[str, Seen]) -> str:
    return json.dumps({sign: [one.n, one.of, one.aged] for sign, one in sorted(seen.items())})


def _groups(found: ExpectationSetup, tiers: Mapping[int, int], at: datetime) -> dict[int, str]:
    """The group of each member: the first of the chosen segments that they are in, else their tier."""
    codes = dict(Tier.objects.values_list("pk", "code"))
    groups = {member: f"tier:{codes[tier]}" for member, tier in tiers.items()}
    left = set(tiers)
    for segment in found.segments.order_by("code"):
        if makes_sense(segment):
            here = inside(segment, left, at)
            groups |= dict.fromkeys(here, f"segment:{segment.code}"[:60])
            left -= here
    return groups


@transaction.atomic
def refresh_due(*, at: datetime) -> int:
    """Reckon the next members of whom something new is known; gives how many notes of them there were."""
    with connection.cursor() as cursor:
        cursor.execute(TAKE, [AT_ONCE])
        noted = [row[0] for row in cursor.fetchall()]
    if noted:
        refresh(set(noted), at=at)
    return len(noted)


@transaction.atomic
def follow_orders() -> int:
    """Note the members whose orders have changed since the last time; gives how many orders there were."""
    Bookmark.objects.bulk_create([Bookmark(reader=READER)], ignore_conflicts=True)
    mark = Bookmark.objects.select_for_update().get(reader=READER)
    changed = changed_since(mark.txid, mark.event_id, limit=ORDERS_AT_ONCE)
    if changed:
        orders = Order.objects.filter(pk__in=[order for _txid, order in changed])
        due(set(orders.values_list("member_id", flat=True)))
        mark.txid, mark.event_id = changed[-1]
        mark.save(update_fields=["txid", "event_id"])
    return len(changed)


def due(members: Collection[int]) -> None:
    """Have some members reckoned anew soon."""
    ExpectationDue.objects.bulk_create([ExpectationDue(member_id=one) for one in sorted(members)])


@transaction.atomic
def by_night(*, at: datetime) -> int:
    """Reckon the averages of the groups, and note who was not reckoned for long; gives how many."""
    means(at=at)
    with connection.cursor() as cursor:
        cursor.execute(BY_AGE, [at - OLD])
        return int(cursor.rowcount)


@transaction.atomic
def means(*, at: datetime) -> None:
    """Reckon what each group cares about on average; who has said more counts more, up to once."""
    with connection.cursor() as cursor:
        cursor.execute(MEANS, {"prior": float(setup.current().prior_votes), "now": at})


@transaction.atomic
def all_due() -> int:
    """Have everybody reckoned anew who has been: what signs count for is another."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO feedback_expectationdue (member_id) SELECT member_id FROM feedback_memberexpectation"
        )
        return int(cursor.rowcount)


def forget(member_id: int) -> None:
    """Take away what was concluded of a member, in the caller's transaction."""
    MemberExpectation.objects.filter(member=member_id).delete()
    ExpectationDue.objects.filter(member_id=member_id).delete()
