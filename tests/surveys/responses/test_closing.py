"""What follows from a bad answer: one case, in the right place, once."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import translation
from hypothesis import given as drawn
from hypothesis import strategies as st

from compensation.models import Notice
from config.common.models import OutboxMessage, OutboxStatus
from config.common.outbox import Dropped, relay
from feedback.models import Case, CaseLink, Message, VoiceAspect
from surveys.models import AnswerFile, AspectDepartment, Occasion, Question, QuestionKind, Response
from surveys.portal import views
from surveys.responses import closing
from surveys.responses.closing import worst
from surveys.responses.closing_words import in_words, said
from surveys.responses.commands import answer
from surveys.responses.rules import Given
from tests.factories.compensation import T0, MemberFactory, OrderFactory
from tests.factories.feedback import CaseFactory, DepartmentFactory, StaffFactory
from tests.factories.questionnaires import invitation, launched, one
from tests.factories.surveys import NOW, answers, invited, token_of
from tests.threads import at_once, refused

pytestmark = [pytest.mark.django_db, pytest.mark.req("S6")]


@pytest.fixture
def taker():
    return DepartmentFactory(takes_new=True)


def bad(campaign, member, at=T0, score=1, **fields):
    return answer(token=token_of(invitation(campaign, member, **fields)), answers={"csat": score}, at=at)


def test_an_answer_that_is_bad_by_several_questions_is_followed_up_once(taker):
    response = answer(token=token_of(invited()), answers=answers(1, 1, "太慢"), at=NOW)
    cases = Case.objects.filter(channel="survey")
    assert [one.pk for one in cases] == [response.follow_up_id]
    assert Message.objects.filter(case=response.follow_up).count() == 1


def test_bad_answers_to_two_surveys_go_into_one_case(taker):
    member = MemberFactory()
    first, second = (bad(launched(), member) for _n in range(2))
    assert first.follow_up == second.follow_up
    assert Case.objects.count() == 1
    assert Message.objects.filter(case=first.follow_up, author="member").count() == 2


def test_those_of_two_orders_are_two_cases_that_are_linked(taker):
    member = MemberFactory()
    first, second = (bad(launched(), member, order=OrderFactory(member=member)) for _n in range(2))
    assert first.follow_up != second.follow_up
    link = CaseLink.objects.get()
    assert {link.case_id, link.other_id} == {first.follow_up_id, second.follow_up_id}
    again = bad(launched(), member, order=first.invitation.order)
    assert again.follow_up == first.follow_up


def test_what_has_ended_is_not_joined(taker):
    member = MemberFactory()
    first = bad(launched(), member)
    Case.objects.filter(pk=first.follow_up_id).update(status="resolved", resolution="solved", resolved_at=T0)
    assert bad(launched(), member).follow_up != first.follow_up
    assert Case.objects.count() == 2


def test_nobody_elses_case_is_joined(taker):
    assert bad(launched(), MemberFactory()).follow_up != bad(launched(), MemberFactory()).follow_up


@pytest.mark.django_db(transaction=True)
def test_two_at_once_find_one_case():
    DepartmentFactory(takes_new=True)
    member = MemberFactory()
    tokens = [token_of(invitation(launched(), member)) for _n in range(3)]
    results = at_once(
        *[lambda token=token: answer(token=token, answers={"csat": 1}, at=T0) for token in tokens]
    )
    assert not refused(results)
    assert Case.objects.count() == 1


@pytest.fixture
def nobody_takes_cases():
    """A bad answer to a shop in which no department takes cases."""
    return bad(launched(), MemberFactory())


def tries_again(at):
    relay(at, limit=500)
    return OutboxMessage.objects.get(kind=closing.KIND)


def test_where_nobody_takes_cases_the_answer_is_kept_and_followed_up_when_somebody_does(nobody_takes_cases):
    response = nobody_takes_cases
    assert response.follow_up is None
    assert response.answers.get().score == 1
    message = tries_again(T0)
    assert (message.status, "department" in message.last_error) == (OutboxStatus.PENDING, True)
    DepartmentFactory(takes_new=True)
    assert tries_again(T0 + timedelta(days=1)).status == OutboxStatus.SENT
    response.refresh_from_db()
    assert response.follow_up == Case.objects.get()
    assert "1 分" in Message.objects.get().body
    with pytest.raises(Dropped):
        closing.try_again(message)
    assert Case.objects.count() == 1


def test_staff_see_that_nobody_could_follow_up_and_have_it_tried_again(nobody_takes_cases, settings, client):
    settings.OUTBOX_MAX_ATTEMPTS = 1
    message = tries_again(T0)
    assert message.status == OutboxStatus.DEAD
    client.force_login(StaffFactory(is_superuser=True))
    assert closing.KIND in client.get(reverse("admin:common_outboxmessage_changelist")).content.decode()
    DepartmentFactory(takes_new=True)
    asked = {"action": "retry", "_selected_action": [message.pk]}
    client.post(reverse("admin:common_outboxmessage_changelist"), asked)
    assert OutboxMessage.objects.get(pk=message.pk).status == OutboxStatus.PENDING
    closing.try_again(message)
    assert Response.objects.get().follow_up == Case.objects.get()


def test_whoever_was_erased_meanwhile_is_not_followed_up(nobody_takes_cases):
    member = nobody_takes_cases.invitation.member
    member.erased_at = T0
    member.save()
    DepartmentFactory(takes_new=True)
    assert tries_again(T0).status == OutboxStatus.DROPPED
    assert not Case.objects.exists()


def test_the_member_is_thanked_all_the_same(client, monkeypatch):
    monkeypatch.setattr(views.timezone, "now", lambda: T0)
    asked = invitation(launched())
    done = client.post(reverse("surveys:answer", args=[token_of(asked)]), {"q-csat": "1"}, follow=True)
    assert done.status_code == 200
    assert done.context["unhappy"]
    assert Response.objects.get().invitation == asked


@pytest.mark.django_db(transaction=True)
def test_it_is_followed_up_once_by_however_many_workers():
    bad(launched(), MemberFactory())
    DepartmentFactory(takes_new=True)
    message = OutboxMessage.objects.get(kind=closing.KIND)
    results = at_once(*[lambda: closing.try_again(message) for _n in range(3)])
    assert [type(one) for one in refused(results)] == [Dropped, Dropped]
    assert Case.objects.count() == 1
    assert Message.objects.count() == 1


def test_more_words_than_a_message_holds_are_cut_and_nothing_is_refused(taker):
    questions = [one(QuestionKind.TEXT, f"words-{n}") for n in range(12)]
    campaign = launched(one(QuestionKind.CSAT, "csat", bad_up_to=2), *questions)
    given = {"csat": 1, **{f"words-{n}": "慢" * 2_000 for n in range(12)}}
    response = answer(token=token_of(invitation(campaign)), answers=given, at=T0)
    body = Message.objects.get(case=response.follow_up).body
    assert len(body) == 20_000
    assert "慢…\n\n" in body


def test_files_are_told_of_in_words(taker):
    picture, voice = one(QuestionKind.PICTURE, "photo"), one(QuestionKind.VOICE, "voice")
    campaign = launched(one(QuestionKind.CSAT, "csat", bad_up_to=2), picture, voice)
    questions = {row.code: row for row in campaign.survey.versions.get().questions.all()}
    given = [Given(question=questions["photo"], files=("a", "b")), Given(question=questions["voice"])]
    with translation.override("en"):
        assert in_words(given) == "photo\n(2 pictures)"
    response = answer(
        token=token_of(invitation(launched())), answers={"csat": 5}, at=T0
    )  # any, to hang a recording on
    row = response.answers.create(question=questions["voice"])
    AnswerFile.objects.create(answer=row, file="x", content_type="audio/wav", size=1, sha256="0" * 64)
    with translation.override("en"):
        assert said(row) == "(1 recording)"


def aspect(name, code):
    department = DepartmentFactory(code=code)
    AspectDepartment.objects.update_or_create(aspect=name, defaults={"department": department})
    return department


def asking(name, **fields):
    return launched(one(QuestionKind.CSAT, "csat", bad_up_to=2, aspect=name), **fields)


def test_the_questions_aspect_says_who_follows_up(taker):
    logistics, product = aspect("logistics", "l"), aspect("product_quality", "p")
    assert bad(asking("logistics"), MemberFactory()).follow_up.department == logistics
    assert bad(asking("product_quality"), MemberFactory()).follow_up.department == product
    assert bad(asking("price"), MemberFactory()).follow_up.department == taker
    logistics.is_active = False
    logistics.save()
    assert bad(asking("logistics"), MemberFactory()).follow_up.department == taker


def test_of_a_case_its_department_does_unless_it_was_about_something_else(taker):
    logistics, had_it = aspect("logistics", "l"), DepartmentFactory(code="had")
    aspect("service", "s")
    case = CaseFactory(closed=True, department=had_it)
    for name, expected in (("", had_it), ("service", had_it), ("logistics", logistics)):
        response = bad(asking(name), case.member, case=case, order=OrderFactory(member=case.member))
        assert response.follow_up.department == expected, name


def test_after_a_delivery_it_is_logistics(taker):
    logistics = aspect("logistics", "l")
    campaign = launched(occasion=Occasion.DELIVERED)
    member = MemberFactory()
    order = OrderFactory(member=member)
    assert bad(campaign, member, order=order).follow_up.department == logistics


SCORES = st.lists(st.tuples(st.integers(1, 5), st.booleans()), min_size=1, max_size=5)


@drawn(scores=SCORES)
def test_the_worst_is_the_lowest_and_with_an_aspect_where_there_is_one(scores):
    given = [
        Given(
            question=Question(
                kind=QuestionKind.CSAT, scale=5, bad_up_to=4, aspect=VoiceAspect.APP if has else ""
            ),
            score=score,
        )
        for score, has in scores
    ]
    low = [pair for pair in scores if pair[0] <= 4]
    if not low:
        with pytest.raises(ValueError, match="empty"):
            worst(given)
        return
    found = worst(given)
    assert found.score == min(score for score, _has in low)
    assert bool(found.question.aspect) == any(has for score, has in low if score == found.score)


def test_of_an_anonymous_answer_nothing_follows():
    campaign = launched(is_anonymous=True, sends_thanks=True, invites_reviews=True)
    asked = invitation(campaign)
    response = answer(token=token_of(asked), answers={"csat": 1}, at=T0)
    assert response.follow_up is None
    assert not Case.objects.exists()
    assert not Notice.objects.exists()


def test_answers_are_told_in_words():
    kinds = one(QuestionKind.CONSENT, "agree"), one(QuestionKind.KANO, "gift"), one(QuestionKind.NPS, "nps")
    given = {"agree": True, "gift": {"so": 1, "not": 5}, "nps": 9}
    response = answer(token=token_of(invitation(launched(*kinds))), answers=given, at=T0)
    with translation.override("en"):
        assert {row.question.code: said(row) for row in response.answers.all()} == {
            "agree": "agreed", "gift": "I like it / I dislike it", "nps": "9 of 10",
        }  # fmt: skip
