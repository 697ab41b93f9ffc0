"""The causes of breaches that leads choose from, and the attainment that a department is held to."""

from datetime import datetime

from config.common.seeding import never_given
from feedback.models import AttainmentTarget, BreachCause

CAUSES = (
    ("understaffed", "人手不足", "Too few people on duty"),
    ("wrong-route", "派单错误", "Went to the wrong place first"),
    ("waiting-inside", "等待内部部门", "Another department took long"),
    ("waiting-outside", "等待外部（快递、供应商、银行）", "Courier, supplier or bank took long"),
    ("difficult", "问题复杂", "Difficult to solve"),
    ("overlooked", "遗漏", "Overlooked"),
    ("system", "系统故障", "A system failed"),
    ("target", "时限设置不合理", "The target does not fit"),
)


def seed_causes(at: datetime) -> None:
    """Give each cause once; what people changed or took away stays so."""
    codes = [code for code, _name, _name_en in CAUSES]
    fresh = never_given("breach cause", codes, before=codes if BreachCause.objects.exists() else (), at=at)
    for position, (code, name, name_en) in enumerate(CAUSES, 1):
        if code in fresh:
            values = {"name": name, "name_en": name_en, "position": position}
            BreachCause.objects.get_or_create(code=code, defaults=values)
    if not AttainmentTarget.objects.exists():
        AttainmentTarget.objects.create(percent=95)
