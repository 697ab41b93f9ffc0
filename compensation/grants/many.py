"""Giving many members the same by a rule, in a few statements: see `commands.request` for one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from compensation.budgets import caps
from compensation.budgets import commands as budgets
from compensation.budgets.stops import Exhausted
from compensation.coupons import terms
from compensation.coupons.issuing import Recipient, issue_many
from compensation.coupons.refusals import NotGiven
from compensation.grants import rules
from compensation.grants.handlers import handler_of
from compensation.grants.rules import Content
from compensation.ledger.many import Gift, give_many
from compensation.models import CouponTemplate, Grant, GrantKind, GrantStatus, Unit
from config.common import bulk
from config.common.errors import Invalid, Stale
from config.common.events import Happening, record_all


@dataclass(frozen=True, slots=True)
class Asked:
    """A member, once in a call, and what theirs is given for; the cause is the key, too."""

    member_id: int
    cause: str
    problem: str


@transaction.atomic
def give_alike(
    *, asked: Sequence[Asked], content: Content, reason: str, reason_code: str, at: datetime
) -> dict[int, Grant | Exhausted]:
    """Give each member the same coupon or points, as far as caps and the budget go; all those, or none.

    Gives by member the grant, or what stopped it, of which nothing is written. The caller holds the members,
    none of whom was erased.

    Raises:
        Invalid: it is neither a coupon nor points, or a member comes twice.
        NotGiven, LimitReached: see coupons.issuing; nobody is given anything.
        Stale: the kind of coupon was changed in this very moment.
    """
    if content.kind not in {GrantKind.COUPON, GrantKind.POINTS} or len(
        {one.member_id for one in asked}
    ) < len(asked):
        raise Invalid
    fen = handler_of(content.kind).price(content, None)
    if content.template is not None and not content.template.is_active:
        raise NotGiven
    held = caps.hold_members(kind=content.kind, member_ids=[one.member_id for one in asked], at=at)
    stops = {one.member_id: caps.stop_of(held, member_id=one.member_id, fen=fen) for one in asked}
    fitting = [one for one in asked if stops[one.member_id] is None]
    room, empty = budgets.room_for(department="", reason_code=reason_code, each_fen=fen, at=at)
    fitting = fitting[:room]
    grants = _write(fitting, content, fen, reason=reason, reason_code=reason_code, at=at) if fitting else {}
    caps.take_held(held, list(grants.values()))
    budgets.reserve_many(grants=list(grants.values()), at=at, spent=True)
    _hand_out(content, grants, at=at)
    return {one.member_id: _outcome(grants.get(one.member_id), stops[one.member_id], empty) for one in asked}


def _outcome(grant: Grant | None, stop: Exhausted | None, empty: Exhausted | None) -> Grant | Exhausted:
    found = grant or stop or empty
    if found is None:
        raise AssertionError
    return found


def _write(
    asked: Sequence[Asked], content: Content, fen: int, *, reason: str, reason_code: str, at: datetime
) -> dict[int, Grant]:
    """Write the grants, given in the moment of their making; by member."""
    same: dict[str, Any] = {
        "kind": str(content.kind),
        "template": content.template and content.template.pk,
        "terms_digest": terms.digest(content.template) if content.template else "",
        "points": content.points,
        "gift": "",
        "department": "",
        "cost_fen": fen,
        "reason": reason,
        "reason_code": reason_code,
        "status": str(GrantStatus.CONFIRMED),
        "requested_at": at,
        "decided_at": at,
        "decision_note": "",
        "executed_at": at,
        "confirmed_at": at,
    }
    fields = {name: value for name, value in same.items() if name != "template"}
    drafts = [
        Grant(
            key=one.cause, cause=one.cause, problem=one.problem, member_id=one.member_id,
            template=content.template, **fields,
        )
        for one in asked
    ]  # fmt: skip
    bulk.insert_columns(
        Grant,
        {
            "key": [one.cause for one in asked],
            "cause": [one.cause for one in asked],
            "problem": [one.problem for one in asked],
            "member": [one.member_id for one in asked],
            "content_hash": [rules.digest(draft, []) for draft in drafts],
        },
        same,
    )
    made = dict(Grant.objects.filter(key__in=[one.cause for one in asked]).values_list("key", "pk"))
    for draft in drafts:
        draft.pk = made[draft.key]
    record_all(
        Happening("grant.executed", draft, at, None, {"cause": draft.cause, "cost_fen": fen})
        for draft in drafts
    )
    return {draft.member_id: draft for draft in drafts}


def _hand_out(content: Content, grants: dict[int, Grant], *, at: datetime) -> None:
    if not grants:
        return
    if content.template is None:
        gifts = [
            Gift(f"grant:{grant.pk}:given", member, content.points or 0) for member, grant in grants.items()
        ]
        give_many(unit=Unit.POINTS, kind="points.granted", gifts=gifts, actor=None, at=at)
        return
    recipients = [
        Recipient(f"grant:{grant.pk}", member, grant.pk, grant.cost_fen) for member, grant in grants.items()
    ]
    issue_many(template=content.template, recipients=recipients, actor=None, at=at)
    now = CouponTemplate.objects.get(pk=content.template.pk)  # held by what was issued
    if terms.digest(now) != terms.digest(content.template):
        raise Stale(_("This kind of coupon was changed since it was asked for: ask for it anew."))
    connection.check_constraints()  # now, while it is known whose they are, not at the commit
