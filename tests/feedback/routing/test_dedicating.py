"""Members of some tiers have an agent of their own, around the clock."""

from datetime import timedelta

import pytest

from compensation.models import Member
from config.common.errors import Invalid, NotFound
from config.common.models import Event
from feedback.models import DedicatedService, Dedication
from feedback.routing import dedicating
from tests.factories.compensation import MemberFactory, TierFactory
from tests.factories.feedback import AgentFactory, CalendarFactory, DepartmentFactory
from tests.factories.routing import make_shift
from tests.factories.sop import START

pytestmark = [pytest.mark.django_db, pytest.mark.req("C3")]


@pytest.fixture
def service():
    return DedicatedService.objects.create(tier=TierFactory(code="gold"), department=DepartmentFactory())


def make_agent(service, **fields):
    return AgentFactory(departments=[service.department], user__role="", **fields)


def owned():
    return dict(Dedication.objects.values_list("member", "agent"))


def test_gold_members_are_shared_out_evenly(service):
    one, two = make_agent(service), make_agent(service)
    AgentFactory(leads=[service.department], user__role="")
    make_agent(service, capacity=0)
    golden = [MemberFactory(tier=service.tier) for _ in range(4)]
    MemberFactory(tier=TierFactory())
    assert dedicating.keep_up(at=START) == 4
    assert owned() == dict(zip([m.pk for m in golden], [one.pk, two.pk] * 2, strict=True))
    assert Event.objects.filter(kind="member.dedicated").count() == 4
    assert dedicating.keep_up(at=START) == 0


def test_who_loses_the_tier_loses_the_agent_unless_chosen_by_hand(service):
    agent = make_agent(service)
    down, kept = (MemberFactory(tier=service.tier) for _ in range(2))
    dedicating.keep_up(at=START)
    dedicating.dedicate(member_id=kept.pk, agent_id=agent.pk, actor=None, at=START)
    Member.objects.update(tier=TierFactory())
    assert dedicating.keep_up(at=START) == 1
    assert owned() == {kept.pk: agent.pk}
    assert Event.objects.get(kind="member.dedication_ended").subject_id == down.pk


def test_an_agent_who_takes_no_cases_any_more_is_replaced(service):
    gone, member = make_agent(service), MemberFactory(tier=service.tier)
    dedicating.keep_up(at=START)
    gone.is_active = False
    gone.save()
    other = make_agent(service)
    dedicating.keep_up(at=START)
    assert owned() == {member.pk: other.pk}


def test_a_member_who_was_erased_has_no_agent(service):
    make_agent(service)
    MemberFactory(tier=service.tier)
    dedicating.keep_up(at=START)
    Member.objects.update(erased_at=START)
    assert dedicating.keep_up(at=START) == 1
    assert owned() == {}


def test_a_service_that_is_put_out_of_force_ends(service):
    make_agent(service)
    MemberFactory(tier=service.tier)
    dedicating.keep_up(at=START)
    DedicatedService.objects.update(is_active=False)
    assert dedicating.keep_up(at=START) == 1
    assert owned() == {}


def test_without_agents_nobody_is_promised_one(service):
    MemberFactory(tier=service.tier)
    assert dedicating.keep_up(at=START) == 0


def test_by_hand_it_is_done_once_and_can_be_taken_back(service):
    agent, member = make_agent(service), MemberFactory()
    for _ in range(2):
        dedicating.dedicate(member_id=member.pk, agent_id=agent.pk, actor=agent.user, at=START)
    assert Event.objects.filter(kind="member.dedicated").count() == 1
    dedicating.end_dedication(member_id=member.pk, actor=agent.user, at=START)
    assert owned() == {}
    with pytest.raises(NotFound):
        dedicating.end_dedication(member_id=member.pk, actor=agent.user, at=START)


def test_only_an_agent_who_takes_cases_can_be_chosen(service):
    idle, member = make_agent(service, is_active=False), MemberFactory()
    with pytest.raises(Invalid):
        dedicating.dedicate(member_id=member.pk, agent_id=idle.pk, actor=None, at=START)
    with pytest.raises(NotFound):
        dedicating.dedicate(member_id=0, agent_id=idle.pk, actor=None, at=START)


def test_around_the_clock_means_that_no_hour_is_without_anybody():
    day = DepartmentFactory(calendar=CalendarFactory(code="office-hours"))
    service = DedicatedService.objects.create(tier=TierFactory(code="gold"), department=day)
    make_agent(service)
    assert dedicating.uncovered(service, START)[0][0] == START + timedelta(hours=3)
    night = make_agent(service, calendar=CalendarFactory(code="always"))
    assert dedicating.uncovered(service, START) == []
    night.by_roster = True
    night.save()
    make_shift(night, START, START + timedelta(hours=24))
    assert dedicating.uncovered(service, START)[0][0] == START + timedelta(hours=24 + 3)
