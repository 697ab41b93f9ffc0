"""What people do to topics, and that later posts go by it."""

import pytest

from config.common.errors import Invalid, NotFound, WrongState
from config.common.models import Event
from feedback.models import Post, PostCluster
from feedback.posts import arranging, placing
from tests.factories.feedback import StaffFactory
from tests.factories.posts import LATE, LEAK, NOW, read, said, topic, words
from tests.threads import at_once, refused

pytestmark = [pytest.mark.django_db, pytest.mark.req("F19")]


@pytest.fixture(autouse=True)
def _fresh():
    words()
    placing._kept.clear()


@pytest.fixture
def actor():
    return StaffFactory(role="team_lead")


@pytest.fixture
def topics():
    posts = said(*LEAK, *LATE)
    return posts[0].cluster, posts[3].cluster


def test_a_name_stays_whatever_comes(topics, actor):
    leak, _late = topics
    for _again in range(2):
        arranging.rename(cluster_id=leak.pk, name=" 水壶 漏水 ", actor=actor, at=NOW)
    said("水壶盖子也漏水，底部还是漏", prefix="later")
    leak.refresh_from_db()
    assert leak.name == "水壶 漏水"
    assert leak.size == 4
    assert Event.objects.filter(kind="postcluster.renamed").count() == 1


def test_what_was_merged_stays_together(topics, actor):
    leak, late = topics
    arranging.merge(cluster_id=late.pk, into_id=leak.pk, actor=actor, at=NOW)
    assert Post.objects.filter(cluster=leak).count() == 6
    [post] = said("快递小哥不送，物流太慢", prefix="later")
    assert post.cluster == leak
    read()
    leak.refresh_from_db()
    assert (leak.posts, leak.is_kept) == (7, True)
    late.refresh_from_db()
    assert (late.posts, late.merged_into) == (0, leak)


def test_a_chain_of_merges_leads_to_the_last(topics, actor):
    leak, late = topics
    last = topic()
    arranging.merge(cluster_id=late.pk, into_id=leak.pk, actor=actor, at=NOW)
    arranging.merge(cluster_id=leak.pk, into_id=last.pk, actor=actor, at=NOW)
    assert set(PostCluster.objects.filter(merged_into=last)) == {leak, late}
    assert said("快递小哥不送，物流太慢", prefix="later")[0].cluster == last


def test_what_was_split_off_draws_what_is_like_it(topics, actor):
    leak, _late = topics
    mixed = said("水壶漏水，退款申请被拒绝", "底部漏水，退款申请没人理，退款不到账", prefix="refund")
    Post.objects.filter(pk__in=[one.pk for one in mixed]).update(cluster=leak)
    new = arranging.split(
        cluster_id=leak.pk, post_ids=[one.pk for one in mixed], name="退款", actor=actor, at=NOW
    )
    assert set(new.members.all()) == set(mixed)
    assert (new.name, new.is_kept, new.made_by) == ("退款", True, actor)
    [post] = said("申请退款被拒绝，退款申请石沉大海", prefix="later")
    assert post.cluster == new
    leak.refresh_from_db()
    assert leak.is_kept
    arranging.tidy(at=NOW)
    new.refresh_from_db()
    assert new.merged_into is None


def test_a_post_that_people_put_somewhere_stays_there(topics, actor):
    leak, late = topics
    post = leak.members.order_by("pk").first()
    for _again in range(2):
        arranging.move(post_id=post.pk, cluster_id=late.pk, actor=actor, at=NOW)
    Post.objects.filter(pk=post.pk).update(text="水壶底部又漏水")
    read()
    post.refresh_from_db()
    assert (post.cluster, post.is_placed_by_people) == (late, True)
    assert Event.objects.filter(kind="post.moved").count() == 1


def test_what_cannot_be_is_refused(topics, actor):
    leak, late = topics
    gone = topic(merged_into=leak)
    posts = list(leak.members.values_list("pk", flat=True))
    by = {"actor": actor, "at": NOW}
    for error, call in (
        (Invalid, lambda: arranging.merge(cluster_id=leak.pk, into_id=leak.pk, **by)),
        (WrongState, lambda: arranging.merge(cluster_id=gone.pk, into_id=late.pk, **by)),
        (WrongState, lambda: arranging.merge(cluster_id=late.pk, into_id=gone.pk, **by)),
        (NotFound, lambda: arranging.merge(cluster_id=late.pk, into_id=0, **by)),
        (Invalid, lambda: arranging.rename(cluster_id=leak.pk, name=" ", **by)),
        (Invalid, lambda: arranging.rename(cluster_id=leak.pk, name="长" * 121, **by)),
        (Invalid, lambda: arranging.split(cluster_id=leak.pk, post_ids=[], **by)),
        (Invalid, lambda: arranging.split(cluster_id=leak.pk, post_ids=posts, **by)),
        (NotFound, lambda: arranging.split(cluster_id=late.pk, post_ids=posts[:1], **by)),
        (NotFound, lambda: arranging.move(post_id=0, cluster_id=leak.pk, **by)),
        (WrongState, lambda: arranging.move(post_id=posts[0], cluster_id=gone.pk, **by)),
    ):
        with pytest.raises(error):
            call()
    assert not Event.objects.filter(kind__startswith="postcluster.").exists()


def test_topics_that_have_become_one_go_together_and_what_people_did_stays(topics):
    leak, _late = topics
    same = {"terms": leak.terms, "size": 2, "made_at": NOW}
    alone = PostCluster.objects.create(**same)
    named = PostCluster.objects.create(**same, is_named=True, name="别动")
    kept = PostCluster.objects.create(**same, is_kept=True)
    decided = PostCluster.objects.create(**same, state="done", decided_at=NOW)
    assert arranging.tidy(at=NOW) == 2
    assert arranging.tidy(at=NOW) == 0
    for one in (alone, leak, named, kept, decided):
        one.refresh_from_db()
    assert {alone.merged_into, leak.merged_into} <= {leak, named, decided}
    assert [one.merged_into for one in (named, kept, decided)] == [None] * 3


@pytest.mark.django_db(transaction=True)
def test_two_merges_at_once_leave_one_topic_that_goes_on(actor):
    one, other = topic(), topic()
    results = at_once(
        lambda: arranging.merge(cluster_id=one.pk, into_id=other.pk, actor=actor, at=NOW),
        lambda: arranging.merge(cluster_id=other.pk, into_id=one.pk, actor=actor, at=NOW),
    )
    assert [type(error) for error in refused(results)] == [WrongState]
    assert PostCluster.objects.filter(merged_into=None).count() == 1
