"""What the rules do with reviews: praise answered, problems drafted, the rest left to people."""

from datetime import timedelta
from itertools import pairwise

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from config.common.errors import WrongState
from config.common.models import Event
from feedback.defaults.replies_to_reviews import shipped
from feedback.models import (
    Case,
    Clock,
    LeftBecause,
    Reply,
    ReplyDecision,
    ReplyRule,
    ReplyState,
    ReplyTemplate,
    ReplyTurn,
    ReplyWay,
    Review,
    ReviewPicture,
    ReviewSetup,
    ReviewStatus,
    Triage,
    TriageQueue,
    VoiceAspect,
)
from feedback.replies import automatic, choosing, commands, texts
from feedback.replies.rules import Facts
from feedback.reviews import following, marketplace
from feedback.triage import commands as triage
from tests.factories.common import UserFactory
from tests.factories.compensation import T0, MemberFactory, ProductFactory
from tests.factories.feedback import DepartmentFactory, StaffFactory
from tests.factories.replies import known, said, ship
from tests.factories.sop import make_policy
from tests.threads import at_once, behind, refused

HOUR = timedelta(hours=1)
pytestmark = [pytest.mark.django_db, pytest.mark.req("F17")]


@pytest.fixture(autouse=True)
def house():
    ship()


def take_up(at=T0):
    return automatic.take_up(at=at)


def test_plain_praise_is_answered_once_and_names_what_is_praised():
    known("质量很好")
    one = said(text="质量很好，很喜欢")
    assert (take_up(), take_up()) == (1, 0)
    reply = Reply.objects.get()
    assert (reply.state, reply.way, reply.user, reply.at) == (ReplyState.APPROVED, "automatic", None, T0)
    assert reply.public_text == reply.text == reply.versions.get().text
    assert "质量" in reply.text
    assert "{{" not in reply.text
    decision = ReplyDecision.objects.get(review=one)
    assert (decision.way, decision.rule.code, decision.because) == ("automatic", "praise", [])
    kinds = Event.objects.filter(subject_type="review", subject_id=one.pk).order_by("id")
    assert list(kinds.values_list("kind", flat=True)) == ["review.replied", "review.reply_decided"]


def test_a_word_of_the_member_is_said_back_only_where_we_know_it_as_praise():
    ReplyTemplate.objects.exclude(code__in=["praise-quality-word", "praise-named"]).delete()
    said(text="香得很")
    take_up()
    assert Reply.objects.get().template.code == "praise-named"
    known("质量很好")
    said(text="质量很好")
    take_up()
    assert "质量很好" in Reply.objects.order_by("-pk").first().text


def test_stars_alone_are_thanked_for_and_an_english_text_in_english():
    said(text="", feeling="", aspects=(), words=())
    said(text="Lovely quality", words=())
    take_up()
    silent, english = Reply.objects.order_by("pk")
    assert (silent.rule.code, silent.template.aspect) == ("silent", "")
    assert english.template.language == "en"


@pytest.mark.parametrize(
    ("given", "because"),
    [
        ({"feeling": ""}, []),
        ({"feeling": "mixed", "stars": 3}, []),
        ({"tones": {"product_quality": 0.9, "logistics": -0.5}}, [LeftBecause.PROBLEM]),
    ],
)
def test_what_is_not_plain_praise_is_drafted(given, because):
    said(**given)
    take_up()
    reply = Reply.objects.get()
    assert (reply.state, reply.way, reply.public_text, reply.at) == ("draft", "drafted", "", None)
    assert ReplyDecision.objects.get().because == because
    assert reply.review.answer is None


def test_hostile_texts_get_neither_answer_nor_draft():
    said(hostile=True)
    take_up()
    assert not Reply.objects.exists()
    assert ReplyDecision.objects.get().way == ReplyWay.BY_HAND


@pytest.mark.parametrize(
    "state", [ReviewStatus.HELD, "deleted", "old", "to come", "unread", "unscreened", "untimed"]
)
def test_what_nobody_can_read_is_old_or_was_not_looked_at_yet_is_left(state):
    one = said()
    if state == "unread":
        TriageQueue.objects.create(review=one)
    changes = {
        "deleted": {"deleted_at": T0},
        "old": {"written_at": T0 - following.FRESH},
        "to come": {"written_at": T0 + HOUR},
        "unread": {},
        "unscreened": {"screened_at": None},
        "untimed": {"taken_up_at": None},
    }.get(state, {"status": state})
    if changes:
        Review.objects.update(**changes)
    assert take_up() == 0


def test_a_bad_review_waits_for_its_case_and_its_draft_names_problem_and_call():
    DepartmentFactory(takes_new=True)
    make_policy(targets={"review_reply": 120, "call_back": 1440})
    ReplyTemplate.objects.exclude(code="problem-call").delete()
    said(1, "太差了，坏的", feeling="negative", words=(), taken_up_at=None)
    assert take_up() == 0
    following.follow_up(at=T0)
    assert take_up() == 1
    reply = Reply.objects.get()
    assert (reply.state, reply.needs_approval) == ("draft", True)
    assert "产品质量" in reply.text
    assert "前致电" in reply.text
    assert Clock.objects.filter(met_at=None, milestone="review_reply").count() == 1


