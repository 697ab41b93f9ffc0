"""Who may give how much, what counts against it, and who stands in for whom."""

from collections.abc import Iterable
from datetime import datetime

from django.contrib.auth.models import Group, Permission
from django.db.models import F, Q, QuerySet, Sum

from compensation.authority import rules
from compensation.authority.rules import Sums
from compensation.models import LIVE, ApprovalTerms, Authority, Delegation, Grant
from config.common.models import User

APPROVE = "compensation.approve_grant"


def limits_of(user: User) -> Sums:
    """What a person may give: by their own row, else by the highest of their roles, each limit for itself.

    Money follows rows alone: an administrator without one has none.
    """
    if not user.is_active:
        return Sums()
    rows = list(Authority.objects.filter(Q(user=user) | Q(group__user=user)).distinct())
    own = [row for row in rows if row.user_id == user.pk]
    return rules.highest(_limits(row) for row in own or rows)


def live_beside(
    *, member_id: int, problem: str, order_id: int | None, at: datetime, but: int | None = None
) -> Sums:
    """What is live for a problem, an order, and a member in the last day, whoever asked for it.

    In the day is what was asked for or decided in it. To decide on it, hold the member's row. `but` leaves
    one grant out.
    """
    since = at - rules.DAY
    today = Q(member=member_id) & (Q(requested_at__gt=since) | Q(decided_at__gt=since))
    same, ordered = Q(problem=problem), Q(order=order_id) if order_id else Q(pk__in=[])
    rows = Grant.objects.filter(today | same | ordered, status__in=LIVE).exclude(pk=but or 0)
    sums = rows.aggregate(
        problem=Sum("cost_fen", filter=same, default=0),
        order=Sum("cost_fen", filter=ordered, default=0),
        member_day=Sum("cost_fen", filter=today, default=0),
    )
    return Sums(**{name: int(total) for name, total in sums.items()})


def left_fen(limits: Sums, *, member_id: int, problem: str, order_id: int | None, at: datetime) -> int:
    """The most that somebody with these limits can still give for this problem without asking."""
    before = live_beside(member_id=member_id, problem=problem, order_id=order_id, at=at)
    return rules.left(limits, before, has_order=order_id is not None)


def unproved_fen(order_id: int, *, but: int | None = None) -> int:
    """The money that is live for an order without a picture; `but` leaves one grant out. Hold the member."""
    rows = Grant.objects.filter(order=order_id, kind__in=rules.MONEY, evidence=0, status__in=LIVE)
    return int(rows.exclude(pk=but or 0).aggregate(fen=Sum("cost_fen", default=0))["fen"])


def delegated_to(user: User, at: datetime) -> list[User]:
    """Those whose authority a person has at that moment; it goes no further than to them."""
    running = Delegation.objects.filter(receiver=user, from_at__lte=at, until__gt=at)
    givers = [one.giver for one in running.select_related("giver").order_by("from_at", "pk")]
    return [giver for giver in givers if giver.is_active and giver.has_perm(APPROVE)]


def approvers() -> QuerySet[User]:
    """Everybody who may decide on grants by a role or by themselves."""
    app, code = APPROVE.split(".")
    held = Permission.objects.filter(codename=code, content_type__app_label=app)
    return User.objects.filter(
        Q(groups__permissions__in=held) | Q(user_permissions__in=held), is_active=True
    ).distinct()


def backing(user: User, need: Sums, *, requester_id: int | None, at: datetime) -> User | None:
    """By whose authority a person may approve that much: their own first, else one delegated to them.

    What whoever asked has delegated does not count: nobody approves their own request through another.
    """
    for holder in (user, *delegated_to(user, at)):
        if holder.pk != requester_id and rules.covers(limits_of(holder), need):
            return holder
    return None


def batch_limit_fen(user: User) -> int:
    """The largest batch that a person may approve: by their own row, else by the highest of their roles."""
    if not user.is_active:
        return 0
    rows = list(Authority.objects.filter(Q(user=user) | Q(group__user=user)).distinct())
    own = [row for row in rows if row.user_id == user.pk]
    return max((row.per_batch_fen for row in own or rows), default=0)


def batch_backing(user: User, total_fen: int, *, requester_id: int | None, at: datetime) -> User | None:
    """By whose authority a person may approve a batch of that cost; as `backing`."""
    for holder in (user, *delegated_to(user, at)):
        if holder.pk != requester_id and batch_limit_fen(holder) >= total_fen:
            return holder
    return None


def most_of(user: User, at: datetime) -> Sums:
    """The most that a person may approve at that moment, delegated authority included."""
    return rules.highest(limits_of(holder) for holder in (user, *delegated_to(user, at)))


def role_for(need: Sums) -> Group | None:
    """The lowest level that may approve so much."""
    return next((row.group for row in _levels() if rules.covers(_limits(row), need)), None)


def role_above(role: Group | None, need: Sums) -> Group | None:
    """The next level above a role that may approve so much; none above the highest."""
    levels = [row for row in _levels() if rules.covers(_limits(row), need)]
    known = [row.group_id for row in levels]
    place = known.index(role.pk) + 1 if role is not None and role.pk in known else 0
    return levels[place].group if place < len(levels) else None


def terms() -> ApprovalTerms:
    """How long approvers have, and what needs pictures."""
    return ApprovalTerms.objects.filter(pk=1).first() or ApprovalTerms()


def _levels() -> Iterable[Authority]:
    """The roles that may approve, the lowest first."""
    app, code = APPROVE.split(".")
    return (
        Authority.objects.filter(
            group__permissions__codename=code, group__permissions__content_type__app_label=app
        )
        .select_related("group")
        .order_by(F("per_grant_fen"), "pk")
    )


def _limits(row: Authority) -> Sums:
    return Sums(row.per_grant_fen, row.per_problem_fen, row.per_order_fen, row.per_member_day_fen)
