"""The care programme that ships, from welcome to win-back, in both languages. Edits are not overwritten."""

from datetime import datetime, time
from typing import Any

from django.db import transaction

from compensation.models import (
    CareRule,
    CareTerms,
    ConsentNeed,
    CouponTemplate,
    Festival,
    Purpose,
    Segment,
    Trigger,
)
from config.common.seeding import never_given

SERVICE = {"purpose": Purpose.SERVICE, "consent": ConsentNeed.NONE, "is_capped": False}
BENEFIT = {"purpose": Purpose.MARKETING, "consent": ConsentNeed.TO_SEND, "is_capped": False}
MARKETING = {"purpose": Purpose.MARKETING, "consent": ConsentNeed.TO_ACT, "is_capped": True}
QUIET = {"quiet_from": time(21), "quiet_until": time(9)}
TEN, DAY, WEEK_BEFORE = 10, 24, 7

COUPONS = [  # code, 中文, English, value (fen), from a spending of (fen), valid for days
    ("welcome-10", "10元新人券", "¥10 welcome coupon", 1_000, 5_000, 30),
    ("back-20", "20元回归券", "¥20 come-back coupon", 2_000, 10_000, 14),
    ("back-50", "50元回归券", "¥50 come-back coupon", 5_000, 20_000, 14),
]

