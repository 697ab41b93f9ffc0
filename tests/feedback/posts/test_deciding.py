"""What becomes of suggestions and topics, and what members are told."""

import pytest

from compensation.models import Notice
from config.common.errors import Invalid, NotFound, WrongState
from config.common.models import Event, OutboxMessage
from feedback.models import Post, PostCluster, PostDecision, PostState
from feedback.posts import deciding, queries, suggesting
from tests.factories.compensation import MemberFactory
from tests.factories.feedback import StaffFactory
from tests.factories.posts import NOW, said, suggestion, topic
from tests.threads import at_once, refused

pytestmark = [pytest.mark.django_db, pytest.mark.req("F20")]


@pytest.fixture
def actor():
    return StaffFactory(role="agent")


def decide(post, actor, state="planned", at=NOW, **more):
    return deciding.decide(post_id=post.pk, state=state, actor=actor, at=at, **more)


def test_the_member_is_told_once_in_their_language(actor):
    post = suggestion(member=MemberFactory(language="en"))
    decide(post, actor, answer="明年春天上架")
    decide(post, actor, answer="明年春天上架")
    notice = Notice.objects.get(member=post.member)
    assert (notice.title, notice.body) == ("Your suggestion is planned", "明年春天上架")
    assert notice.path == f"/portal/suggestions/{post.pk}/"
    assert OutboxMessage.objects.filter(kind="member").count() == 1
    assert [one.state for one in PostDecision.objects.all()] == ["planned"]
    assert Event.objects.filter(kind="post.decided").count() == 1


def test_each_further_step_is_told_and_kept(actor):
    post = suggestion()
    for state, answer in (("looked_at", ""), ("planned", ""), ("done", "已上架"), ("answered", "见公告")):
        decide(post, actor, state, answer=answer)
    assert Notice.objects.count() == 3  # that somebody looks at it is no news
    assert [one.state for one in queries.history(post)] == ["answered", "done", "planned", "looked_at"]


def test_nobody_is_told_of_a_post_from_outside(actor):
    [post] = said("水壶漏水")
    decide(post, actor, "declined", reason="竞品")
    assert not Notice.objects.exists()


def test_an_erased_member_is_not_told(actor):
    post = suggestion(member=MemberFactory())
    post.member.erased_at = NOW
    post.member.save()
    decide(post, actor)
    assert not Notice.objects.exists()
    assert not OutboxMessage.objects.exists()


@pytest.mark.parametrize(
    ("state", "more"),
    [
        ("new", {}), ("sold", {}), ("declined", {}), ("declined", {"reason": "x"}), ("answered", {}),
        ("done", {"answer": "长" * 5_001}), ("done", {"reason": "长" * 501}),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(actor, state, more):
    post = suggestion()
    with pytest.raises((Invalid, WrongState)):
        decide(post, actor, state, **more)
    assert not PostDecision.objects.exists()


def test_what_was_taken_back_or_copied_is_not_decided(actor):
    post = suggestion()
    suggesting.take_back(member=post.member, post_id=post.pk, at=NOW)
    with pytest.raises(WrongState):
        decide(post, actor)
    one, copy = said("水壶底部一直漏水，客服推脱不处理", "水壶底部一直漏水，客服推脱不处理")
    assert copy.copy_of == one
    with pytest.raises(WrongState):
        decide(copy, actor)
    with pytest.raises(NotFound):
        deciding.decide(post_id=0, state="done", actor=actor, at=NOW)


def test_a_topic_answers_every_suggestion_that_has_not_ended(actor):
    cluster = topic()
    open_, ended, gone, joined_later = (suggestion() for _n in range(4))
    outside = said("水壶漏水")[0]
    decide(ended, actor, "done", answer="早已上架")
    Post.objects.exclude(pk=joined_later.pk).update(cluster=cluster)
    suggesting.take_back(member=gone.member, post_id=gone.pk, at=NOW)
    for _again in range(2):
        deciding.decide_cluster(cluster_id=cluster.pk, state="planned", answer="明年", actor=actor, at=NOW)
    states = {post.pk: post.state for post in Post.objects.all()}
    assert [states[one.pk] for one in (open_, ended, gone, joined_later, outside)] == [
        "planned", "done", "new", "new", "new",
    ]  # fmt: skip
    assert Notice.objects.filter(title__isnull=False).count() == 2
    whole = PostDecision.objects.get(cluster=cluster)
    assert [part.post for part in whole.parts.all()] == [open_]
    cluster.refresh_from_db()
    assert (cluster.state, cluster.decided_by) == ("planned", actor)


def test_declining_a_topic_with_suggestions_needs_a_word_to_them(actor):
    cluster = topic()
    asked = {"cluster_id": cluster.pk, "state": "declined", "reason": "太贵", "actor": actor, "at": NOW}
    deciding.decide_cluster(**asked)  # nobody in it is to be told
    suggestion()
    Post.objects.update(cluster=cluster)
    with pytest.raises(Invalid):
        deciding.decide_cluster(**{**asked, "reason": "仍太贵"})


def test_a_topic_that_went_into_another_is_not_decided(actor):
    gone = topic(merged_into=topic())
    with pytest.raises(WrongState):
        deciding.decide_cluster(cluster_id=gone.pk, state="done", actor=actor, at=NOW)
    with pytest.raises(NotFound):
        deciding.decide_cluster(cluster_id=0, state="done", actor=actor, at=NOW)


def test_improvements_pull_what_is_planned_or_done(actor):
    cluster = topic()
    post, other = suggestion(), suggestion()
    Post.objects.filter(pk=other.pk).update(cluster=cluster)
    decide(post, actor)
    decide(post, actor, "done")
    deciding.decide_cluster(cluster_id=cluster.pk, state="planned", actor=actor, at=NOW)
    assert {(one.post, one.cluster, one.state) for one in queries.ideas()} == {
        (post, None, "done"), (None, cluster, "planned"),
    }  # fmt: skip
    decide(post, actor, "declined", reason="x", answer="y")
    assert [one.cluster for one in queries.ideas()] == [cluster]


@pytest.mark.django_db(transaction=True)
def test_two_at_once_tell_the_member_once(actor):
    post = suggestion()
    results = at_once(*[lambda: decide(post, actor)] * 3)
    assert not refused(results)
    assert (Notice.objects.count(), PostDecision.objects.count()) == (1, 1)


def test_decisions_stay_as_they_were_written(actor):
    decide(suggestion(), actor)
    with pytest.raises(Exception, match="Cannot update"):
        PostDecision.objects.update(state=PostState.DONE)


def test_the_database_wants_a_time_of_every_decision():
    with pytest.raises(Exception, match="postcluster_decided_has_time"):
        PostCluster.objects.create(made_at=NOW, state="done")


@pytest.mark.django_db(transaction=True)
def test_two_who_decide_a_topic_at_once_tell_each_member_once(actor):
    cluster, post = topic(), suggestion()
    Post.objects.update(cluster=cluster)

    def decided():
        deciding.decide_cluster(cluster_id=cluster.pk, state="planned", actor=actor, at=NOW)

    assert not refused(at_once(decided, decided))
    post.refresh_from_db()
    assert (post.state, Notice.objects.count(), PostDecision.objects.count()) == ("planned", 1, 2)
