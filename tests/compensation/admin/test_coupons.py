"""Kinds of coupon as they are set up, and coupons as they are looked at and taken back."""

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from compensation.coupons import commands as coupons
from compensation.models import Coupon, CouponTemplate
from config.common.models import Event
from tests.compensation.admin.test_money import FIXED, TEMPLATE, give, page, signed_in
from tests.factories.compensation import MemberFactory
from tests.factories.coupons import give_coupon
from tests.factories.money import AT, CouponTemplateFactory

pytestmark = [pytest.mark.django_db, pytest.mark.req("C5")]


def test_a_template_of_any_kind_says_what_it_comes_to(admin_client):
    asked = {
        "kind": "percent",
        "percent_off": "20",
        "value_fen": "50",
        "name_en": "<b>Tea</b>",
        "categories": "茶，杯, 茶",
        "stacking": "group",
        "stacking_group": "red",
        "member_limit": "2",
        "total_limit": "3",
    }
    admin_client.post(page("coupontemplate", view="add"), TEMPLATE | FIXED | asked)
    template = CouponTemplate.objects.get()
    assert (template.categories, template.percent_off, template.member_limit) == (["茶", "杯"], 20, 2)
    give_coupon(MemberFactory(), template, at=template.valid_from)
    text = admin_client.get(page("coupontemplate", template.pk, view="change")).content.decode()
    for words in ("优惠 20%", "20% off, ¥50.00 at most", "仅适用于", "&lt;b&gt;Tea", "可使用: 1"):
        assert words in text, words
    assert "<b>Tea</b>" not in text
    listed = admin_client.get(page("coupontemplate")).content.decode()
    assert "优惠 20%" in listed


def test_a_kind_that_was_given_is_changed_for_what_comes(admin_client):
    template = CouponTemplateFactory(code="sorry-5")
    coupon = give_coupon(MemberFactory(), template)
    url = page("coupontemplate", template.pk, view="change")
    change = TEMPLATE | {"code": "other", "value_fen": "9"}
    assert "effect" in admin_client.post(url, change).context
    admin_client.post(url, change | {"effect_seen": "¥9.00"})
    template.refresh_from_db(), coupon.refresh_from_db()
    assert (template.code, template.value_fen, coupon.value_fen) == ("sorry-5", 900, 500)


@time_machine.travel(AT)
def test_coupons_are_taken_back_with_a_reason(client):
    granted, free = give("case:1").coupon, give_coupon(MemberFactory())
    user = signed_in(client, "view_coupon", "revoke_coupon", "approve_grant", "decide_all_departments")
    data = {"action": "revoke", "_selected_action": [granted.pk, free.pk]}
    refused = client.post(page("coupon"), data, follow=True)
    assert "请说明" in refused.content.decode()
    assert Coupon.objects.filter(status="issued").count() == 2
    client.post(page("coupon"), data | {"note": "Mistake"}, follow=True)
    granted.refresh_from_db(), free.refresh_from_db()
    assert (granted.status, granted.grant.status) == ("revoked", "reversed")
    assert (free.status, free.note) == ("revoked", "Mistake")
    assert Event.objects.get(kind="coupon.revoked", subject_id=free.pk).actor == f"user:{user.pk}"
    again = client.post(page("coupon"), data | {"note": "Mistake"}, follow=True)
    assert "已被撤回" in again.content.decode()


def test_who_only_sees_coupons_takes_none_back(client):
    coupon = give_coupon(MemberFactory())
    signed_in(client, "view_coupon")
    client.post(
        page("coupon"), {"action": "revoke", "_selected_action": [coupon.pk], "note": "x"}, follow=True
    )
    coupon.refresh_from_db()
    assert coupon.status == "issued"


def test_a_coupon_shows_its_terms_and_orders(admin_client):
    coupon = give_coupon(MemberFactory(), min_spend_fen=1_000)
    coupons.reserve(code=coupon.code, order_ref="<i>A1", basket=coupons.Basket.of(5_000), key="k", at=AT)
    text = admin_client.get(page("coupon", coupon.pk, view="change")).content.decode()
    assert "满 ¥10.00 可用" in text
    assert "&lt;i&gt;A1" in text


def test_kinds_are_counted_for_the_page_alone(admin_client):
    used = CouponTemplateFactory(code="sorry-5")
    for _ in range(2):
        give_coupon(MemberFactory(), used)
    CouponTemplateFactory(code="sorry-6")
    with CaptureQueriesContext(connection) as queries:
        shown = admin_client.get(page("coupontemplate") + "?o=1")
    counting = [query["sql"] for query in queries if 'compensation_coupon"' in query["sql"]]
    assert len(counting) == 1
    assert "GROUP BY" in counting[0]
    assert {row.code: row.now["issued"] for row in shown.context["cl"].result_list} == {
        "sorry-5": 2,
        "sorry-6": 0,
    }
    with CaptureQueriesContext(connection) as queries:
        admin_client.post(page("coupontemplate", used.pk, view="change"), TEMPLATE | {"value_fen": "6"})
    assert not [query for query in queries if "now_issued" in query["sql"]]
