import pytest
from django.contrib.auth.models import Permission
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from compensation.models import Cap, Grant, Rule, RuleVersion
from compensation.rules import commands
from config.common.models import Event, User
from feedback.automatic import leaving
from feedback.automatic.applying import apply_to_gaps
from feedback.defaults.authority import seed_authority
from feedback.defaults.roles import seed_roles
from feedback.models import RuleTask, TaskReason
from tests.factories.feedback import (
    AgentFactory,
    CaseFactory,
    DepartmentFactory,
    HandoffFactory,
    StaffFactory,
)
from tests.factories.money import AT, CouponTemplateFactory
from tests.factories.rules import rule_of
from tests.feedback.automatic.test_applying import late

pytestmark = [pytest.mark.django_db, pytest.mark.req("C8")]


@pytest.fixture(autouse=True)
def english(settings):
    settings.LANGUAGE_CODE = "en"


def at(name, *args):
    return reverse(f"admin:{name}", args=args)


def test_a_rule_is_drafted_edited_tried_out_and_published(admin_client):
    admin_client.post(
        at("compensation_rule_add"),
        {"name": "晚<b>", "name_en": "Late<b>", "code": "late", "position": 5, "is_active": "on"},
    )
    rule = Rule.objects.get()
    page = admin_client.get(at("rule", rule.pk)).content.decode()
    assert "It says nothing yet" in page
    assert "Late<b>" not in page
    begun = admin_client.post(at("rule-draft", rule.pk))
    draft = RuleVersion.objects.get()
    assert begun.url == at("compensation_ruleversion_change", draft.pk)
    coupon = CouponTemplateFactory(code="sorry-5")
    form = {
        "trigger": "gap", "severity_from": "1", "priority": "2", "pictures_from": "0", "within_days": "30",
        "tells_member": "on", "aspects": ["delivery"], "amount_up_to_fen": "200", "department": "",
        "gives-TOTAL_FORMS": "1", "gives-INITIAL_FORMS": "0", "gives-0-position": "1",
        "gives-0-kind": "coupon", "gives-0-template": coupon.pk,
    }  # fmt: skip
    refused = admin_client.post(at("compensation_ruleversion_change", draft.pk), form | {"opens_case": "on"})
    assert "Say whose case it is." in refused.content.decode()
    saved = admin_client.post(at("compensation_ruleversion_change", draft.pk), form)
    assert saved.url == at("rule", rule.pk)
    draft.refresh_from_db()
    assert (draft.aspects, draft.amount_up_to_fen, draft.gives.get().template) == (
        ["delivery"], 20_000, coupon,
    )  # fmt: skip
    gap = late()
    gap.detected_at = gap.expected_at = timezone.now()
    gap.save()
    tried = admin_client.get(at("rule", rule.pk) + "?days=7")
    assert (tried.context["report"].given.times, tried.context["report"].given.fen) == (1, 500)
    assert admin_client.get(at("rule", rule.pk) + "?days=8").context["report"] is None
    admin_client.post(at("rule-publish", draft.pk))
    assert Event.objects.filter(kind="rule.published").count() == 1
    assert admin_client.post(at("compensation_ruleversion_change", draft.pk), form).status_code == 403
    shown = admin_client.get(at("rule", rule.pk)).content.decode()
    assert "¥5 apology coupon · ¥5.00" in shown
    admin_client.post(at("rule-publish", draft.pk))
    assert Event.objects.filter(kind="rule.published").count() == 1


def test_a_draft_is_thrown_away_and_what_was_published_is_not(admin_client):
    first = rule_of("late", 5, trigger="gap")
    draft = commands.draft(rule_id=first.rule_id, actor=None, at=AT)
    admin_client.post(at("rule-drop", draft.pk))
    admin_client.post(at("rule-drop", first.pk))
    assert list(RuleVersion.objects.all()) == [first]


