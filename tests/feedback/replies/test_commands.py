"""Writing, approving, editing and withdrawing replies."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.db import DatabaseError, transaction

from config.common.errors import Invalid, NotFound, NotPermitted, Stale, WrongState
from config.common.models import Event
from feedback.cases import commands as cases
from feedback.knowledge.tone import BadTone
from feedback.models import Case, Clock, Reply, ReplyRule, ReplyVersion, Review, ReviewStatus, ToneRule
from feedback.replies import automatic, commands, queries
from feedback.reviews import following
from tests.factories.common import UserFactory
from tests.factories.compensation import T0
from tests.factories.feedback import DepartmentFactory, StaffFactory
from tests.factories.replies import said, ship, stands
from tests.factories.sop import make_policy
from tests.threads import at_once, behind, refused

HOUR = timedelta(hours=1)
pytestmark = [pytest.mark.django_db, pytest.mark.req("F17")]


def drafted(**given):
    """A machine's draft; of a bad review, which somebody else approves, unless said otherwise."""
    ship()
    review = said(**{"stars": 3, "feeling": "mixed", **given})
    automatic.take_up(at=T0)
    return Reply.objects.get(review=review)


def asks(reply):
    """Have somebody else approve it."""
    Reply.objects.filter(pk=reply.pk).update(needs_approval=True)
    return reply


@pytest.fixture
def agent():
    return StaffFactory(role="agent")


@pytest.fixture
def lead():
    return StaffFactory(role="team_lead")


def approve(reply, actor, version=1, at=T0):
    return commands.approve(reply_id=reply.pk, version=version, actor=actor, at=at)


def edit(reply, text, actor, version=1):
    return commands.edit(reply_id=reply.pk, version=version, text=text, actor=actor, at=T0 + HOUR)


def test_a_draft_is_approved_as_it_was_seen(agent):
    reply = drafted()
    done = approve(reply, agent, at=T0 + HOUR)
    assert (done.state, done.public_text, done.public_version) == ("approved", reply.text, 1)
    assert (done.at, done.approved_by, done.was_edited) == (T0 + HOUR, agent, False)
    assert Review.objects.get().answer == done
    with pytest.raises(WrongState):
        approve(reply, agent)


def test_nobody_approves_what_they_have_not_seen(agent, lead):
    reply = drafted()
    edit(reply, "改过了", agent)
    with pytest.raises(Stale):
        approve(reply, lead, version=1)
    assert approve(reply, lead, version=2).was_edited


def test_who_wrote_it_does_not_approve_it_where_the_rule_asks_for_somebody_else(agent, lead):
    reply = asks(drafted())
    with pytest.raises(NotPermitted):
        approve(reply, agent)
    edit(reply, "我写的", lead)
    with pytest.raises(NotPermitted):
        approve(reply, lead, version=2)
    assert commands.ask(reply_id=reply.pk, version=2, actor=lead, at=T0).state == "waiting"
    assert list(queries.to_approve(lead)) == []
    other = StaffFactory(role="team_lead")
    assert list(queries.to_approve(other)) == [reply]
    assert list(queries.to_approve(agent)) == []
    assert approve(reply, other, version=2).approved_by == other


def test_a_rule_may_name_who_approves(lead):
    reply = asks(drafted())
    rule = ReplyRule.objects.get(pk=reply.rule_id)
    rule.approvers.add(Group.objects.create(name="品牌"))
    with pytest.raises(NotPermitted):
        approve(reply, lead)
    lead.groups.add(rule.approvers.get())
    assert approve(reply, lead).state == "approved"


def test_by_hand_it_is_public_at_once_or_asked_for(agent):
    ship()
    one, two = said(hostile=True), said(hostile=True)
    automatic.take_up(at=T0)
    assert commands.write(review_id=one.pk, text="您好", actor=agent, at=T0).state == "approved"
    waiting = commands.write(review_id=two.pk, text="您好", actor=agent, asks=True, at=T0)
    assert (waiting.state, waiting.way, waiting.public_text) == ("waiting", "by_hand", "")
    with pytest.raises(NotPermitted):
        approve(waiting, agent)


