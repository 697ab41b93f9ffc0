from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from compensation.budgets import commands
from compensation.models import Budget, Cap, CouponTemplate, Grant, PointsRule, SignalTerms
from config.common import registry
from config.common.errors import Invalid
from config.common.models import Event
from tests.compensation.admin.test_coupons import TEMPLATE
from tests.factories.compensation import MemberFactory
from tests.factories.money import CouponTemplateFactory, PointsRuleFactory, staff_with

pytestmark = [pytest.mark.django_db, pytest.mark.req("C9")]


@pytest.fixture(autouse=True)
def english(settings):
    settings.LANGUAGE_CODE = "en"


@pytest.fixture(autouse=True)
def departments(monkeypatch):
    monkeypatch.setattr(registry, "DEPARTMENTS", [lambda: {"service": "Customer service"}])


def url(name, *args):
    return reverse(f"admin:compensation_{name}", args=args)


def budget(**more):
    now = timezone.now().replace(microsecond=0)
    given = {"starts_at": now - timedelta(days=1), "ends_at": now + timedelta(days=9), "amount_fen": 10_000}
    return Budget.objects.create(**(given | more))


def posted(**more):
    return {
        "department": "service",
        "reason_code": "",
        "starts_at_0": "2026-11-01",
        "starts_at_1": "00:00:00",
        "ends_at_0": "2026-12-01",
        "ends_at_1": "00:00:00",
        "amount_fen": "100",
        "low_percent": "20",
    } | more


def test_a_budget_is_made_with_its_event_and_owners(admin_client):
    owner = staff_with(0)
    assert admin_client.post(url("budget_add"), posted(owners=[owner.pk])).status_code == 302
    one = Budget.objects.get()
    assert (one.department, one.amount_fen, list(one.owners.all())) == ("service", 10_000, [owner])
    assert Event.objects.get(kind="budget.saved").data["amount_fen"] == 10_000
    again = admin_client.post(url("budget_add"), posted())
    assert "There is a budget for the same department" in again.content.decode()
    assert Budget.objects.count() == 1


def test_a_budget_is_not_made_smaller_than_what_is_taken(admin_client):
    one = budget(spent_fen=9_000, department="service")
    page = admin_client.post(url("budget_change", one.pk), posted(amount_fen="89.99"))
    assert "More than that is reserved and spent already." in page.content.decode()
    page = admin_client.post(url("budget_change", one.pk), posted(ends_at_0="2026-10-01"))
    assert "The end is after the beginning." in page.content.decode()
    assert admin_client.post(url("budget_change", one.pk), posted(amount_fen="90")).status_code == 302
    one.refresh_from_db()
    assert (one.amount_fen, one.spent_fen) == (9_000, 9_000)


def test_a_budget_is_for_a_department_that_there_is_or_for_the_one_it_had(admin_client):
    page = admin_client.post(url("budget_add"), posted(department="servcie"))
    assert page.status_code == 200
    assert not Budget.objects.exists()
    one = budget(department="closed")
    assert admin_client.post(url("budget_change", one.pk), posted(department="closed")).status_code == 302


def test_the_list_names_departments_and_days(admin_client):
    starts = datetime.fromisoformat("2026-11-01T00:00:00+08:00")
    budget(department="service", starts_at=starts, ends_at=starts + timedelta(days=30))
    budget(department="closed", starts_at=starts, ends_at=starts + timedelta(days=30, hours=12))
    shown = admin_client.get(url("budget_changelist")).content.decode()
    assert "Customer service" in shown
    assert "closed" in shown
    assert "2026-11-01 – 2026-11-30" in shown
    assert "2026-11-01 00:00 – 2026-12-01 12:00" in shown


@pytest.mark.parametrize("rows", [1, 3])
def test_the_list_shows_what_is_left_in_the_same_number_of_queries(
    admin_client, rows, django_assert_max_num_queries
):
    for number in range(rows):
        budget(department=f"d<{number}>", reserved_fen=1_000, spent_fen=2_000)
    with django_assert_max_num_queries(18):
        shown = admin_client.get(url("budget_changelist")).content.decode()
    assert "¥70.00" in shown
    assert "30% used" in shown
    assert "d<0>" not in shown


def test_a_budget_is_copied_for_the_next_month_once(admin_client):
    admin_client.post(url("budget_add"), posted())
    one = Budget.objects.get()
    for _time in range(2):
        admin_client.post(
            url("budget_changelist"), {"action": "copy_on", "_selected_action": [one.pk]}, follow=True
        )
    copy = Budget.objects.exclude(pk=one.pk).get()
    assert (copy.starts_at, copy.amount_fen, copy.spent_fen) == (one.ends_at, 10_000, 0)
    assert f"{timezone.localtime(copy.ends_at):%F %T}" == "2027-01-01 00:00:00"


