"""Replies at the places of their reviews: posted, changed, taken down; by hand where there is no way."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from config.common import outbox, webhooks
from config.common.errors import NotFound, WrongState
from config.common.models import OutboxMessage
from feedback.models import PlaceQueue, Reply, ReplyPost, Review
from feedback.replies import commands, posting
from feedback.reviews import marketplace as at_place
from tests.factories.compensation import T0
from tests.factories.feedback import StaffFactory
from tests.factories.replies import marketplace, said, stands
from tests.factories.webhooks import make_source
from tests.threads import at_once, behind

HOUR = timedelta(hours=1)
pytestmark = [pytest.mark.django_db, pytest.mark.req("F17"), pytest.mark.req("P3")]


@pytest.fixture
def agent():
    return StaffFactory(role="agent")


@pytest.fixture
def there(settings):
    """A marketplace's server, and its source with a key."""
    settings.INTERNAL_HOSTS = ["127.0.0.1"]
    with marketplace() as server:
        server.source, server.secret = make_source(code="tmall", reply_url=server.url)
        yield server


def write(review, actor, text="谢谢"):
    return commands.write(review_id=review.pk, text=text, actor=actor, at=T0)


def relay(hours=1):
    return outbox.relay(timezone.now() + hours * HOUR)


def post_of(place):
    return ReplyPost.objects.get(place=place)


def test_a_reply_goes_to_every_place(agent, there):
    review = said()
    ours, theirs, by_hand = stands(review), stands(review, there.source, "88001"), stands(review, "weibo")
    write(review, agent)
    assert (post_of(ours).state, post_of(ours).posted_at) == ("posted", T0)
    assert (post_of(by_hand).state, post_of(by_hand).by_hand) == ("waiting", True)
    assert relay().sent == 1
    post = post_of(theirs)
    assert (post.state, post.external_id, post.sent_version) == ("posted", "r-1", 1)
    headers, body = there.got[0]
    webhooks.verify([there.secret], headers, body, at=timezone.now())
    told = json.loads(body)
    assert (told["type"], told["review"], told["text"], told["version"]) == (
        "review.reply",
        "88001",
        "谢谢",
        1,
    )


def test_it_is_tried_again_under_the_same_number(agent, there):
    review = said()
    place = stands(review, there.source)
    write(review, agent)
    there.answers = [(503, b""), (429, b""), (200, b"not json")]
    for hour in (1, 2, 3):
        relay(hour)
    assert len({headers["idempotency-key"] for headers, _body in there.got}) == 1
    assert len(there.got) == 3
    assert (post_of(place).state, post_of(place).external_id) == ("posted", "")


def test_what_is_refused_is_seen_and_tried_again_under_the_same_number(agent, there):
    review = said()
    place = stands(review, there.source)
    write(review, agent)
    there.answers = [(422, b"")]
    assert relay().dead == 1
    post = post_of(place)
    assert (post.state, post.error) == ("failed", "HTTP 422")
    posting.retry(post_id=post.pk, actor=agent, at=timezone.now())
    assert relay(2).sent == 1
    assert post_of(place).state == "posted"
    assert len({headers["idempotency-key"] for headers, _body in there.got}) == 1
    with pytest.raises(WrongState):
        posting.retry(post_id=post.pk, actor=agent, at=T0)


def test_what_fails_before_its_message_is_buried_is_sent_by_another(agent, there):
    review = said()
    place = stands(review, there.source)
    write(review, agent)
    ReplyPost.objects.update(state="failed", error="x")
    posting.retry(post_id=post_of(place).pk, actor=agent, at=timezone.now())
    done = relay()
    assert (done.dropped, done.sent, post_of(place).turn) == (1, 1, 2)


def test_what_came_by_file_is_posted_where_its_marketplace_takes_replies(agent, there):
    review = said(source="tmall", external_id="tmall:77")
    at_place.stand(Review.objects.filter(pk=review.pk), at=T0)
    write(review, agent)
    relay()
    assert there.said()[0]["review"] == "77"


def test_tried_in_vain_for_too_long_it_fails(agent, there, settings):
    settings.OUTBOX_MAX_ATTEMPTS = 1
    review = said()
    place = stands(review, there.source)
    write(review, agent)
    there.answers = [(500, b"")]
    relay()
    assert post_of(place).state == "failed"


