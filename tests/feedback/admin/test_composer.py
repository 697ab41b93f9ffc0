"""What helps to write a reply, through the addresses that the composer asks."""

import pytest
from django.urls import reverse
from django.utils import timezone, translation

from compensation.models import Coupon
from feedback.cases import commands
from feedback.defaults.authority import seed_authority
from feedback.models import ArticleUse, PlaybookUse, StepDone, Template, ToneRule
from feedback.playbooks.commands import apply
from tests.factories.feedback import AgentFactory, group
from tests.factories.knowledge import make_article, make_playbook, request_of
from tests.factories.money import CouponTemplateFactory
from tests.feedback.admin.conftest import client_for

pytestmark = [pytest.mark.django_db, pytest.mark.req("F6"), pytest.mark.req("F7")]
HTMX = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture(autouse=True)
def authority(work):
    group("agent")
    seed_authority(timezone.now())


def address(name, case, *args):
    return reverse(f"admin:{name}", args=[case.pk, *args])


def test_articles_are_suggested_from_the_case_before_anything_is_typed(work, browser):
    article = make_article(
        "收到的商品破损了怎么办", "## 补发\n\n- 请拍照", code="damaged", questions="包裹破损"
    )
    internal = make_article("破损赔付的权限", code="internal", audience="agent")
    told = browser.post(address("tools_typed", work.case), {"text": ""}).json()
    first, second = told["articles"]
    assert (first["id"], first["text"], first["link"]) == (
        article.pk,
        "补发\n\n- 请拍照",
        "/portal/help/damaged/",
    )
    assert (second["id"], second["text"], second["link"]) == (internal.pk, "", "")
    assert told["warnings"] == []
    browser.post(address("tools_typed", work.case), {"text": ""})
    assert ArticleUse.objects.count() == 2


def test_what_is_typed_finds_other_articles_and_is_warned_of(work, browser):
    make_article("怎么开发票", code="invoice", questions="电子发票在哪里下载")
    ToneRule.objects.create(
        code="x",
        kind="forbidden",
        phrases=["不可能"],
        advice="不要把话说死。",
        better="可以……",
        severity="warning",
    )
    told = browser.post(address("tools_typed", work.case), {"text": "开发票不可能"}).json()
    assert [one["title"] for one in told["articles"]] == ["怎么开发票"]
    (warning,) = told["warnings"]
    assert warning == {
        "severity": "warning",
        "advice": "不要把话说死。",
        "found": "不可能",
        "better": "可以……",
    }


def test_what_is_inserted_is_counted(work, browser):
    article = make_article("怎么开发票", code="invoice")
    path = address("tools_inserted", work.case)
    for _again in range(2):
        assert browser.post(path, {"article": article.pk}).json() == {"counted": True}
    assert ArticleUse.objects.get().inserted_at
    assert browser.post(path, {"article": "abc"}).status_code == 404


@pytest.mark.parametrize(
    "text", ["\0", "<script>alert(1)</script>", "x" * 30_000, "'; DROP TABLE x; --", "😡" * 999]
)
def test_hostile_text_is_only_text(work, browser, text):
    assert browser.post(address("tools_typed", work.case), {"text": text}).status_code == 200


def test_templates_come_filled_in_and_say_what_is_missing(work, browser):
    Template.objects.create(
        code="a", problem="late", name="延误", body="{{ member.name }}：{{ order.number }}"
    )
    Template.objects.create(code="a", language="en", problem="late", name="Late", body="x")
    Template.objects.create(code="b", problem="late", name="旧", body="x", is_active=False)
    with translation.override("zh-hans"):
        (one,) = browser.get(address("tools_templates", work.case)).json()["templates"]
    assert one["text"] == f"{work.case.member.name}：____"
    assert one["missing"] == ["订单号"]


def test_templates_take_as_many_queries_for_three_as_for_one(work, browser, django_assert_max_num_queries):
    counts = []
    for number in range(3):
        Template.objects.create(code=f"t{number}", problem="late", name="x", body="{{ member.name }}")
        with django_assert_max_num_queries(25) as made:
            browser.get(address("tools_templates", work.case))
        counts.append(len(made))
    assert len(set(counts)) == 1


