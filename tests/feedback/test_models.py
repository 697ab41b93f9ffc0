"""Checks of the database that an empty value must not slip through: NULL is neither true nor false."""

import pytest
from django.db import IntegrityError

from compensation.models import Grant
from feedback.models import CoachingNote, Playbook, PlaybookRemedy, SamplingRule, Scorecard
from tests.factories.common import UserFactory
from tests.factories.compensation import T0, MemberFactory
from tests.factories.feedback import AgentFactory

pytestmark = pytest.mark.django_db


def points_of_a_playbook():
    return PlaybookRemedy(
        playbook=Playbook.objects.create(code="p", name="破损", problem="damaged"), kind="points"
    )


def points_of_a_grant():
    about = {"key": "k", "cause": "c", "reason": "x", "cost_fen": 1}
    return Grant(member=MemberFactory(), kind="points", requested_at=T0, **about)


def some_of_each_agent():
    card = Scorecard.objects.create(name="标准")
    return SamplingRule(name="每周", kind="per_agent", scorecard=card)


def an_outcome_at_no_time():
    return CoachingNote(agent=AgentFactory(), text="语气", by=UserFactory(), at=T0, outcome="好了")


@pytest.mark.parametrize(
    ("make", "check"),
    [
        (points_of_a_playbook, "playbookremedy_has_content"),
        (points_of_a_grant, "grant_has_content"),
        (some_of_each_agent, "samplingrule_per_agent"),
        (an_outcome_at_no_time, "coaching_followed"),
    ],
)
def test_nothing_is_not_taken_for_something(make, check):
    with pytest.raises(IntegrityError, match=check):
        make().save()
