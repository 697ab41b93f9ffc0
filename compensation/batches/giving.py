"""Giving the same to a chunk of members in a few statements: grants, coupons or points, events, notices."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from compensation.batches.choosing import holder_of, problem_of
from compensation.batches.contents import validity
from compensation.budgets import commands as budgets
from compensation.coupons.issuing import Recipient as CouponFor
from compensation.coupons.issuing import issue_many
from compensation.ledger.many import Gift, give_many
from compensation.models import (
    Batch,
    BatchItem,
    Grant,
    GrantKind,
    GrantStatus,
    Member,
    Unit,
)
from compensation.notices.commands import Telling, notify_all
from config.common import bulk
from config.common.events import Happening, record_all
from config.common.money import display

WALLET = "/portal/wallet/"
MARK = """
UPDATE compensation_batchitem AS item SET status = 'given', grant_id = given.grant_id, done_at = %(at)s
FROM unnest(%(members)s::bigint[], %(grants)s::bigint[]) AS given (member_id, grant_id)
WHERE item.batch_id = %(batch)s AND item.member_id = given.member_id AND item.status = 'waiting'
"""


@dataclass(frozen=True, slots=True)
class Recipient:
    """An item whose row the worker holds, and its member, whose row it holds as well."""

    item: int
    member: Member


def give(batch: Batch, recipients: Sequence[Recipient], *, at: datetime) -> None:
    """Give each their part and mark their items, all or none.

    Raises:
        DomainError, DatabaseError: one of them cannot be given it; the caller finds out which.
    """
    members = [one.member.pk for one in recipients]
    granted = _grants(batch, members, at=at)
    grants = [granted[member] for member in members]
    record_all(
        Happening(
            "grant.executed",
            Grant(pk=grant),
            at,
            batch.decided_by,
            {"cause": cause_of(batch, member), "cost_fen": batch.each_fen, "batch": batch.pk},
        )
        for member, grant in zip(members, grants, strict=True)
    )
    _tell(batch, recipients, at=at)
    _spend(batch, grants, at=at)  # late, for other workers wait for the budget; before coupons and accounts
    if batch.kind == GrantKind.COUPON:
        _coupons(batch, members, grants, at=at)
    else:
        gifts = [
            Gift(f"grant:{grant}:given", member, batch.points or 0)
            for member, grant in zip(members, grants, strict=True)
        ]
        give_many(unit=Unit.POINTS, kind="points.granted", gifts=gifts, actor=batch.decided_by, at=at)
    values: dict[str, Any] = {
        "batch": batch.pk,
        "at": at,
        "members": bulk.array(members),
        "grants": bulk.array(grants),
    }
    with connection.cursor() as cursor:
        cursor.execute(MARK, values)


def cause_of(batch: Batch, member_id: int) -> str:
    """What the grant of a member is for: one live grant each, by constraint."""
    return f"batch:{batch.pk}:{member_id}"


def _grants(batch: Batch, members: Sequence[int], *, at: datetime) -> dict[int, int]:
    """Write the grants, given in the moment of their making; gives their ids by member."""
    causes = [cause_of(batch, member) for member in members]
    same: dict[str, Any] = {
        "problem": problem_of(batch),
        "kind": str(batch.kind),
        "template": batch.template_id,
        "points": batch.points,
        "cost_fen": batch.each_fen,
        "reason": batch.reason,
        "reason_code": batch.reason_code,
        "department": batch.department,
        "content_hash": batch.content_hash,
        "status": str(GrantStatus.CONFIRMED),
        "requested_by": batch.asked_by_id,
        "requested_at": batch.asked_at,
        "decided_by": batch.decided_by_id,
        "decided_at": batch.decided_at,
        "decision_note": batch.note,
        "executed_at": at,
        "confirmed_at": at,
    }
    bulk.insert_columns(Grant, {"key": causes, "cause": causes, "member": members}, same)
    return dict(Grant.objects.filter(key__in=causes).values_list("member_id", "pk"))


def _coupons(batch: Batch, members: Sequence[int], grants: Sequence[int], *, at: datetime) -> None:
    if batch.template is None:  # batch_has_content
        raise ValueError("a batch of coupons has a template")
    issue_many(
        template=batch.template,
        recipients=[
            CouponFor(f"grant:{grant}", member, grant, batch.each_fen)
            for member, grant in zip(members, grants, strict=True)
        ],
        actor=batch.decided_by,
        at=at,
    )


def _spend(batch: Batch, grants: Sequence[int], *, at: datetime) -> None:
    """Take what they cost from what the batch holds of its budget."""
    costs = [
        Grant(pk=grant, department=batch.department, reason_code=batch.reason_code, cost_fen=batch.each_fen)
        for grant in grants
    ]
    budgets.reserve_many(grants=costs, at=at, holder=holder_of(batch), spent=True)


def _tell(batch: Batch, recipients: Sequence[Recipient], *, at: datetime) -> None:
    texts: dict[str, tuple[str, str]] = {}
    for language in {one.member.language for one in recipients}:
        with translation.override(language):
            texts[language] = _text(batch, at)
    notify_all(
        [
            Telling(
                member=one.member,
                kind="remedy.granted",
                key=f"batch:{batch.pk}:{one.member.pk}",
                title=texts[one.member.language][0],
                body=texts[one.member.language][1],
                path=WALLET,
            )
            for one in recipients
        ],
        at=at,
    )


def _text(batch: Batch, at: datetime) -> tuple[str, str]:
    """Title and body in the language of the moment."""
    if batch.kind == GrantKind.COUPON and batch.template is not None:
        valid = validity(batch.template, at)
        until = timezone.localtime(valid.expires_at if valid else at)
        title = _("We have given you a coupon of %(amount)s") % {"amount": display(batch.each_fen)}
        body = _("It is in your wallet, valid until %(day)s.") % {"day": f"{until:%Y-%m-%d}"}
    else:
        title = _("We have given you %(points)s points") % {"points": batch.points}
        body = _("They are on your account.")
    return title, f"{batch.message}\n\n{body}" if batch.message else body


def fail(item_id: int, why: str, *, at: datetime) -> None:
    """Note that a member could not be given it, and why."""
    BatchItem.objects.filter(pk=item_id).update(status="failed", why=why[:200], done_at=at)
