"""Of the unhappy, how many are satisfied afterwards; nobody vanishes from the sums."""

from datetime import timedelta

import pytest

from feedback.models import Case
from surveys.invitations.commands import invite_closed_cases
from surveys.models import Invitation, Response
from surveys.responses.commands import answer
from surveys.responses.recovery import recovery
from surveys.scoring import wilson
from tests.factories.compensation import MemberFactory
from tests.factories.feedback import DepartmentFactory
from tests.factories.questionnaires import invitation, launched
from tests.factories.surveys import NOW, after_case, answers, token_of

pytestmark = [pytest.mark.django_db, pytest.mark.req("S6")]
LATER = NOW + timedelta(hours=1)


@pytest.fixture
def campaign():
    DepartmentFactory(takes_new=True)
    after_case()
    return launched()


def unhappy(campaign, member=None):
    asked = invitation(campaign, member or MemberFactory(), at=NOW)
    return answer(token=token_of(asked), answers={"csat": 1}, at=NOW)


def closed(response, *, ask=True):
    Case.objects.filter(pk=response.follow_up_id).update(
        status="closed", resolution="solved", resolved_at=NOW, closed_at=NOW
    )
    if ask:
        invite_closed_cases(at=LATER)
    return response


def again(response, csat):
    asked = Invitation.objects.get(case=response.follow_up_id)
    return answer(token=token_of(asked), answers=answers(csat), at=LATER)


def found(campaign, at=LATER):
    return recovery(Response.objects.filter(wave__campaign=campaign), at=at)


def test_nobody_unhappy_is_no_rate(campaign):
    one = found(campaign)
    assert (one.bad, one.value, one.interval) == (0, None, None)


def test_everybody_is_somewhere(campaign, django_assert_num_queries):
    for csat in (5, 4, 3):
        again(closed(unhappy(campaign)), csat)
    closed(unhappy(campaign))
    silent = closed(unhappy(campaign))
    Invitation.objects.filter(case=silent.follow_up_id).update(invited_at=NOW, expires_at=LATER)
    unhappy(campaign)
    closed(unhappy(campaign), ask=False)
    with django_assert_num_queries(1):
        one = found(campaign)
    assert (one.bad, one.answered, one.recovered) == (7, 3, 2)
    assert (one.waiting, one.silent, one.open, one.not_asked) == (1, 1, 1, 1)
    assert one.bad == one.answered + one.waiting + one.silent + one.open + one.not_asked
    assert one.value == pytest.approx(200 / 3)
    low, high = wilson(2, 3)
    assert one.interval == pytest.approx((100 * low, 100 * high))


def test_two_bad_answers_that_led_to_one_case_are_one(campaign):
    member = MemberFactory()
    first = unhappy(campaign, member)
    other = launched()
    unhappy(other, member)
    again(closed(first), 5)
    everything = recovery(Response.objects.all(), at=LATER)
    assert (everything.bad, everything.recovered) == (1, 1)


def test_only_of_the_responses_that_are_asked_about(campaign):
    again(closed(unhappy(launched())), 5)
    unhappy(campaign)
    assert (found(campaign).bad, found(campaign).answered) == (1, 0)
