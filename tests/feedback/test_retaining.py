"""What the customer's voice leaves behind goes by its period too, and what is counted stays counted."""

from datetime import timedelta

import pytest
from django.core.files.storage import default_storage
from django.utils import timezone

from compensation.models import Order
from config.common import personal, retention
from config.common.erasing import SILENCE
from feedback.holds import commands as holds
from feedback.models import (
    BehaviourDay,
    Post,
    PostBand,
    PostCluster,
    PostDecision,
    PostFile,
    PostQueue,
    ReplyVersion,
    ReviewInvitation,
    Triage,
)
from feedback.posts import deciding, following, placing
from feedback.replies import commands as replies
from tests.factories.common import UserFactory
from tests.factories.compensation import T0, MemberFactory, OrderFactory
from tests.factories.feedback import StaffFactory
from tests.factories.posts import LEAK, given, read, said, suggestion, take, words
from tests.factories.replies import said as reviewed
from tests.factories.reviews import photo

pytestmark = [pytest.mark.django_db, pytest.mark.req("F23")]
LATER = T0 + timedelta(days=4 * 365)

STAYS = {
    "compensation.Member": "as long as they are one",
    "compensation.Order": "E-Commerce Law, article 31, and the books",
    "compensation.Shipment": "likewise",
    "compensation.RefundOrder": "likewise",
    "compensation.Grant": "the books",
    "compensation.ApprovalRound": "the books",
    "compensation.Batch": "the books",
    "compensation.BatchItem": "the books",
    "compensation.Coupon": "the books",
    "compensation.ReferralCode": "as long as they are a member",
    "compensation.MemberFigures": "counted anew as long as they are a member",
    "feedback.MemberExpectation": "likewise",
    "compensation.TierPeriod": "as long as they are a member",
    "common.RateCount": "gone within a day by itself",
    "feedback.Review": "public as long as it is published; its device goes",
    "feedback.ReviewPicture": "likewise",
    "feedback.ReviewWords": "likewise",
    "feedback.ReviewPlace": "likewise",
    "feedback.Reply": "likewise",
    "feedback.ReplyPost": "its number over there, likewise",
    "feedback.ApprovalQuestion": "the books",
    "feedback.Call": "its number at the telephone system: a repeated report finds it",
    "feedback.ChannelMessage": "its numbers: a repeated delivery finds it",
    "feedback.Case": "its language; subject and last message go",
    "feedback.Post": "its number over there: a repeated report finds it",
    "feedback.PostCluster": "no member's: words that several posts share",
    "feedback.DigestLine": "goes with its digest",
    "feedback.ImportRun": "names of files of the shop",
    "feedback.LegalHold": "as long as it is on record what was held",
    "feedback.SavedView": "a colleague's own",
    "kpis.Experiment": "its title names the verdict that stays",
    "kpis.Improvement": "its title names the verdict that stays; problem and causes go",
    "kpis.Training": "its title names what was taught; notes and reasons go",
}


def retain(code, at=LATER, **more):
    return retention.retain(code=code, at=at, **more)


@pytest.fixture(autouse=True)
def _fresh():
    words()
    placing._kept.clear()


def test_every_table_that_holds_words_of_a_member_has_a_period_or_is_said_to_stay():
    goes = {}
    for kind in retention.KINDS.values():
        if kind.code != "erased-members":
            for part in kind.parts:
                goes.setdefault(part.label, set()).update(part.columns or ["*"])
    for label, one in personal.PERSONAL.items():
        left = set(one.fields) - one.stays - goes.get(label, set())
        if "*" not in goes.get(label, set()) and left:
            assert label in STAYS, (label, sorted(left))


