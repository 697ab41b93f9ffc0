"""Rates and answers by agent and department: of those who had the case when the member was asked."""

import pytest

from feedback.models import Alert, Case
from surveys.models import Dimension, Invitation, Response
from surveys.responses.commands import answer
from surveys.responses.telling import BAD
from surveys.results.counted import Cut
from surveys.results.rates import rates
from tests.factories.feedback import AgentFactory, CaseFactory, DepartmentFactory
from tests.factories.surveys import NOW, answers, invited, token_of

pytestmark = [pytest.mark.django_db, pytest.mark.req("S5"), pytest.mark.req("S6")]


@pytest.fixture
def moved():
    """Two members were asked about cases of one agent, which then went elsewhere; one of them answers."""
    then, now = DepartmentFactory(takes_new=True), DepartmentFactory()
    agent = AgentFactory(departments=[then])
    asked = [invited(CaseFactory(closed=True, department=then, agent=agent)) for _n in range(2)]
    other = AgentFactory(departments=[now])
    Case.objects.filter(pk__in=[one.case_id for one in asked]).update(department=now, agent=other)
    answer(token=token_of(asked[0]), answers=answers(1), at=NOW)
    return agent, then, other


def test_whoever_is_asked_is_asked_about_those_who_have_the_case(moved):
    agent, then, _other = moved
    assert set(Invitation.objects.values_list("agent", "department")) == {(agent.pk, then.pk)}


def test_rates_and_answers_count_there_wherever_the_case_goes(moved):
    agent, then, other = moved
    response = Response.objects.get()
    assert (response.agent, response.department) == (agent, then)
    cut = Cut(waves=(response.wave_id,))
    for dimension, value in ((Dimension.AGENT, agent.pk), (Dimension.DEPARTMENT, then.pk)):
        [((_wave, told), rate)] = rates(cut, by=dimension).items()
        assert (told, rate.asked, rate.answered) == (str(value), 2, 1)
        narrowed = rates(Cut(waves=cut.waves, narrow=((dimension, (str(value),)),)))
        assert [one.asked for one in narrowed.values()] == [2]
    elsewhere = Cut(waves=cut.waves, narrow=((Dimension.AGENT, (str(other.pk),)),))
    assert rates(elsewhere) == {}


def test_they_are_told_of_it(moved):
    agent, _then, other = moved
    told = set(Alert.objects.filter(kind=BAD).values_list("user", flat=True))
    assert agent.user_id in told
    assert other.user_id not in told