RULES: list[dict[str, Any]] = [
    {
        "code": "welcome",
        "name": "新会员欢迎",
        "name_en": "Welcome",
        "trigger": Trigger.REGISTERED,
        "coupon": "welcome-10",
        "title": "{name}，欢迎加入",
        "title_en": "Welcome, {name}",
        "body": "很高兴认识您。\n送您一张{coupon}，{coupon_until}前可用。\n有任何问题，随时告诉我们。",
        "body_en": "Good to have you with us.\nHere is a {coupon} for you, valid until {coupon_until}.\n"
        "Whatever you need, just tell us.",
        **BENEFIT,
        **QUIET,
    },
    {
        "code": "order-confirmed",
        "name": "订单确认",
        "name_en": "Order confirmed",
        "trigger": Trigger.ORDER_PAID,
        "title": "订单{order}已确认",
        "title_en": "Order {order} is confirmed",
        "body": "我们已收到您的付款，正在备货。\n商品：{product}\n发货后会告诉您运单号。",
        "body_en": "We have your payment and are packing.\nWhat you bought: {product}\n"
        "We tell you the tracking number as soon as it is on its way.",
        **SERVICE,
    },
    {
        "code": "first-order",
        "name": "首单感谢",
        "name_en": "Thanks for the first order",
        "trigger": Trigger.FIRST_ORDER,
        "delay_hours": 1,
        "points": 50,
        "title": "谢谢您的第一份订单",
        "title_en": "Thank you for your first order",
        "body": "{name}，谢谢您的信任。\n送您{points}积分，已到账。",
        "body_en": "Thank you for your trust, {name}.\n{points} points are yours already.",
        **BENEFIT,
        **QUIET,
    },
    {
        "code": "shipped",
        "name": "发货通知",
        "name_en": "On its way",
        "trigger": Trigger.SHIPPED,
        "title": "订单{order}已发货",
        "title_en": "Order {order} is on its way",
        "body": "{carrier}正在为您配送。\n运单号：{tracking}",
        "body_en": "{carrier} is bringing it to you.\nTracking number: {tracking}",
        **SERVICE,
        **QUIET,
    },
    {
        "code": "delivered",
        "name": "签收与使用提示",
        "name_en": "Delivered, with tips",
        "trigger": Trigger.DELIVERED,
        "delay_hours": DAY,
        "title": "收到了吗？用前看一眼",
        "title_en": "Has it arrived? A word before you use it",
        "body": "订单{order}已签收：{product}\n使用前请先看吊牌或说明书；保养与使用方法都在帮助中心。\n"
        "有破损或发错，请在订单页告诉我们，我们马上处理。",
        "body_en": "Order {order} has arrived: {product}\nPlease look at the label or manual first; how to "
        "use and keep it stands in our help pages.\nIf something is broken or wrong, tell us on the order's "
        "page: we see to it at once.",
        **SERVICE,
        **QUIET,
    },
    {
        "code": "birthday",
        "name": "生日祝福",
        "name_en": "Birthday",
        "trigger": Trigger.BIRTHDAY,
        "delay_hours": TEN,
        "coupon_of_tier": True,
        "title": "{name}，生日快乐",
        "title_en": "Happy birthday, {name}",
        "body": "愿您新的一岁平安喜乐。\n送您一张{coupon}（{coupon_value}），{coupon_until}前可用。",
        "body_en": "We wish you a good new year of life.\n"
        "Here is your {coupon} ({coupon_value}), valid until {coupon_until}.",
        **BENEFIT,
        **QUIET,
    },
    {
        "code": "tier-up",
        "name": "会员升级祝贺",
        "name_en": "Tier reached",
        "trigger": Trigger.TIER_UP,
        "title": "恭喜升级为{tier}",
        "title_en": "You are now {tier}",
        "body": "{name}，新的权益现在就能用，在钱包里可以看到。",
        "body_en": "Your new benefits hold from now on, {name}. They stand in your wallet.",
        **SERVICE,
        **QUIET,
    },
    {
        "code": "points-expiring",
        "name": "积分到期提醒",
        "name_en": "Points about to expire",
        "trigger": Trigger.POINTS_EXPIRING,
        "days": WEEK_BEFORE,
        "delay_hours": TEN,
        "is_active": False,
        "title": "{expiring_points}积分将于{expires_on}到期",
        "title_en": "{expiring_points} points expire on {expires_on}",
        "body": "在那之前可以换成优惠券，别浪费了。",
        "body_en": "Until then they can be turned into coupons.",
        **SERVICE,
        **QUIET,
    },
    *(
        {
            "code": f"festival-{festival.value.replace('_', '-')}",
            "name": f"{zh}祝福",
            "name_en": f"{en} greeting",
            "trigger": Trigger.FESTIVAL,
            "festival": festival,
            "delay_hours": TEN,
            "title": f"{{name}}，{zh_wish}",
            "title_en": f"{en_wish}, {{name}}",
            "body": zh_body,
            "body_en": en_body,
            **MARKETING,
            **QUIET,
        }
        for festival, zh, en, zh_wish, en_wish, zh_body, en_body in [
            (
                Festival.SPRING,
                "春节",
                "Spring Festival",
                "新春快乐",
                "Happy Spring Festival",
                "祝您和家人新年安康、万事顺意。",
                "We wish you and your family health and a good year.",
            ),
            (
                Festival.DRAGON_BOAT,
                "端午",
                "Dragon Boat Festival",
                "端午安康",
                "A good Dragon Boat Festival",
                "粽叶飘香，愿您和家人安康。",
                "We wish you and your family well.",
            ),
            (
                Festival.MID_AUTUMN,
                "中秋",
                "Mid-Autumn",
                "中秋快乐",
                "Happy Mid-Autumn Festival",
                "月圆人团圆，愿您所念皆如愿。",
                "May you be with those you love under the full moon.",
            ),
            (
                Festival.NATIONAL,
                "国庆",
                "National Day",
                "国庆快乐",
                "A good National Day",
                "假期愉快，出行平安。假期里我们的客服照常在线。",
                "Have a good holiday. We are here throughout.",
            ),
        ]
    ),
    {
        "code": "win-back-dormant",
        "name": "沉睡会员唤醒",
        "name_en": "Win back the dormant",
        "trigger": Trigger.NO_ORDER,
        "days": 91,
        "delay_hours": TEN,
        "segment": "dormant",
        "coupon": "back-20",
        "title": "{name}，好久不见",
        "title_en": "It has been a while, {name}",
        "body": "我们上了不少新品，想请您来看看。\n送您一张{coupon}，{coupon_until}前可用。",
        "body_en": "There is much that is new, and we would like you to see it.\n"
        "Here is a {coupon} for you, valid until {coupon_until}.",
        **MARKETING,
        **QUIET,
    },
    {
        "code": "win-back-lost",
        "name": "流失会员召回",
        "name_en": "Win back the lost",
        "trigger": Trigger.NO_ORDER,
        "days": 366,
        "delay_hours": TEN,
        "segment": "lost",
        "coupon": "back-50",
        "title": "{name}，我们很想念您",
        "title_en": "We miss you, {name}",
        "body": "如果之前有让您不满意的地方，请告诉我们。\n送您一张{coupon}，{coupon_until}前可用。",
        "body_en": "If something was not right, please tell us.\n"
        "Here is a {coupon} for you, valid until {coupon_until}.",
        **MARKETING,
        **QUIET,
    },
]


@transaction.atomic
def seed(at: datetime) -> None:
    """Bring the rules into the database that it was never given, with the coupons that they give."""
    CareTerms.objects.get_or_create(pk=1)
    wanted = never_given("care rule", [row["code"] for row in RULES], at=at)
    for code, name, name_en, value_fen, min_spend_fen, valid_days in COUPONS if wanted else ():
        CouponTemplate.objects.get_or_create(
            code=code,
            defaults={
                "name": name,
                "name_en": name_en,
                "value_fen": value_fen,
                "min_spend_fen": min_spend_fen,
                "valid_days": valid_days,
            },
        )
    coupons = {one.code: one for one in CouponTemplate.objects.all()}
    segments = {one.code: one for one in Segment.objects.all()}
    for row in RULES:
        if row["code"] not in wanted:
            continue
        linked = {
            "coupon": coupons.get(row.get("coupon", "")),
            "segment": segments.get(row.get("segment", "")),
        }
        is_active = row.get("is_active", True)
        since = at if is_active else None
        CareRule.objects.get_or_create(code=row["code"], defaults={**row, **linked, "active_since": since})
