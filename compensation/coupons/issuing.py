"""Giving coupons: one or a hundred thousand, each once for its key, in a few statements."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from compensation.coupons import codes, rules, terms
from compensation.coupons.refusals import MEMBER_LIMIT, AllGiven, LimitReached, NotGiven
from compensation.ledger.many import Gift, give_many
from compensation.models import Coupon, CouponTemplate, Grant, Member, Unit
from config.common.bulk import array, texts
from config.common.errors import Invalid, KeyReused
from config.common.events import Actor, Happening, record_all

KNOWN = """
SELECT coupon.key, coupon.member_id = asked.member AND coupon.template_id = %(template)s
FROM compensation_coupon AS coupon
JOIN unnest(%(keys)s::text[], %(members)s::bigint[]) AS asked(key, member) ON coupon.key = asked.key
WHERE coupon.key <> ''
"""
FIRST = """
INSERT INTO compensation_couponcount (template_id, member_id, issued)
SELECT %(template)s, asked.member, (
    SELECT count(*) FROM compensation_coupon
    WHERE template_id = %(template)s AND member_id = asked.member AND status <> 'revoked'
)
FROM unnest(%(members)s::bigint[]) AS asked(member)
WHERE NOT EXISTS (
    SELECT FROM compensation_couponcount WHERE template_id = %(template)s AND member_id = asked.member
)
ON CONFLICT DO NOTHING
"""
FIRST_TOTAL = """
INSERT INTO compensation_couponcount (template_id, member_id, issued)
SELECT %(template)s, NULL, (
    SELECT count(*) FROM compensation_coupon WHERE template_id = %(template)s AND status <> 'revoked'
)
WHERE NOT EXISTS (
    SELECT FROM compensation_couponcount WHERE template_id = %(template)s AND member_id IS NULL
)
ON CONFLICT DO NOTHING
"""
HOLD = """
SELECT id FROM compensation_couponcount
WHERE template_id = %(template)s AND member_id = ANY(%(members)s::bigint[])
ORDER BY member_id FOR NO KEY UPDATE
"""
ADD = """
UPDATE compensation_couponcount AS held SET issued = held.issued + asked.number
FROM unnest(%(members)s::bigint[], %(numbers)s::int[]) AS asked(member, number)
WHERE held.template_id = %(template)s AND held.member_id = asked.member
RETURNING held.issued
"""
ADD_TOTAL = """
UPDATE compensation_couponcount SET issued = issued + %(total)s
WHERE template_id = %(template)s AND member_id IS NULL RETURNING issued
"""
GIVE = """
INSERT INTO compensation_coupon (template_id, terms_id, member_id, grant_id, key, code, value_fen,
    min_spend_fen, status, issued_at, valid_from, expires_at, redeemed_for)
SELECT %(template)s, %(terms)s, member, given, key, code, value, %(min_spend)s, 'issued', %(at)s, %(from)s,
    %(until)s, ''
FROM unnest(%(members)s::bigint[], %(grants)s::bigint[], %(keys)s::text[], %(codes)s::text[],
    %(values)s::bigint[]) AS asked(member, given, key, code, value)
ON CONFLICT (key) WHERE key <> '' DO NOTHING
RETURNING id, member_id, value_fen
"""


@dataclass(frozen=True, slots=True)
class Recipient:
    """Who gets a coupon, once for a key; a grant's is worth what the grant was approved for."""

    key: str
    member_id: int
    grant_id: int | None = None
    value_fen: int | None = None


@transaction.atomic
def issue(
    *,
    template: CouponTemplate,
    member: Member,
    key: str,
    actor: Actor,
    at: datetime,
    grant: Grant | None = None,
) -> Coupon:
    """Give a member one coupon, once for one key; a repeat gives the same coupon again.

    A grant gives one coupon, by constraint, worth what the grant was asked and approved for.

    Raises:
        NotGiven: the kind is switched off, or its fixed time is over.
        LimitReached: the member, or all together, have as many as there may be.
        KeyReused: the key came before for another member or kind.
    """
    who = Recipient(key, member.pk)
    if grant is not None:
        who = Recipient(key, member.pk, grant.pk, grant.cost_fen)
    issue_many(template=template, recipients=[who], actor=actor, at=at)
    return Coupon.objects.select_related("terms", "template").get(key=key)


@transaction.atomic
def issue_many(
    *, template: CouponTemplate, recipients: Sequence[Recipient], actor: Actor, at: datetime
) -> int:
    """Give many members coupons of one kind in a few statements, each once for its key; all or none.

    Takes a hundred thousand at once; batches give them in chunks, each with what it notes of them in one
    transaction. The coupons are found by their keys afterwards. Gives how many are new: those whose keys
    were known stay as they are.

    Raises:
        Invalid: a key is empty, too long, or comes twice.
        NotGiven, LimitReached, KeyReused: see `issue`; nothing is given to anybody.
    """
    keys = [who.key for who in recipients]
    if len(set(keys)) < len(keys) or not all(0 < len(key) <= 200 for key in keys):  # noqa: PLR2004 - the column's
        raise Invalid
    now = _current(template)
    new = _new(now, recipients)
    if not new:
        return 0
    valid = rules.validity(
        at,
        days=now.valid_days,
        after_days=now.starts_after_days,
        valid_from=now.valid_from,
        valid_until=now.valid_until,
    )
    if not now.is_active or valid is None:
        raise NotGiven
    _count(now, Counter(who.member_id for who in new))
    given = _insert(now, new, valid, at=at)
    if len(given) < len(new):  # somebody gave some of them under the same keys in this very moment
        gone = Counter(who.member_id for who in new) - Counter(member for _pk, member, _fen in given)
        _new(now, new)
        uncount(now.pk, gone)
    _post(given, actor=actor, at=at)
    record_all(
        Happening("coupon.issued", Coupon(pk=pk), at, actor, {"value_fen": fen, "template": now.code})
        for pk, _member, fen in given
    )
    return len(given)