def test_without_a_template_that_was_not_the_last_one_people_write():
    ReplyTemplate.objects.exclude(code="praise-named").delete()
    product = ProductFactory()
    for _ in range(2):
        said(product=product)
    take_up()
    assert Reply.objects.count() == 1
    assert ReplyDecision.objects.get(way="by_hand").because == [LeftBecause.NO_TEMPLATE]


def test_never_the_same_twice_running_for_a_product_or_a_member():
    product, member = ProductFactory(), MemberFactory()
    for number in range(6):
        said(**({"product": product} if number % 2 else {"member": member}))
    said(product=product, member=member)
    take_up()
    for about in ({"review__product": product}, {"review__member": member}):
        used = list(Reply.objects.filter(**about).order_by("pk").values_list("template__code", flat=True))
        assert len(used) == 4
        assert all(one != then for one, then in pairwise(used))


@pytest.mark.django_db(transaction=True)
def test_two_at_once_never_take_the_same_template():
    ReplyTemplate.objects.exclude(code__in=["praise-named", "praise-named-kept"]).delete()
    product = ProductFactory()
    ReplyTurn.objects.create(product=product)  # else inserting it is the lock
    one, _between, two = (said(product=product) for _ in range(3))  # both would begin with the same
    behind(
        lambda: ReplyTurn.objects.select_for_update().get(product=product),
        lambda: automatic._take_up(two.pk, T0),
        lambda: automatic._take_up(one.pk, T0),
    )
    assert set(Reply.objects.values_list("template__code", flat=True)) == {
        "praise-named",
        "praise-named-kept",
    }


@pytest.mark.django_db(transaction=True)
def test_two_sweeps_at_once_answer_once():
    said()
    assert refused(at_once(take_up, take_up)) == []
    assert Reply.objects.count() == Event.objects.filter(kind="review.replied").count() == 1


def test_follow_ups_are_answered_too_but_not_by_itself_after_few_stars():
    good, bad = said(), said(2, feeling="mixed")
    said(text="用了一个月，质量很好", follows=good)
    said(text="后来处理得很好", follows=bad)
    Review.objects.filter(follows=None).update(written_at=T0 - following.FRESH)
    take_up()
    ways = dict(Reply.objects.values_list("review__follows", "way"))
    assert ways == {good.pk: "automatic", bad.pk: "drafted"}


@pytest.mark.django_db(transaction=True)
def test_set_right_by_people_the_rules_are_asked_again():
    one = said(feeling="")
    take_up()
    assert Reply.objects.get().state == "draft"
    triage.correct(
        triage_id=Triage.objects.get(review=one).pk, actor=UserFactory(), at=T0, feeling="positive"
    )
    Triage.objects.update(tones={"product_quality": 0.8})
    assert automatic.follow_changes() > 0
    assert automatic.look_again(at=T0 + HOUR) == 1
    assert automatic.look_again(at=T0 + HOUR) == 0
    reply = Reply.objects.get()
    assert (reply.state, reply.way, reply.version) == ("approved", "automatic", 2)


def test_what_is_rewritten_is_decided_when_it_was_read_anew():
    one = said(feeling="mixed")
    take_up()
    Review.objects.filter(pk=one.pk).update(text="改主意了")
    ReplyDecision.objects.update(is_due_again=True)
    assert automatic.look_again(at=T0) == 0
    TriageQueue.objects.all().delete()
    assert automatic.look_again(at=T0) == 1
    assert Reply.objects.get().version == 2


def test_what_somebody_wrote_stays_when_the_review_changes():
    said(feeling="mixed")
    take_up()
    reply = Reply.objects.get()
    commands.edit(reply_id=reply.pk, version=1, text="我来写", actor=UserFactory(), at=T0)
    ReplyDecision.objects.update(is_due_again=True)
    automatic.look_again(at=T0)
    reply.refresh_from_db()
    assert reply.text == "我来写"


@pytest.mark.django_db(transaction=True)
def test_a_review_that_turns_bad_after_its_thanks_gets_a_case_and_is_shown_to_people():
    DepartmentFactory(takes_new=True)
    make_policy(targets={"review_reply": 120})
    one = said(source="tmall")
    take_up()
    with transaction.atomic():
        marketplace.restar(Review.objects.get(), 1, at=T0 + HOUR)
    automatic.follow_changes()
    automatic.look_again(at=T0 + HOUR)
    decision = ReplyDecision.objects.get(review=one)
    assert (decision.because, decision.seen_at) == ([LeftBecause.CHANGED], None)
    assert following.follow_up(at=T0 + HOUR) == 1
    assert Case.objects.get().kind == "review"
    reply, agent = Reply.objects.get(), UserFactory()
    assert (reply.needs_approval, reply.rule.code) == (True, "bad")
    commands.edit(reply_id=reply.pk, version=1, text="非常抱歉", actor=agent, at=T0 + HOUR)
    assert Reply.objects.get().public_text == reply.public_text  # it is a bad review's by now
    commands.approve(reply_id=reply.pk, version=2, actor=StaffFactory(role="team_lead"), at=T0 + 2 * HOUR)
    decision.refresh_from_db()
    assert decision.seen_at == Clock.objects.get(case=Case.objects.get()).met_at == T0 + 2 * HOUR


