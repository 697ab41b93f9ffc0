from datetime import timedelta

import pytest

from config.common.errors import Invalid, NotFound
from config.common.events import timeline
from feedback.cases import commands as cases
from feedback.models import Case, CaseStatus, Message
from surveys.invitations.commands import invite_closed_cases
from surveys.models import Answer, Invitation, Response
from surveys.responses.commands import AlreadyAnswered, InvitationExpired, answer
from surveys.responses.rules import BadAnswers
from tests.factories.compensation import MemberFactory, OrderFactory, OrderLineFactory
from tests.factories.feedback import AgentFactory, CaseFactory, DepartmentFactory
from tests.factories.surveys import NOW, answers, invited, token_of
from tests.threads import at_once, refused

pytestmark = [pytest.mark.django_db, pytest.mark.req("S2")]


def test_a_good_answer_is_kept_and_seen_on_the_case():
    invitation = invited()
    response = answer(token=token_of(invitation), answers=answers(5, 4, "谢谢！"), at=NOW)
    assert list(response.answers.order_by("question").values_list("score", "text")) == [
        (5, ""),
        (4, ""),
        (None, "谢谢！"),
    ]
    assert response.follow_up is None
    event = timeline([invitation.case]).get(kind="survey.answered")
    assert event.data["scores"] == {"csat": 5, "ces": 4}
    assert "谢谢" not in str(event.data)
    assert Case.objects.count() == 1


@pytest.mark.req("S6")
@pytest.mark.parametrize(("csat", "ces", "bad"), [(2, 5, True), (5, 1, True), (3, 3, False)])
def test_a_bad_answer_opens_a_follow_up(csat, ces, bad):
    member = MemberFactory()
    invitation = invited(member=member, order=OrderFactory(member=member))
    response = answer(token=token_of(invitation), answers=answers(csat, ces, "等太久"), at=NOW)
    assert (response.follow_up is not None) == bad
    if response.follow_up is None:
        return
    case = response.follow_up
    assert (case.member, case.channel, case.department) == (member, "survey", invitation.case.department)
    assert (case.order, case.key) == (invitation.case.order, f"response:{response.pk}")
    assert case.subject == f"对工单 {invitation.case.number} 不满意"
    message = Message.objects.get(case=case)
    assert message.author == "member"
    assert f"{csat} 分" in message.body
    assert "等太久" in message.body


@pytest.mark.req("S5")
@pytest.mark.parametrize(("lines", "is_known"), [(1, True), (2, False)])
def test_an_answer_about_a_case_is_of_the_product_of_its_order(lines, is_known):
    member = MemberFactory()
    order = OrderFactory(member=member)
    bought = [OrderLineFactory(order=order).product for _ in range(lines)]
    invitation = invited(member=member, order=order)
    assert invitation.order is None
    response = answer(token=token_of(invitation), answers=answers(), at=NOW)
    assert response.product == (bought[0] if is_known else None)


def test_one_answer_an_invitation():
    invitation = invited()
    answer(token=token_of(invitation), answers=answers(), at=NOW)
    with pytest.raises(AlreadyAnswered):
        answer(token=token_of(invitation), answers=answers(1), at=NOW)
    assert Case.objects.count() == 1


def test_the_time_to_answer_ends():
    invitation = invited()
    with pytest.raises(InvitationExpired):
        answer(token=token_of(invitation), answers=answers(), at=invitation.expires_at)
    just_before = invitation.expires_at - timedelta(microseconds=1)
    answer(token=token_of(invitation), answers=answers(), at=just_before)


def test_only_the_invited_answer():
    invitation = invited()
    good = answers()
    for who in (
        {"token": "x"},
        {"token": ""},
        {"invitation_id": invitation.pk, "member": MemberFactory()},
        {"invitation_id": 0, "member": invitation.member},
    ):
        with pytest.raises(NotFound):
            answer(answers=good, at=NOW, **who)
    with pytest.raises(TypeError):
        answer(answers=good, at=NOW, invitation_id=invitation.pk)
    assert answer(answers=good, at=NOW, invitation_id=invitation.pk, member=invitation.member)


def test_an_erased_member_is_unknown():
    invitation = invited()
    type(invitation.member).objects.update(erased_at=NOW)
    with pytest.raises(NotFound):
        answer(token=token_of(invitation), answers=answers(), at=NOW)