def test_what_a_colleague_wrote_is_not_written_over(agent, lead):
    ship()
    one = said(hostile=True)
    commands.write(review_id=one.pk, text="甲", actor=agent, asks=True, at=T0)
    with pytest.raises(Stale):
        commands.write(review_id=one.pk, text="乙", actor=lead, at=T0)
    assert commands.write(review_id=one.pk, text="丙", actor=agent, at=T0).version == 2


def test_by_hand_a_bad_review_waits_for_somebody_else(agent):
    ship()
    DepartmentFactory(takes_new=True)
    make_policy(targets={"review_reply": 120})
    one = said(1, feeling="negative", hostile=True, taken_up_at=None)
    following.follow_up(at=T0)
    automatic.take_up(at=T0)
    assert commands.write(review_id=one.pk, text="抱歉", actor=agent, at=T0).state == "waiting"


@pytest.mark.parametrize("text", ["请联系____", "{{ problem }}抱歉"])
def test_what_still_has_a_blank_is_not_approved(agent, text):
    reply = drafted()
    edit(reply, text, agent)
    with pytest.raises(Invalid):
        approve(reply, agent, version=2)


def test_what_must_not_be_said_is_not_said(agent):
    ToneRule.objects.create(
        code="no", kind="forbidden", phrases=["爱买不买"], severity="block", advice="别这样说"
    )
    reply = drafted()
    edit(reply, "爱买不买", agent)
    with pytest.raises(BadTone):
        approve(reply, agent, version=2)
    with pytest.raises(BadTone):
        commands.write(review_id=said().pk, text="爱买不买", actor=agent, at=T0)


@pytest.mark.parametrize("state", [{"status": ReviewStatus.HELD}, {"deleted_at": T0}])
def test_what_nobody_reads_is_not_answered(agent, state):
    reply = drafted()
    Review.objects.update(**state)
    for call in (
        lambda: approve(reply, agent),
        lambda: edit(reply, "x", agent),
        lambda: commands.ask(reply_id=reply.pk, version=1, actor=agent, at=T0),
        lambda: commands.write(review_id=reply.review_id, text="x", actor=agent, at=T0),
        lambda: automatic.draft(review_id=reply.review_id, actor=agent, at=T0),
    ):
        with pytest.raises(WrongState):
            call()
    assert not queries.to_look_at().exists()


def test_what_is_not_there_is_not_found(agent):
    for call in (commands.approve, commands.ask, commands.withdraw):
        with pytest.raises(NotFound):
            call(reply_id=0, version=1, actor=agent, at=T0)
    with pytest.raises(NotFound):
        commands.seen(review_id=said().pk, actor=agent, at=T0)


def test_every_text_stays_as_a_version_and_cannot_be_rewritten(agent):
    reply = drafted()
    first = reply.text
    edit(reply, "第二版\0", agent)
    assert edit(reply, "第二版", agent, version=2).version == 2  # the same text changes nothing
    assert list(reply.versions.values_list("number", "text", "user")) == [
        (1, first, None),
        (2, "第二版", agent.pk),
    ]
    with pytest.raises(DatabaseError), transaction.atomic():
        ReplyVersion.objects.update(text="x")


def test_a_public_reply_is_edited_at_once_or_stays_until_it_is_approved(agent, lead):
    reply = drafted()
    approve(reply, agent)
    assert edit(reply, "更好的说法", agent).public_text == "更好的说法"
    asks(reply)
    changed = edit(reply, "再改", agent, version=2)
    assert (changed.state, changed.public_text, changed.text) == ("waiting", "更好的说法", "再改")
    assert Review.objects.get().answer.public_text == "更好的说法"
    done = approve(reply, lead, version=3, at=T0 + 2 * HOUR)
    assert (done.public_text, done.public_version, done.at) == ("再改", 3, T0)


