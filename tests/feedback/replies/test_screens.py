"""The queue of replies, one reply, the rules tried on a text, the figures."""

from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from feedback.defaults.lexicon import seed_lexicon
from feedback.models import Case, Clock, Reply, ReplyDecision, ReplyPost, ReplyRule, ReplyTemplate, Review
from feedback.replies import automatic, commands, figures, trying
from feedback.reviews import following, marketplace
from tests.factories.compensation import T0
from tests.factories.feedback import AgentFactory, DepartmentFactory, StaffFactory
from tests.factories.replies import said, ship, stands
from tests.factories.sop import make_policy
from tests.feedback.admin.conftest import client_for

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
pytestmark = [pytest.mark.django_db, pytest.mark.req("F17")]


@pytest.fixture(autouse=True)
def house():
    ship()


@pytest.fixture
def agent():
    return StaffFactory(role="agent")


@pytest.fixture
def desk(agent):
    return client_for(agent)


def drafted(**given):
    review = said(**{"stars": 3, "feeling": "mixed", **given})
    automatic.take_up(at=T0)
    return Reply.objects.get(review=review)


def act(client, reply, do, **more):
    content = {"do": do, "reply": reply.pk, "version": reply.version, "text": reply.text, **more}
    return client.post(reverse("admin:reply_act", args=[reply.review_id]), content)


def test_the_queue_shows_what_waits_and_approves_it(desk):
    reply = drafted(text="<b>一般</b>")
    shown = desk.get(reverse("admin:replies")).content.decode()
    assert reply.text in shown
    assert "&lt;b&gt;一般" in shown
    assert act(desk, reply, "finish", back="queue", tab="drafts").url == "/admin/replies/?tab=drafts"
    reply.refresh_from_db()
    assert reply.state == "approved"
    assert reply.text not in desk.get(reverse("admin:replies")).content.decode()


def test_what_is_refused_comes_back_with_what_was_typed(desk, agent):
    reply = drafted()
    commands.edit(reply_id=reply.pk, version=1, text="别人改的", actor=agent, at=T0)
    answer = act(desk, reply, "finish", back="queue", tab="drafts", text="我打的字")
    assert answer.status_code == 409
    assert "我打的字" in answer.content.decode()
    alone = act(desk, reply, "save", text="我打的字")
    assert (alone.status_code, "我打的字" in alone.content.decode()) == (409, True)
    assert act(desk, reply, "dance").status_code == 400


def test_what_is_to_be_written_is_written_or_set_aside(desk):
    one, two = said(hostile=True), said(hostile=True)
    automatic.take_up(at=T0)
    shown = desk.get(reverse("admin:replies") + "?tab=write").content.decode()
    assert shown.count("data-reply") == 2
    desk.post(reverse("admin:reply_act", args=[one.pk]), {"do": "write", "text": "您好", "back": "queue"})
    assert Review.objects.get(pk=one.pk).answer.public_text == "您好"
    desk.post(reverse("admin:reply_act", args=[two.pk]), {"do": "seen", "back": "queue"})
    assert not ReplyDecision.objects.filter(seen_at=None).exists()


def test_by_hand_it_is_ticked_off_and_what_failed_tried_again(desk, agent):
    reply = drafted()
    stands(reply.review, "weibo")
    commands.approve(reply_id=reply.pk, version=1, actor=agent, at=T0)
    post = ReplyPost.objects.get()
    assert "weibo" in desk.get(reverse("admin:replies") + "?tab=post").content.decode()
    desk.post(
        reverse("admin:reply_post", args=[post.pk]), {"do": "tick", "turn": 1, "back": "queue", "tab": "post"}
    )
    assert ReplyPost.objects.get().ticked_by == agent
    ReplyPost.objects.update(state="failed", error="HTTP 422")
    assert "HTTP 422" in desk.get(reverse("admin:replies") + "?tab=failed").content.decode()
    desk.post(reverse("admin:reply_post", args=[post.pk]), {"do": "retry"})
    assert ReplyPost.objects.get().state == "waiting"


