"""The shop's till: what fits an order, and reserving, redeeming, releasing and undoing under its keys."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from compensation.coupons import commands
from compensation.models import Coupon, CouponUse, Product
from config.common import webhooks
from tests.factories.compensation import MemberFactory
from tests.factories.coupons import give_coupon
from tests.factories.orders import ProductFactory
from tests.shop import Till

pytestmark = [pytest.mark.django_db, pytest.mark.req("C5")]
ITEMS = [{"amount_fen": 10_000, "category": "tea"}, {"amount_fen": 2_000}]
PROBLEM = "application/problem+json"


@pytest.fixture
def till(settings):
    settings.SHOP_API_SECRETS = []
    return Till()


@pytest.fixture
def member():
    return MemberFactory()


def coupon_of(member, **fields):
    return give_coupon(member, at=timezone.now() - timedelta(hours=1), **fields)


def asked(coupon, order="A1", **more):
    return {"code": coupon.code, "order": order, "items": ITEMS, "freight_fen": 800, **more}


def which(coupon, order="A1"):
    return {"code": coupon.code, "order": order}


def money(fen):
    return {"fen": fen, "currency": "CNY"}


def test_the_life_of_a_coupon(till, member):
    coupon = coupon_of(member)
    held = till.post("coupons/reserve", asked(coupon, member=member.external_id)).json()
    assert (held["state"], held["taken_off"], held["order"]) == ("reserved", money(500), "A1")
    assert till.post("coupons/release", which(coupon)).json()["state"] == "released"
    assert till.post("coupons/redeem", asked(coupon)).json()["state"] == "redeemed"
    assert till.post("coupons/reverse", which(coupon)).json()["state"] == "reversed"
    assert till.post("coupons/redeem", asked(coupon)).json()["taken_off"] == money(500)
    assert Coupon.objects.get().status == "redeemed"


def test_the_same_key_again_answers_alike(till, member):
    coupon = coupon_of(member)
    first = till.post("coupons/reserve", asked(coupon), key="key-00001")
    again = till.post("coupons/reserve", asked(coupon), key="key-00001")
    assert (first.status_code, again.json()) == (200, first.json())
    other = till.post("coupons/reserve", asked(coupon, "A2"), key="key-00001")
    assert (other.status_code, other.json()["code"]) == (422, "key_reused")
    assert CouponUse.objects.count() == 1


def test_the_key_is_what_was_signed(till, member):
    answer = till.post("coupons/reserve", asked(coupon_of(member)), **{"Idempotency-Key": "another-key"})
    assert (answer.status_code, answer.headers["Content-Type"]) == (400, PROBLEM)
    assert not CouponUse.objects.exists()


@pytest.mark.parametrize("path", ["quote", "reserve", "redeem", "release", "reverse"])
def test_nobody_but_the_shop(till, member, path, settings):
    content = asked(coupon_of(member), member=member.external_id)
    stranger = Till(secret=webhooks.new_secret())
    assert stranger.post(f"coupons/{path}", content).status_code == 401
    old = till.post(f"coupons/{path}", content, **{"webhook-timestamp": "1"})
    assert old.status_code == 401
    settings.SHOP_API_SECRETS = []
    assert till.post(f"coupons/{path}", content).status_code == 401
    assert not CouponUse.objects.exists()


@pytest.mark.parametrize("path", ["reserve", "redeem", "release", "reverse", "quote"])
@pytest.mark.parametrize(
    "bad",
    [
        b"{",
        b"[]",
        {"code": "x" * 41},
        {"order": ""},
        {"order": "A" * 65},
        {"order": "A\0"},
        {"items": [], "member": "", "code": None},
        {"items": [{"amount_fen": -1}], "code": None, "order": None},
        {"items": [{"amount_fen": 10**30}], "code": "'; --", "order": []},
    ],
)
def test_what_makes_no_sense_is_refused(till, member, path, bad):
    content = bad if isinstance(bad, bytes) else asked(coupon_of(member)) | bad
    if isinstance(content, dict) and path == "quote":
        content["member"] = ""
    answer = till.post(f"coupons/{path}", content)
    assert (answer.status_code, answer.headers["Content-Type"]) == (400, PROBLEM)
    assert not CouponUse.objects.exists()


@pytest.mark.parametrize(("language", "words"), [("en", "for orders from ¥200.00"), ("zh-hans", "¥200.00")])
def test_a_refusal_says_why_in_the_language_asked(till, member, language, words):
    till.language = language
    answer = till.post("coupons/reserve", asked(coupon_of(member, min_spend_fen=20_000)))
    assert answer.status_code == 409
    problem = answer.json()
    assert (problem["code"], problem["reason"]) == ("spend_too_small", "spend_too_small")
    assert words in problem["detail"]
    assert ("This" in problem["detail"]) is (language == "en")


def test_without_the_order_nothing_is_taken_off(till, member):
    answer = till.post("coupons/redeem", which(coupon_of(member)))
    assert (answer.status_code, answer.json()["code"]) == (409, "order_amount_missing")
    assert not CouponUse.objects.exists()


def test_what_is_not_there_is_not_found(till, member):
    coupon, other = coupon_of(member), MemberFactory()
    assert till.post("coupons/reserve", asked(coupon, member=other.external_id)).status_code == 404
    assert till.post("coupons/reserve", asked(coupon, member="nobody")).status_code == 404
    assert till.post("coupons/release", {"code": "0000-0000-0000", "order": "A1"}).status_code == 404
    for path, code in (("release", "coupon_not_reserved"), ("reverse", "coupon_not_redeemed")):
        answer = till.post(f"coupons/{path}", which(coupon))
        assert (answer.status_code, answer.json()["code"]) == (409, code)


def quote(till, member, **more):
    return till.post("coupons/quote", {"member": member.external_id, "items": ITEMS, **more})


def test_a_quote_says_what_each_takes_off_and_why_not(till, member):
    plain = coupon_of(member)
    tea = coupon_of(member, kind="percent", percent_off=10, value_fen=5_000, categories=["tea"])
    dear = coupon_of(member, min_spend_fen=20_000)
    later = coupon_of(member, starts_after_days=3)
    held = coupon_of(member)
    commands.reserve(
        code=held.code, order_ref="A9", basket=commands.Basket.of(9_000), key="k", at=timezone.now()
    )
    coupon_of(MemberFactory())
    found = quote(till, member).json()
    told = {one["code"]: one for one in found["coupons"]}
    assert set(told) == {one.code for one in (plain, tea, dear, later, held)}
    assert told[plain.code]["takes_off"] == money(500)
    assert told[tea.code]["takes_off"] == money(1_000)
    assert told[tea.code]["terms"] == ["10% off, ¥50.00 at most", "only for: tea"]
    assert told[tea.code]["refused"] is None
    why = {code: one["refused"]["reason"] for code, one in told.items() if one["refused"]}
    assert why == {dear.code: "spend_too_small", later.code: "not_yet", held.code: "reserved"}
    assert told[dear.code]["refused"]["detail"] == "This coupon is for orders from ¥200.00."
    assert [one["code"] for one in found["together"]] == [tea.code, plain.code]
    assert found["total"] == money(1_500)


def test_what_is_quoted_together_is_what_reserving_gives(till, member):
    coupons = [
        coupon_of(member, kind="percent", percent_off=20, value_fen=5_000),
        coupon_of(member, value_fen=900),
        coupon_of(member, kind="shipping", value_fen=1_000),
        coupon_of(member, stacking="alone", value_fen=600),
    ]
    found = quote(till, member, freight_fen=800).json()
    assert len(found["together"]) == 3
    for one in found["together"]:
        coupon = next(coupon for coupon in coupons if coupon.code == one["code"])
        assert till.post("coupons/reserve", asked(coupon)).json()["taken_off"] == one["takes_off"]
    assert found["total"] == money(2_400 + 900 + 800)


def test_a_quote_of_certain_codes(till, member):
    one, other = (coupon_of(member, stacking="group", stacking_group="red") for _ in range(2))
    coupon_of(member)
    found = quote(till, member, codes=[other.code.lower(), one.code]).json()
    assert [taken["code"] for taken in found["together"]] == [other.code]
    assert {row["code"]: (row["refused"] or {}).get("reason") for row in found["coupons"]} == {
        other.code: None,
        one.code: "same_group",
    }
    assert quote(till, member, codes=[coupon_of(MemberFactory()).code]).status_code == 404


def test_the_category_of_a_product_is_known_here(till, member):
    coupon = coupon_of(member, categories=["茶"])
    product = ProductFactory(category="茶")
    items = [{"amount_fen": 700, "product": product.external_id}, {"amount_fen": 900, "product": "?"}]
    held = till.post("coupons/reserve", asked(coupon) | {"items": items}).json()
    assert held["taken_off"] == money(500)
    assert till.post("coupons/reserve", asked(coupon) | {"items": items[1:]}).status_code == 409


def test_the_same_key_again_answers_alike_though_the_product_is_another_category_now(till, member):
    coupon, product = coupon_of(member, categories=["茶"]), ProductFactory(category="茶")
    items = {"items": [{"amount_fen": 700, "product": product.external_id}]}
    first = till.post("coupons/reserve", asked(coupon) | items, key="key-00001")
    Product.objects.update(category="酒")
    again = till.post("coupons/reserve", asked(coupon) | items, key="key-00001")
    assert (again.status_code, again.json()) == (200, first.json())
    said = {"items": [{"amount_fen": 700, "product": product.external_id, "category": "茶"}]}
    assert till.post("coupons/reserve", asked(coupon) | said, key="key-00001").status_code == 422


def test_a_quote_takes_as_many_queries_for_three(till, member):
    counted = []
    for number in (1, 2):
        for _ in range(number):
            coupon_of(member, categories=["tea"])
        with CaptureQueriesContext(connection) as seen:
            assert quote(till, member).status_code == 200
        counted.append(len(seen))
    assert counted[0] == counted[1]
