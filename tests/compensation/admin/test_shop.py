"""Members, orders, products and tiers in the admin."""

from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.timezone import localtime

from compensation.defaults import tiers
from compensation.members.masking import masked_email, masked_phone
from compensation.models import Member, Tier
from compensation.tiers import commands
from tests.factories.common import UserFactory
from tests.factories.compensation import MemberFactory
from tests.factories.shop import LineFactory, ShipmentFactory

pytestmark = [pytest.mark.django_db, pytest.mark.req("C1")]
AT = datetime(2026, 3, 10, tzinfo=UTC)


def page(model, *args, view="changelist"):
    return reverse(f"admin:compensation_{model}_{view}", args=args)


@pytest.fixture
def staff(client):
    def staff(*permissions):
        user = UserFactory()
        user.user_permissions.add(*Permission.objects.filter(codename__in=permissions))
        client.force_login(user)
        return user

    return staff


def sold():
    tiers.seed(AT)
    line = LineFactory(shipment=None)
    line.shipment = ShipmentFactory(order=line.order, tracking_number=f"SF{line.pk}")
    line.save()
    return line


@pytest.mark.parametrize("model", ["member", "order", "product"])
def test_lists_take_a_constant_number_of_queries_and_count_no_table(admin_client, model):
    counts = []
    for rows in (1, 2):
        for _ in range(rows):
            sold()
        with CaptureQueriesContext(connection) as queries:
            assert admin_client.get(page(model)).status_code == 200
        assert not [query for query in queries if "COUNT(*)" in query["sql"] and "LIMIT" not in query["sql"]]
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_an_order_is_shown_with_lines_and_parcels(admin_client):
    line = sold()
    shown = admin_client.get(page("order", line.order_id, view="change")).content.decode()
    assert line.shipment.tracking_number in shown
    assert line.product.name in shown
    assert (
        admin_client.post(page("order", line.order_id, view="change"), {"status": "paid"}).status_code == 403
    )


def test_rows_are_found_by_what_is_unique(admin_client):
    line, _other = sold(), sold()
    member = line.order.member

    def shown(model, term):
        return {row.pk for row in admin_client.get(page(model), {"q": term}).context["cl"].result_list}

    for term in (line.order.external_id, member.external_id, line.shipment.tracking_number):
        assert shown("order", term) == {line.order_id}
    for term in (member.external_id, member.phone, member.name):
        assert member.pk in shown("member", term)
    assert shown("product", line.product.external_id) == {line.product_id}
    assert shown("member", "nobody'") == set()


@pytest.mark.req("F23")
def test_contact_details_are_masked_and_found_by_with_permission_only(client, staff):
    member = MemberFactory(phone="13812345678", email="xiaoming@example.cn")
    for url in (page("member"), page("member", member.pk, view="change")):
        staff("view_member", "see_contacts")
        shown = client.get(url).content.decode()
        assert "13812345678" not in shown
        assert "138****5678" in shown
        assert "xiaoming@" not in shown
    assert client.get(page("member"), {"q": "13812345678"}).context["cl"].result_list
    staff("view_member")
    assert not client.get(page("member"), {"q": "13812345678"}).context["cl"].result_list


def test_masks_tell_little_of_short_texts():
    assert masked_phone("12345678") == "********"
    assert masked_phone("") == ""
    assert masked_email("a@b.cn") == "a***@b.cn"
    assert masked_email("nonsense") == "********"


@pytest.mark.req("C2")
def test_a_tier_is_set_by_hand_with_a_reason_and_its_history_is_shown(client, staff):
    tiers.seed(AT)
    member = MemberFactory(tier=Tier.objects.get(code="ordinary"))
    commands.start(member_ids=[member.pk], at=AT)
    gold, url = Tier.objects.get(code="gold"), page("member", member.pk, view="change")
    staff("view_member")
    assert client.post(url, {"new_tier": gold.pk, "note": "老客户"}).status_code == 403
    staff("view_member", "set_tier")
    assert client.post(url, {"new_tier": gold.pk, "note": " "}).context["adminform"].form.errors
    asked = {"new_tier": gold.pk, "note": "老客户<b>", "name": "changed"}
    for until in ("", "2026-01-01", "soon", "9999-12-31"):
        assert client.post(url, {**asked, "until": until}).context["adminform"].form.errors["until"]
    client.post(url, {**asked, "until": "2099-12-31"})
    running = member.tier_periods.get(ends_at=None)
    assert localtime(running.review_at).isoformat() == "2100-01-01T00:00:00+08:00"
    member = Member.objects.get(pk=member.pk)
    assert (member.tier, member.name == "changed") == (gold, False)
    shown = client.get(url).content.decode()
    assert "老客户&lt;b&gt;" in shown


@pytest.mark.parametrize("model", ["member", "order", "product"])
def test_without_permission_nothing_is_shown(client, staff, model):
    staff()
    assert client.get(page(model)).status_code == 403