def test_one_reply_with_all_it_said_and_where_it_stands(desk, agent):
    reply = drafted()
    stands(reply.review, "weibo")
    act(desk, reply, "save", text="第二版")
    reply.refresh_from_db()
    act(desk, reply, "finish", text="第三版")
    shown = desk.get(reverse("admin:reply", args=[reply.review_id])).content.decode()
    for text in ("第二版", "第三版", "weibo"):
        assert text in shown
    reply.refresh_from_db()
    assert act(desk, reply, "withdraw").status_code == 302
    assert Review.objects.get().answer is None
    assert desk.get(reverse("admin:reply", args=[999_999])).status_code == 404
    assert desk.get(reverse("admin:reply", args=[said().pk])).status_code == 200


def test_who_may_not_write_reads_only():
    reply, analyst = drafted(), client_for(StaffFactory(role="analyst"))
    assert analyst.get(reverse("admin:replies")).status_code == 403
    shown = analyst.get(reverse("admin:reply", args=[reply.review_id]))
    assert shown.status_code == 200
    assert "<textarea" not in shown.content.decode()
    assert act(analyst, reply, "finish").status_code == 403
    assert (
        client_for(StaffFactory(role="finance"))
        .get(reverse("admin:reply", args=[reply.review_id]))
        .status_code
        == 403
    )


@pytest.mark.parametrize("query", ["?tab=nonsense", "?after=x", "?tab=write&after=%00"])
def test_an_address_that_leads_nowhere_is_not_found(desk, query):
    assert desk.get(reverse("admin:replies") + query).status_code == 404


@pytest.mark.parametrize("tab", ["drafts", "write", "post"])
def test_the_queue_takes_a_constant_number_of_queries(desk, agent, tab):
    counts = []
    for rows in (1, 2):
        for _ in range(rows):
            reply = drafted()
            said(hostile=True)
            other = drafted()
            stands(other.review, "weibo")
            commands.approve(reply_id=other.pk, version=1, actor=agent, at=T0)
            assert reply.state == "draft"
        with CaptureQueriesContext(connection) as queries:
            assert desk.get(reverse("admin:replies") + f"?tab={tab}").status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1], "\n".join(q["sql"][:200] for q in queries.captured_queries)


def test_the_case_of_a_review_shows_the_draft():
    service = DepartmentFactory(takes_new=True)
    make_policy(targets={"review_reply": 120})
    agent = AgentFactory(user=StaffFactory(role="agent"), departments=[service])
    one = said(1, feeling="negative", taken_up_at=None)
    following.follow_up(at=T0)
    automatic.take_up(at=T0)
    shown = client_for(agent.user).get(reverse("admin:case", args=[Case.objects.get().pk])).content.decode()
    assert reverse("admin:reply", args=[one.pk]) in shown


def test_rules_are_tried_on_a_text_and_nothing_is_written():
    seed_lexicon(T0)
    lead = client_for(StaffFactory(role="team_lead"))
    address = reverse("admin:reply_rules")
    for text, stars, rule in (
        ("质量很好，非常满意", 5, "praise"),
        ("质量太差了，非常失望", 1, "bad"),
        ("", 5, "silent"),
    ):
        tried = lead.get(address, {"text": text, "stars": stars}).context["tried"]
        assert tried.rule.code == rule
        assert tried.text
        assert "{{" not in tried.text
    assert lead.get(address, {"stars": 9}).status_code == 400
    assert lead.get(address, {"text": "x" * 2_001, "stars": 5}).status_code == 400
    assert not Reply.objects.exists()
    assert client_for(StaffFactory(role="agent")).get(address).status_code == 403


def test_a_template_shows_what_it_says_while_it_is_written(admin_client):
    address = reverse("admin:feedback_reply_preview")
    shown = admin_client.post(
        address, {"text": "谢谢您夸{{ praised }}", "aspect": "logistics", "language": "zh-hans"}
    )
    assert "谢谢您夸物流" in shown.content.decode()
    for bad in ("{{ member.name }}", "{% now %}", "{{ praised"):
        assert 'role="alert"' in admin_client.post(address, {"text": bad}).content.decode()
    assert client_for(StaffFactory(role="finance")).post(address, {"text": "x"}).status_code in {302, 403}


