"""What happens to budgets: reserved at approval, spent when it has left the house, released where it ends.

Lock order: Case, Member, Grant, counts of caps, Budget, Coupon, accounts. No budget for a department and
reason is no limit.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import Case, F, Q, QuerySet, Value, When
from django.utils.translation import gettext_lazy as _

from compensation.budgets import caps, telling
from compensation.budgets.rules import Window
from compensation.budgets.stops import BudgetEmpty, Exhausted
from compensation.models import Budget, BudgetUse, BudgetUseState, Grant
from config.common.asked import in_years
from config.common.errors import Invalid, Taken
from config.common.events import Actor, record
from config.common.models import User

NO_OVERLAP, ENOUGH = "budget_no_overlap", "budget_enough"
WIDTH = Case(
    When(~Q(department="") & ~Q(reason_code=""), then=Value(0)),
    When(~Q(department=""), then=Value(1)),
    When(~Q(reason_code=""), then=Value(2)),
    default=Value(3),
)
"""The narrowest budget comes first."""


def reserve(*, grant: Grant, rule_code: str = "", at: datetime, may_pass: bool = False) -> None:
    """Count a grant towards its caps and reserve its cost in its budget; nothing is written on a refusal.

    The caller holds the grant. `may_pass`: an approver decides, who may go beyond a cap, never a budget.

    Raises:
        CapReached: a cap of the member, the agent or the rule has not so much left.
        BudgetEmpty: the budget has not so much left.
    """
    with transaction.atomic():
        caps.take(grant, rule_code=rule_code, at=at, may_pass=may_pass)
        budget = _lock(grant.department, grant.reason_code, at)
        if budget is not None:
            _take(budget, grant.cost_fen)
            BudgetUse.objects.create(
                budget=budget, grant=grant, fen=grant.cost_fen, reserved_at=at, changed_at=at
            )
            telling.tell_if_low(budget, at=at)


def spend(*, grant: Grant, at: datetime) -> None:
    """What was reserved for a grant has left the house; again changes nothing. The caller holds the grant."""
    use = BudgetUse.objects.filter(grant=grant, state=BudgetUseState.RESERVED).first()
    if use is not None:
        _move(use, BudgetUseState.SPENT, at)


def release(*, grant: Grant, at: datetime) -> None:
    """Give back what a grant took of its budget and caps; again changes nothing. The caller holds it."""
    caps.release(grant, at=at)
    use = BudgetUse.objects.filter(grant=grant).exclude(state=BudgetUseState.RELEASED).first()
    if use is not None:
        _move(use, BudgetUseState.RELEASED, at)


def reserve_again(*, grant: Grant, at: datetime) -> None:
    """Reserve anew what a grant had given back when it failed, and count it towards its caps again.

    The caller holds the grant.

    Raises:
        BudgetEmpty: the budget has not so much left.
    """
    caps.take_again(grant)
    use = BudgetUse.objects.filter(grant=grant, state=BudgetUseState.RELEASED).first()
    if use is None:
        return
    budget = Budget.objects.select_for_update(no_key=True).get(pk=use.budget_id)
    _take(budget, use.fen)
    use.state, use.changed_at = BudgetUseState.RESERVED, at
    use.save(update_fields=["state", "changed_at"])
    telling.tell_if_low(budget, at=at)


@transaction.atomic
def hold(*, holder: str, department: str, reason_code: str, fen: int, at: datetime) -> BudgetUse | None:
    """Reserve a sum for grants to come, once for a holder such as "batch:3"; None where no budget limits it.

    Raises:
        BudgetEmpty: the budget has not so much left.
    """
    budget = _lock(department, reason_code, at)
    known = BudgetUse.objects.filter(holder=holder).first()
    if known is not None or budget is None:
        return known
    _take(budget, fen)
    use = BudgetUse.objects.create(budget=budget, holder=holder, fen=fen, reserved_at=at, changed_at=at)
    telling.tell_if_low(budget, at=at)
    return use


@transaction.atomic
def let_go(*, holder: str, at: datetime) -> int:
    """Give back what a holder still has; gives how much that was. Again changes nothing."""
    held = BudgetUse.objects.filter(holder=holder)
    if (budget_id := held.values_list("budget", flat=True).first()) is None:
        return 0
    Budget.objects.select_for_update(no_key=True).get(pk=budget_id)
    use = held.filter(state=BudgetUseState.RESERVED).first()
    if use is None:
        return 0
    _move(use, BudgetUseState.RELEASED, at)
    return use.fen


@transaction.atomic
def reserve_many(
    *, grants: Sequence[Grant], at: datetime, holder: str = "", spent: bool = False
) -> list[BudgetUse]:
    """Reserve for many grants of one department and reason in four statements; all of them, or none.

    The grants are written and held by the caller, and have no use yet. With `holder`, what `hold` has
    reserved is taken first: the budget as a whole does not change, and no other can come between. With
    `spent`, they have left the house in the same moment. Caps are not counted: whoever approves a batch
    decides about all its members. Gives the uses; none where no budget limits it.

    Raises:
        Invalid: they are of several departments or reasons.
        BudgetEmpty: the budget has not so much left.
    """
    lines = {(grant.department, grant.reason_code) for grant in grants}
    if len(lines) > 1:
        raise Invalid(_("One budget at a time: these are for several."))
    if not lines:
        return []
    total = sum(grant.cost_fen for grant in grants)
    held = BudgetUse.objects.filter(holder=holder).first() if holder else None
    budget = (
        Budget.objects.select_for_update(no_key=True).get(pk=held.budget_id)
        if held is not None
        else _lock(*next(iter(lines)), at)
    )
    if budget is None:
        return []
    from_held = 0
    if held is not None:
        held.refresh_from_db()
        from_held = min(total, held.fen) if held.state == BudgetUseState.RESERVED else 0
        BudgetUse.objects.filter(pk=held.pk).update(fen=F("fen") - from_held, changed_at=at)
    if total > from_held:
        _take(budget, total - from_held)
    if spent:
        Budget.objects.filter(pk=budget.pk).update(
            reserved_fen=F("reserved_fen") - total, spent_fen=F("spent_fen") + total
        )
    state = BudgetUseState.SPENT if spent else BudgetUseState.RESERVED
    uses = BudgetUse.objects.bulk_create(
        BudgetUse(budget=budget, grant=grant, fen=grant.cost_fen, state=state, reserved_at=at, changed_at=at)
        for grant in grants
    )
    telling.tell_if_low(budget, at=at)
    return uses


def room_for(
    *, department: str, reason_code: str, each_fen: int, at: datetime
) -> tuple[int | None, BudgetEmpty | None]:
    """How many grants that cost so much a budget has left for, and what to tell the next; None: no limit.

    The budget is held from now on, in the transaction of the caller, who reserves with `reserve_many`.
    """
    budget = _lock(department, reason_code, at)
    if budget is None or not each_fen:
        return None, None
    return max(budget.left_fen, 0) // each_fen, _empty(budget, each_fen)


@transaction.atomic
def save_budget(
    *, budget: Budget, owners: Iterable[User] | None = None, actor: Actor, at: datetime
) -> Budget:
    """Make a budget or change it. What was taken stays; more money has its owners told anew when it is low.

    Raises:
        Taken: there is one for the same department and reason at that time.
        Invalid: it ends before it begins, or the amount is less than was taken already.
    """
    if not budget.starts_at < budget.ends_at:
        raise Invalid(_("The end is after the beginning."), field="ends_at")
    for name in ("starts_at", "ends_at"):
        if not in_years(getattr(budget, name)):
            raise Invalid(_("This is not a moment in time."), field=name)
    fields = ["department", "reason_code", "starts_at", "ends_at", "amount_fen", "low_percent"]
    try:
        with transaction.atomic():
            now = Budget.objects.select_for_update(no_key=True).filter(pk=budget.pk).first()
            if now is None:
                budget.save()
            else:
                budget.reserved_fen, budget.spent_fen = now.reserved_fen, now.spent_fen
                budget.low_told_at = now.low_told_at if budget.is_low else None
                budget.empty_told_at = now.empty_told_at if budget.left_fen <= 0 else None
                budget.save(update_fields=[*fields, "low_told_at", "empty_told_at"])
    except IntegrityError as error:
        if NO_OVERLAP in str(error):
            raise Taken(_("There is a budget for the same department and reason at that time.")) from error
        if ENOUGH in str(error):
            raise Invalid(_("More than that is reserved and spent already."), field="amount_fen") from error
        raise
    if owners is not None:
        budget.owners.set(owners)
    record(
        "budget.saved",
        budget,
        actor=actor,
        at=at,
        department=budget.department,
        reason=budget.reason_code,
        starts_at=budget.starts_at.isoformat(),
        ends_at=budget.ends_at.isoformat(),
        amount_fen=budget.amount_fen,
        low_percent=budget.low_percent,
    )
    return budget


@transaction.atomic
def copy_on(*, budget_id: int, span: Window, actor: Actor, at: datetime) -> Budget:
    """Make the same budget, unused, for another period.

    Raises:
        Taken: there is one at that time.
    """
    old = Budget.objects.get(pk=budget_id)
    new = Budget(
        department=old.department,
        reason_code=old.reason_code,
        starts_at=span.starts_at,
        ends_at=span.ends_at,
        amount_fen=old.amount_fen,
        low_percent=old.low_percent,
    )
    return save_budget(budget=new, owners=old.owners.all(), actor=actor, at=at)


def note_stop(stop: Exhausted, *, at: datetime) -> None:
    """Tell the owners of a budget, once, that it stopped a grant."""
    if isinstance(stop, BudgetEmpty):
        telling.tell_empty(Budget.objects.get(pk=stop.details["budget"]), at=at)


def in_force(department: str, reason_code: str, at: datetime) -> QuerySet[Budget]:
    """The budgets that a grant may take from at that moment, the narrowest first."""
    return Budget.objects.filter(
        department__in=["", department],
        reason_code__in=["", reason_code],
        starts_at__lte=at,
        ends_at__gt=at,
    ).order_by(WIDTH, "pk")


def _lock(department: str, reason_code: str, at: datetime) -> Budget | None:
    """Hold the budget that a grant takes from."""
    while (found := in_force(department, reason_code, at).first()) is not None:
        held = (
            in_force(department, reason_code, at).select_for_update(no_key=True).filter(pk=found.pk).first()
        )
        if held is not None:  # else its period was changed while we waited
            return held
    return None


def _take(budget: Budget, fen: int) -> None:
    """Reserve in a budget that is held, or refuse."""
    if fen > budget.left_fen:
        raise _empty(budget, fen)
    Budget.objects.filter(pk=budget.pk).update(reserved_fen=F("reserved_fen") + fen)
    budget.reserved_fen += fen


def _empty(budget: Budget, fen: int) -> BudgetEmpty:
    return BudgetEmpty(
        budget=budget.pk,
        department=budget.department,
        reason_code=budget.reason_code,
        until=budget.ends_at.isoformat(),
        left_fen=budget.left_fen,
        cost_fen=fen,
    )


def _move(use: BudgetUse, state: BudgetUseState, at: datetime) -> None:
    """Move what a use has, in its budget too."""
    columns = {BudgetUseState.RESERVED: "reserved_fen", BudgetUseState.SPENT: "spent_fen"}
    given, taken = columns.get(state), columns[BudgetUseState(use.state)]
    change = {taken: F(taken) - use.fen} | ({given: F(given) + use.fen} if given else {})
    Budget.objects.filter(pk=use.budget_id).update(**change)
    use.state, use.changed_at = state, at
    use.save(update_fields=["state", "changed_at"])