def test_an_edit_and_a_withdrawal_follow_it(agent, there):
    review = said()
    place = stands(review, there.source)
    reply = write(review, agent)
    relay()
    commands.edit(reply_id=reply.pk, version=1, text="更正", actor=agent, at=T0)
    relay(2)
    commands.withdraw(reply_id=reply.pk, version=2, actor=agent, at=T0)
    there.answers = [(404, b"")]
    relay(3)
    _first, second, third = there.said()
    assert (second["text"], second["version"], second["reply"]) == ("更正", 2, "r-1")
    assert (third["type"], "text" in third) == ("review.reply_withdrawn", False)
    assert post_of(place).state == "withdrawn"


def test_what_was_overtaken_is_not_sent(agent, there):
    review = said()
    place = stands(review, there.source)
    reply = write(review, agent)
    commands.edit(reply_id=reply.pk, version=1, text="更正", actor=agent, at=T0)
    done = relay()
    assert (done.dropped, done.sent) == (1, 1)
    assert [one["text"] for one in there.said()] == ["更正"]
    assert post_of(place).sent_version == 2


def test_a_place_that_comes_to_be_known_later_gets_it_too(agent, there):
    review = said()
    reply = write(review, agent)
    assert posting.catch_up(at=T0) == 0
    place = stands(review, there.source)
    stands(said(), there.source)
    assert PlaceQueue.objects.count() == 2
    assert posting.catch_up(at=T0 + HOUR) == 2
    assert posting.catch_up(at=T0 + HOUR) == 0
    relay()
    assert (post_of(place).state, post_of(place).reply) == ("posted", reply)
    assert ReplyPost.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_place_that_comes_while_the_reply_is_approved_is_not_missed(agent):
    review = said()

    def hold():
        write(review, agent)
        at_once(lambda: stands(review, "weibo", "late"))

    assert behind(hold, lambda: posting.catch_up(at=T0), lambda: None) == 1
    assert ReplyPost.objects.get().place.external_id == "late"


def test_by_hand_it_is_ticked_off_as_it_was_seen(agent):
    review = said()
    place = stands(review, "weibo")
    reply = write(review, agent)
    commands.edit(reply_id=reply.pk, version=1, text="更正", actor=agent, at=T0)
    post = post_of(place)
    with pytest.raises(WrongState):
        posting.tick(post_id=post.pk, turn=1, actor=agent, at=T0)
    for _twice in range(2):
        done = posting.tick(post_id=post.pk, turn=2, actor=agent, at=T0 + HOUR)
        assert (done.state, done.ticked_by, done.posted_at) == ("posted", agent, T0 + HOUR)
    commands.withdraw(reply_id=reply.pk, version=2, actor=agent, at=T0)
    assert (post_of(place).state, post_of(place).version) == ("waiting", 0)
    assert posting.tick(post_id=post.pk, turn=3, actor=agent, at=T0).state == "withdrawn"
    with pytest.raises(NotFound):
        posting.tick(post_id=0, turn=1, actor=agent, at=T0)


def test_what_was_never_put_there_by_hand_need_not_be_taken_down(agent):
    review = said()
    place = stands(review, "weibo")
    reply = write(review, agent)
    commands.withdraw(reply_id=reply.pk, version=1, actor=agent, at=T0)
    assert post_of(place).state == "withdrawn"


def test_where_the_source_takes_none_any_more_it_is_left_to_hands(agent, there):
    review = said()
    place = stands(review, there.source)
    write(review, agent)
    there.source.is_active = False
    there.source.save()
    assert relay().dropped == 1
    assert (post_of(place).state, post_of(place).by_hand) == ("waiting", True)
    assert posting.tick(post_id=post_of(place).pk, turn=1, actor=agent, at=T0).state == "posted"


def test_without_a_key_or_to_a_server_of_our_own_nothing_goes(agent, there, settings):
    review = said()
    place = stands(review, there.source)
    write(review, agent)
    settings.INTERNAL_HOSTS = []
    assert relay().postponed == 1
    settings.INTERNAL_HOSTS = ["127.0.0.1"]
    there.source.keys.all().delete()
    assert relay(2).dead == 1
    assert (post_of(place).state, there.got) == ("failed", [])


def test_of_an_erased_member_nothing_is_sent(agent, there):
    review = said()
    stands(review, there.source)
    write(review, agent)
    type(review.member).objects.filter(pk=review.member_id).update(erased_at=T0)
    assert relay().dropped == 1
    assert there.got == []


def test_nothing_private_is_told(agent, there):
    review = said()
    stands(review, there.source)
    write(review, agent)
    message = OutboxMessage.objects.get(kind=posting.KIND)
    assert set(message.payload) == {"post", "turn"}
    relay()
    assert set(there.said()[0]) == {"type", "id", "review", "reply", "version", "at", "text"}
    assert Reply.objects.get().review.member.name not in str(there.said())
