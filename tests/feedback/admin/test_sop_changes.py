"""Drafts of policies: kept, tried on past cases, thrown away or put in force, with the clocks that run."""

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone, translation

from config.common.models import Event
from feedback.admin import sop_changes
from feedback.clocks import commands
from feedback.models import Clock, ClockMove, PauseRule, Policy, PolicyTarget, Simulation
from feedback.tasks import move_clocks
from tests.factories.compensation import TierFactory
from tests.factories.feedback import StaffFactory
from tests.factories.sop import SopCaseFactory, SopDepartmentFactory, make_policy
from tests.feedback.admin.conftest import client_for
from tests.feedback.admin.test_sops import policy_data, targets_of, url

pytestmark = [pytest.mark.django_db, pytest.mark.req("F2")]

MINUTE = timedelta(minutes=1)
CHANGES = "/admin/sop/changes/"


@pytest.fixture
def browser():
    return client_for(StaffFactory(is_superuser=True), "en")


@pytest.fixture(autouse=True)
def english():
    with translation.override("en"):
        yield


@pytest.fixture
def policy():
    return make_policy(targets={"first_reply": 30, "resolution": 600})


def answered(minutes, number=1):
    """Cases that were opened yesterday and answered so many minutes later."""
    at, department = timezone.now() - timedelta(days=1), SopDepartmentFactory()
    for _ in range(number):
        case = SopCaseFactory(department=department, opened_at=at)
        commands.start_for_case(case, actor=None, at=at)
        commands.replied(case, actor=None, at=at + minutes * MINUTE)


def stricter(minutes=10):
    PolicyTarget.objects.filter(milestone="first_reply").update(within=minutes * MINUTE)


def button_on(browser, path):
    """The name of the button for drafts, as the page has it."""
    return re.search(r'name="(\w*save_as_draft)"', browser.get(path).content.decode())[1]


def test_a_draft_is_kept_and_not_in_force(browser, policy):
    first, second = targets_of(policy)
    data = policy_data(
        policy,
        {**first, "within": "0:10:00"},
        second,
        **{button_on(browser, url("policy", "change", policy.pk)): "1"},
    )
    response = browser.post(url("policy", "change", policy.pk), data, follow=True)
    assert response.redirect_chain == [(CHANGES, 302)]
    assert policy.versions.count() == 1
    (change,) = response.context["changes"]
    rest = "· the department's hours · no ladder"
    assert [(one.what, one.before, one.after) for one in change.differences] == [
        ("first reply", f"30 min {rest}", f"10 min {rest}")
    ]


def test_a_new_policy_can_be_a_draft_and_thrown_away(browser, policy):
    new = Policy(code="new", name="new")
    add = reverse("admin:feedback_policy_add")
    data = policy_data(
        new, {"milestone": "first_reply", "within": "0:10:00"}, **{button_on(browser, add): "1"}
    )
    response = browser.post(add, data, follow=True)
    assert response.redirect_chain == [(CHANGES, 302)]
    new = Policy.objects.get(code="new")
    assert not new.versions.exists()
    browser.post(reverse("admin:sop-discard", args=[new.pk]))
    assert not Policy.objects.filter(code="new").exists()
    assert browser.post(reverse("admin:sop-discard", args=[new.pk])).status_code == 302


def test_a_draft_is_tried_on_past_cases(browser, policy):
    answered(20, 3)
    stricter()
    response = browser.post(reverse("admin:sop-try"), {"days": 7}, follow=True)
    row = Simulation.objects.get()
    path = reverse("admin:sop-trial", args=[row.pk])
    assert response.redirect_chain[0][0] == path
    assert f'hx-post="{path}"' in response.content.decode()
    part = browser.post(path, headers={"HX-Request": "true"})
    text = part.content.decode()
    assert "hx-post" not in text
    assert part.context["total"].numbers["worse"] == 3
    assert part.context["total"].more == 3
    assert len(part.context["examples"]["worse"]) == 3
    assert Simulation.objects.get().finished_at
    assert browser.get(path).context["total"].numbers["breached_then"] == 6  # and resolutions
    assert "7" in browser.get(CHANGES).content.decode()


@pytest.mark.parametrize("days", ["", "0", "91", "x", "9" * 30])
def test_odd_days_are_refused_with_words(browser, policy, days):
    response = browser.post(reverse("admin:sop-try"), {"days": days}, follow=True)
    assert "between one and 90 days" in response.content.decode()
    assert not Simulation.objects.exists()


