"""Playbooks and department rules go by what a member cares about."""

import pytest

from feedback.models import DepartmentRule, Playbook
from feedback.org import matching
from feedback.org.receiving import department_for
from feedback.playbooks import queries, rules
from feedback.playbooks.rules import Facts
from tests.factories.compensation import MemberFactory, TierFactory
from tests.factories.expectations import cares
from tests.factories.feedback import CaseFactory, DepartmentFactory
from tests.factories.sop import make_policy

pytestmark = pytest.mark.req("F24")
SAID = Facts("complaint", "快递还没到", cares="speed")


def playbook(**fields):
    return Playbook(problem="late", **fields)


def test_a_playbook_for_those_who_care_comes_before_the_general_one():
    general, quick, cheap = playbook(), playbook(cares=["speed"]), playbook(cares=["price"])
    fits = [rules.fit(one, SAID, ["还没到"]) for one in (general, quick, cheap)]
    assert fits[1] > fits[0] > 0 == fits[2]


def test_caring_alone_suggests_nothing_and_nobody_is_sure_suggests_the_general_one():
    assert rules.fit(playbook(cares=["speed"]), Facts("complaint", "你好", cares="speed"), ["还没到"]) == 0
    assert rules.fit(playbook(cares=["speed"]), Facts("complaint", "还没到"), ["还没到"]) == 0
    assert rules.fit(playbook(), Facts("complaint", "还没到"), ["还没到"]) > 0


@pytest.mark.django_db
def test_a_case_brings_what_its_member_cares_about():
    row = cares(cares_for="price")
    assert queries.facts_of(CaseFactory(member=row.member)).cares == "price"
    assert queries.facts_of(CaseFactory()).cares == ""


@pytest.mark.django_db
def test_a_department_rule_takes_those_who_care():
    TierFactory()
    make_policy()
    first, second = DepartmentFactory(takes_new=True), DepartmentFactory()
    rule = DepartmentRule.objects.create(code="r", name="快", department=second, cares=["speed"])
    facts = {"kind": "complaint", "channel": "portal", "priority": 2, "tier": "ordinary"}
    assert department_for(**facts, member_id=cares().member_id).department == second
    for nobody in (cares(cares_for="price").member_id, MemberFactory().pk, None):
        assert department_for(**facts, member_id=nobody).department == first
    everyone = DepartmentRule(
        code="s", name="全", department=first, cares=["speed", "price", "quality", "service"]
    )
    assert matching.shadowed([everyone, rule]) == [(rule, everyone)]
    assert matching.shadowed([rule, everyone]) == []
