"""The listening desk."""

import pytest
from django.test import Client
from django.urls import reverse

from feedback.models import Case, Post, PostCluster, WatchJump, WatchWord
from feedback.posts import counting
from tests.factories.compensation import ProductFactory, TierFactory
from tests.factories.feedback import AgentFactory, DepartmentFactory, StaffFactory, picture
from tests.factories.posts import (
    HOUR,
    LATE,
    LEAK,
    NOW,
    given,
    read,
    recording,
    said,
    suggestion,
    take,
    topic,
    words,
)

pytestmark = [pytest.mark.django_db, pytest.mark.req("F19"), pytest.mark.req("F20")]


@pytest.fixture
def department():
    TierFactory()
    words()
    return DepartmentFactory(takes_new=True)


@pytest.fixture
def lead(department):
    return AgentFactory(user__role="team_lead", departments=[department]).user


@pytest.fixture
def browser(lead):
    return signed_in(lead)


def signed_in(user):
    browser = Client()
    browser.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return browser


def at(name, *args):
    return reverse(f"admin:{name}", args=args)


def text(response):
    return response.content.decode()


def act(browser, pk, name, **data):
    return browser.post(at("post_act", pk, name), data)


def test_topics_stand_there_with_the_worst_first(browser):
    said(*LATE[:2], prefix="late", reads=9_999)
    said(*LEAK, prefix="leak")
    said("衬衫尺码偏小 好用", prefix="alone")
    page = text(browser.get(at("listening")))
    assert page.index("漏水") < page.index("快递")
    assert "衬衫" not in page  # one post is no topic yet
    assert LEAK[0][:10] in page
    suggestion()
    read()
    ideas = text(browser.get(at("listening") + "?tab=ideas"))
    assert "水壶盖子" in ideas or "盖子" in ideas
    assert "漏水" not in text(browser.get(at("listening") + "?tab=growing"))