def test_templates_and_rules_are_saved_by_form(admin_client):
    template = ReplyTemplate.objects.first()
    address = reverse("admin:feedback_replytemplate_change", args=[template.pk])
    content = {
        "code": template.code, "language": template.language, "feeling": template.feeling, "aspect": "",
        "position": 5, "is_active": "on", "text": "{{ nobody }}",
    }  # fmt: skip
    assert admin_client.post(address, content).status_code == 200
    assert admin_client.post(address, {**content, "text": "好的，{{ praised }}"}).status_code == 302
    rule = ReplyRule.objects.get(code="praise")
    address = reverse("admin:feedback_replyrule_change", args=[rule.pk])
    content = {
        "name": "x", "name_en": "", "code": "praise", "position": 1, "is_active": "on", "way": "automatic",
        "stars": ["5", "0"], "feelings": ["positive"], "sure_from": "0.5", "categories": "",
        "sources": "tmall",
    }  # fmt: skip
    assert admin_client.post(address, content).status_code == 302
    rule.refresh_from_db()
    assert (sorted(rule.stars), rule.sources) == ([0, 5], ["tmall"])
    assert admin_client.post(address, {**content, "stars": ["1"]}).status_code == 200
    assert client_for(StaffFactory(role="agent")).get(address).status_code == 403


def test_the_figures_count_what_was_answered(agent):
    DepartmentFactory(code="a", takes_new=True)
    make_policy(targets={"review_reply": 60})
    for given in ({}, {"stars": 3, "feeling": "mixed"}, {}):
        said(taken_up_at=None, **given)
    following.take_up(at=T0)
    automatic.take_up(at=T0 + HOUR)
    draft = Reply.objects.get(state="draft")
    commands.edit(reply_id=draft.pk, version=1, text="改过", actor=agent, at=T0)
    commands.approve(reply_id=draft.pk, version=2, actor=agent, at=T0 + 3 * HOUR)
    Review.objects.update(source="tmall")
    with transaction.atomic():
        marketplace.restar(Review.objects.get(pk=draft.review_id), 5, at=T0 + 5 * HOUR)
    found = figures.replies(since=T0, until=T0 + 7 * DAY, source="tmall")
    told = figures.of(found, until=T0 + 7 * DAY)
    whole = told.whole
    assert (whole.n, whole.automatic, whole.drafted, whole.edited) == (3, 2, 1, 1)
    assert (whole.median, whole.p90) == (HOUR, timedelta(hours=2, minutes=36))
    assert (whole.in_time, whole.timed) == (2, 3)
    assert (whole.better, whole.worse) == (1, 0)
    assert sum(week.n for week in told.weeks) == 3
    department = Clock.objects.first().department_id
    for pk, n in ((department, 3), (DepartmentFactory(code="b").pk, 0)):
        only = figures.replies(since=T0, until=T0 + 7 * DAY, department_id=pk)
        assert figures.of(only, until=T0 + 7 * DAY).whole.n == n
    none = figures.of(figures.replies(since=T0 - DAY, until=T0), until=T0)
    assert (none.whole.n, none.whole.automatic_share, none.weeks) == (0, None, [])


def test_the_page_of_figures(agent):
    drafted()
    said()
    automatic.take_up(at=T0)
    lead = client_for(StaffFactory(role="team_lead"))
    address = reverse("admin:reply_figures")
    shown = lead.get(address, {"until": T0.date().isoformat(), "weeks": 4})
    assert (shown.status_code, shown.context["whole"].n) == (200, 1)
    assert "<svg" in shown.content.decode()
    assert lead.get(address).status_code == 200
    assert lead.get(address, {"until": "9999-99-99"}).status_code == 400
    assert client_for(agent).get(address).status_code == 403


def test_what_a_text_would_get_names_what_speaks_against_it():
    seed_lexicon(T0)
    assert trying.rules_on("\0" * 3, stars=5).way in {"automatic", "drafted"}
    ReplyRule.objects.all().update(is_active=False)
    assert trying.rules_on("好", stars=5).because == ("no_rule",)
