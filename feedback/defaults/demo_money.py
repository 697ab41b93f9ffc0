"""What is given in the demo shop besides its coupons: budgets, requests that wait, money back, a batch."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple

from django.utils import timezone

from compensation.batches import commands as batches
from compensation.batches import running, sources
from compensation.budgets import commands as budgets
from compensation.models import Budget, CouponTemplate, GrantKind, OrderLine
from config.common.models import User
from feedback.defaults.demo_staff import Staff
from feedback.defaults.demo_today import Step
from feedback.models import Case, Remedy
from feedback.remedies import commands as remedies

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
YUAN = 100
BUDGETS = (("service", 3_000), ("", 12_000))
"""What a month has: the service by itself, and all departments together."""


class Wish(NamedTuple):
    """Money that an agent asks for: how long ago, for a line from so many yuan, how many of them, and why."""

    hours: int
    kind: GrantKind
    least: int
    yuan: int
    why: str


WISHES = (
    Wish(30, GrantKind.PRICE_DIFFERENCE, 40, 20, "下单第二天降价，符合保价承诺。"),
    Wish(9, GrantKind.PRICE_DIFFERENCE, 60, 30, "活动页写明的满减没有生效。"),
    Wish(5, GrantKind.REFUND, 60, 60, "商品有划痕，会员留用，协商退一部分。"),
    Wish(2, GrantKind.REFUND, 90, 80, "收到时外壳开裂，会员要求退款。"),
    Wish(1, GrantKind.PRICE_DIFFERENCE, 90, 75, "同一商品两小时后降价 75 元。"),
)


class Crisis(NamedTuple):
    """A coupon for all who ordered in so many days, and whether it was approved already."""

    hours: int
    name: str
    coupon: str
    days: int
    is_approved: bool


CRISES = (
    Crisis(26, "仓库停电致歉", "sorry-5", 6, is_approved=True),
    Crisis(3, "快递网点停运致歉", "sorry-10", 2, is_approved=False),
)


def steps(staff: Staff, end: datetime) -> Iterator[Step]:
    """The steps, each with its time."""
    yield end - 29 * DAY, partial(_budgets, staff.supervisor)
    for number, wish in enumerate(WISHES):
        agent = staff.agents[number % len(staff.agents)]
        yield end - wish.hours * HOUR, partial(_ask, agent, wish)
    for crisis in CRISES:
        yield end - crisis.hours * HOUR, partial(_batch, staff, crisis)


def _budgets(by: User, at: datetime) -> None:
    """Set the budgets of that month and the next."""
    first = timezone.localtime(at).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    then = (first + 32 * DAY).replace(day=1)
    for starts_at, ends_at in ((first, then), (then, (then + 32 * DAY).replace(day=1))):
        for department, yuan in BUDGETS:
            budget = Budget(
                department=department, starts_at=starts_at, ends_at=ends_at, amount_fen=yuan * YUAN
            )
            budgets.save_budget(budget=budget, actor=by, at=at)


def _ask(by: User, wish: Wish, at: datetime) -> None:
    """Ask for money back for a line of an open case's order that was dear enough."""
    open_cases = Case.objects.filter(resolved_at=None, order__paid_at__isnull=False)
    fresh = open_cases.exclude(pk__in=Remedy.objects.values("case"))
    lines = OrderLine.objects.filter(order__cases__in=fresh, paid_fen__gte=wish.least * YUAN)
    line = lines.order_by("-order__placed_at", "pk").first()
    if line is None:
        return
    case = fresh.filter(order=line.order_id).order_by("pk")[0]
    remedies.grant_for_case(
        case_id=case.pk,
        kind=wish.kind,
        lines=[remedies.Chosen(line_id=line.pk, amount_fen=wish.yuan * YUAN)],
        reason=wish.why,
        key="demo-money",
        actor=by,
        at=at,
    )


def _batch(staff: Staff, crisis: Crisis, at: datetime) -> None:
    """Have the supervisor ask for it, and finance approve it and the workers give it."""
    by = staff.supervisor
    terms = batches.Terms(
        name=crisis.name,
        template=CouponTemplate.objects.get(code=crisis.coupon),
        reason=crisis.name,
        reason_code="complaint",
        problem=f"crisis:{crisis.coupon}",
    )
    batch = batches.create(terms=terms, actor=by, at=at)
    since, until = (at - crisis.days * DAY).isoformat(), at.isoformat()
    criteria = {"since": since, "until": until}
    batches.choose(batch_id=batch.pk, source=sources.ORDERS, criteria=criteria, actor=by, at=at)
    batch = batches.count(batch_id=batch.pk, actor=by, at=at)
    batches.ask(batch_id=batch.pk, content_hash=batch.content_hash, actor=by, at=at)
    if crisis.is_approved:
        finance = staff.by_department["finance"]
        batches.approve(batch_id=batch.pk, content_hash=batch.content_hash, actor=finance, at=at)
        running.run(batch_id=batch.pk, now=lambda: at)
