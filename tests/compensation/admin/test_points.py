"""Rules for earning points, rewards, and what a member has, in the admin."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from compensation.budgets.effect import of_earning
from compensation.models import EarningRule, EarningVersion, Reward
from compensation.points import commands
from config.common.models import Event
from tests.factories.compensation import CouponTemplateFactory, MemberFactory, OrderFactory
from tests.factories.money import PointsRuleFactory
from tests.factories.points import DAY, a_yuan, rules

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
    shown = admin_client.post(url, {**FORM, "points": "15"})
    assert rule.versions.count() == 1  # its effect is shown first
    admin_client.post(url, dict(shown.context["posted"]))
    assert [version.points for version in rule.versions.all()] == [15, 10]
    assert "到店" in admin_client.get(page("earningrule")).content.decode()
    rule.refresh_from_db()
    assert rule.code == "visit"


@pytest.mark.req("C9")
def test_other_points_for_each_yuan_show_what_the_last_month_would_have_come_to(admin_client):
    rules()
    a_yuan()
    PointsRuleFactory()
    for fen in (10_000, 5_050):
        order = earn(MemberFactory(), fen)
    commands.order_refunded(
        order_id=order.pk, refunded_fen_total=1_000, actor=None, at=timezone.now(), key="r"
    )
    rule = EarningRule.objects.get(code="purchase")
    url = page("earningrule", rule.pk, view="change")
    form = admin_client.get(url).context["adminform"].form
    typed = {name: value for name, value in form.initial.items() if value is not None}
    typed |= {"starts_at_0": "2026-01-01", "starts_at_1": "00:00", "is_active": "on"}
    del typed["starts_at"]
    shown = admin_client.post(url, typed | {"per_yuan": "1.5"})
    effect = shown.context["effect"]
    assert (effect.total.grants, effect.old_points, effect.new_points) == (2, 140, 150 + 60)
    assert effect.total.difference_fen > 0
    assert rule.versions.first().per_yuan == 1
    wrong = admin_client.post(url, {**dict(shown.context["posted"]), "per_yuan": "2"})
    assert wrong.context["effect"].new_points == 200 + 81
    assert admin_client.post(url, dict(shown.context["posted"])).status_code == 302
    assert str(rule.versions.first().per_yuan) == "1.5000"
    later = admin_client.post(url, typed | {"per_yuan": "1.5", "pending_days": "3"})
    assert later.status_code == 302  # when they can be used changes no number


@pytest.mark.req("C9")
def test_limits_count_in_the_effect():
    rules()
    a_yuan()
    member, now = MemberFactory(), timezone.now()
    for day in (1, 1, 2, 20):
        earning = commands.order_received(
            order_id=OrderFactory(member=member, status="delivered", total_fen=10_000,
                                  placed_at=now - 25 * DAY).pk,
            at=now - day * DAY,
        )  # fmt: skip
    earn(MemberFactory(), 10_000)

    def after(**terms):
        version = EarningVersion(**{"per_yuan": 1, **terms})
        return of_earning(version, rule_id=earning.rule_id, old="", new="", at=now + DAY).new_points

    assert after() == 500
    assert after(day_limit=150) == 450
    assert after(day_limit=150, period_limit=200, period_days=30) == 300
    assert after(period_limit=120, period_days=60) == 220
    assert after(per_yuan=None, points=7) == 35


def test_what_a_rule_earned_in_a_month_is_read_by_its_index():
    with CaptureQueriesContext(connection) as asked:
        of_earning(EarningVersion(points=1), rule_id=1, old="", new="", at=timezone.now())
    statement = next(one["sql"] for one in asked if "compensation_earning" in one["sql"])
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("EXPLAIN " + statement)
        assert "earning_rule" in "".join(row[0] for row in cursor.fetchall())


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