def test_publishing_leaves_running_clocks_unless_ticked(browser, policy):
    answered(20)
    stricter()
    PolicyTarget.objects.filter(milestone="resolution").update(within=timedelta(days=30))
    page = browser.get(reverse("admin:sop-affected")).content.decode()
    assert "1 running clock of 1 cases" in page
    browser.post(reverse("admin:sop-publish"))
    assert Clock.objects.get(milestone="resolution").work == 600 * MINUTE
    assert browser.get(CHANGES).context["changes"] == []
    browser.post(reverse("admin:sop-move"))
    clock = Clock.objects.get(milestone="resolution")
    assert clock.work == 600 * MINUTE  # late since yesterday: it stays
    assert ClockMove.objects.get().moved == 0


def test_publishing_with_the_tick_moves_them(browser, policy):
    case = SopCaseFactory()
    commands.start_for_case(case, actor=None, at=timezone.now())
    stricter()
    response = browser.post(reverse("admin:sop-publish"), {"move": "on"}, follow=True)
    assert Clock.objects.get(milestone="first_reply").work == 10 * MINUTE
    assert "2 clocks were moved" in response.content.decode()
    assert Event.objects.filter(kind="clock.retargeted").count() == 2


def test_many_are_moved_by_a_worker(browser, policy, monkeypatch):
    for _ in range(3):
        commands.start_for_case(SopCaseFactory(), actor=None, at=timezone.now())
    stricter()
    monkeypatch.setattr(sop_changes.moving, "AT_ONCE", 2)
    response = browser.post(reverse("admin:sop-publish"), {"move": "on"}, follow=True)
    text = response.content.decode()
    assert "being moved" in text
    assert ClockMove.objects.get().moved == 0
    move_clocks()
    assert ClockMove.objects.get().moved == 6
    assert not browser.get(CHANGES).context["moves"]


def test_a_draft_that_makes_no_sense_is_not_published(browser, policy):
    Policy.objects.update(kinds=["nonsense"])
    response = browser.post(reverse("admin:sop-publish"), follow=True)
    assert "nonsense" in response.content.decode()
    assert policy.versions.count() == 1


def test_who_may_not_change_policies_gets_nowhere(policy):
    user = StaffFactory()
    user.user_permissions.add(Permission.objects.get(codename="view_policy"))
    browser = client_for(user)
    stricter()
    for name in ("sop-changes", "sop-affected"):
        assert browser.get(reverse(f"admin:{name}")).status_code == 403
    for name in ("sop-try", "sop-publish", "sop-move"):
        assert browser.post(reverse(f"admin:{name}")).status_code == 403
    assert browser.post(reverse("admin:sop-discard", args=[policy.pk])).status_code == 403
    assert policy.versions.count() == 1


def test_the_page_costs_the_same_for_one_draft_and_three(browser, policy):
    def queries():
        with CaptureQueriesContext(
            connection,
        ) as caught:
            assert browser.get(CHANGES).status_code == 200
        return len(caught)

    stricter()
    queries()
    one = queries()
    for number in range(2):
        make_policy(f"p{number}")
    stricter(11)
    assert len(browser.get(CHANGES).context["changes"]) == 3
    assert queries() == one


def test_conditions_on_category_department_language_and_order(browser, policy):
    TierFactory()
    department = SopDepartmentFactory()
    Policy.objects.filter(pk=policy.pk).update(categories=["鞋"])
    data = policy_data(
        policy,
        *targets_of(policy),
        categories=["鞋"],
        departments=[department.code],
        languages=["en"],
        order_statuses=["returned"],
    )
    browser.post(url("policy", "change", policy.pk), data)
    content = policy.versions.latest("number").content
    assert [content[name] for name in ("categories", "departments", "languages", "order_statuses")] == [
        ["鞋"],
        [department.code],
        ["en"],
        ["returned"],
    ]
    page = browser.get(reverse("admin:sop")).content.decode()
    assert "product category is —, not 鞋" in page


def test_rules_for_pauses(browser):
    path = reverse("admin:feedback_pauserule_add")
    data = {
        "reason": "waiting_bank",
        "milestones": ["resolution", "refund"],
        "cap": "48:00:00",
        "needs_review": "on",
    }
    assert browser.post(path, data).status_code == 302
    rule = PauseRule.objects.get()
    assert (rule.milestones, rule.cap, rule.in_working_time) == (
        ["resolution", "refund"],
        timedelta(days=2),
        False,
    )
    for bad in ({"milestones": ["first_reply"]}, {"cap": "-1:00:00"}, {"reason": "waiting_bank"}):
        response = browser.post(path, {**data, "reason": "waiting_courier", **bad})
        assert response.status_code == 200
    assert PauseRule.objects.count() == 1
    assert browser.get(reverse("admin:feedback_pauserule_changelist")).status_code == 200
    assert (
        "waiting for the bank" in browser.get(reverse("admin:feedback_pauserule_changelist")).content.decode()
    )
