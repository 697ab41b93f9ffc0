"""A member's points by the API: what they have and why, signing in, friends, rewards."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from compensation.models import Coupon, EarningRule, Reward
from compensation.points import commands
from tests.factories.compensation import CouponTemplateFactory, MemberFactory, OrderFactory
from tests.factories.orders import give_points
from tests.factories.points import DAY, a_yuan, rules
from tests.factories.session import client_of

pytestmark = [pytest.mark.django_db, pytest.mark.req("P2"), pytest.mark.req("C4")]
KEY = {"HTTP_IDEMPOTENCY_KEY": "key-00000001"}


@pytest.fixture
def member():
    rules()
    return MemberFactory(language="en")


@pytest.fixture
def client(member):
    return client_of(member)


def bought(member, fen):
    order = OrderFactory(member=member, status="delivered", total_fen=fen, placed_at=timezone.now() - DAY)
    commands.order_received(order_id=order.pk, at=timezone.now())
    return order


def refunded(order, fen):
    key = f"r:{order.pk}:{fen}"
    commands.order_refunded(order_id=order.pk, refunded_fen_total=fen, actor=None, at=timezone.now(), key=key)


def test_points_say_what_ends_next_and_whether_one_signed_in(client, member):
    assert client.get("/api/v1/points/").data == {
        "balance": 0, "available": 0, "pending": 0, "owed": 0, "ending_next": None, "signed_in_today": False,
    }  # fmt: skip
    client.post("/api/v1/points/sign-in/")
    found = client.get("/api/v1/points/").data
    assert (found["available"], found["signed_in_today"], found["ending_next"]["points"]) == (5, True, 5)


def test_signing_in_counts_once_a_day(client):
    assert client.post("/api/v1/points/sign-in/").data == {"points": 5, "again": False}
    assert client.post("/api/v1/points/sign-in/").data == {"points": 5, "again": True}
    assert client.get("/api/v1/points/").data["available"] == 5


def test_signing_in_is_refused_where_nothing_is_given_for_it(client):
    EarningRule.objects.filter(code="sign-in").update(is_active=False)
    refusal = client.post("/api/v1/points/sign-in/")
    assert (refusal.status_code, refusal.json()["code"]) == (409, "points_not_given")


def test_the_statement_says_why_in_the_members_language(client, member):
    a_yuan()
    order = bought(member, 10_000)
    give_points(member, -80, at=timezone.now())
    refunded(order, 5_000)
    other = bought(member, 4_000)
    rows = client.get("/api/v1/points/statement/").data["results"]
    number, later = order.external_id, other.external_id
    assert [(row["amount"], row["is_owed"], row["order"]) for row in rows] == [
        (10, False, later), (30, True, later), (-30, True, number), (-20, False, number), (-80, False, ""),
        (100, False, number),
    ]  # fmt: skip
    assert rows[0]["why"] == "Purchases"
    assert rows[1]["why"].startswith("Purchases, ")
    assert rows[3]["why"] == "Taken back with a refund"
    member.language = "zh-hans"
    member.save()
    assert client.get("/api/v1/points/statement/").data["results"][0]["why"] == "购物"


def test_the_statement_goes_on_page_by_page(client, member):
    give_points(member, *[1] * 5)
    seen, url = [], "/api/v1/points/statement/?page_size=2"
    while url:
        page = client.get(url).data
        seen += [row["balance_after"] for row in page["results"]]
        url = page["next"]
    assert seen == [5, 4, 3, 2, 1]


def queries(client, path):
    with CaptureQueriesContext(connection) as seen:
        assert client.get(path).status_code == 200
    return len(seen)


@pytest.mark.parametrize("path", ["points/statement/", "rewards/"])
def test_a_list_takes_as_many_queries_for_one_row_as_for_three(client, member, path):
    a_yuan()

    def more():
        order = bought(member, 1_000)
        refunded(order, 500)
        Reward.objects.create(
            template=CouponTemplateFactory(code=f"c-{Reward.objects.count() + 1}"), points=5
        )

    more()
    one = queries(client, f"/api/v1/{path}")
    more()
    more()
    assert queries(client, f"/api/v1/{path}") == one


def test_a_friend_says_by_whose_code_they_came(client, member, settings):
    settings.REFERRAL_URL = "https://shop.example/?ref={code}"
    mine = client.get("/api/v1/referral/").data
    assert mine["link"] == f"https://shop.example/?ref={mine['code']}"
    assert (mine["friends"], mine["rewarded"]) == (0, 0)
    friend = client_of(MemberFactory(registered_at=timezone.now()))
    assert friend.post("/api/v1/referral/", {"code": mine["code"]}).status_code == 204
    assert client.get("/api/v1/referral/").data["friends"] == 1
    assert client.post("/api/v1/referral/", {"code": mine["code"]}).status_code == 400
    assert client.post("/api/v1/referral/", {}).status_code == 400
    another = MemberFactory(registered_at=timezone.now() - 9 * DAY)
    code = client_of(another).get("/api/v1/referral/").data["code"]
    assert friend.post("/api/v1/referral/", {"code": code}).json()["code"] == "not_referred"


@pytest.fixture
def reward():
    return Reward.objects.create(template=CouponTemplateFactory(), points=300, member_limit=1, total_limit=10)


def test_a_reward_is_taken_once_under_a_key(client, member, reward):
    give_points(member, 700)
    path = f"/api/v1/rewards/{reward.pk}/redeem/"
    assert client.post(path).status_code == 400
    taken = client.post(path, **KEY)
    assert (taken.status_code, taken.data["points"]) == (201, 300)
    assert taken.data["coupon"]["code"] == Coupon.objects.get().code
    assert client.post(path, **KEY).data == taken.data
    again = client.post(path, HTTP_IDEMPOTENCY_KEY="key-00000002")
    assert (again.status_code, again.json()["code"]) == (409, "reward_taken")
    row = client.get("/api/v1/rewards/").data["results"][0]
    assert (row["left"], row["left_for_me"]) == (9, 0)


def test_a_reward_that_is_too_dear_or_not_there_is_refused(client, member, reward):
    give_points(member, 299)
    refusal = client.post(f"/api/v1/rewards/{reward.pk}/redeem/", **KEY)
    assert (refusal.status_code, refusal.json()["code"]) == (409, "too_few_points")
    assert client.post("/api/v1/rewards/0/redeem/", **KEY).status_code == 404
    assert client.get("/api/v1/points/").data["available"] == 299
