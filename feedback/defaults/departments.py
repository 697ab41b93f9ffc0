"""The departments that ship: one management and those below it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from feedback.models import Calendar, Department

TOP = "management"
DEPARTMENTS: tuple[Mapping[str, Any], ...] = (
    {"code": TOP, "name": "总经办", "name_en": "Management", "calendar": "cn-office"},
    {
        "code": "service",
        "name": "客服部",
        "name_en": "Customer service",
        "calendar": "cn-service",
        "takes_new": True,
    },
    {"code": "logistics", "name": "物流部", "name_en": "Logistics", "calendar": "cn-service"},
    {"code": "product", "name": "商品部", "name_en": "Product", "calendar": "cn-office"},
    {"code": "operations", "name": "运营部", "name_en": "Operations", "calendar": "cn-office"},
    {"code": "finance", "name": "财务部", "name_en": "Finance", "calendar": "cn-office"},
    {"code": "technology", "name": "技术部", "name_en": "Technology", "calendar": "cn-office"},
)


CALENDARS = {"cn-office": "工作日 9–18 点", "cn-service": "每天 9–21 点"}
HOURS = {"cn-office": [["09:00", "12:00"], ["13:00", "18:00"]], "cn-service": [["09:00", "21:00"]]}
DAYS = {"cn-office": 5, "cn-service": 7}


def seed_departments(_at: datetime) -> None:
    """Make the departments where there are none; their calendars were seeded before."""
    if Department.objects.exists():
        return
    top = None
    for row in DEPARTMENTS:
        calendar = _calendar(row["calendar"])
        department = Department.objects.create(**{**row, "calendar": calendar}, parent=top)
        top = top or department


def _calendar(code: str) -> Calendar:
    """The calendar of a code; a plain week when it was not seeded."""
    days = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")[: DAYS[code]]
    content = {"zone": "Asia/Shanghai", "hours": dict.fromkeys(days, HOURS[code])}
    fresh = {"name": CALENDARS[code], "content": content}
    return Calendar.objects.get_or_create(code=code, defaults=fresh)[0]
