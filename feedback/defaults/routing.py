"""Routing as it ships: gold members have an agent of their own; rules to be put in force. Edits stay."""

from datetime import datetime
from typing import Any

from compensation.models import Tier
from feedback.models import CaseKind, DedicatedService, Department, DepartmentRule

DEDICATED_TIER, SERVICE = "gold", "service"
RULES: tuple[dict[str, Any], ...] = (
    {
        "code": "app-trouble",
        "name": "App 故障归技术部",
        "name_en": "App trouble to technology",
        "position": 10,
        "words": ["App", "闪退", "崩溃", "登录不了", "白屏", "crash"],
        "department": "technology",
    },
    {
        "code": "suggestions",
        "name": "建议归运营部",
        "name_en": "Suggestions to operations",
        "position": 20,
        "kinds": [CaseKind.SUGGESTION],
        "department": "operations",
    },
)
"""Examples, not in force: until then every case goes to the department that takes new ones."""


def seed_routing(_at: datetime) -> None:
    """Make the rules and the benefit where there are none."""
    departments = {one.code: one for one in Department.objects.all()}
    if not DepartmentRule.objects.exists():
        DepartmentRule.objects.bulk_create(
            DepartmentRule(**{**row, "department": departments[row["department"]], "is_active": False})
            for row in RULES
            if row["department"] in departments
        )
    tier = Tier.objects.filter(code=DEDICATED_TIER).first()
    if tier and SERVICE in departments and not DedicatedService.objects.exists():
        DedicatedService.objects.create(tier=tier, department=departments[SERVICE])
