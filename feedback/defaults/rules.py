"""The automatic rules that ship. What people changed or took away stays so."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from compensation.models import CouponTemplate, Rule, RuleGive, RuleTrigger
from compensation.rules import commands
from config.common.seeding import never_given
from feedback.models import Aspect, Department, Problem, Severity

DEPARTMENT = "service"
DELAY = "delay"
"""An order that is shipped late and then delivered late gets one coupon for both."""
REFUND = {"kind": "refund", "amount": "paid"}
DIFFERENCE = {"kind": "price_difference", "amount": "difference"}
RESHIPMENT = {"kind": "reshipment"}


@dataclass(frozen=True, slots=True)
class Shipped:
    """A rule as it ships; of `gives`, a text is the code of a coupon."""

    code: str
    name: str
    name_en: str
    says: dict[str, Any]
    gives: tuple[str | dict[str, str], ...] = field(default=())


RULES = (
    Shipped(
        "late-severe",
        "严重延误送达：开工单并补偿",
        "Delivered very late: a case and a coupon",
        {
            "trigger": RuleTrigger.GAP,
            "aspects": [Aspect.DELIVERY],
            "severity_from": Severity.SEVERE,
            "opens_case": True,
            "once_an_order": DELAY,
        },
        ("sorry-5",),
    ),
    Shipped(
        "late",
        "延迟发货或送达：致歉并补偿",
        "Shipped or delivered late: a message and a coupon",
        {
            "trigger": RuleTrigger.GAP,
            "aspects": [Aspect.SHIPPING, Aspect.DELIVERY],
            "once_an_order": DELAY,
        },
        ("sorry-5",),
    ),
    Shipped(
        "wrong-item",
        "错发漏发：补发并补偿",
        "Wrong or missing item: sent again, with a coupon",
        {
            "trigger": RuleTrigger.CASE,
            "problems": [Problem.WRONG_ITEM],
            "pictures_from": 1,
            "amount_up_to_fen": 20_000,
        },
        (RESHIPMENT, "sorry-10"),
    ),
    Shipped(
        "damaged",
        "商品破损：补发或全额退款",
        "Damaged: sent again or refunded in full",
        {"trigger": RuleTrigger.CASE, "problems": [Problem.DAMAGED], "asks_person": True},
        (RESHIPMENT, REFUND),
    ),
    Shipped(
        "price-gap",
        "价格落差：退还差价",
        "Price gap: the difference is paid back",
        {"trigger": RuleTrigger.CASE, "problems": [Problem.PRICE]},
        (DIFFERENCE,),
    ),
)
STEP = 10


def seed_rules(at: datetime) -> None:
    """Give each rule once: in force in a new installation; a draft where there were rules before."""
    had_rules = Rule.objects.exists()
    fresh = set(never_given("automatic rule", [one.code for one in RULES], at=at))
    fresh -= set(Rule.objects.filter(code__in=fresh).values_list("code", flat=True))
    coupons = {coupon.code: coupon for coupon in CouponTemplate.objects.all()}
    department = (
        Department.objects.filter(code=DEPARTMENT).first() or Department.objects.get(parent=None)
    ).code
    for place, one in enumerate(RULES, start=1):
        if one.code in fresh:
            _write(one, 1_000 + place * STEP, coupons, department, publish=not had_rules, at=at)


def _write(
    one: Shipped,
    position: int,
    coupons: dict[str, CouponTemplate],
    department: str,
    *,
    publish: bool,
    at: datetime,
) -> None:
    rule = commands.make(
        rule=Rule(code=one.code, name=one.name, name_en=one.name_en, position=position), actor=None, at=at
    )
    version = commands.draft(rule_id=rule.pk, actor=None, at=at)
    for name, value in one.says.items():
        setattr(version, name, value)
    version.department = department
    gives = [
        RuleGive(kind="coupon", template=coupons[give]) if isinstance(give, str) else RuleGive(**give)
        for give in one.gives
        if not isinstance(give, str) or give in coupons
    ]
    commands.save_draft(version=version, gives=gives, actor=None, at=at)
    if publish and (gives or version.opens_case):
        commands.publish(version_id=version.pk, actor=None, at=at)
