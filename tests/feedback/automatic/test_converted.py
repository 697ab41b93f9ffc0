"""Rules for gaps of before become automatic rules that say the same: the data step of the upgrade."""

from importlib import import_module

import pytest
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from compensation.models import Rule, RuleVersion
from feedback.models import RuleProgress
from tests.factories.feedback import DepartmentFactory
from tests.factories.money import CouponTemplateFactory

pytestmark = [pytest.mark.django_db, pytest.mark.req("C8")]
BEFORE = [
    ("feedback", "0039_grants_know_their_order"),
    ("compensation", "0014_budgets_caps_rules"),
]


@pytest.fixture
def old():
    """The models as they were, with the tables of the old rules, which are gone."""
    apps = MigrationLoader(connection, replace_migrations=False).project_state(BEFORE).apps
    with connection.schema_editor(atomic=False) as editor:
        for name in ("GapRuleHistory", "GapRule"):
            editor.create_model(apps.get_model("feedback", name))
    return apps


def convert(apps):
    """As the migration runs it: with what edits the schema, of which it needs the connection."""
    with connection.schema_editor(atomic=False) as editor:
        import_module("feedback.migrations.0040_automatic_rules").convert(apps, editor)


def make(apps, **says):
    """An old rule; what it says nothing of is as it used to be."""
    rows = apps.get_model("feedback", "GapRule").objects
    return rows.create(**{"aspect": "delivery", "severity": 2, "opens_case": False, **says})


def test_each_rule_that_did_something_has_a_version_in_force_that_says_the_same(old):
    coupon, service = CouponTemplateFactory(), DepartmentFactory(code="service")
    make(old, coupon_id=coupon.pk, within_days=9)
    make(
        old,
        aspect="shipping",
        severity=3,
        opens_case=True,
        department_id=service.pk,
        priority=3,
        is_active=False,
    )
    make(old, severity=1)  # it did nothing
    convert(old)
    rules = {rule.code: rule for rule in Rule.objects.all()}
    assert [(code, rule.is_active, rule.position) for code, rule in rules.items()] == [
        ("gap-shipping-3", False, 10),
        ("gap-delivery-2", True, 20),
    ]
    gives, opens = (
        RuleVersion.objects.get(rule=rules[code]) for code in ("gap-delivery-2", "gap-shipping-3")
    )
    assert (gives.trigger, gives.aspects, gives.severity_from, gives.within_days) == (
        "gap",
        ["delivery"],
        2,
        9,
    )
    assert [give.template for give in gives.gives.all()] == [coupon]
    assert (opens.opens_case, opens.department, opens.priority) == (True, "service", 3)
    assert not opens.gives.exists()
    assert all(one.published_at and one.retired_at is None for one in (gives, opens))
    assert all(one.once_an_order == "" for one in (gives, opens))


def test_without_old_rules_there_are_none(old):
    convert(old)
    assert not Rule.objects.exists()
    assert RuleProgress.objects.count() <= 1
