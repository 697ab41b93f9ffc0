import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback.defaults.departments import DEPARTMENTS, seed_departments
from feedback.defaults.roles import ROLES, seed_roles
from feedback.models import Department
from feedback.org import queries
from feedback.org.rules import above, with_below
from tests.factories.compensation import T0
from tests.factories.feedback import AgentFactory, DepartmentFactory, StaffFactory, group

pytestmark = pytest.mark.django_db


@pytest.fixture
def house():
    """A company of three floors: top > service > phone, and logistics beside service."""
    top = DepartmentFactory(code="top")
    service = DepartmentFactory(code="service", parent=top)
    return {
        "top": top,
        "service": service,
        "phone": DepartmentFactory(code="phone", parent=service),
        "logistics": DepartmentFactory(code="logistics", parent=top),
    }


def codes(user):
    return set(queries.departments_of(user).values_list("code", flat=True))


@pytest.mark.req("P1")
def test_departments_are_mine_and_those_below_what_i_lead(house):
    assert codes(AgentFactory(departments=[house["service"]]).user) == {"service"}
    assert codes(AgentFactory(leads=[house["service"]]).user) == {"service", "phone"}
    assert codes(AgentFactory(leads=[house["top"]]).user) == set(house)
    assert codes(AgentFactory(departments=[house["phone"]], leads=[house["logistics"]]).user) == {
        "phone", "logistics",
    }  # fmt: skip


def test_nobody_sees_without_a_membership_and_nobody_when_gone(house):
    assert codes(StaffFactory(role="supervisor")) == set()
    assert codes(StaffFactory(is_superuser=True, is_active=False)) == set()
    assert codes(AgentFactory(departments=[house["top"]], user__is_active=False).user) == set()


def test_administrator_sees_all(house):
    assert codes(StaffFactory(is_superuser=True)) == set(house)
    assert codes(StaffFactory(role="administrator")) == set(house)


def test_leads_and_colleagues_are_active(house):
    lead = AgentFactory(leads=[house["service"]])
    clerk = AgentFactory(departments=[house["service"]])
    AgentFactory(leads=[house["service"]], is_active=False)
    AgentFactory(leads=[house["service"]], user__is_active=False)
    AgentFactory(leads=[house["top"]], departments=[house["phone"]])
    assert set(queries.colleagues(house["service"])) == {lead, clerk}
    assert list(queries.leads_of(house["service"])) == [lead]


def test_lead_elsewhere_is_no_lead_here(house):
    AgentFactory(leads=[house["logistics"]], departments=[house["service"]])
    assert list(queries.leads_of(house["service"])) == []


def test_agent_of():
    agent = AgentFactory()
    assert queries.agent_of(agent.user) == agent
    assert queries.agent_of(StaffFactory()) is None


def test_new_cases_go_where_it_says_or_anywhere_at_all(house):
    assert queries.taker_of_new_cases() == house["top"]
    Department.objects.filter(code="service").update(takes_new=True)
    assert queries.taker_of_new_cases() == house["service"]
    Department.objects.update(takes_new=False, is_active=False)
    with pytest.raises(Department.DoesNotExist):
        queries.taker_of_new_cases()


@given(st.dictionaries(st.integers(1, 8), st.none() | st.integers(1, 8), max_size=8), st.integers(1, 8))
def test_walks_end_even_in_a_circle(parents, start):
    found = list(above(parents, start))
    assert len(found) == len(set(found))
    assert start not in found
    below = with_below(parents, [start])
    assert start in below
    assert all(start in above(parents, one) for one in below - {start})


def test_seeded_departments_stand_below_one_and_stay_as_edited():
    seed_departments(T0)
    assert Department.objects.count() == len(DEPARTMENTS)
    top = Department.objects.get(parent=None)
    assert top.children.count() == len(DEPARTMENTS) - 1
    assert queries.taker_of_new_cases().name == "客服部"
    Department.objects.filter(code="finance").update(name="财务中心")
    seed_departments(T0)
    assert Department.objects.get(code="finance").name == "财务中心"


def test_seeded_roles_hold_what_they_say_and_stay_as_edited():
    seed_roles(T0)
    agent = group("agent")
    assert {f"{one.content_type.app_label}.{one.codename}" for one in agent.permissions.all()} == set(
        ROLES["agent"].permissions
    )
    agent.permissions.clear()
    seed_roles(T0)
    assert not agent.permissions.exists()


@pytest.mark.req("P1")
def test_roles_differ_in_what_they_may_do():
    def may(permission):
        return {role for role in ROLES if StaffFactory(role=role).has_perm(permission)}

    assert may("feedback.work_case") == {"agent", "team_lead", "supervisor", "administrator"}
    assert may("feedback.assign_case") == {"team_lead", "supervisor", "administrator"}
    assert may("compensation.approve_grant") == {"team_lead", "supervisor", "finance", "administrator"}
    assert may("feedback.see_all_departments") == {"administrator"}
    assert "moderator" in may("feedback.add_reply")
