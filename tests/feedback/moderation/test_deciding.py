"""What moderators decide, second looks, and that figures hide nothing."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation
from django.utils.translation import gettext
from hypothesis import given
from hypothesis import strategies as st

from compensation.models import Notice
from config.common.errors import Invalid, NotFound, NotPermitted, WrongState
from config.common.models import Event
from feedback.models import (
    Clock,
    ModerationDecision,
    ModerationReason,
    Review,
    ReviewAppeal,
    ReviewStatus,
    VoiceDay,
)
from feedback.moderation import commands, queries
from feedback.reviews import figures, following, writing
from feedback.voice.days import catch_up as keep_voice
from tests.factories.common import UserFactory
from tests.factories.compensation import T0, MemberFactory, ProductFactory
from tests.factories.feedback import DepartmentFactory, ReviewFactory
from tests.factories.reviews import DAY, house, received
from tests.factories.sop import make_policy
from tests.threads import at_once, refused

pytestmark = [pytest.mark.django_db, pytest.mark.req("F15")]


@pytest.fixture(autouse=True)
def shop(db):
    house()


@pytest.fixture
def moderator():
    return UserFactory()


@pytest.fixture
def held():
    line = received()[0]
    return writing.write(
        member=line.order.member, line_id=line.pk, stars=1, text="加微信abc12345", at=T0 + DAY
    )


def decide(review, moderator, verdict="refuse", reason="contact-details", **more):
    return commands.decide(
        review_id=review.pk, verdict=verdict, reason=reason, actor=moderator, at=T0 + 2 * DAY, **more
    )


def appealed(review, moderator, text="请再看看"):
    decide(review, moderator)
    return commands.appeal(review_id=review.pk, text=text, actor=review.member, at=T0 + 3 * DAY)


def again(appeal, moderator, verdict="publish", reason=""):
    return commands.second_look(
        appeal_id=appeal.pk, verdict=verdict, reason=reason, actor=moderator, at=T0 + 4 * DAY
    )


def test_a_held_review_is_published_and_its_member_told(held, moderator):
    decision = decide(held, moderator, "publish", "")
    held.refresh_from_db()
    assert (held.status, held.stars, held.released_at) == (ReviewStatus.PUBLISHED, 1, T0 + 2 * DAY)
    assert (decision.reason, decision.score, decision.user) == (None, 60, moderator)
    assert Notice.objects.get(kind="review.decided").path == f"/portal/reviews/{held.pk}/"
    assert Event.objects.get(kind="review.published").actor == f"user:{moderator.pk}"


def test_or_refused_for_a_reason(held, moderator):
    decide(held, moderator, note="一个电话")
    held.refresh_from_db()
    assert (held.status, held.refused_for.code) == (ReviewStatus.REFUSED, "contact-details")
    notice = Notice.objects.get(kind="review.decided")
    assert held.refused_for.name in notice.body
    assert "一个电话" not in notice.body
    assert Event.objects.get(kind="review.refused").data["reason"] == "contact-details"


@pytest.mark.parametrize(
    ("verdict", "reason"), [("refuse", ""), ("refuse", "nothing"), ("hide", "abuse"), ("refuse", "copied")]
)
def test_no_decision_without_a_reason_that_is_in_use(held, moderator, verdict, reason):
    ModerationReason.objects.filter(code="copied").update(is_active=False)
    with pytest.raises(Invalid):
        decide(held, moderator, verdict, reason)
    assert not ModerationDecision.objects.exists()


def test_only_what_is_held_is_decided_and_once(held, moderator):
    with pytest.raises(NotFound):
        commands.decide(review_id=0, verdict="publish", actor=moderator, at=T0)
    with pytest.raises(WrongState):
        decide(ReviewFactory(), moderator)
    decide(held, moderator)
    with pytest.raises(WrongState):
        decide(held, moderator, "publish", "")
    gone = ReviewFactory(status=ReviewStatus.HELD, deleted_at=T0)
    with pytest.raises(WrongState):
        decide(gone, moderator)


@pytest.mark.django_db(transaction=True)
def test_of_two_moderators_at_once_one_decides():
    house()
    review = ReviewFactory(status=ReviewStatus.HELD)
    users = UserFactory.create_batch(2)
    results = at_once(
        lambda: decide(review, users[0], "publish", ""), lambda: decide(review, users[1], "refuse")
    )
    assert len(refused(results)) == 1
    assert ModerationDecision.objects.count() == 1


def test_somebody_else_looks_again(held, moderator):
    appeal = appealed(held, moderator)
    assert commands.appeal(review_id=held.pk, text="又", actor=held.member, at=T0) == appeal
    assert appeal not in queries.appeals(moderator)
    with pytest.raises(NotPermitted):
        again(appeal, moderator)
    other = UserFactory()
    assert list(queries.appeals(other)) == [appeal]
    again(appeal, other)
    held.refresh_from_db()
    appeal.refresh_from_db()
    assert (held.status, held.refused_for, appeal.decided_by) == (ReviewStatus.PUBLISHED, None, other)
    assert Notice.objects.filter(kind="review.decided").count() == 2
    with pytest.raises(WrongState):
        again(appeal, UserFactory())


def test_a_second_look_may_come_to_the_same(held, moderator):
    appeal = appealed(held, moderator)
    again(appeal, UserFactory(), "refuse", "advert")
    held.refresh_from_db()
    assert (held.status, held.refused_for.code) == (ReviewStatus.REFUSED, "advert")
    assert commands.appeal(review_id=held.pk, text="", actor=held.member, at=T0).decision


def test_who_may_appeal_and_when(held, moderator):
    with pytest.raises(WrongState):
        commands.appeal(review_id=held.pk, text="", actor=held.member, at=T0)
    decide(held, moderator)
    with pytest.raises(NotFound):
        commands.appeal(review_id=held.pk, text="", actor=MemberFactory(), at=T0)
    with pytest.raises(Invalid):
        commands.appeal(review_id=held.pk, text="字" * 1_001, actor=held.member, at=T0)
    writing.delete(member=held.member, review_id=held.pk, at=T0 + 3 * DAY)
    with pytest.raises(WrongState):
        commands.appeal(review_id=held.pk, text="", actor=held.member, at=T0)
    assert not ReviewAppeal.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_two_appeals_and_two_second_looks_at_once_are_one():
    house()
    review, first = ReviewFactory(status=ReviewStatus.HELD), UserFactory()
    decide(review, first)
    made = at_once(*[lambda: commands.appeal(review_id=review.pk, text="", actor=review.member, at=T0)] * 2)
    assert made[0] == made[1]
    others = UserFactory.create_batch(2)
    results = at_once(*[lambda user=user: again(made[0], user) for user in others])
    assert len(refused(results)) == 1


def test_staff_send_a_public_review_to_a_moderator_with_a_word_why(moderator):
    review = ReviewFactory()
    with pytest.raises(Invalid):
        commands.hold(review_id=review.pk, note=" ", actor=moderator, at=T0)
    commands.hold(review_id=review.pk, note="里面有他人电话", actor=moderator, at=T0)
    assert list(queries.queue()) == [review]
    with pytest.raises(WrongState):
        commands.hold(review_id=review.pk, note="又", actor=moderator, at=T0)
    decide(review, moderator, "publish", "")
    with pytest.raises(WrongState):
        commands.hold(review_id=review.pk, note="还是", actor=moderator, at=T0)


def test_a_released_review_is_followed_up_from_then_on(moderator):
    DepartmentFactory(takes_new=True)
    make_policy(targets={"review_reply": 120, "call_back": 60})
    line = received()[0]
    review = writing.write(
        member=line.order.member, line_id=line.pk, stars=4, text="加微信abc12345", at=T0 + DAY
    )
    later = T0 + 20 * DAY
    assert following.take_up(at=T0 + DAY) == 0
    commands.decide(review_id=review.pk, verdict="publish", actor=moderator, at=later)
    assert following.take_up(at=later) == 1
    assert Clock.objects.get(review=review).started_at == later


def test_the_queue_takes_the_same_queries_for_three_as_for_one(moderator):
    counts = []
    for n in (1, 2):
        ReviewFactory.create_batch(n, status=ReviewStatus.HELD)
        with CaptureQueriesContext(connection) as found:
            for one in queries.queue():
                list(one.signals.all()), list(one.pictures.all()), one.member, one.product, one.score
        counts.append(len(found))
    assert counts[0] == counts[1]


CASES = st.lists(
    st.tuples(
        st.integers(1, 5), st.sampled_from(["published", "held", "refused", "no rating", "deleted", "follow"])
    ),
    max_size=6,
)


@given(cases=CASES)
def test_figures_drop_nothing_but_what_is_no_customers_rating(cases):
    product, reason = ProductFactory(), ModerationReason.objects.first()
    expected = []
    for stars, what in cases:
        status = what if what in ReviewStatus.values else ReviewStatus.PUBLISHED
        status = ReviewStatus.REFUSED if what == "no rating" else status
        review = ReviewFactory(
            order_line__product=product,
            stars=stars,
            status=status,
            refused_for=reason if status == ReviewStatus.REFUSED else None,
            counts=what != "no rating",
            deleted_at=T0 if what == "deleted" else None,
        )
        if what == "follow":
            ReviewFactory(order_line=review.order_line, follows=review, stars=None)
        if what != "no rating":
            expected.append(stars)
    told = figures.of_product(product.pk)
    assert told.n == len(expected)
    assert told.counts == {stars: expected.count(stars) for stars in set(expected)}
    assert (
        told.mean is None if not expected else abs(float(told.mean) - sum(expected) / len(expected)) < 0.006
    )


def test_moderators_see_what_they_refuse_by_stars():
    reason = ModerationReason.objects.first()
    for stars, n, refusals in ((1, 20, 12), (3, 2, 1), (5, 20, 1)):
        for number in range(n):
            is_refused = number < refusals
            ReviewFactory(
                stars=stars,
                status=ReviewStatus.REFUSED if is_refused else ReviewStatus.PUBLISHED,
                refused_for=reason if is_refused else None,
            )
    told = queries.fairness(T0, T0 + DAY)
    assert [(row.stars, row.written, row.refused) for row in told.rows] == [
        (1, 20, 12), (2, 0, 0), (3, 2, 1), (4, 0, 0), (5, 20, 1),
    ]  # fmt: skip
    assert told.is_doubtful
    assert told.rows[0].share == 60
    assert told.rows[1].share is None
    Review.objects.filter(stars=5).update(status=ReviewStatus.REFUSED, refused_for=reason)
    assert not queries.fairness(T0, T0 + DAY).is_doubtful
    assert queries.fairness(T0 + DAY, T0 + 2 * DAY).p is None


@pytest.mark.parametrize(("reason", "counts"), [("abuse", True), ("contact-details", True), ("paid", False)])
def test_few_stars_count_though_the_words_are_refused_unless_nobody_bought_it(
    held, moderator, reason, counts
):
    decide(held, moderator, reason=reason)
    held.refresh_from_db()
    assert held.counts is counts
    assert figures.of_product(held.product_id).counts == ({1: 1} if counts else {})
    keep_voice()
    days = list(VoiceDay.objects.values_list("stars", flat=True))
    assert days == ([[1, 0, 0, 0, 0]] if counts else [])
    body = Notice.objects.get(kind="review.decided").body
    with translation.override(held.member.language):
        assert (gettext("Your stars count all the same.") in body) is counts
    again(commands.appeal(review_id=held.pk, text="", actor=held.member, at=T0 + 3 * DAY), UserFactory())
    assert figures.of_product(held.product_id).counts == {1: 1}
