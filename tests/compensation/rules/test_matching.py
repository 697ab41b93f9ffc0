from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compensation.models import RuleGive, RuleVersion
from compensation.rules.matching import Facts, Values, cost_fen, first, matches
from tests.factories.money import AT

pytestmark = pytest.mark.req("C8")
GAP = {
    "trigger": "gap",
    "happened_at": AT - timedelta(days=3),
    "aspect": "delivery",
    "gap_kind": "service",
    "cause": "supply",
    "severity": 2,
    "tier": "gold",
    "categories": frozenset({"服饰", "数码"}),
    "amount_fen": 10_000,
}


def version(**says):
    return RuleVersion(**({"trigger": "gap"} | says))


@pytest.mark.parametrize(
    ("says", "fits"),
    [
        ({}, True),
        ({"trigger": "case"}, False),
        ({"aspects": ["delivery", "shipping"]}, True),
        ({"aspects": ["shipping"]}, False),
        ({"gap_kinds": ["price"]}, False),
        ({"causes": ["supply"]}, True),
        ({"causes": ["human"]}, False),
        ({"severity_from": 2}, True),
        ({"severity_from": 3}, False),
        ({"tiers": ["gold"]}, True),
        ({"tiers": ["silver"]}, False),
        ({"categories": ["数码", "食品"]}, True),
        ({"categories": ["食品"]}, False),
        ({"amount_from_fen": 10_000, "amount_up_to_fen": 10_000}, True),
        ({"amount_from_fen": 10_001}, False),
        ({"amount_up_to_fen": 9_999}, False),
        ({"pictures_from": 1}, False),
        ({"within_days": 3}, True),
        ({"within_days": 2}, False),
    ],
)
def test_all_that_is_asked_for_must_hold(says, fits):
    assert matches(version(**says), Facts(**GAP), AT) is fits


def test_a_case_has_a_problem_and_pictures_but_no_severity():
    facts = Facts(trigger="case", happened_at=AT, case_kind="refund", problem="damaged", pictures=2)
    says = {"trigger": "case", "problems": ["damaged"], "case_kinds": ["refund"], "pictures_from": 2}
    assert matches(version(severity_from=3, **says), facts, AT)
    assert not matches(version(**says | {"problems": ["late"]}), facts, AT)
    assert not matches(version(**says | {"case_kinds": ["complaint"]}), facts, AT)


def test_the_first_in_order_acts():
    narrow, wide = version(tiers=["silver"]), version()
    assert first([narrow, wide], Facts(**GAP), AT) is wide
    assert first([wide, narrow], Facts(**GAP), AT) is wide
    assert first([narrow], Facts(**GAP), AT) is None


@given(severity=st.integers(1, 3), amount=st.integers(0, 10**6), floor=st.integers(0, 10**6))
def test_asking_for_more_never_matches_more(severity, amount, floor):
    facts = Facts(**GAP | {"severity": severity, "amount_fen": amount})
    narrow = version(severity_from=2, amount_from_fen=floor)
    if matches(narrow, facts, AT):
        assert matches(version(amount_from_fen=floor), facts, AT)
        assert matches(version(severity_from=2), facts, AT)


def test_what_things_cost():
    values = Values({7: 500}, 100, 150)

    def cost(**what):
        return cost_fen(RuleGive(**what), paid_fen=8_000, values=values)

    assert cost(kind="coupon", template_id=7) == 500
    assert cost(kind="points", points=101) == 152
    assert cost(kind="reshipment") == cost(kind="refund", amount="paid") == 8_000
    assert cost(kind="refund", amount="fixed", amount_fen=9) == 9
    assert cost(kind="price_difference", amount="difference") == 0
