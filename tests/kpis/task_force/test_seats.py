"""Who is in a task force: one leader, each once, for a department that is theirs."""

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from config.common.errors import Invalid, NotFound, NotPermitted
from config.common.events import timeline
from kpis.models import PartIn, TaskForce, TaskForceMember
from kpis.task_force import seats
from kpis.task_force.held import visible_to
from kpis.task_force.seats import Seat
from tests.factories.feedback import DepartmentFactory, StaffFactory
from tests.factories.improvements import staff
from tests.factories.task_forces import force, leader_of, member_of

pytestmark = [pytest.mark.django_db, pytest.mark.req("K10")]
LEADER, MEMBER, KEEPER = PartIn.LEADER, PartIn.MEMBER, PartIn.KEEPER


@pytest.fixture
def department():
    return DepartmentFactory()


def create(*rows, actor=None, name="小组", weekday=0):
    return seats.create(name=name, weekday=weekday, seats=rows, actor=actor, at=timezone.now())


def change(found, *rows, actor=None, **more):
    given = {"name": "小组", "weekday": 0, "is_active": True, **more}
    return seats.change(task_force_id=found.pk, seats=rows, actor=actor, at=timezone.now(), **given)


def test_a_supervisor_puts_it_together_and_others_may_not(department):
    leader = staff(department, "agent")
    for role in ("agent", "team_lead", "analyst"):
        with pytest.raises(NotPermitted):
            create(Seat(leader, department, LEADER), actor=staff(department, role))
    found = create(Seat(leader, department, LEADER), actor=staff(department))
    assert [one.user for one in found.members.all()] == [leader]
    assert [event.kind for event in timeline([found])] == ["taskforce.made"]


def test_people_must_fit(department):
    one, two = (staff(department, "agent") for _ in range(2))
    elsewhere = DepartmentFactory()
    nobody = StaffFactory(is_staff=True)
    for rows in (
        (),
        (Seat(one, department),),
        (Seat(one, department, LEADER), Seat(two, department, LEADER)),
        (Seat(one, department, KEEPER), Seat(two, department, KEEPER)),
        (Seat(one, department, LEADER), Seat(one, department)),
        (Seat(one, department, LEADER), Seat(two, elsewhere)),
        (Seat(one, department, LEADER), Seat(nobody, department)),
        (Seat(one, department, LEADER), Seat(two, department, "king")),
        (Seat(one, department, LEADER), *[Seat(two, department)] * 40),
    ):
        with pytest.raises(Invalid):
            create(*rows)
    for wrong in ({"name": ""}, {"name": "x" * 121}, {"name": "\x00"}, {"weekday": 7}, {"weekday": -1}):
        with pytest.raises(Invalid):
            create(Seat(one, department, LEADER), **wrong)
    assert not TaskForce.objects.exists()


def test_the_database_knows_one_leader_and_each_once(department):
    found = force(department)
    for user, part in ((staff(department), LEADER), (member_of(found), MEMBER)):
        with pytest.raises(IntegrityError), transaction.atomic():
            TaskForceMember.objects.create(task_force=found, user=user, department=department, part=part)


def test_changing_it_puts_others_in_their_places(department):
    found = force(department)
    leader, member = leader_of(found), member_of(found)
    rows = (Seat(leader, department), Seat(member, department, LEADER))
    for actor, error in (
        (leader, NotPermitted),
        (staff(department, "analyst"), NotPermitted),
        (staff(department, "agent"), NotFound),
    ):
        with pytest.raises(error):
            change(found, *rows, actor=actor)
    change(found, *rows, actor=staff(department), name="新名字", weekday=3, is_active=False)
    found.refresh_from_db()
    assert (found.name, found.weekday, found.is_active) == ("新名字", 3, False)
    assert (leader_of(found), member_of(found)) == (member, leader)


def test_who_has_left_stays_until_taken_out_but_comes_in_no_more(department):
    found = force(department)
    leader, member = leader_of(found), member_of(found)
    type(member).objects.filter(pk=member.pk).update(is_active=False)
    member = member_of(found)
    rows = (Seat(leader, department, LEADER), Seat(member, department))
    change(found, *rows)
    change(found, rows[0])
    with pytest.raises(Invalid):
        change(found, *rows)


def test_who_sees_it(department):
    found = force(department)
    sees = [leader_of(found), member_of(found), staff(None, "analyst"), staff(DepartmentFactory())]
    assert all(list(visible_to(user)) == [found] for user in sees)
    blind = [staff(department, "agent"), staff(department, "team_lead"), StaffFactory(is_staff=True)]
    assert not any(visible_to(user) for user in blind)
    type(sees[1]).objects.filter(pk=sees[1].pk).update(is_active=False)
    assert not visible_to(member_of(found))