def uncount(template_id: int, members: Counter[int]) -> None:
    """Take coupons that were taken back out of the numbers that limits look at, where these are kept."""
    _add_total(template_id, -members.total())
    _add(template_id, Counter({member: -number for member, number in members.items()}))


def _current(template: CouponTemplate) -> CouponTemplate:
    """The kind as it stands, held so that it stays while coupons of it are given; others may give too."""
    sql = "SELECT * FROM compensation_coupontemplate WHERE id = %s FOR KEY SHARE"
    found = list(CouponTemplate.objects.raw(sql, [template.pk]))
    if not found:
        raise NotGiven
    return found[0]


def _new(template: CouponTemplate, recipients: Sequence[Recipient]) -> list[Recipient]:
    """Those whose keys are not known yet; refuses keys that are known for something else."""
    values: dict[str, Any] = {
        "keys": texts([who.key for who in recipients]),
        "members": array(who.member_id for who in recipients),
        "template": template.pk,
    }
    with connection.cursor() as cursor:
        cursor.execute(KNOWN, values)
        known = dict(cursor.fetchall())
    if not all(known.values()):
        raise KeyReused
    return [who for who in recipients if who.key not in known]


def _count(template: CouponTemplate, members: Counter[int]) -> None:
    """Count what is given under the kind's limits, under the lock of the counts.

    Raises:
        LimitReached: it would be more.
    """
    values: dict[str, Any] = {"template": template.pk, "members": array(members)}
    with connection.cursor() as cursor:
        if template.total_limit is not None:
            cursor.execute(FIRST_TOTAL, values)
        if template.member_limit is not None:
            cursor.execute(FIRST, values)
    if (limit := template.total_limit) is not None and _add_total(template.pk, members.total()) > limit:
        raise AllGiven(limit=limit)
    if (limit := template.member_limit) is not None and _add(template.pk, members) > limit:
        raise LimitReached(MEMBER_LIMIT % {"limit": limit}, limit=limit)


def _add_total(template_id: int, number: int) -> int:
    """Add to the count of all, where it is kept; gives what it is then."""
    with connection.cursor() as cursor:
        cursor.execute(ADD_TOTAL, {"template": template_id, "total": number})
        row = cursor.fetchone()
    return row[0] if row else 0


def _add(template_id: int, members: Counter[int]) -> int:
    """Add to the counts of members, where they are kept, locked in one order; gives the largest then."""
    values: dict[str, Any] = {
        "template": template_id,
        "members": array(members),
        "numbers": array(members.values()),
    }
    with connection.cursor() as cursor:
        cursor.execute(HOLD, values)
        cursor.execute(ADD, values)
        return max((issued for (issued,) in cursor.fetchall()), default=0)


def _insert(
    template: CouponTemplate, new: Iterable[Recipient], valid: rules.Validity, *, at: datetime
) -> list[tuple[int, int, int]]:
    """Write the coupons; gives those that are new as (coupon, member, fen)."""
    rows = list(new)
    values: dict[str, Any] = {
        "template": template.pk,
        "terms": terms.freeze(template).pk,
        "min_spend": template.min_spend_fen,
        "at": at,
        "from": valid.valid_from,
        "until": valid.expires_at,
        "members": array(who.member_id for who in rows),
        "grants": array(who.grant_id for who in rows),
        "keys": texts([who.key for who in rows]),
        "codes": texts(codes.many(len(rows))),
        "values": array(template.value_fen if who.value_fen is None else who.value_fen for who in rows),
    }
    with connection.cursor() as cursor:
        cursor.execute(GIVE, values)
        return [(pk, member, fen) for pk, member, fen in cursor.fetchall()]


def _post(given: Iterable[tuple[int, int, int]], *, actor: Actor, at: datetime) -> None:
    """Put the values on the members' accounts; a member's second coupon of a call in a round of its own."""
    rounds: defaultdict[int, list[Gift]] = defaultdict(list)
    seen: Counter[int] = Counter()
    for pk, member_id, fen in given:
        rounds[seen[member_id]].append(Gift(issue_key(pk), member_id, fen))
        seen[member_id] += 1
    for gifts in rounds.values():
        give_many(unit=Unit.COUPON, kind="coupon.issued", gifts=gifts, actor=actor, at=at)


def issue_key(coupon_id: int) -> str:
    """The key of the transaction on the ledger by which a coupon was given."""
    return f"coupon:{coupon_id}:issued"