def test_a_playbook_is_applied_with_one_click(work, browser):
    Template.objects.create(
        code="t", problem="damaged", name="x", body="{{ member.name }}您好 {{ coupon.name }}"
    )
    playbook = make_playbook(remedies=[CouponTemplateFactory()], words=["破损"], template_code="t")
    path = address("tools_playbooks", work.case)
    offered = browser.get(path, **HTMX).content.decode()
    assert "¥5.00" in offered
    assert reverse("admin:tools_apply", args=[work.case.pk, playbook.pk]) in offered
    done = browser.post(address("tools_apply", work.case, playbook.pk), {"version": 1}, **HTMX)
    text = done.content.decode()
    assert f"<template data-compose>{work.case.member.name}您好 5元致歉券</template>" in text
    assert "HX-Trigger" in done.headers
    assert Coupon.objects.count() == 1
    work.case.refresh_from_db()
    assert f'data-version="{work.case.version}" data-seen="1"' in text


def test_without_htmx_the_case_page_comes_back(work, browser):
    playbook = make_playbook()
    response = browser.post(address("tools_apply", work.case, playbook.pk))
    assert response.url == reverse("admin:case", args=[work.case.pk])
    used = PlaybookUse.objects.get()
    browser.post(address("tools_step", work.case, used.pk), {"number": 1})
    assert StepDone.objects.get().by == work.agent.user
    browser.post(address("tools_step", work.case, used.pk), {"number": 1, "undo": 1})
    assert not StepDone.objects.exists()
    assert browser.get(address("tools_playbooks", work.case)).status_code == 200


def test_the_asked_department_reads_the_playbooks_and_applies_none(work, browser):
    from feedback.handoffs import commands as handoffs

    handoffs.hand_over(
        case_id=work.case.pk,
        department_id=work.theirs.pk,
        question="？",
        actor=work.agent.user,
        at=timezone.now(),
    )
    stranger, playbook = client_for(work.stranger), make_playbook()
    assert stranger.get(address("tools_playbooks", work.case)).status_code == 200
    assert stranger.post(address("tools_apply", work.case, playbook.pk)).status_code == 403
    assert not PlaybookUse.objects.exists()


@pytest.mark.parametrize("name", ["tools_templates", "tools_playbooks"])
def test_other_departments_find_nothing(work, name):
    assert client_for(work.stranger).get(address(name, work.case)).status_code == 404


def test_a_use_of_another_case_is_not_reached_through_mine(work, browser):
    from tests.feedback.admin.conftest import open_case

    other = open_case(work.theirs)
    used = apply(case_id=other.pk, playbook_id=make_playbook().pk, actor=None, at=timezone.now())
    for name in ("tools_step", "tools_give"):
        assert browser.post(address(name, work.case, used.pk), {"number": 1}).status_code == 404
    assert not StepDone.objects.exists()


def test_a_resolved_case_takes_no_playbook(work, browser):
    commands.reply(
        case_id=work.case.pk, body="好了。", then="resolve", actor=work.agent.user, at=timezone.now()
    )
    response = browser.post(address("tools_apply", work.case, make_playbook().pk), **HTMX)
    assert response.status_code == 409
    assert 'role="alert"' in response.content.decode()


def test_the_composer_has_the_tools_and_a_reader_without_work_has_none(work, browser):
    page = browser.get(reverse("admin:case", args=[work.case.pk])).content.decode()
    assert address("tools_typed", work.case) in page
    preview = browser.get(reverse("admin:case_preview", args=[work.case.pk]), **HTMX).content.decode()
    assert "data-playbook-place" in preview


def test_requests_are_ended_by_those_who_carry_them_out(work):
    from tests.factories.feedback import StaffFactory

    asked = request_of(work.case, at=timezone.now())
    finance = client_for(StaffFactory(role="finance"))
    page = finance.get(reverse("admin:remedy_requests")).content.decode()
    assert work.case.number in page
    assert work.case.subject not in page
    path = reverse("admin:remedy_request", args=[asked.pk])
    elsewhere = client_for(AgentFactory(user__role="supervisor", leads=[work.theirs]))
    assert elsewhere.post(path, {"verdict": "done", "outcome": "x"}).status_code == 403
    finance.post(path, {"verdict": "done", "outcome": ""})
    asked.refresh_from_db()
    assert asked.status == "open"
    finance.post(path, {"verdict": "done", "outcome": "ALI-1"})
    asked.refresh_from_db()
    assert (asked.status, asked.outcome) == ("done", "ALI-1")
