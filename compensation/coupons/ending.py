"""How coupons end without being used: expired, taken back; and reservations that nobody redeemed in time."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from django.db import connection, transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from compensation.coupons import issuing
from compensation.coupons.refusals import CouponNotUsable
from compensation.ledger import accounts
from compensation.ledger import commands as ledger
from compensation.models import (
    AccountKind,
    Coupon,
    CouponStatus,
    CouponUse,
    Member,
    Reward,
    RewardClaim,
    Transaction,
    Unit,
    UseState,
)
from config.common.errors import Invalid, NotFound
from config.common.events import Actor, Happening, record, record_all

REASON_LENGTH = 200

DUE = """
SELECT id FROM compensation_coupon WHERE status = 'issued' AND expires_at <= %(at)s
ORDER BY expires_at LIMIT %(limit)s FOR NO KEY UPDATE SKIP LOCKED
"""
HOLD = """
SELECT account.id FROM compensation_account AS account
WHERE account.kind = 'member' AND account.unit = 'coupon'
  AND account.member_id IN (SELECT member_id FROM compensation_coupon WHERE id = ANY(%(coupons)s))
ORDER BY account.id FOR NO KEY UPDATE
"""
EXPIRE = """
WITH due AS (
    SELECT coupon.id, coupon.value_fen AS amount, account.id AS account_id,
      account.balance - sum(coupon.value_fen) OVER turn AS balance,
      account.version + row_number() OVER turn AS version
    FROM compensation_coupon AS coupon JOIN compensation_account AS account
      ON account.member_id = coupon.member_id AND account.kind = 'member' AND account.unit = 'coupon'
    WHERE coupon.id = ANY(%(coupons)s)
    WINDOW turn AS (PARTITION BY account.id ORDER BY coupon.id)
), ended AS (
    UPDATE compensation_coupon AS coupon SET status = 'expired' FROM due WHERE coupon.id = due.id
), kept AS (
    UPDATE compensation_account AS account SET balance = total.balance, version = total.version
    FROM (SELECT account_id, min(balance)::bigint AS balance, max(version) AS version FROM due
          GROUP BY account_id) AS total
    WHERE account.id = total.account_id
), posted AS (
    INSERT INTO compensation_transaction (key, request_hash, kind, at)
    SELECT 'coupon:' || id || ':expired', '', 'coupon.expired', %(at)s FROM due
    RETURNING id, split_part(key, ':', 2)::bigint AS coupon_id
), gone AS (
    INSERT INTO compensation_entry (transaction_id, account_id, amount, balance_after, version)
    SELECT posted.id, due.account_id, -due.amount, due.balance, due.version
    FROM posted JOIN due ON due.id = posted.coupon_id
), house AS (
    INSERT INTO compensation_entry (transaction_id, account_id, amount)
    SELECT posted.id, side.id, due.amount
    FROM posted JOIN due ON due.id = posted.coupon_id
    JOIN compensation_account AS side
      ON side.kind = 'expired' AND side.unit = 'coupon' AND side.member_id IS NULL
)
SELECT posted.id, due.id, due.amount FROM posted JOIN due ON due.id = posted.coupon_id ORDER BY due.id
"""
OVER = """
SELECT coupon.id FROM compensation_coupon AS coupon
JOIN compensation_couponuse AS held ON held.coupon_id = coupon.id
WHERE held.state = 'reserved' AND held.reserved_until <= %(at)s
ORDER BY held.reserved_until LIMIT %(limit)s FOR NO KEY UPDATE OF coupon SKIP LOCKED
"""
LAPSE = """
WITH ended AS (
    UPDATE compensation_couponuse SET state = 'lapsed', ended_at = %(at)s
    WHERE coupon_id = ANY(%(coupons)s) AND state = 'reserved' AND reserved_until <= %(at)s
    RETURNING coupon_id, order_ref
), free AS (
    UPDATE compensation_coupon AS coupon SET status = 'issued' FROM ended WHERE coupon.id = ended.coupon_id
)
SELECT coupon_id, order_ref FROM ended ORDER BY coupon_id
"""


@transaction.atomic
def expire_due(*, at: datetime, limit: int = 1_000) -> int:
    """Expire coupons whose time is over, each with its own transaction on the ledger, in a few statements.

    Gives how many. Two passes at once share the work; what somebody else holds is left for the next pass.
    """
    accounts.make([(AccountKind.EXPIRED, Unit.COUPON, None)])
    with connection.cursor() as cursor:
        cursor.execute(DUE, {"at": at, "limit": limit})
        coupons = [row[0] for row in cursor.fetchall()]
        if not coupons:
            return 0
        cursor.execute(HOLD, {"coupons": coupons})
        cursor.execute(EXPIRE, {"coupons": coupons, "at": at})
        ended = cursor.fetchall()
    record_all(
        Happening("ledger.posted", Transaction(pk=posted), at, None, {"what": "coupon.expired"})
        for posted, _coupon, _fen in ended
    )
    record_all(
        Happening("coupon.expired", Coupon(pk=coupon), at, None, {"value_fen": fen})
        for _posted, coupon, fen in ended
    )
    return len(ended)


@transaction.atomic
def lapse_due(*, at: datetime, limit: int = 1_000) -> int:
    """End reservations that were not redeemed in time; gives how many. Two passes at once share the work."""
    with connection.cursor() as cursor:
        cursor.execute(OVER, {"at": at, "limit": limit})
        return lapse([row[0] for row in cursor.fetchall()], at=at)


def lapse(coupon_ids: Sequence[int], *, at: datetime) -> int:
    """End the reservations of coupons that the caller holds, where their time is over."""
    if not coupon_ids:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(LAPSE, {"coupons": list(coupon_ids), "at": at})
        ended = cursor.fetchall()
    record_all(
        Happening("coupon.lapsed", Coupon(pk=coupon), at, None, {"order": order}) for coupon, order in ended
    )
    return len(ended)


@transaction.atomic
def revoke(*, coupon_id: int, actor: Actor, at: datetime, reason: str = "") -> Coupon:
    """Take back a coupon that is neither used nor reserved; its value leaves the member's account.

    It no longer counts against the limits of its kind. What was had for points gives these back.

    Raises:
        NotFound: there is no such coupon.
        CouponNotUsable: it was used, is reserved, has expired or was taken back before.
        Invalid: the reason is too long.
    """
    reason = reason.replace("\0", "").strip()
    if len(reason) > REASON_LENGTH:
        raise Invalid(_("The text is too long: 200 characters at most."))
    claim = _claim_of(coupon_id)
    coupon = Coupon.objects.select_for_update(no_key=True).filter(pk=coupon_id).first()
    if coupon is None:
        raise NotFound
    lapse([coupon.pk], at=at)
    if CouponUse.objects.filter(coupon=coupon, state=UseState.RESERVED).exists():
        raise CouponNotUsable(_("This coupon is reserved for an order."), reason="reserved")
    if coupon.status == CouponStatus.REDEEMED:
        raise CouponNotUsable(_("This coupon was already used."), reason="redeemed")
    if coupon.status == CouponStatus.REVOKED:
        raise CouponNotUsable(_("This coupon was taken back."), reason="revoked")
    if coupon.status == CouponStatus.EXPIRED or at >= coupon.expires_at:
        raise CouponNotUsable(_("This coupon has expired."), reason="expired")
    coupon.status, coupon.note = CouponStatus.REVOKED, reason
    coupon.save(update_fields=["status", "note"])
    issuing.uncount(coupon.template_id, Counter([coupon.member_id]))
    issued = Transaction.objects.get(key=issuing.issue_key(coupon.pk))
    ledger.reverse(posted=issued, key=f"coupon:{coupon.pk}:revoked", actor=actor, at=at)
    record("coupon.revoked", coupon, actor=actor, at=at, value_fen=coupon.value_fen)
    if claim is not None:
        _return_points(claim, coupon, actor=actor, at=at)
    return coupon


def _claim_of(coupon_id: int) -> RewardClaim | None:
    """What the member had the coupon for; the member and the reward are held before the coupon."""
    claim = RewardClaim.objects.filter(coupon=coupon_id).first()
    if claim is not None:
        Member.objects.select_for_update(no_key=True, of=("self",)).get(pk=claim.member_id)
        Reward.objects.select_for_update(no_key=True).get(pk=claim.reward_id)
        rows = Reward.objects.filter(pk=claim.reward_id, total_limit__isnull=False, taken__gt=0)
        rows.update(taken=F("taken") - 1)
    return claim


def _return_points(claim: RewardClaim, coupon: Coupon, *, actor: Actor, at: datetime) -> None:
    """Give back what a coupon cost; it no longer counts against the limits of the reward."""
    paid = Transaction.objects.get(key=coupon.key)
    ledger.reverse(posted=paid, key=f"{coupon.key}:returned", actor=actor, at=at)
    claim.returned_at = at
    claim.save(update_fields=["returned_at"])
    record("reward.returned", claim, actor=actor, at=at, reward=claim.reward_id, points=claim.points)