def test_bad_input_is_refused_question_by_question():
    invitation = invited()
    wrong = {"csat": 6, "ces": " ", "words": "x" * 2_001}
    with pytest.raises(BadAnswers) as refusal:
        answer(token=token_of(invitation), answers=wrong, at=NOW)
    assert set(refusal.value.problems) == set(wrong)
    with pytest.raises(Invalid):
        answer(token=token_of(invitation), answers={**answers(), "other": 5}, at=NOW)
    assert not Response.objects.exists()


@pytest.mark.parametrize("score", [0, 6, -1, "", "5.0", "５", "abc", True, [5], None, 10**30, "٣"])
def test_what_is_no_score_is_refused(score):
    invitation = invited()
    with pytest.raises(BadAnswers):
        answer(token=token_of(invitation), answers={"csat": score, "ces": 5}, at=NOW)


@pytest.mark.parametrize("text", [["a"], 5, {"a": 1}])
def test_what_is_no_text_is_refused(text):
    invitation = invited()
    with pytest.raises(BadAnswers):
        answer(
            token=token_of(invitation),
            answers=answers() | {"words": text},
            at=NOW,
        )


def test_hostile_text_is_kept_as_text():
    invitation = invited()
    given = answers(1, 1, "\x00<script>\u202e👨‍👩‍👧 ok\r\nnext")
    answer(token=token_of(invitation), answers=given, at=NOW)
    assert Answer.objects.exclude(text="").get().text == "<script>👨‍👩‍👧 ok\nnext"


def closed_follow_up(invitation):
    """The follow-up of a bad answer, worked and closed, and asked about."""
    follow_up = answer(token=token_of(invitation), answers=answers(1), at=NOW).follow_up
    agent = AgentFactory(departments=[follow_up.department]).user
    cases.resolve(case_id=follow_up.pk, resolution="solved", message="抱歉，已处理", actor=agent, at=NOW)
    cases.confirm(case_id=follow_up.pk, actor=invitation.member, at=NOW)
    assert invite_closed_cases(at=NOW + timedelta(minutes=1)) == 1
    return Invitation.objects.get(case=follow_up)


@pytest.mark.req("S6")
def test_a_bad_answer_about_a_follow_up_reopens_it_and_asks_no_more():
    again = closed_follow_up(invited())
    later = NOW + timedelta(minutes=2)
    response = answer(token=token_of(again), answers=answers(1, 1, "还是没解决"), at=later)
    assert response.follow_up is None
    case = Case.objects.get(pk=again.case_id)
    assert case.status == CaseStatus.REOPENED
    assert Case.objects.count() == 2
    assert "还是没解决" in Message.objects.filter(case=case, author="member").last().body


@pytest.mark.req("S6")
def test_a_follow_up_that_was_reopened_meanwhile_gets_the_answers_as_a_message():
    again = closed_follow_up(invited())
    cases.reopen(case_id=again.case_id, reason="没好", actor=again.member, at=NOW + timedelta(minutes=2))
    answer(token=token_of(again), answers=answers(1), at=NOW + timedelta(minutes=3))
    assert Message.objects.filter(case=again.case_id, author="member").count() == 3
    assert Case.objects.count() == 2


@pytest.mark.req("S6")
def test_a_follow_up_closed_too_long_ago_leads_to_a_new_case_that_is_not_asked_about():
    again = closed_follow_up(invited())
    Invitation.objects.filter(pk=again.pk).update(expires_at=NOW + timedelta(days=900))
    later = NOW + timedelta(days=800)
    third = answer(token=token_of(again), answers=answers(1), at=later).follow_up
    assert third is not None
    Case.objects.filter(pk=third.pk).update(
        status="closed", resolution="solved", resolved_at=later, closed_at=later
    )
    assert invite_closed_cases(at=later) == 0


def test_a_department_that_takes_no_cases_any_more_does_not_lose_the_answer():
    default = DepartmentFactory(takes_new=True)
    invitation = invited(CaseFactory(closed=True, department=DepartmentFactory(is_active=False)))
    response = answer(token=token_of(invitation), answers=answers(1), at=NOW)
    assert response.follow_up.department == default


@pytest.mark.django_db(transaction=True)
def test_answers_at_once_count_once():
    invitation = invited()
    token, bad = token_of(invitation), answers(1)
    results = at_once(*[lambda: answer(token=token, answers=bad, at=NOW) for _ in range(8)])
    assert [type(error) for error in refused(results)] == [AlreadyAnswered] * 7
    assert Response.objects.count() == 1
    assert Case.objects.count() == 2
