"""Rules for earning points, rewards, and what a member has, in the admin."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from compensation.models import EarningRule, EarningVersion, Reward
from compensation.points import commands
from config.common.models import Event
from tests.factories.compensation import CouponTemplateFactory, MemberFactory, OrderFactory
from tests.factories.points import DAY, rules

pytestmark = [pytest.mark.django_db, pytest.mark.req("C4")]
FORM = {
    "code": "visit", "name": "到店", "name_en": "A visit", "starts_at_0": "2026-11-01",
    "starts_at_1": "00:00", "is_active": "on", "points": "10", "pending_days": "0", "valid_days": "90",
}  # fmt: skip


def page(model, *args, view="changelist"):
    return reverse(f"admin:compensation_{model}_{view}", args=args)


def test_a_rule_is_made_with_its_first_version(admin_client):
    assert admin_client.post(page("earningrule", view="add"), FORM).status_code == 302
    version = EarningVersion.objects.get(rule__code="visit")
    assert (version.number, version.points, version.valid_days, version.day_limit) == (1, 10, 90, None)
    assert Event.objects.filter(kind="earningrule.versioned").count() == 1


def test_what_it_says_from_now_on_is_a_version_of_its_own(admin_client):
    admin_client.post(page("earningrule", view="add"), FORM)
    rule = EarningRule.objects.get(code="visit")
    url = page("earningrule", rule.pk, view="change")
    assert b'value="10"' in admin_client.get(url).content
    admin_client.post(url, {**FORM, "name_en": "A visit to us"})
    assert rule.versions.count() == 1
    admin_client.post(url, {**FORM, "points": "15"})
    assert [version.points for version in rule.versions.all()] == [15, 10]
    assert "到店" in admin_client.get(page("earningrule")).content.decode()
    rule.refresh_from_db()
    assert rule.code == "visit"


@pytest.mark.parametrize(
    "wrong",
    [
        {"points": ""},
        {"points": "0"},
        {"per_yuan": "1"},
        {"period_limit": "5"},
        {"period_days": "5"},
        {"valid_days": "0"},
        {"pending_days": "90"},
        {"points": "-1"},
        {"points": "9" * 20},
        {"per_yuan": "x"},
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(admin_client, wrong):
    assert admin_client.post(page("earningrule", view="add"), FORM | wrong).status_code == 200
    assert not EarningRule.objects.exists()


def test_a_reward_is_kept_with_its_event(admin_client):
    form = {"template": CouponTemplateFactory().pk, "points": "300", "member_limit": "1", "is_active": "on"}
    assert admin_client.post(page("reward", view="add"), form).status_code == 302
    reward = Reward.objects.get()
    assert (reward.points, reward.total_limit) == (300, None)
    admin_client.post(page("reward", reward.pk, view="change"), {**form, "total_limit": "9"})
    reward.refresh_from_db()
    assert reward.total_limit == 9
    assert Event.objects.filter(kind="reward.saved").count() == 2


def earn(member, fen=10_000):
    order = OrderFactory(member=member, status="delivered", total_fen=fen, placed_at=timezone.now() - DAY)
    commands.order_received(order_id=order.pk, at=timezone.now())
    return order


def test_the_members_page_shows_the_statement(admin_client):
    rules()
    member = MemberFactory()
    order = earn(member)
    shown = admin_client.get(page("member", member.pk, view="change")).content.decode()
    assert order.external_id in shown
    assert "+100" in shown


@pytest.mark.parametrize("model", ["earning", "earningrule", "reward"])
def test_lists_take_a_constant_number_of_queries(admin_client, model):
    rules()

    def more(number):
        earn(MemberFactory())
        EarningRule.objects.create(code=f"r{number}", name="x", starts_at=timezone.now())
        Reward.objects.create(template=CouponTemplateFactory(code=f"c{number}"), points=5)

    def count():
        with CaptureQueriesContext(connection) as seen:
            assert admin_client.get(page(model)).status_code == 200
        return len(seen)

    more(1)
    one = count()
    more(2)
    more(3)
    assert count() == one
