"""The segments that ship: the lifecycle of a member. Edits are not overwritten."""

from datetime import datetime
from typing import Any

from django.db import transaction

from compensation.models import Segment
from compensation.segments.queries import clean
from config.common.seeding import never_given

SEGMENTS: list[tuple[str, str, str, dict[str, Any]]] = [  # code, 中文, English, filter
    ("new", "新会员", "New", {"registered_to": "30"}),
    ("established", "老会员", "Established", {"registered_from": "31", "orders_from": "1"}),
    ("vip", "高价值会员", "Most valuable", {"top_percent": "10"}),
    ("active", "活跃会员", "Active", {"last_order_to": "90"}),
    ("dormant", "沉睡会员", "Dormant", {"last_order_from": "91", "last_order_to": "365"}),
    ("lost", "流失会员", "Lost", {"last_order_from": "366"}),
    ("price-sensitive", "价格敏感会员", "Price-sensitive", {"coupons_used": "3"}),
    ("never-ordered", "未下单会员", "Registered without an order", {"orders_to": "0"}),
]


@transaction.atomic
def seed(at: datetime) -> None:
    """Bring the segments into the database that it was never given."""
    wanted = never_given("segment", [row[0] for row in SEGMENTS], at=at)
    for code, name, name_en, filters in SEGMENTS:
        if code in wanted:
            Segment.objects.get_or_create(
                code=code, defaults={"name": name, "name_en": name_en, "filters": clean(filters)}
            )
