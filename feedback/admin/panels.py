"""What stands beside a case: who it is about, the order, what was given. Apps above add theirs."""

import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from compensation.authority.queries import limits_of
from compensation.coupons.queries import usable
from compensation.ledger.queries import balance
from compensation.models import CouponTemplate, GrantKind, Order
from config.common.models import User
from config.common.screens import StaffRequest
from feedback.admin import giving
from feedback.admin.sheet import Sheet
from feedback.automatic import leaving, words
from feedback.cases.queries import visible_to
from feedback.gaps import words as gap_words
from feedback.models import Case, Gap, RuleTask
from feedback.remedies.queries import left_fen, remedies_of

PAST = 5
COUPONS = 5


@dataclass(frozen=True, slots=True)
class Panel:
    """A card beside a case."""

    title: str | Promise
    template: str
    context: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Fact:
    """Something about a member, for the card about them; `url` leads to where it comes from."""

    name: str | Promise
    text: str
    at: datetime
    remark: str = ""
    url: str = ""
    is_bad: bool = False


MEMBER_FACTS: list[Callable[[StaffRequest, Case, datetime], Fact | None]] = []
"""What apps above know about the member of a case; None where they know nothing."""

CASE_PANELS: list[Callable[[StaffRequest, Case, datetime], Panel | None]] = []
"""What apps above show beside a case; None where they have nothing to say."""


def panels_of(request: StaffRequest, sheet: Sheet, *, revealed: bool) -> Iterator[Panel]:
    """All cards, ours first."""
    case = sheet.case
    facts = [fact for find in MEMBER_FACTS if (fact := find(request, case, sheet.at))]
    yield _member(request.user, case, sheet.at, facts, revealed=revealed)
    if case.order is not None:
        yield _order(case.order, sheet.at)
    yield Panel(_("Linked cases"), "feedback/panels/linked.html", {"sheet": sheet})
    if tasks := leaving.open_tasks(case):
        yield _left_by_rules(sheet, tasks)
    yield _remedies(request, sheet)
    for make in CASE_PANELS:
        if panel := make(request, case, sheet.at):
            yield panel


def _member(user: User, case: Case, at: datetime, facts: list[Fact], *, revealed: bool) -> Panel:
    past = (
        visible_to(user)
        .filter(member=case.member_id, merged_into=None)
        .exclude(pk=case.pk)
        .order_by("-opened_at")
    )
    gaps = Gap.objects.filter(member=case.member_id, withdrawn_at=None)
    context = {
        "member": case.member,
        "revealed": revealed,
        "past": list(past[: PAST + 1]),
        "gaps": gaps.count(),
        "points": balance(case.member),
        "coupons": list(usable(case.member, at)[: COUPONS + 1]),
        "facts": facts,
    }
    return Panel(_("Member"), "feedback/panels/member.html", context)


@dataclass(frozen=True, slots=True)
class Step:
    """A promise about an order beside what happened."""

    name: str | Promise
    promised: datetime | None
    happened: datetime | None
    is_late: bool


def _order(order: Order, at: datetime) -> Panel:
    lines = list(order.lines.select_related("product").order_by("pk"))
    shipments = list(order.shipments.order_by("pk"))
    shipped = [one.shipped_at for one in shipments]
    delivered = [one.delivered_at for one in shipments]
    ship_by = [line.ship_by for line in lines if line.ship_by]
    deliver_by = [line.deliver_by for line in lines if line.deliver_by]
    steps = [
        Step(pgettext_lazy("step", "placed"), None, order.placed_at, is_late=False),
        Step(pgettext_lazy("step", "paid"), None, order.paid_at, is_late=False),
        _step(pgettext_lazy("step", "shipped"), min(ship_by, default=None), shipped, at),
        _step(pgettext_lazy("step", "delivered"), min(deliver_by, default=None), delivered, at),
    ]
    gaps = Gap.objects.filter(order=order, withdrawn_at=None)
    context = {
        "order": order,
        "lines": lines,
        "shipments": shipments,
        "steps": steps,
        "gaps": gap_words.all_of(gaps, at),
    }
    return Panel(pgettext_lazy("shop", "Order"), "feedback/panels/order.html", context)


def _step(name: str | Promise, promised: datetime | None, times: list[datetime | None], at: datetime) -> Step:
    """Done when the last parcel is; late when that was after the promise, or is still to come after it."""
    known = [time for time in times if time is not None]
    happened = max(known) if known and len(known) == len(times) else None
    return Step(name, promised, happened, is_late=promised is not None and (happened or at) > promised)


def _left_by_rules(sheet: Sheet, tasks: list[RuleTask]) -> Panel:
    """What automatic rules leave to whoever works on the case."""
    told = [
        (
            task,
            [
                (give, words.give_in_words(give), give.amount != leaving.NOT_HERE)
                for give in leaving.offers(task)
            ],
        )
        for task in tasks
    ]
    context = {"tasks": told, "may_give": "grant" in sheet.actions}
    return Panel(_("Left to you by rules"), "feedback/panels/rule_tasks.html", context)


def _remedies(request: StaffRequest, sheet: Sheet) -> Panel:
    case = sheet.case
    remedies = list(remedies_of(case))
    context: dict[str, Any] = {"sheet": sheet, "case": case, "shown": [(one, None) for one in remedies]}
    if "grant" in sheet.actions:
        limits = limits_of(request.user)
        context |= {
            "limit": limits.grant,
            "left": left_fen(limits, case, sheet.at),
            "templates": list(CouponTemplate.objects.filter(is_active=True)),
            "key": uuid.uuid4().hex,
            "kinds": GrantKind,
            **giving.offered(request, case, remedies),
        }
    return Panel(_("Remedies"), "feedback/panels/remedies.html", context)