def test_a_draft_is_made_anew_on_request_and_not_of_what_was_answered():
    said(feeling="mixed", stars=3)
    take_up()
    reply, user = Reply.objects.get(), UserFactory()
    anew = automatic.draft(review_id=reply.review_id, actor=user, at=T0)
    assert (anew.version, anew.user, anew.text != reply.text) == (2, None, True)
    commands.approve(reply_id=reply.pk, version=2, actor=user, at=T0)
    with pytest.raises(WrongState):
        automatic.draft(review_id=reply.review_id, actor=user, at=T0)
    ReplyTemplate.objects.update(is_active=False)
    with pytest.raises(automatic.NoTemplate):
        automatic.draft(review_id=said().pk, actor=user, at=T0)


@pytest.mark.parametrize(
    "rule", [{"stars": [1]}, {"stars": []}, {"stars": [5], "needs_approval": True}, {"stars": [9]}]
)
def test_the_database_refuses_a_rule_that_answers_bad_reviews_by_itself(rule):
    with pytest.raises(IntegrityError), transaction.atomic():
        ReplyRule.objects.create(code="x", name="x", way="automatic", **rule)


def test_what_is_not_filled_in_whole_is_passed_over():
    found = list(
        ReplyTemplate.objects.filter(code__in=["problem-remedy", "problem-plain"], language="zh-hans")
    )
    chosen = choosing.choose(found, {"problem": "物流"}, last=[], number=1)
    assert chosen.template.code == "problem-plain"
    assert choosing.choose(found, {}, last=["problem-plain"], number=1) is None


def test_what_is_owed_a_reply_is_found_among_the_fresh_alone():
    one = said()
    Review.objects.bulk_create(
        Review(
            external_id=f"old {number}", member=one.member, order=one.order, stars=1 + number % 5,
            written_at=T0 - number * 6 * HOUR, taken_up_at=T0, screened_at=T0,
        )
        for number in range(2_000)
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE feedback_review")
    plan = automatic.due(T0)[:5].explain()
    assert "Index Cond: ((written_at >" in plan
    assert "Seq Scan on feedback_review" not in plan


@given(
    aspects=st.lists(st.sampled_from(VoiceAspect.values), min_size=1, max_size=3, unique=True),
    last=st.lists(st.sampled_from([one["code"] for one in shipped()["templates"]]), max_size=2),
    number=st.integers(1, 10**6),
    word=st.sampled_from(["", "质量很好"]),
)
def test_what_was_praised_is_named_whatever_was_said_last(aspects, last, number, word):
    facts = Facts(5, "positive", 0.9, aspects, dict.fromkeys(aspects, 0.8), 12)
    for language, english in (("zh-hans", False), ("en", True)):
        with translation.override("en" if english else "zh-hans"):
            values = {"praised": texts.listed(facts.praised), "word": word}
        chosen = choosing.choose(choosing.candidates(facts, language), values, last=last, number=number)
        assert chosen.template.aspect in aspects or values["praised"] in chosen.text
        assert chosen.template.code not in last


def test_nothing_from_before_the_setup_s_moment_is_answered_or_drafted():
    setup = ReviewSetup.objects.create(answers_from=T0)
    said(at=T0 - HOUR)
    bad = said(3, feeling="mixed", at=T0 - HOUR)
    on_time = said()
    assert take_up(T0 + HOUR) == 1
    assert Reply.objects.get().review == on_time
    Review.objects.filter(pk=bad.pk).update(released_at=T0)  # a moderator published it since
    assert take_up(T0 + HOUR) == 1
    setup.answers_from = None
    setup.save()
    assert take_up(T0 + HOUR) == 1


@pytest.mark.parametrize("shows", ["picture", "video"])
def test_stars_with_a_picture_are_for_people_to_look_at(shows):
    one = said(
        text="", feeling="", aspects=(), words=(), video_url="https://v.cn/1" if shows == "video" else ""
    )
    if shows == "picture":
        ReviewPicture.objects.create(review=one, file="x", name="x.jpg", content_type="image/jpeg", size=1)
    take_up()
    assert Reply.objects.get().state == "draft"
    assert ReplyDecision.objects.get().because == [LeftBecause.NO_TEXT, LeftBecause.UNSURE]


def test_where_both_templates_of_an_aspect_were_the_last_it_is_named_all_the_same():
    facts = Facts(5, "positive", 0.9, ["product_quality"], {"product_quality": 0.8}, 12)
    found, last = choosing.candidates(facts, "zh-hans"), ["praise-quality", "praise-quality-word"]
    values = {"praised": "商品质量", "word": ""}
    used = {choosing.choose(found, values, last=last, number=number).template.code for number in range(9)}
    assert used == {"praise-named", "praise-named-kept"}