def test_posts_lose_their_words_and_are_counted_as_before():
    posts = said(*LEAK, author="水壶控", author_id="88", url="https://weibo.example/1")
    topic = posts[0].cluster
    before = list(PostCluster.objects.values("posts", "negatives", "reach", "terms", "last_at"))
    assert retain("posts", posts[0].taken_at + timedelta(days=729)).rows == 0
    dry = retain("posts", is_dry=True)
    assert retain("posts").rows == dry.rows > 0
    assert retain("posts").rows == 0
    read()
    for post in Post.objects.all():
        assert (post.text, post.author, post.author_id, post.url) == (SILENCE, "", "", "")
        assert (post.cluster, post.triage.feeling, post.triage.words) == (topic, "negative", [])
    assert not PostBand.objects.exists()
    assert not PostQueue.objects.exists()
    assert list(PostCluster.objects.values("posts", "negatives", "reach", "terms", "last_at")) == before


def test_what_has_gone_does_not_come_back_with_a_repeated_report():
    said(LEAK[0])
    retain("posts")
    assert take(given("w0", LEAK[0], likes=9)) == ["changed"]
    post = Post.objects.get()
    assert (post.text, post.likes) == (SILENCE, 9)


def test_suggestions_go_when_they_have_come_to_an_end(django_capture_on_commit_callbacks):
    member, actor = MemberFactory(), StaffFactory(role="team_lead")
    ended = suggestion("请加一个杯盖", member, at=T0, uploads=[photo()])
    waiting = suggestion("请加大码", member, at=T0)
    read(T0)
    deciding.decide(post_id=ended.pk, state="answered", answer="谢谢", reason="好", actor=actor, at=T0)
    path = PostFile.objects.get().file.name
    with django_capture_on_commit_callbacks(execute=True):
        retain("suggestions")
    ended.refresh_from_db()
    waiting.refresh_from_db()
    assert (ended.text, ended.answer, ended.reason, ended.state) == (SILENCE, SILENCE, SILENCE, "answered")
    assert PostDecision.objects.get().answer == SILENCE
    assert waiting.text == "请加大码"
    assert not PostFile.objects.exists()
    assert not default_storage.exists(path)


def test_a_post_on_hold_stays():
    post = suggestion(at=T0)
    Post.objects.filter(pk=post.pk).update(deleted_at=T0)
    hold = holds.place(member_id=post.member_id, reason="诉讼", actor=UserFactory(), at=T0)
    assert retain("posts-deleted").rows == 0
    holds.lift(hold_id=hold.pk, actor=UserFactory(), at=LATER)
    retain("posts-deleted")
    post.refresh_from_db()
    assert post.text == SILENCE


def test_a_post_that_was_emptied_is_not_read_again():
    said(LEAK[0])
    retain("posts")
    assert PostQueue.objects.exists()
    read_at = Triage.objects.get().read_at
    assert following.catch_up(at=LATER) == 1
    assert Triage.objects.get().read_at == read_at


def test_sums_of_behaviour_and_invitations_go():
    member = MemberFactory()
    for day in (T0.date(), LATER.date()):
        BehaviourDay.objects.create(member=member, day=day, what="search", n=1)
    dry = retain("behaviour-days", is_dry=True)
    assert (dry.rows, timezone.localdate(dry.oldest)) == (1, T0.date())
    assert retain("behaviour-days").rows == 1
    for sent_at in (T0, None):
        order = OrderFactory(member=member)
        ReviewInvitation.objects.create(
            order=order, member=member, received_at=T0, due_at=T0, sent_at=sent_at
        )
    assert retain("review-invitations").rows == 1
    assert ReviewInvitation.objects.get().sent_at is None
    assert Order.objects.count() == 2


def test_of_a_reply_what_it_said_before_goes_and_what_it_says_stays():
    review, actor = reviewed(), StaffFactory(role="team_lead")
    reply = replies.write(review_id=review.pk, text="谢谢您的评价", actor=actor, at=T0)
    replies.edit(reply_id=reply.pk, version=reply.version, text="谢谢您，欢迎再来", actor=actor, at=T0)
    assert retain("reply-versions").rows == 1
    assert dict(ReplyVersion.objects.values_list("number", "text")) == {1: SILENCE, 2: "谢谢您，欢迎再来"}
    assert retain("reply-versions").rows == 0
