"""What occasions give: many that give the same in a few statements, the others one by one.

The caller holds the members.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import DatabaseError, InterfaceError, OperationalError, connection, transaction

from compensation.budgets.stops import BudgetEmpty, CapReached, Exhausted
from compensation.grants import commands as grants
from compensation.grants import many
from compensation.grants.rules import Content
from compensation.models import CareAct, CouponTemplate, Grant, GrantKind, GrantStatus
from compensation.notices.commands import Telling
from config.common.errors import DomainError

STOPS: Mapping[str, type[Exhausted]] = {one.because: one for one in (BudgetEmpty, CapReached)}
REASON = "care"
CUT = (OperationalError, InterfaceError)


@dataclass(frozen=True, slots=True)
class Gift:
    """What one occasion gives, and what its member is told with it."""

    act: CareAct
    template: CouponTemplate | None
    telling: Telling


Outcome = tuple[Gift, Exception | None]


def give_alone(gift: Gift, *, at: datetime) -> Exception | None:
    """Give all that the occasion gives, or nothing of it; gives what stopped it, whatever that is."""
    try:
        _give_all(gift.act, gift.template, at)
    except CUT:
        raise
    except Exception as error:  # noqa: BLE001 - the others must get theirs
        return error
    return None


def give_alike(gifts: Sequence[Gift], *, at: datetime) -> Iterator[Outcome]:
    """Give the same of one rule to members of whom each comes once; each with why not, or nothing.

    Where that fails, each half is given; who stands alone is given alone.
    """
    if len(gifts) == 1:
        yield gifts[0], give_alone(gifts[0], at=at)
        return
    rule, template = gifts[0].act.rule, gifts[0].template
    kind = GrantKind.POINTS if template is None else GrantKind.COUPON
    try:
        given = many.give_alike(
            asked=[many.Asked(one.act.member_id, _cause(one.act, kind), _problem(one.act)) for one in gifts],
            content=Content(kind=kind, template=template, points=rule.points if template is None else None),
            reason=rule.name,
            reason_code=REASON,
            at=at,
        )
    except CUT:
        raise
    except (DomainError, DatabaseError):
        middle = len(gifts) // 2
        for half in (gifts[:middle], gifts[middle:]):
            yield from give_alike(half, at=at)
        return
    for one in gifts:
        outcome = given[one.act.member_id]
        if isinstance(outcome, Exhausted):
            yield one, outcome
            continue
        if kind == GrantKind.COUPON:
            one.act.coupon_grant = outcome
        else:
            one.act.points_grant = outcome
        yield one, None


@transaction.atomic
def _give_all(act: CareAct, template: CouponTemplate | None, at: datetime) -> None:
    """Give all that the rule gives, or nothing of it.

    What would wait for a person is not asked for: a rule for thousands is no inbox of thousands.

    Raises:
        Exhausted: a budget or cap is used up.
        DomainError: it cannot be given; see grants.commands.request.
    """
    if template is not None:
        act.coupon_grant = _give(act, Content(kind=GrantKind.COUPON, template=template), at)
    if act.rule.points:
        act.points_grant = _give(act, Content(kind=GrantKind.POINTS, points=act.rule.points), at)
    connection.check_constraints()  # now, while it is known whose it is, not at the commit


def _give(act: CareAct, content: Content, at: datetime) -> Grant:
    cause = _cause(act, content.kind)
    grant = grants.request(
        key=cause,
        cause=cause,
        problem=_problem(act),
        member=act.member,
        content=content,
        reason=act.rule.name,
        reason_code=REASON,
        actor=None,
        at=at,
    )
    if grant.status == GrantStatus.REQUESTED:
        waiting = grant.rounds.get(decision="")
        raise STOPS.get(waiting.because, CapReached)(**waiting.details)
    return grant


def _cause(act: CareAct, kind: str) -> str:
    return f"care:{act.rule.code}:{act.pk}:{kind}"


def _problem(act: CareAct) -> str:
    return f"care:{act.rule.code}:{act.pk}"
