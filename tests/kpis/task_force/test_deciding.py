"""Decisions: somebody's until a day, followed up by a ladder, on the next agenda, done once."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from config.common.errors import Invalid, MoveNotAllowed, NotFound, NotPermitted
from config.common.events import timeline
from config.common.models import OutboxMessage
from feedback.models import Membership
from kpis import tasks
from kpis.deadlines.rules import ends_at
from kpis.models import Resolve, ResolveRung, Step
from kpis.task_force import deciding, meetings, queries
from kpis.task_force.deadline import DEADLINE
from tests.factories.feedback import DepartmentFactory, StaffFactory
from tests.factories.improvements import staff
from tests.factories.task_forces import begun, decided, ended, force, leader_of, member_of
from tests.threads import at_once, refused

pytestmark = [pytest.mark.django_db, pytest.mark.req("K10")]
DAY = timedelta(days=1)


@pytest.fixture
def department():
    return DepartmentFactory(parent=DepartmentFactory())


@pytest.fixture
def meeting(department):
    return begun(force(department))


def told(part):
    rows = OutboxMessage.objects.filter(key__startswith="resolve:", key__contains=part).order_by("pk")
    return [row.payload["user"] for row in rows]


def test_a_decision_has_an_owner_a_department_and_a_clock(meeting, department):
    found = decided(meeting)
    assert (found.department, found.warn_at) == (department, DEADLINE.rungs_of(found)[0][1])
    assert told(":owner:") == [found.owner_id]
    assert all(found.text not in str(one.payload) for one in OutboxMessage.objects.all())
    assert [event.kind for event in timeline([found])] == ["resolve.made"]


def test_who_is_not_of_the_task_force_needs_a_department_of_their_own(meeting, department):
    other = staff(DepartmentFactory(), "agent")
    for where in (None, department):
        with pytest.raises(Invalid):
            decided(meeting, owner=other, department=where)
    own = other.agent.memberships.get().department
    assert decided(meeting, owner=other, department=own).department == own


@pytest.mark.parametrize("text", ["", "  ", "a\x00", "x" * 501])
def test_a_text_is_needed(meeting, text):
    with pytest.raises(Invalid):
        decided(meeting, text=text)


def test_who_can_not_take_it_on_and_days_gone_by_are_refused(meeting, department):
    gone = staff(department, "agent")
    type(gone).objects.filter(pk=gone.pk).update(is_active=False)
    gone.refresh_from_db()
    for wrong in ({"owner": gone}, {"owner": StaffFactory(is_staff=True)}, {"days": -1}, {"days": 99_999}):
        with pytest.raises(Invalid):
            decided(meeting, **wrong)
    with pytest.raises(NotFound):
        decided(meeting, topic_id=0)
    assert not Resolve.objects.exists()


def test_its_ladder_tells_owner_lead_and_those_above_each_once(meeting, department):
    lead, boss = staff(department, "team_lead"), staff(department.parent)
    Membership.objects.filter(agent__user=lead).update(is_lead=True)
    found, over = decided(meeting), None
    over = ends_at(found.due_on)
    moments = (timezone.now(), over - DAY / 2, over, over, over + DAY, over + 3 * DAY, over + 30 * DAY)
    assert [DEADLINE.sweep(at=at) for at in moments] == [0, 1, 1, 0, 1, 1, 0]
    assert told(f":{found.due_on}:") == [found.owner_id, found.owner_id, lead.pk, boss.pk]
    assert [one.step for one in ResolveRung.objects.order_by("pk")] == list(Step)
    found.refresh_from_db()
    assert found.warn_at is None


def test_another_day_begins_the_ladder_anew_and_another_owner_is_told(meeting, department):
    found, boss = decided(meeting), staff(department)
    at, other = ends_at(found.due_on), member_of(meeting.task_force)
    DEADLINE.sweep(at=at)
    due_on = found.due_on + 10 * DAY
    deciding.entrust(resolve_id=found.pk, owner=other, due_on=due_on, actor=boss, at=at)
    assert DEADLINE.sweep(at=at) == 0
    assert DEADLINE.sweep(at=ends_at(due_on)) == 2
    assert told(":owner:") == [found.owner_id, other.pk]
    with pytest.raises(NotPermitted):
        deciding.entrust(resolve_id=found.pk, owner=other, due_on=due_on, actor=other, at=at)
    with pytest.raises(Invalid):
        deciding.entrust(resolve_id=found.pk, owner=other, due_on=at.date() - DAY, actor=boss, at=at)


def test_the_worker_looks_at_the_ladders():
    found = decided(begun())
    Resolve.objects.update(decided_at=timezone.now() - 30 * DAY, due_on=timezone.localdate() - 9 * DAY)
    Resolve.objects.update(warn_at=timezone.now())
    tasks.decision_deadlines()
    assert found.rungs.count() == 4


def test_it_is_done_once_with_what_came_of_it_and_tells_nobody_any_more(meeting):
    found = decided(meeting)
    given = {"resolve_id": found.pk, "actor": found.owner, "at": timezone.now()}
    for nothing in ("", " ", "\x00", "x" * 501):
        with pytest.raises(Invalid):
            deciding.done(**given, outcome=nothing)
    made = deciding.done(**given, outcome="<script>好")
    assert (made.outcome, made.done_by, made.warn_at) == ("<script>好", found.owner, None)
    for again in (
        lambda: deciding.done(**given, outcome="x"),
        lambda: deciding.entrust(
            resolve_id=found.pk, owner=found.owner, due_on=found.due_on, actor=staff(None), at=timezone.now()
        ),
    ):
        with pytest.raises(MoveNotAllowed):
            again()
    assert DEADLINE.sweep(at=timezone.now() + 99 * DAY) == 0
    with pytest.raises(IntegrityError), transaction.atomic():
        Resolve.objects.update(done_by=None)


def test_it_is_the_owners_or_leaders_to_tick_after_the_meeting_too(department):
    found = force(department)
    meeting = begun(found)
    mine, theirs = decided(meeting), decided(meeting, owner=member_of(found))

    def tick(resolve, user):
        return deciding.done(resolve_id=resolve.pk, outcome="好", actor=user, at=timezone.now())

    with pytest.raises(NotPermitted):
        tick(mine, member_of(found))
    with pytest.raises(NotPermitted):
        tick(mine, staff(department, "analyst"))
    for stranger in (staff(department, "agent"), StaffFactory(is_staff=True)):
        with pytest.raises(NotFound):
            tick(mine, stranger)
    assert tick(theirs, member_of(found)).done_at
    assert tick(mine, leader_of(found)).done_at


def test_an_owner_who_is_in_no_task_force_sees_their_own_alone(meeting):
    other = staff(DepartmentFactory(), "agent")
    own = other.agent.memberships.get().department
    decided(meeting)
    mine = decided(meeting, owner=other, department=own)

    def seen(user, **more):
        return list(queries.resolves(user, today=timezone.localdate(), is_done=False, **more))

    assert seen(other) == [mine]
    assert len(seen(leader_of(meeting.task_force))) == 2
    assert len(seen(leader_of(meeting.task_force), mine=True)) == 1
    assert deciding.done(resolve_id=mine.pk, outcome="好", actor=other, at=timezone.now()).done_at


def test_it_comes_up_again_until_it_is_done():
    found, now = force(), timezone.now()
    first = ended(found, at=now - 7 * DAY)
    late = begun(found, at=now - 3 * DAY)
    assert not late.topics.filter(kind="decision").exists()
    decision = decided(late, days=1, at=now - 3 * DAY)
    Resolve.objects.update(meeting=first)
    late.state, late.ended_at = "ended", now - 2 * DAY
    late.save()
    again = begun(found, at=now)
    numbers = again.topics.get(kind="decision").numbers
    assert (numbers["id"], numbers["late"]) == (decision.pk, 2)
    assert not begun(force(), at=now).topics.filter(kind="decision").exists()


@pytest.mark.django_db(transaction=True)
def test_of_two_who_tick_it_at_once_one_does():
    found = decided(begun())
    calls = [
        lambda text=text: deciding.done(
            resolve_id=found.pk, outcome=text, actor=found.owner, at=timezone.now()
        )
        for text in "ab"
    ]
    assert [type(one) for one in refused(at_once(*calls))] == [MoveNotAllowed]
    assert [event.kind for event in timeline([found])].count("resolve.done") == 1


@pytest.mark.django_db(transaction=True)
def test_two_sweeps_at_once_fire_each_rung_once():
    found = decided(begun())
    at = ends_at(found.due_on) + 9 * DAY
    assert sum(at_once(*[lambda: DEADLINE.sweep(at=at)] * 2)) == 4


@pytest.mark.django_db(transaction=True)
def test_what_is_decided_while_the_meeting_ends_is_in_it_or_refused():
    found = ended(at=timezone.now() - DAY).task_force
    meeting = begun(found)
    who = meeting.attendance.first().user_id
    meetings.note_presence(meeting_id=meeting.pk, presence={who: "present"}, actor=None, at=timezone.now())
    both = at_once(
        lambda: meetings.end(meeting_id=meeting.pk, actor=None, at=timezone.now()),
        lambda: decided(meeting),
    )
    ending = timeline([meeting]).filter(kind="meeting.ended").get()
    assert ending.data["decisions"] == (0 if refused(both) else 1) == meeting.resolves.count()
