"""The departments that ship: one management and those below it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from feedback.defaults.calendars import seed_calendars
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


def seed_departments(at: datetime) -> None:
    """Make the departments where there are none, with the calendars that they work by."""
    if Department.objects.exists():
        return
    seed_calendars(at)
    top = None
    calendars = {calendar.code: calendar for calendar in Calendar.objects.all()}
    for row in DEPARTMENTS:
        department = Department.objects.create(**{**row, "calendar": calendars[row["calendar"]]}, parent=top)
        top = top or department
