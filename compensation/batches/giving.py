"""Giving the same to a chunk of members in a few statements: grants, coupons or points, events, notices."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from compensation.batches import refunding
from compensation.batches.choosing import holder_of, problem_of
from compensation.batches.contents import Part, approved_parts, validity
from compensation.batches.refunding import Due
from compensation.budgets import commands as budgets
from compensation.coupons import rules as coupons
from compensation.coupons import terms
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
from compensation.points import giving as points
from compensation.refunds.many import Rest
from config.common import bulk
from config.common.events import Happening, record_all
from config.common.money import display

WALLET = "/portal/wallet/"
MARK = """
UPDATE compensation_batchitem SET status = 'given', done_at = %s
WHERE id = ANY(%s::bigint[]) AND status = 'waiting'
"""


@dataclass(frozen=True, slots=True)
class Recipient:
    """An item whose row the worker holds, its member, whose row it holds as well, and their orders."""

    item: int
    member: Member
    orders: tuple[Due, ...] = ()

    @property
    def rests(self) -> list[Rest]:
        """What of their orders goes back."""
        return [one.rest for one in self.orders if one.rest is not None]


def give(batch: Batch, recipients: Sequence[Recipient], *, at: datetime) -> None:
    """Give each their part and mark their items, all or none.

    Raises:
        DomainError, DatabaseError: one of them cannot be given it; the caller finds out which.
    """
    members = [one.member.pk for one in recipients]
    parts = approved_parts(batch)
    given = [
        _grants(batch, part, members, causes=_causes(batch, members, part, parts), at=at) for part in parts
    ]
    rests = [rest for one in recipients for rest in one.rests]
    paid = _refunds(batch, rests, at=at)
    _tell(batch, recipients, at=at)
    # late, for other workers wait for the budget; before orders, coupons and accounts
    for part, grants in zip(parts, given, strict=True):
        _spend(batch, [(grant, part.fen) for grant in grants], spent=True, at=at)
    _spend(batch, [(paid[rest.order_id], rest.fen) for rest in rests], spent=False, at=at)
    if rests:
        refunding.pay(batch, rests, paid, at=at)
    for part, grants in zip(parts, given, strict=True):
        if part.kind == GrantKind.COUPON:
            _coupons(batch, part, members, grants, at=at)
        else:
            _points(batch, members, grants, at=at)
    refunding.settle([one for recipient in recipients for one in recipient.orders], paid)
    with connection.cursor() as cursor:
        cursor.execute(MARK, [at, bulk.array(one.item for one in recipients)])


def cause_of(batch: Batch, member_id: int, what: str = "") -> str:
    """What a grant of a member is for: one live each, by constraint; `what` tells their things apart."""
    return f"batch:{batch.pk}:{member_id}" + (f":{what}" if what else "")


def _causes(batch: Batch, members: Sequence[int], part: Part, parts: Sequence[Part]) -> list[str]:
    what = "" if part is parts[0] else str(part.kind)
    return [cause_of(batch, member, what) for member in members]


def _same(batch: Batch, *, at: datetime) -> dict[str, Any]:
    """What all grants of a batch have in common."""
    return {
        "problem": problem_of(batch),
        "reason": batch.reason,
        "reason_code": batch.reason_code,
        "department": batch.department,
        "content_hash": batch.content_hash,
        "requested_by": batch.asked_by_id,
        "requested_at": batch.asked_at,
        "decided_by": batch.decided_by_id,
        "decided_at": batch.decided_at or at,
        "decision_note": batch.note,
    }


def _grants(
    batch: Batch, part: Part, members: Sequence[int], *, causes: Sequence[str], at: datetime
) -> list[int]:
    """Write the grants of a part, given in the moment of their making; gives their ids."""
    is_coupon = part.kind == GrantKind.COUPON
    same: dict[str, Any] = {
        **_same(batch, at=at),
        "kind": str(part.kind),
        "template": batch.template_id if is_coupon else None,
        "points": None if is_coupon else batch.points,
        "cost_fen": part.fen,
        "status": str(GrantStatus.CONFIRMED),
        "executed_at": at,
        "confirmed_at": at,
    }
    bulk.insert_columns(Grant, {"key": causes, "cause": causes, "member": members}, same)
    made = dict(Grant.objects.filter(key__in=causes).values_list("key", "pk"))
    grants = [made[cause] for cause in causes]
    record_all(
        Happening(
            "grant.executed",
            Grant(pk=grant),
            at,
            batch.decided_by,
            {"cause": cause, "cost_fen": part.fen, "batch": batch.pk},
        )
        for grant, cause in zip(grants, causes, strict=True)
    )
    return grants


def _refunds(batch: Batch, rests: Sequence[Rest], *, at: datetime) -> dict[int, int]:
    """Write the grants of refunds; gives their ids by order."""
    if not rests:
        return {}
    causes = [cause_of(batch, rest.member_id, f"order:{rest.order_id}") for rest in rests]
    return refunding.write_grants(batch, rests, causes=causes, same=_same(batch, at=at), at=at)


def _coupons(
    batch: Batch, part: Part, members: Sequence[int], grants: Sequence[int], *, at: datetime
) -> None:
    if batch.template is None:  # a part of coupons has a template
        raise ValueError("a batch of coupons has a template")
    issue_many(
        template=batch.template,
        recipients=[
            CouponFor(f"grant:{grant}", member, grant, part.fen)
            for member, grant in zip(members, grants, strict=True)
        ],
        actor=batch.decided_by,
        at=at,
    )


def _points(batch: Batch, members: Sequence[int], grants: Sequence[int], *, at: datetime) -> None:
    gifts = [
        Gift(f"grant:{grant}:given", member, batch.points or 0)
        for member, grant in zip(members, grants, strict=True)
    ]
    give_many(
        unit=Unit.POINTS,
        kind="points.granted",
        gifts=gifts,
        actor=batch.decided_by,
        at=at,
        terms=points.granted(at),
    )


def _spend(batch: Batch, grants: Sequence[tuple[int, int]], *, spent: bool, at: datetime) -> None:
    """Take what they cost from what the batch holds of its budget; grants as (grant, fen)."""
    costs = [
        Grant(pk=grant, department=batch.department, reason_code=batch.reason_code, cost_fen=fen)
        for grant, fen in grants
    ]
    budgets.reserve_many(grants=costs, at=at, holder=holder_of(batch), spent=spent)


def _tell(batch: Batch, recipients: Sequence[Recipient], *, at: datetime) -> None:
    texts: dict[str, Text] = {}
    for language in {one.member.language for one in recipients}:
        with translation.override(language):
            texts[language] = _text(batch, at)
    notify_all(
        [
            Telling(
                member=one.member,
                kind="remedy.granted",
                key=f"batch:{batch.pk}:{one.member.pk}",
                title=texts[one.member.language].title,
                body=texts[one.member.language].body_for(sum(rest.fen for rest in one.rests)),
                path=WALLET,
            )
            for one in recipients
        ],
        at=at,
    )


@dataclass(frozen=True, slots=True)
class Text:
    """What members are told in a language."""

    title: str
    body: Sequence[str]
    back: str

    def body_for(self, refund_fen: int) -> str:
        """The text for somebody of whose orders so much goes back."""
        back = [self.back % {"amount": display(refund_fen)}] if refund_fen else []
        return "\n\n".join([*self.body, *back])


def _text(batch: Batch, at: datetime) -> Text:
    """What is told in the language of the moment."""
    titles, body = [], [batch.message] if batch.message else []
    if batch.template is not None:
        valid = validity(batch.template, at)
        until = coupons.last_day(valid.expires_at if valid else at, timezone.get_default_timezone())
        titles.append(terms.given(batch.template, batch.template.value_fen))
        body.append(_("It is in your wallet, valid until %(day)s.") % {"day": f"{until:%Y-%m-%d}"})
    if batch.points is not None:
        titles.append(_("We have given you %(points)s points") % {"points": batch.points})
        body.append(
            _("The points are on your account.") if batch.template else _("They are on your account.")
        )
    return Text(
        titles[0] if titles else _("We refund your order"),
        body,
        _("%(amount)s of what you paid goes back the way you paid it."),
    )


def fail(item_id: int, why: str, *, at: datetime) -> None:
    """Note that a member could not be given it, and why."""
    BatchItem.objects.filter(pk=item_id).update(status="failed", why=why[:200], done_at=at)
