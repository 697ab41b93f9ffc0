"""A member's points on the pages of the portal."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from compensation.ledger.queries import balance
from compensation.models import EarningRule, Reward, RewardClaim
from tests.factories.compensation import CouponTemplateFactory, MemberFactory
from tests.factories.orders import give_points
from tests.factories.points import rules
from tests.factories.session import browser_of

pytestmark = [pytest.mark.django_db, pytest.mark.req("C4"), pytest.mark.req("P2")]


@pytest.fixture
def member():
    rules()
    return MemberFactory(language="en")


@pytest.fixture
def browser(member):
    return browser_of(member)


def text(response):
    return response.content.decode()


def reward(number=1, **facts):
    return Reward.objects.create(
        **{"template": CouponTemplateFactory(code=f"five-{number}"), "points": 300, **facts}
    )


def test_the_wallet_offers_signing_in_once_a_day(browser, member):
    assert "Sign in for today: 5 points" in text(browser.get("/portal/wallet/"))
    done = browser.post("/portal/wallet/sign-in/", follow=True)
    assert "Signed in for today." in text(done)
    browser.post("/portal/wallet/sign-in/")
    assert balance(member) == 5
    assert "5 end on" in text(browser.get("/portal/wallet/"))


def test_without_the_rule_there_is_no_button_and_the_address_says_why(browser):
    EarningRule.objects.update(is_active=False)
    assert "wallet/sign-in/" not in text(browser.get("/portal/wallet/"))
    refused = browser.post("/portal/wallet/sign-in/")
    assert refused.status_code == 409
    assert "not given at present" in text(refused)


def test_a_reward_is_taken_once_for_the_form_that_was_sent(browser, member):
    reward()
    give_points(member, 700)
    page = text(browser.get("/portal/wallet/"))
    path = re.search(r'action="(/portal/wallet/rewards/\d+/)"', page)[1]
    key = re.search(r'name="key" value="([0-9a-f]{32})"', page)[1]
    for _ in range(2):
        done = browser.post(path, {"key": key}, follow=True)
        assert "It is yours" in text(done)
    assert (balance(member), RewardClaim.objects.count()) == (400, 1)


@pytest.mark.parametrize("key", ["", "short", "é" * 32, "<script>" * 4])
def test_a_key_of_ones_own_making_takes_nothing(browser, member, key):
    give_points(member, 700)
    assert browser.post(f"/portal/wallet/rewards/{reward().pk}/", {"key": key}).status_code == 400
    assert balance(member) == 700


def test_what_cannot_be_had_is_said(browser, member):
    give_points(member, 299)
    dear = reward()
    assert "disabled" in text(browser.get("/portal/wallet/"))
    refused = browser.post(f"/portal/wallet/rewards/{dear.pk}/", {"key": "a" * 32})
    assert "fewer points" in text(refused)
    assert browser.post("/portal/wallet/rewards/0/", {"key": "a" * 32}).status_code == 404


def test_every_movement_is_there_page_by_page(browser, member):
    give_points(member, *[1] * 23)
    first = text(browser.get("/portal/wallet/points/"))
    assert first.count("<li") - first.count("<li>") >= 20
    older = re.search(r'href="(\?after=\d+)"', first)[1]
    assert text(browser.get(f"/portal/wallet/points/{older}")).count('class="plus"') == 3
    for odd in ("x", "-1", "9" * 40, "١"):
        assert browser.get("/portal/wallet/points/", {"after": odd}).status_code == 200


def test_friends_have_a_page(browser, settings):
    settings.REFERRAL_URL = "https://shop.example/?ref={code}"
    page = text(browser.get("/portal/wallet/friends/"))
    code = re.search(r'class="code">([A-Z0-9]{8})<', page)[1]
    assert f"https://shop.example/?ref={code}" in page
    assert code in text(browser.get("/portal/wallet/friends/"))


def test_three_rows_take_as_many_queries_as_one(browser, member):
    def more(number):
        reward(number)
        give_points(member, 5)

    def count(path):
        with CaptureQueriesContext(connection) as seen:
            browser.get(path)
        return len(seen)

    more(1)
    paths = ("/portal/wallet/", "/portal/wallet/points/")
    one = [count(path) for path in paths]
    more(2)
    more(3)
    assert [count(path) for path in paths] == one
