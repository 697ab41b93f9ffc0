"""Colleagues hear the same day what members said of their cases."""

from datetime import timedelta

import pytest

from feedback.models import Alert
from surveys.models import SurveyTerms
from surveys.responses.commands import answer
from surveys.responses.telling import tell_results
from tests.factories.compensation import T0
from tests.factories.feedback import AgentFactory, CaseFactory, DepartmentFactory
from tests.factories.questionnaires import invitation, launched
from tests.factories.surveys import NOW, answers, invited, token_of
from tests.threads import at_once

pytestmark = [pytest.mark.django_db, pytest.mark.req("S2")]


@pytest.fixture
def house():
    department = DepartmentFactory(takes_new=True)
    agent, lead = AgentFactory(departments=[department]), AgentFactory(leads=[department])
    AgentFactory(departments=[department])
    AgentFactory(leads=[DepartmentFactory()])
    return department, agent, lead


def said(house, csat, at=NOW):
    department, agent, _lead = house
    case = CaseFactory(closed=True, department=department, agent=agent)
    return answer(token=token_of(invited(case)), answers=answers(csat), at=at)


def alerts(kind):
    return sorted(Alert.objects.filter(kind=kind).values_list("user", flat=True))


def test_a_bad_answer_is_told_at_once_to_the_agent_and_the_lead(house):
    _department, agent, lead = house
    said(house, 5)
    assert not alerts("survey.bad")
    said(house, 1)
    assert alerts("survey.bad") == sorted([agent.user_id, lead.user_id])


def test_the_others_are_told_once_a_day_at_the_chosen_hour(house):
    _department, agent, lead = house
    said(house, 5)
    said(house, 1)
    SurveyTerms.objects.update_or_create(pk=1, defaults={"told_at": "20:00"})  # in Shanghai: 12:00 UTC
    noon = NOW.replace(hour=12, minute=0)
    assert tell_results(at=noon - timedelta(minutes=5)) == 0
    assert not alerts("survey.results")
    assert tell_results(at=noon + timedelta(minutes=5)) == 1
    assert alerts("survey.results") == sorted([agent.user_id, lead.user_id])
    assert tell_results(at=noon + timedelta(minutes=15)) == 0
    said(house, 4, at=noon + timedelta(hours=1))
    assert tell_results(at=noon + timedelta(hours=2)) == 0
    assert tell_results(at=noon + timedelta(days=3)) == 1  # nobody looked for two days
    assert len(alerts("survey.results")) == 4


def test_an_anonymous_answer_is_told_to_nobody(house):
    department, agent, _lead = house
    case = CaseFactory(closed=True, department=department, agent=agent)
    campaign = launched(is_anonymous=True)
    for csat in (1, 5):
        asked = invitation(campaign, case.member if csat == 1 else None, case=case)
        answer(token=token_of(asked), answers={"csat": csat}, at=T0)
    tell_results(at=NOW + timedelta(days=2))
    assert not Alert.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_two_passes_at_once_tell_once():
    department = DepartmentFactory(takes_new=True)
    agent = AgentFactory(departments=[department])
    said((department, agent, None), 5)
    SurveyTerms.objects.update_or_create(pk=1, defaults={"told_at": "20:00"})
    later = NOW.replace(hour=13)
    results = at_once(*[lambda: tell_results(at=later) for _n in range(2)])
    assert sorted(results) == [0, 1]
    assert Alert.objects.filter(kind="survey.results").count() == 1
