"""Coupons, roles with authority, and staff in them."""

from datetime import UTC, datetime

import factory
from django.contrib.auth.models import Group, Permission
from factory.django import DjangoModelFactory

from compensation.models import Authority, CouponTemplate, PointsRule
from config.common.models import User
from tests.factories.common import UserFactory

LIMITS = ("per_grant_fen", "per_problem_fen", "per_order_fen", "per_member_day_fen")
AT = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)


class CouponTemplateFactory(DjangoModelFactory):
    class Meta:
        model = CouponTemplate
        django_get_or_create = ("code",)

    code = "sorry-5"
    name = "5元致歉券"
    name_en = "¥5 apology coupon"
    value_fen = factory.LazyAttribute(lambda template: int(template.code.split("-")[1]) * 100)


class PointsRuleFactory(DjangoModelFactory):
    class Meta:
        model = PointsRule
        django_get_or_create = ("id",)

    id = 1


def staff_with(limit_fen: int, *, approves: bool = False, role: str = "") -> User:
    """Somebody who may give up to that much."""
    user = UserFactory()
    group, _made = Group.objects.get_or_create(name=role or f"role{limit_fen}")
    Authority.objects.get_or_create(group=group, defaults=dict.fromkeys(LIMITS, limit_fen))
    user.groups.add(group)
    if approves:
        user.user_permissions.add(Permission.objects.get(codename="approve_grant"))
    return User.objects.get(pk=user.pk)