def test_what_is_withdrawn_is_read_by_nobody_and_can_be_written_anew(agent):
    reply = drafted()
    approve(reply, agent)
    gone = commands.withdraw(reply_id=reply.pk, version=1, actor=agent, at=T0 + HOUR)
    assert (gone.state, gone.public_text, gone.withdrawn_at) == ("withdrawn", "", T0 + HOUR)
    assert Review.objects.get().answer is None
    assert commands.withdraw(reply_id=reply.pk, version=1, actor=agent, at=T0).withdrawn_at == T0 + HOUR
    with pytest.raises(WrongState):
        approve(reply, agent)
    assert edit(reply, reply.text, agent).state == "draft"
    assert approve(reply, agent, version=2).at == T0  # it was first answered then


def test_what_waits_for_somebody_to_write_can_be_set_aside(agent):
    ship()
    one = said(hostile=True)
    automatic.take_up(at=T0)
    assert [row.review for row in queries.to_write()] == [one]
    for _twice in range(2):
        assert commands.seen(review_id=one.pk, actor=agent, at=T0).seen_at == T0
    assert not queries.to_write().exists()
    assert Event.objects.filter(kind="review.reply_not_needed").count() == 1


def test_the_clock_of_a_case_that_was_merged_goes_on_in_the_other(agent, lead):
    ship()
    DepartmentFactory(takes_new=True)
    make_policy(targets={"review_reply": 120})
    one = said(1, feeling="negative", taken_up_at=None)
    said(1, feeling="negative", taken_up_at=None, order_line=one.order_line)
    following.follow_up(at=T0)
    first, second = Case.objects.order_by("pk")
    cases.merge(case_id=first.pk, into_id=second.pk, actor=agent, at=T0)
    reply = commands.write(review_id=one.pk, text="抱歉", actor=agent, at=T0)
    approve(reply, lead, at=T0 + HOUR)
    assert Clock.objects.get(case=second, milestone="review_reply").met_at == T0 + HOUR


@pytest.mark.django_db(transaction=True)
def test_two_approvals_at_once_are_one():
    reply = drafted()
    stands(reply.review)
    users = [UserFactory(), UserFactory()]
    results = at_once(*[lambda user=user: approve(reply, user) for user in users])
    assert [type(one) for one in refused(results)] == [WrongState]
    assert Event.objects.filter(kind="review.replied").count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_edits_at_once_the_second_is_told():
    reply = drafted()
    users = [UserFactory(), UserFactory()]
    second = behind(lambda: edit(reply, "甲", users[0]), lambda: edit(reply, "乙", users[1]), lambda: None)
    assert isinstance(second, Stale)
    assert ReplyVersion.objects.filter(reply=reply).count() == 2


def test_replies_of_a_product_are_those_that_everybody_may_read(agent):
    reply = drafted()
    product = reply.review.product_id
    assert not queries.of_product(product).exists()
    approve(reply, agent)
    assert list(queries.of_product(product)) == [reply]
    Review.objects.update(status=ReviewStatus.HELD)
    assert not queries.of_product(product).exists()


def test_a_bad_review_needs_somebody_else_before_the_rules_were_asked_too(agent, lead):
    ship()
    review = said(1, "太差了", feeling="negative")
    reply = commands.write(review_id=review.pk, text="非常抱歉", actor=agent, at=T0)
    assert (reply.state, reply.public_text, reply.rule.code) == ("waiting", "", "bad")
    assert approve(reply, lead).public_text == "非常抱歉"
    other = said(2, "差", feeling="negative")
    assert automatic.draft(review_id=other.pk, actor=agent, at=T0).needs_approval
    assert commands.write(review_id=said(5).pk, text="谢谢", actor=agent, at=T0).state == "approved"
