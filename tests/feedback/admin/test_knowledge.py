"""Writing and reading articles, templates and playbooks in the admin."""

import pytest
from django.urls import reverse

from feedback.models import Article, ArticleText, Playbook, Template
from tests.factories.feedback import AgentFactory, StaffFactory
from tests.factories.knowledge import make_article, make_playbook
from tests.feedback.admin.conftest import client_for

pytestmark = [pytest.mark.django_db, pytest.mark.req("F21"), pytest.mark.req("F6")]


@pytest.fixture
def writer():
    return client_for(StaffFactory(is_superuser=True))


def form(article, **more):
    text = article.texts.get()
    return {
        "code": article.code, "topic": article.topic_id, "audience": "member", "position": 1,
        "may_answer": "on",
        "texts-TOTAL_FORMS": 1, "texts-INITIAL_FORMS": 1, "texts-MIN_NUM_FORMS": 1, "texts-MAX_NUM_FORMS": 2,
        "texts-0-id": text.pk, "texts-0-article": article.pk, "texts-0-language": "zh-hans",
        "texts-0-title": text.title, "texts-0-questions": "", "texts-0-body": text.body,
        "versions-TOTAL_FORMS": 0, "versions-INITIAL_FORMS": 0, **more,
    }  # fmt: skip


def test_an_edit_is_a_draft_until_it_is_put_in_force(writer):
    article = make_article("怎么退货", code="return")
    path = reverse("admin:feedback_article_change", args=[article.pk])
    assert "怎么退货" in writer.get(path).content.decode()
    assert writer.post(path, form(article, **{"texts-0-body": "改了。"})).status_code == 302
    assert ArticleText.objects.get().in_force.body != "改了。"
    assert writer.post(path, form(article, publish="on", **{"texts-0-body": "改了。"})).status_code == 302
    assert ArticleText.objects.get().in_force.body == "改了。"
    assert ArticleText.objects.get().in_force.number == 2


def test_the_preview_shows_what_is_written_and_keeps_nothing(writer):
    article = make_article("怎么退货", code="return")
    path = reverse("admin:feedback_article_preview")
    shown = writer.post(path, form(article, **{"texts-0-body": "- <b>一</b>"})).content.decode()
    assert "<li>&lt;b&gt;一&lt;/b&gt;</li>" in shown
    assert client_for(AgentFactory()).post(path, {}).status_code == 403


def test_selected_articles_are_retired_and_put_back(writer):
    article = make_article("怎么退货", code="return")
    path = reverse("admin:feedback_article_changelist")
    for action, status in (
        ("retire_selected", "retired"),
        ("retire_selected", "retired"),
        ("publish_selected", "published"),
    ):
        writer.post(path, {"action": action, "_selected_action": [article.pk]})
        assert Article.objects.get().status == status


def test_a_template_with_an_unknown_name_is_refused(writer):
    path = reverse("admin:feedback_template_add")
    content = {
        "code": "t",
        "language": "zh-hans",
        "problem": "late",
        "tone": "warm",
        "name": "t",
        "position": 1,
    }
    refused = writer.post(path, {**content, "body": "{{ member.phone }}"})
    assert refused.status_code == 200
    assert not Template.objects.exists()
    assert writer.post(path, {**content, "body": "{{ member.name }}"}).status_code == 302
    assert Template.objects.get().body == "{{ member.name }}"


def test_a_saved_playbook_is_in_force(writer):
    playbook = make_playbook()
    path = reverse("admin:feedback_playbook_change", args=[playbook.pk])
    assert writer.get(path).status_code == 200
    content = {
        "name": "碎了", "code": "damaged", "problem": "damaged", "position": 1, "is_active": "on",
        "steps-TOTAL_FORMS": 1, "steps-INITIAL_FORMS": 0, "steps-0-text": "只看照片", "steps-0-position": 1,
        "remedies-TOTAL_FORMS": 0, "remedies-INITIAL_FORMS": 0,
        "versions-TOTAL_FORMS": 0, "versions-INITIAL_FORMS": 0,
    }  # fmt: skip
    assert writer.post(path, {**content, "template_code": "no-such"}).status_code == 200
    assert writer.post(path, content).status_code == 302
    version = Playbook.objects.get().versions.order_by("-number").first()
    assert (version.number, version.content["name"]) == (2, "碎了")


def test_staff_search_and_read(writer):
    make_article("退款审批权限", "## 组长\n200 元", code="authority", audience="agent")
    agent = client_for(AgentFactory())
    found = agent.get(reverse("admin:knowledge"), {"q": "审批"}).content.decode()
    assert reverse("admin:article", args=["authority"]) in found
    assert "退款审批权限" in agent.get(reverse("admin:knowledge")).content.decode()
    assert "<h3>组长</h3>" in agent.get(reverse("admin:article", args=["authority"])).content.decode()
    assert agent.get(reverse("admin:article", args=["no-such"])).status_code == 404
    part = agent.get(reverse("admin:knowledge"), {"q": "\0<b>"}, HTTP_HX_REQUEST="true").content.decode()
    assert "<html" not in part


@pytest.mark.parametrize("name", ["knowledge_figures", "playbook_figures", "remedy_requests"])
def test_empty_figures_say_so(writer, name):
    assert 'class="empty"' in writer.get(reverse(f"admin:{name}")).content.decode()
