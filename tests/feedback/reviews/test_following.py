from datetime import timedelta

import pytest

from feedback.cases import commands as cases
from feedback.models import Case, Clock, Review
from feedback.replies import commands
from feedback.reviews import following
from tests.factories.compensation import T0, OrderFactory
from tests.factories.feedback import AgentFactory, DepartmentFactory
from tests.factories.sop import make_policy
from tests.threads import at_once, refused

HOUR = timedelta(hours=1)
pytestmark = [pytest.mark.django_db, pytest.mark.req("F17"), pytest.mark.req("F2")]


@pytest.fixture(autouse=True)
def service():
    return DepartmentFactory(takes_new=True)


@pytest.fixture
def agent(service):
    return AgentFactory(departments=[service])


@pytest.fixture(autouse=True)
def sop(service):
    make_policy(targets={"review_reply": 120, "call_back": 1440, "resolution": 1440})


def bad(stars=1, **given):
    order = OrderFactory()
    return Review.objects.create(
        external_id=f"R{order.pk}", member=order.member, order=order, stars=stars, written_at=T0, **given
    )


def test_a_bad_review_becomes_one_case_with_its_promises():
    review = bad(title="差", text="漏了一件")
    bad(stars=3)
    assert following.follow_up(at=T0 + HOUR) == 1
    assert following.follow_up(at=T0 + HOUR) == 0
    case = Case.objects.get()
    assert (case.kind, case.member, case.order) == ("review", review.member, review.order)
    assert case.messages.get().body == "差\n漏了一件"
    running = Clock.objects.filter(case=case, met_at=None)
    assert {clock.milestone for clock in running} == {"review_reply", "call_back", "resolution"}


def test_old_reviews_those_to_come_and_those_with_an_answer_are_left(agent):
    bad()
    assert following.follow_up(at=T0 + following.FRESH) == 0
    assert following.follow_up(at=T0 - HOUR) == 0
    commands.write(review_id=bad().pk, text="抱歉", actor=agent.user, at=T0)
    assert following.follow_up(at=T0 + HOUR) == 1


def test_the_public_answer_keeps_the_promise_and_leaves_the_call(agent):
    review = bad()
    following.follow_up(at=T0)
    commands.write(review_id=review.pk, text="抱歉，已补发", actor=agent.user, at=T0 + HOUR)
    clocks = dict(Clock.objects.values_list("milestone", "met_at"))
    assert clocks["review_reply"] == T0 + HOUR
    assert clocks["call_back"] is None
    assert Case.objects.get().version == 2


def test_an_answer_after_the_case_has_ended_is_an_answer_all_the_same(agent):
    review = bad()
    following.follow_up(at=T0)
    cases.resolve(
        case_id=Case.objects.get().pk,
        resolution="solved",
        message="好了",
        call="made",
        actor=agent.user,
        at=T0 + HOUR,
    )
    assert commands.write(review_id=review.pk, text="抱歉", actor=agent.user, at=T0 + 2 * HOUR).text == "抱歉"


@pytest.mark.django_db(transaction=True)
def test_two_workers_open_one_case():
    bad()
    assert not refused(at_once(*[lambda: following.follow_up(at=T0 + HOUR)] * 3))
    assert Case.objects.count() == 1
