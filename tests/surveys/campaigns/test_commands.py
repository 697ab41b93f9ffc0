from datetime import timedelta

import pytest

from config.common.models import Event
from surveys.campaigns import commands, queries
from surveys.defaults import campaigns
from surveys.invitations.commands import invite_closed_cases
from surveys.models import Question
from surveys.responses.commands import answer
from tests.factories.compensation import T0
from tests.factories.feedback import AgentFactory, CaseFactory, DepartmentFactory, StaffFactory
from tests.factories.surveys import NOW, after_case, answers, invited, token_of

pytestmark = [pytest.mark.django_db, pytest.mark.req("S3")]


SOON = NOW + timedelta(minutes=1)


def save(question):
    return commands.save_question(question=question, actor=None, at=SOON)


def test_defaults_ship_once_and_edits_stay():
    campaign = after_case()
    assert [question.kind for question in campaign.questions.all()] == ["csat", "ces", "text"]
    Question.objects.filter(kind="text").delete()
    campaigns.seed(T0)
    assert campaign.questions.count() == 2


def test_a_question_that_nobody_was_asked_is_changed_in_place():
    campaign = after_case()
    question = campaign.questions.first()
    question.text = "满意吗？"
    assert save(question).pk == campaign.questions.first().pk
    assert campaign.questions.count() == 3


def test_a_question_that_was_asked_is_replaced_and_its_answers_keep_their_meaning():
    invitation = invited()
    question = invitation.campaign.questions.first()
    old_text = question.text
    question.text = "您不满意吗？"
    new = save(question)
    old = Question.objects.get(text=old_text)
    assert (old.retired_at, new.retired_at, new.position) == (SOON, None, old.position)
    assert Event.objects.get(kind="question.replaced").data == {"question": new.pk, "replaces": old.pk}
    assert old in queries.questions_of(invitation)  # who was asked before answers what was asked
    assert new not in queries.questions_of(invitation)
    answer(token=token_of(invitation), answers=answers(invitation), at=NOW)
    case = CaseFactory(closed=True)
    invite_closed_cases(at=SOON)
    later = case.invitations.get()
    assert queries.questions_of(later).first() == new


def test_what_does_not_change_the_meaning_stays_in_place():
    question = invited().campaign.questions.first()
    question.is_required = False
    assert save(question).pk == question.pk
    assert Question.objects.count() == 3


def test_removing_retires_what_was_asked_and_deletes_the_rest():
    campaign = after_case()
    commands.remove_question(question_id=campaign.questions.last().pk, actor=None, at=T0)
    assert Question.objects.count() == 2
    invitation = invited()
    commands.remove_question(question_id=campaign.questions.last().pk, actor=None, at=SOON)
    assert Question.objects.count() == 2
    assert queries.questions_at(campaign, SOON).count() == 1
    assert queries.questions_of(invitation).count() == 2


def test_questions_change_places():
    campaign = after_case()
    one, two, _text = campaign.questions.all()
    one.position, two.position = 2, 1
    commands.save_questions(changed=[one, two], removed=[], actor=None, at=NOW)
    assert [question.pk for question in campaign.questions.all()][:2] == [two.pk, one.pk]


@pytest.mark.req("S5")
def test_results_have_n_and_interval_and_stay_in_the_department():
    department, other = DepartmentFactory(), DepartmentFactory()
    for where, csat in ((department, 5), (department, 4), (department, 1), (other, 2)):
        invitation = invited(CaseFactory(closed=True, department=where))
        answer(token=token_of(invitation), answers=answers(invitation, csat, 5), at=NOW)
    campaign = after_case()
    lead = AgentFactory(user=StaffFactory(role="supervisor"), leads=[department]).user
    period = {"since": NOW - timedelta(days=1), "until": NOW + timedelta(days=1)}
    found = queries.results(campaign, lead, **period)
    assert (found.invited, found.answered, found.followed_up) == (3, 3, 1)
    csat = found.results[0].figure
    assert (csat.n, round(csat.value, 1), csat.counts) == (3, 66.7, (1, 0, 0, 1, 1))
    assert csat.low < csat.value < csat.high
    everybody = StaffFactory(is_superuser=True)
    assert queries.results(campaign, everybody, **period).answered == 4
    later = {"since": period["until"], "until": period["until"] + timedelta(days=1)}
    nothing = queries.results(campaign, everybody, **later)
    assert nothing.results[0].figure.value is None
