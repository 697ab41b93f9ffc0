"""What topics amount to, whether they grow, and when a watched word jumps."""

from datetime import timedelta

import pytest
from django.core import mail

from config.common import outbox
from feedback.models import (
    Alert,
    DigestLine,
    Feeling,
    Post,
    PostCluster,
    Triage,
    WatchHit,
    WatchJump,
    WatchWord,
)
from feedback.org import alerts, digests, letters
from feedback.posts import counting, placing, watching
from tests.factories.feedback import AgentFactory, DepartmentFactory
from tests.factories.posts import DAY, HOUR, LATE, LEAK, NOW, given, read, said, take, topic, words
from tests.threads import at_once, behind, refused

pytestmark = [pytest.mark.django_db, pytest.mark.req("F19")]


@pytest.fixture(autouse=True)
def _fresh():
    words()
    placing._kept.clear()


def rows(cluster, ages, **more):
    """Posts of a topic, each so many days old."""
    return Post.objects.bulk_create(
        Post(
            kind="post", source="weibo", external_id=f"{cluster.pk}-{n}", text="x", cluster=cluster,
            written_at=NOW - timedelta(days=age), taken_at=NOW, **more,
        )
        for n, age in enumerate(ages)
    )  # fmt: skip


def test_a_topic_is_counted_by_what_is_worked_on():
    posts = said(*LEAK, reads=10)
    take(given("w0", is_deleted=True))
    read()
    cluster = PostCluster.objects.get(pk=posts[1].cluster_id)
    assert (cluster.posts, cluster.negatives, cluster.reach, cluster.unread) == (2, 2, 20, 2)
    assert cluster.last_at == NOW - HOUR


def test_a_feeling_that_people_set_right_counts():
    posts = said(*LEAK)
    Triage.objects.filter(post=posts[0]).update(feeling=Feeling.POSITIVE, sentiment=1)
    read()
    cluster = PostCluster.objects.get(pk=posts[0].cluster_id)
    assert (cluster.negatives, cluster.positives) == (2, 1)


def test_nothing_has_changed_nothing_is_counted(django_assert_num_queries):
    said(*LEAK)
    with django_assert_num_queries(3):
        assert counting.catch_up(at=NOW) == 0


def test_what_comes_in_a_heap_grows_and_what_is_usual_does_not():
    grows, usual, first = topic(), topic(), topic()
    rows(grows, [*[1.0] * 14, *range(8, 60, 14)])
    rows(usual, range(1, 62, 2))
    rows(first, [80])
    assert counting.compare(at=NOW) == 1
    found = {one.pk: one for one in PostCluster.objects.all()}
    assert (found[grows.pk].has_grown, found[grows.pk].week, found[grows.pk].usual) == (True, 14, 0.5)
    assert found[grows.pk].chance < 0.05
    assert (found[usual.pk].has_grown, found[usual.pk].usual) == (False, 3.5)
    counting.compare(at=NOW + 30 * DAY)
    found = {one.pk: one for one in PostCluster.objects.all()}
    assert (found[grows.pk].has_grown, found[grows.pk].week) == (False, 0)


def test_nobody_knows_what_is_usual_in_the_first_weeks():
    rows(topic(), [1.0] * 20 + [10])
    assert counting.compare(at=NOW) == 0
    assert PostCluster.objects.get().usual is None
    Post.objects.none()
    assert counting.compare(at=NOW - 100 * DAY) == 0


@pytest.fixture
def watch():
    department = DepartmentFactory()
    agent = AgentFactory(departments=[department], user__email="agent@shop.example")
    AgentFactory(departments=[DepartmentFactory()])
    word = WatchWord.objects.create(name="回音水壶", words=["水壶", "水壺"], department=department)
    return word, agent


def heap(n, prefix="heap", age=HOUR):
    said(*[f"{n}号水壶差劲" for n in range(n)], prefix=prefix, written_at=NOW - age)