@pytest.mark.parametrize(
    "typed",
    [
        {"ends_at_0": "9999-12-31"},
        {"starts_at_0": "0001-01-01"},
        {"amount_fen": "10000000000.01"},
    ],
)
def test_a_budget_beyond_what_can_be_reckoned_with_is_refused(admin_client, typed):
    assert admin_client.post(url("budget_add"), posted(**typed)).status_code == 200
    assert not Budget.objects.exists()


def test_a_budget_of_the_house_is_larger_than_what_a_member_gets(admin_client):
    assert admin_client.post(url("budget_add"), posted(amount_fen="1500000")).status_code == 302
    assert Budget.objects.get().amount_fen == 150_000_000


def test_a_budget_at_the_end_of_the_calendar_is_not_copied(admin_client):
    one = budget(
        starts_at=datetime(9999, 11, 30, 16, tzinfo=UTC), ends_at=datetime(9999, 12, 30, 16, tzinfo=UTC)
    )
    data = {"action": "copy_on", "_selected_action": [one.pk]}
    assert admin_client.post(url("budget_changelist"), data).status_code == 302
    with pytest.raises(Invalid):
        commands.save_budget(budget=one, actor=None, at=timezone.now())
    assert Budget.objects.count() == 1


def test_a_cap_that_makes_no_sense_is_refused_at_its_field(admin_client):
    good = {"scope": "member", "period": "month", "limit_fen": "200", "is_active": "on"}
    for wrong in ({"limit_fen": ""}, {"days": "3"}, {"period": "days"}, {"rule_code": "late"}):
        assert admin_client.post(url("cap_add"), good | wrong).status_code == 200
    assert not Cap.objects.exists()
    assert admin_client.post(url("cap_add"), good).status_code == 302
    assert Cap.objects.get().limit_fen == 20_000
    assert Event.objects.filter(kind="cap.saved").count() == 1


def test_terms_of_signals_are_kept_and_measured(admin_client):
    SignalTerms.objects.create()
    terms = {"days": 30, "claims_from": 2, "share_percent": 50, "percentile": 95, "peers_from": 5}
    page = admin_client.post(url("signalterms_change", 1), terms | {"shared_from": 1, "is_active": "on"})
    assert page.status_code == 302
    row = SignalTerms.objects.get()
    assert (row.days, row.measured_at is None) == (30, False)
    assert "not measured yet" not in admin_client.get(url("signalterms_change", 1)).content.decode()


def given(template=None, points=None, fen=500, department="service"):
    now = timezone.now()
    Grant.objects.create(
        key=f"{Grant.objects.count()}",
        cause=f"{Grant.objects.count()}",
        member=MemberFactory(),
        kind="coupon" if template else "points",
        template=template,
        points=points,
        cost_fen=fen,
        reason="x",
        department=department,
        requested_at=now,
    )


def test_another_value_of_a_coupon_shows_what_it_costs_before_it_is_saved(admin_client):
    template = CouponTemplateFactory(code="sorry-5")
    given(template)
    given(template, department="logistics")
    data = TEMPLATE | {"value_fen": "8"}
    shown = admin_client.post(url("coupontemplate_change", template.pk), data)
    assert shown.status_code == 200
    effect = shown.context["effect"]
    assert (effect.total.grants, effect.total.old_fen, effect.total.new_fen) == (2, 1_000, 1_600)
    assert {code: one.difference_fen for code, one in effect.by_department.items()} == {
        "service": 300,
        "logistics": 300,
    }
    assert CouponTemplate.objects.get().value_fen == 500
    wrong = admin_client.post(url("coupontemplate_change", template.pk), data | {"effect_seen": "¥7.00"})
    assert wrong.context["effect"].new == "¥8.00"
    seen = admin_client.post(url("coupontemplate_change", template.pk), dict(shown.context["posted"]))
    assert seen.status_code == 302
    assert CouponTemplate.objects.get().value_fen == 800
    unchanged = admin_client.post(url("coupontemplate_change", template.pk), data | {"name": "x"})
    assert unchanged.status_code == 302


def test_another_value_of_points_shows_what_it_costs_too(admin_client):
    rule = PointsRuleFactory()
    given(points=150, fen=150)
    form = admin_client.get(url("pointsrule_change", rule.pk)).context["adminform"].form
    data = dict(form.initial) | {"points": "100", "worth_fen": "2"}
    shown = admin_client.post(url("pointsrule_change", rule.pk), data)
    assert (shown.context["effect"].total.old_fen, shown.context["effect"].total.new_fen) == (150, 300)
    assert PointsRule.objects.get().worth_fen == 100
    admin_client.post(url("pointsrule_change", rule.pk), dict(shown.context["posted"]))
    assert PointsRule.objects.get().worth_fen == 200