@pytest.mark.parametrize("rows", [1, 3])
def test_the_list_takes_the_same_number_of_queries(admin_client, rows, django_assert_max_num_queries):
    for number in range(rows):
        rule_of(f"late-{number}", 5, trigger="gap", position=number)
    with django_assert_max_num_queries(19):
        shown = admin_client.get(at("compensation_rule_changelist")).content.decode()
    assert "v1 in force" in shown


def test_what_a_rule_left_is_given_from_the_case_or_dismissed(admin_client, admin_user):
    DepartmentFactory(code="logistics")
    rule_of(
        "late", 5, 10, trigger="gap", opens_case=True, department="logistics", asks_person=True, name="延误"
    )
    for _gap in range(2):
        apply_to_gaps(gap_ids=[late().pk], at=AT)
    task, other = RuleTask.objects.order_by("pk")
    page = admin_client.get(at("case", task.case_id)).content.decode()
    assert "Left to you by rules" in page
    assert "a person chooses what is given" in page
    give = task.version.gives.last()
    told = admin_client.post(at("rule-task", task.pk), {"give": give.pk})
    assert told.url == at("case", task.case_id)
    assert task.case.remedies.get().grant.template == give.template
    admin_client.post(at("rule-task", other.pk), {"give": ""})
    other.refresh_from_db()
    assert (other.end, other.ended_by) == ("dismissed", admin_user)
    assert not other.case.remedies.exists()
    assert "Left to you by rules" not in admin_client.get(at("case", other.case_id)).content.decode()
    assert admin_client.post(at("rule-task", 0), {"give": ""}).status_code == 404


def test_the_case_says_why_something_waits(admin_client):
    DepartmentFactory(code="logistics")
    rule_of("late", 5, trigger="gap", opens_case=True, department="logistics")
    Cap.objects.create(scope="rule", period="day", limit_count=0)
    gap = late()
    apply_to_gaps(gap_ids=[gap.pk], at=AT)
    gap.refresh_from_db()
    for page in (at("case", gap.case_id), at("approvals")):
        shown = admin_client.get(page).content.decode()
        assert "This rule has given 0 grants of at most 0 grants until 2026-11-22 00:00" in shown


@pytest.mark.parametrize(("own", "granting"), [(False, True), (True, False), (True, True)])
def test_what_a_rule_left_takes_the_right_to_give_in_the_case(client, own, granting):
    seed_roles(AT)
    seed_authority(AT)
    ours, theirs = DepartmentFactory(), DepartmentFactory()
    case = CaseFactory(department=ours)
    HandoffFactory(case=case, department=theirs, from_department=ours)
    version = rule_of("late", 5, trigger="case")
    with transaction.atomic():
        task = leaving.leave(key="x", case=case, gap=None, version=version, reason=TaskReason.CHOOSE, at=AT)
    user = StaffFactory(role="agent")
    if not granting:
        user.groups.get().permissions.remove(Permission.objects.get(codename="add_grant"))
    AgentFactory(user=user, departments=[ours if own else theirs])
    client.force_login(User.objects.get(pk=user.pk))
    page = client.get(at("case", case.pk)).content.decode()
    assert (at("rule-task", task.pk) in page) is (own and granting)
    for give in (version.gives.get().pk, ""):
        client.post(at("rule-task", task.pk), {"give": give})
    task.refresh_from_db()
    assert (task.end, Grant.objects.count()) == (("given", 1) if own and granting else ("", 0))


def test_the_list_adds_up_what_each_rule_gave(admin_client):
    rule_of("late", 5, trigger="gap", opens_case=False)
    rule_of("never", 5, trigger="gap", position=20)
    for _gap in range(2):
        apply_to_gaps(gap_ids=[late().pk], at=AT)
    shown = admin_client.get(at("compensation_rule_changelist"))
    told = {rule.code: (rule.times, rule.fen) for rule in shown.context["cl"].result_list}
    assert told == {"late": (2, 1_000), "never": (0, 0)}
    assert "2 × · ¥10.00" in shown.content.decode()