def usual():
    said("很久以前的帖子", prefix="old", written_at=NOW - 40 * DAY)
    for age in (3, 9, 20):
        said(f"水壶差劲 {age}", prefix=f"usual{age}", written_at=NOW - age * DAY)


def test_words_are_found_in_any_spelling_and_again_when_they_are_others(watch):
    word, _agent = watch
    said("水壺漏了", "我的水杯", prefix="a")
    assert {hit.post.text for hit in WatchHit.objects.all()} == {"水壺漏了"}
    word.words, word.looked_up_to = ["水杯"], 0
    word.save()
    assert watching.search(at=NOW) == 1
    assert watching.search(at=NOW) == 0
    assert {hit.post.text for hit in WatchHit.objects.all()} == {"我的水杯"}
    take(given("a1", "已换成玻璃杯"))
    read()
    assert not WatchHit.objects.exists()


def test_a_heap_of_bad_posts_is_told_once_and_over_when_all_is_usual(watch):
    _word, agent = watch
    usual()
    heap(7)
    assert watching.look(at=NOW) == 1
    heap(3, prefix="more")
    assert watching.look(at=NOW + HOUR) == 0
    jump = WatchJump.objects.get()
    assert (jump.negatives, jump.ended_at) == (7, None)
    assert jump.chance < watching.RARE
    alert = Alert.objects.get()
    assert (alert.user, alert.jump) == (agent.user, jump)
    assert "7" in alerts.say(alert)
    [group] = alerts.unread(agent.user).groups
    assert group.cases == [jump]
    digests.gather(NOW)
    outbox.relay(NOW)
    assert f"/admin/listening/jumps/{jump.pk}/" in mail.outbox[0].body
    assert watching.look(at=NOW + 3 * DAY) == 0
    jump.refresh_from_db()
    assert jump.ended_at == NOW + 3 * DAY
    alerts.read(user=agent.user, at=NOW, jump_id=jump.pk)
    assert not letters._unread(agent.user, [[None, alert.kind, alert.data]])


def test_what_is_usual_few_or_not_bad_alerts_nobody(watch):
    usual()
    heap(4)
    assert watching.look(at=NOW) == 0  # fewer than the least
    said(*[f"水壶好用 {n}" for n in range(9)], prefix="good")
    assert watching.look(at=NOW) == 0
    heap(5, prefix="more")
    WatchWord.objects.update(is_active=False)
    assert watching.look(at=NOW) == 0
    assert not DigestLine.objects.exists()


def test_nobody_is_alerted_in_the_first_days(watch):
    heap(20)
    assert watching.look(at=NOW) == 0


def test_a_word_that_is_put_out_of_use_jumps_no_more(watch):
    usual()
    heap(9)
    watching.look(at=NOW)
    WatchWord.objects.update(is_active=False)
    watching.look(at=NOW + HOUR)
    assert WatchJump.objects.get().ended_at == NOW + HOUR


def test_late_posts_do_not_jump_for_what_they_are_not(watch):
    usual()
    said(*LATE, *[f"{text}！" for text in LATE], prefix="late")
    assert watching.look(at=NOW) == 0


@pytest.mark.django_db(transaction=True)
def test_a_change_that_is_not_committed_while_its_topic_is_counted_is_counted_later():
    post = said(*LEAK)[0]
    Post.objects.filter(pk=post.pk).update(likes=5)  # the topic waits to be counted

    def like():
        Post.objects.filter(pk=post.pk).update(likes=12)

    assert behind(like, lambda: counting.catch_up(at=NOW), lambda: None) == 1
    cluster = PostCluster.objects.get(pk=post.cluster_id)
    reach = cluster.reach
    assert counting.catch_up(at=NOW) == 1
    cluster.refresh_from_db()
    assert cluster.reach == reach + 7


@pytest.mark.django_db(transaction=True)
def test_two_who_look_at_once_alert_a_department_once(watch):
    usual()
    heap(7)
    results = at_once(lambda: watching.look(at=NOW), lambda: watching.look(at=NOW))
    assert not refused(results)
    assert sorted(results) == [0, 1]
    assert Alert.objects.count() == 1
