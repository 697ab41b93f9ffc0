"""Codes of the report in words."""

import pytest
from django.utils.translation import override

from compensation.finance.wording import CAUSES, kinds, worded
from compensation.models import EarningRule
from tests.factories.points import rules

pytestmark = [pytest.mark.django_db, pytest.mark.req("C4")]


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("coupon.issued", "Coupon given"),
        ("coupon.redeemed.reversed", "Coupon used, undone"),
        ("points.granted.reversed", "Taken back"),
        ("<b>of a shop</b>", "<b>of a shop</b>"),
        ("of.a.shop.reversed", "of.a.shop.reversed"),
    ],
)
def test_kinds_are_told_and_what_is_not_known_stays(code, words):
    with override("en"):
        [[cell, number]] = worded([[code, 3]], {0: kinds()})
        assert (str(cell), number) == (words, 3)


def test_rules_of_earning_have_their_names():
    rules()
    rule = EarningRule.objects.get(code="sign-in")
    with override("zh-hans"):
        assert kinds()["points.sign-in"] == str(rule)
        assert str(CAUSES["gap"]) == "未兑现的承诺"
