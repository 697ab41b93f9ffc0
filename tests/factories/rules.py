"""Automatic rules, published."""

from compensation.models import Rule, RuleGive, RuleVersion
from compensation.rules import commands
from tests.factories.money import AT, CouponTemplateFactory


def rule_of(code="late", *gives, publish=True, position=10, name="延误补偿", **says):
    """The version in force (or draft) of a rule that gives coupons (a number of yuan) or what a dict says."""
    rule = Rule.objects.filter(code=code).first() or commands.make(
        rule=Rule(code=code, name=name, name_en="Late", position=position), actor=None, at=AT
    )
    version = commands.draft(rule_id=rule.pk, actor=None, at=AT)
    for field, value in says.items():
        setattr(version, field, value)
    rows = [
        RuleGive(kind="coupon", template=CouponTemplateFactory(code=f"sorry-{give}"))
        if isinstance(give, int)
        else RuleGive(**give)
        for give in gives
    ]
    commands.save_draft(version=version, gives=rows, actor=None, at=AT)
    if publish:
        commands.publish(version_id=version.pk, actor=None, at=AT)
    return RuleVersion.objects.get(pk=version.pk)
