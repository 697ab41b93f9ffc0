"""Presence, shifts and leave: what is kept, and what is refused."""

from datetime import timedelta

import pytest

from config.common.errors import Invalid, NotFound
from config.common.models import Event
from feedback.models import Leave, Presence, Shift
from feedback.shifts import commands, queries
from tests.factories.feedback import AgentFactory, DepartmentFactory
from tests.factories.routing import HOUR
from tests.factories.sop import START
from tests.threads import at_once, refused

pytestmark = [pytest.mark.django_db, pytest.mark.req("F5")]

MINUTE = timedelta(minutes=1)


@pytest.fixture
def agent():
    return AgentFactory(departments=[DepartmentFactory()], user__role="")


def changes():
    return list(
        Event.objects.filter(kind="agent.presence").order_by("id").values_list("data__state", flat=True)
    )


def test_presence_is_kept_with_its_beginning(agent):
    commands.set_presence(agent=agent, state="online", at=START)
    commands.set_presence(agent=agent, state="online", at=START + MINUTE)
    row = commands.set_presence(agent=agent, state="away", at=START + 2 * MINUTE)
    assert (row.since, row.seen_at) == (START + 2 * MINUTE, START + 2 * MINUTE)
    assert changes() == ["online", "away"]


def test_coming_back_from_offline_is_a_new_beginning(agent):
    commands.set_presence(agent=agent, state="online", at=START)
    row = commands.set_presence(agent=agent, state="online", at=START + 5 * MINUTE)
    assert row.since == START + 5 * MINUTE
    assert changes() == ["online", "online"]


def test_a_heartbeat_keeps_somebody_online(agent):
    commands.set_presence(agent=agent, state="online", at=START)
    commands.seen(agent_id=agent.pk, at=START + MINUTE)
    commands.seen(agent_id=agent.pk, at=START)  # one that was late on its way
    assert queries.states([agent.pk], START + 3 * MINUTE) == {agent.pk: "online"}
    assert queries.states([agent.pk], START + 3 * MINUTE + timedelta(seconds=1)) == {agent.pk: "offline"}


def test_a_heartbeat_alone_makes_nobody_online(agent):
    commands.seen(agent_id=agent.pk, at=START)
    assert not Presence.objects.exists()


def test_an_unknown_presence_is_refused(agent):
    with pytest.raises(Invalid):
        commands.set_presence(agent=agent, state="asleep", at=START)


@pytest.mark.parametrize("plan", [commands.plan_shift, commands.plan_leave])
class TestPlanning:
    def test_one_may_begin_as_the_other_ends(self, plan, agent):
        plan(agent_id=agent.pk, starts_at=START, ends_at=START + HOUR, actor=agent.user, at=START)
        plan(agent_id=agent.pk, starts_at=START + HOUR, ends_at=START + 2 * HOUR, actor=agent.user, at=START)
        assert Shift.objects.count() + Leave.objects.count() == 2

    def test_no_two_overlap(self, plan, agent):
        plan(agent_id=agent.pk, starts_at=START, ends_at=START + HOUR, actor=None, at=START)
        with pytest.raises(commands.Overlaps):
            plan(
                agent_id=agent.pk, starts_at=START + HOUR - MINUTE, ends_at=START + 2 * HOUR, actor=None,
                at=START,
            )  # fmt: skip
        assert Shift.objects.count() + Leave.objects.count() == 1

    @pytest.mark.parametrize("ends", [timedelta(), -HOUR, timedelta(days=400)])
    def test_the_end_is_after_the_beginning_and_near(self, plan, agent, ends):
        with pytest.raises(Invalid):
            plan(agent_id=agent.pk, starts_at=START, ends_at=START + ends, actor=None, at=START)

    def test_only_for_agents(self, plan):
        with pytest.raises(NotFound):
            plan(agent_id=0, starts_at=START, ends_at=START + HOUR, actor=None, at=START)


def test_what_was_planned_can_be_taken_back(agent):
    shift = commands.plan_shift(
        agent_id=agent.pk, starts_at=START, ends_at=START + HOUR, actor=None, at=START
    )
    leave = commands.plan_leave(
        agent_id=agent.pk, starts_at=START, ends_at=START + HOUR, actor=None, at=START
    )
    commands.remove_shift(shift_id=shift.pk, actor=agent.user, at=START)
    commands.remove_leave(leave_id=leave.pk, actor=agent.user, at=START)
    for remove, pk in ((commands.remove_shift, {"shift_id": 0}), (commands.remove_leave, {"leave_id": 0})):
        with pytest.raises(NotFound):
            remove(**pk, actor=None, at=START)
    events = Event.objects.filter(subject_type="agent").exclude(kind="config.changed")
    kinds = events.order_by("id").values_list("kind", flat=True)
    assert list(kinds) == ["shift.planned", "leave.planned", "shift.removed", "leave.removed"]


def test_a_reason_has_to_be_on_the_list(agent):
    with pytest.raises(Invalid):
        commands.plan_leave(
            agent_id=agent.pk, starts_at=START, ends_at=START + HOUR, reason="bored", actor=None, at=START
        )


@pytest.mark.django_db(transaction=True)
def test_of_two_leaves_at_once_one_is_refused(agent):
    def plan():
        return commands.plan_leave(
            agent_id=agent.pk, starts_at=START, ends_at=START + HOUR, actor=None, at=START
        )

    results = at_once(plan, plan)
    assert [type(one) for one in refused(results)] == [commands.Overlaps]
    assert Leave.objects.count() == 1