def test_pages_go_on_where_the_last_ended(browser, monkeypatch):
    monkeypatch.setattr("feedback.admin.listening.SIZE", 2)
    for n in range(5):
        topic(name=f"话题{n}", posts=3, negatives=n // 2, reach=n)
    seen, address = [], at("listening")
    while address:
        page = browser.get(address)
        seen += [shown.topic.name for shown in page.context["rows"]]
        after = page.context["after"]
        address = f"{at('listening')}?after={after}" if after else ""
    assert seen == ["话题4", "话题3", "话题2", "话题1", "话题0"]
    for wrong in ("x", "1~2", "-1~0~0", f"{2**40}~0~0"):
        assert browser.get(f"{at('listening')}?after={wrong}").status_code == 404
    assert browser.get(at("listening") + "?tab=none").status_code == 404


@pytest.mark.parametrize("name", ["listening", "posts", "suggestions", "watched"])
def test_a_list_costs_the_same_for_one_and_for_three(
    browser, name, department, django_assert_max_num_queries
):
    for n, texts in enumerate(([*LEAK], [*LATE])):
        said(*texts, prefix=f"p{n}")
        suggestion(uploads=[picture()])
        WatchWord.objects.create(name=f"w{n}", words=["漏水"], department=department)
    read()
    with django_assert_max_num_queries(26):
        assert browser.get(at(name)).status_code == 200


def test_a_decided_topic_leaves_until_something_is_said_in_it(browser, lead):
    cluster = said(*LEAK)[0].cluster
    decided = browser.post(at("topic_act", cluster.pk, "decide"), {"state": "done", "reason": "已修"})
    assert decided["Location"] == at("topic", cluster.pk)
    PostCluster.objects.filter(pk=cluster.pk).update(decided_at=NOW)
    assert "漏水" not in text(browser.get(at("listening")))
    assert "漏水" in text(browser.get(at("listening") + "?tab=ended"))
    take(given("later", "水壶底部又漏水", written_at=NOW), at=NOW)
    PostCluster.objects.filter(pk=cluster.pk).update(decided_at=NOW - HOUR)
    read()
    assert "漏水" in text(browser.get(at("listening")))


def test_a_topic_is_named_split_merged_and_read(browser):
    posts = said(*LEAK, *LATE)
    leak, late = posts[0].cluster_id, posts[3].cluster_id
    page = text(browser.get(at("topic", leak)))
    assert all(one[:12] in page for one in LEAK)
    browser.post(at("topic_act", leak, "rename"), {"name": "漏水专题"})
    split = browser.post(at("topic_act", leak, "split"), {"post": [posts[2].pk], "name": "另一个"})
    assert PostCluster.objects.get(name="另一个").members.get() == posts[2]
    assert split.status_code == 302
    browser.post(at("topic_act", leak, "read"), {"post": [posts[0].pk]})
    assert Post.objects.filter(read_at=None).count() == 5
    browser.post(at("topic_act", leak, "read"))
    assert Post.objects.filter(read_at=None, cluster=leak).count() == 0
    merged = browser.post(at("topic_act", late, "merge"), {"into": leak})
    assert merged["Location"] == at("topic", leak)
    assert browser.get(at("topic", late))["Location"] == at("topic", leak)
    for name, data, status in (
        ("merge", {"into": leak}, 400), ("merge", {}, 400), ("split", {}, 400), ("none", {}, 404),
        ("rename", {"name": ""}, 400), ("decide", {"state": "declined"}, 400),
    ):  # fmt: skip
        answer = browser.post(at("topic_act", leak, name), data)
        assert answer.status_code == status
        assert (status == 404) or 'role="alert"' in text(answer)


def test_one_click_makes_a_case_and_again_leads_there(browser):
    [post] = said(LEAK[0], author="水壶控")
    made = [act(browser, post.pk, "case")["Location"] for _n in "ab"]
    case = Case.objects.get()
    assert made == [at("case", case.pk)] * 2
    page = text(browser.get(at("post", post.pk)))
    assert case.number in page
    other = said(LATE[0], prefix="other")[0]
    assert act(browser, other.pk, "link", number=case.number).status_code == 302
    assert act(browser, other.pk, "link", number="HY9999999").status_code == 400
    refused = act(browser, said("再说", prefix="z")[0].pk, "link", number="x")
    assert (refused.status_code, 'role="alert"' in text(refused)) == (400, True)


def test_a_post_shows_all_that_came_with_it_and_hides_what_is_hostile(browser):
    post = suggestion("<script>alert(1)</script>" + "长" * 9_000, uploads=[picture(), recording()])
    read()
    page = text(browser.get(at("post", post.pk)))
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;" in page
    for file in post.files.all():
        answer = browser.get(at("post_file", file.pk))
        assert answer.status_code == 200
        assert answer["X-Content-Type-Options"] == "nosniff"
    product, cluster = ProductFactory(), topic(posts=2)
    assert act(browser, post.pk, "product", product=product.external_id).status_code == 302
    assert act(browser, post.pk, "topic", topic=cluster.pk).status_code == 302
    assert act(browser, post.pk, "read").status_code == 302
    assert act(browser, post.pk, "decide", state="answered", answer="谢谢").status_code == 302
    post.refresh_from_db()
    assert (post.product, post.cluster, post.state) == (product, cluster, "answered")
    for name, data in (("topic", {}), ("product", {"product": "x"}), ("decide", {"state": "declined"})):
        assert act(browser, post.pk, name, **data).status_code == 400
    assert act(browser, post.pk, "none").status_code == 404
    assert browser.get(at("post", 0)).status_code == 404


def test_a_copy_and_what_was_deleted_say_so_and_offer_nothing(browser):
    one, copy = said(LEAK[0] * 2, LEAK[0] * 2)
    page = text(browser.get(at("post", copy.pk)))
    assert at("post", one.pk) in page
    assert at("post_act", copy.pk, "case") not in page
    assert at("post", copy.pk) in text(browser.get(at("post", one.pk)))


def test_the_box_shows_the_longest_waiting_first_and_all_is_narrowed_down(browser):
    new, old = suggestion("新建议"), suggestion("旧建议", at=NOW.replace(month=1))
    said(LEAK[0])
    page = text(browser.get(at("suggestions")))
    assert page.index("旧建议") < page.index("新建议")
    found = text(browser.get(at("posts") + "?kind=suggestion&q=新&unread=on&aspect=&feeling="))
    assert ("新建议" in found, "旧建议" in found, LEAK[0][:8] in found) == (True, False, False)
    assert browser.get(at("posts") + "?kind=none").status_code == 400
    assert browser.get(at("posts") + "?after=none").status_code == 404
    browser.post(at("posts_read"), {"post": [new.pk, old.pk, "x"], "back": "suggestions"})
    assert not Post.objects.filter(kind="suggestion", read_at=None).exists()


def test_the_list_goes_out_as_a_file_with_names_as_far_as_they_may_be_known(browser):
    said(LEAK[0], author="水壶控小王")
    file = b"".join(browser.get(at("posts_export", "csv") + "?source=weibo").streaming_content).decode()
    assert LEAK[0] in file
    assert "水壶控小王" in file
    analyst = signed_in(StaffFactory(role="analyst"))
    file = b"".join(analyst.get(at("posts_export", "csv")).streaming_content).decode()
    assert "水壶控" not in file
    assert browser.get(at("posts_export", "pdf")).status_code == 404
    agent = signed_in(StaffFactory(role="agent"))
    assert agent.get(at("posts_export", "csv")).status_code == 403


def test_a_jump_shows_its_posts_and_a_word_is_edited(browser, lead, department):
    word = WatchWord.objects.create(name="回音", words=["漏水"], department=department, looked_up_to=9)
    said(*LEAK)
    jump = WatchJump.objects.create(
        watch=word, began_at=NOW, ended_at=NOW, negatives=3, usual=0.5, chance=1e-6
    )
    assert LEAK[0][:10] in text(browser.get(at("watch_jump", jump.pk)))
    assert "回音" in text(browser.get(at("watched")))
    form = {
        "name": "回音", "words": "漏水， 漏电", "sort": "brand", "department": department.pk, "least": 5,
        "is_active": "on",
    }  # fmt: skip
    change = at("feedback_watchword_change", word.pk)
    assert browser.post(change, form).status_code == 302
    word.refresh_from_db()
    assert (word.words, word.looked_up_to) == (["漏水", "漏电"], 0)
    for wrong in ({"words": " ， "}, {"words": "长" * 50}, {"least": 1}):
        assert browser.post(change, {**form, **wrong}).status_code == 200
    counting.compare(at=NOW)


def test_a_reading_of_a_post_is_set_right_from_its_page(browser):
    [post] = said("今天收到了水壶，说说看")
    address = reverse("admin:triage-card", args=[post.triage.pk])
    browser.post(address, {"feeling": "negative", "place": "review"})
    post.triage.refresh_from_db()
    assert post.triage.feeling == "negative"
    assert browser.get(reverse("admin:triage-unsure")).status_code == 200
