import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from compensation.models import Grant, Notice
from config.common.events import timeline
from config.common.models import User
from feedback.defaults.authority import seed_authority
from feedback.defaults.roles import seed_roles
from feedback.models import Alert
from feedback.remedies.commands import grant_for_case
from tests.factories.feedback import AgentFactory, CaseFactory, DepartmentFactory, StaffFactory, group
from tests.factories.money import AT, CouponTemplateFactory

pytestmark = [pytest.mark.django_db, pytest.mark.req("C7"), pytest.mark.req("P1")]

GRANTS = "/admin/compensation/grant/"


def somebody(role, department):
    group(role)
    seed_authority(AT)
    agent = AgentFactory(user=StaffFactory(role=role), departments=[department])
    return User.objects.get(pk=agent.user_id)


def asked(department, agent, yuan=60):
    case = CaseFactory(department=department)
    template = CouponTemplateFactory(code=f"sorry-{yuan}")
    return grant_for_case(
        case_id=case.pk, kind="coupon", template_id=template.pk, reason="Late", key="k", actor=agent, at=AT
    ).grant


def act(client, action, *grants, note=""):
    data = {"action": action, "_selected_action": [grant.pk for grant in grants], "note": note}
    data |= {f"seen-{grant.pk}": grant.content_hash for grant in grants}
    return client.post(GRANTS, data, follow=True).content.decode()


def test_a_decision_is_written_to_the_case_and_told(client):
    department = DepartmentFactory()
    agent = somebody("agent", department)
    first, second = asked(department, agent), asked(department, agent, 70)
    client.force_login(somebody("supervisor", department))
    act(client, "approve", first)
    act(client, "refuse", second, note="Too much")
    assert [Grant.objects.get(pk=grant.pk).status for grant in (first, second)] == ["confirmed", "refused"]
    kinds = timeline([first.remedy.case, second.remedy.case]).values_list("kind", flat=True)
    assert {"remedy.granted", "remedy.refused"} <= set(kinds)
    assert Notice.objects.count() == 1
    assert set(Alert.objects.filter(user=agent).values_list("kind", flat=True)) == {
        "remedy.approved",
        "remedy.refused",
    }


def test_grants_of_other_departments_are_neither_seen_nor_decided(client):
    department = DepartmentFactory()
    grant = asked(department, somebody("agent", department))
    client.force_login(somebody("supervisor", DepartmentFactory()))
    assert grant.remedy.case.number not in client.get(GRANTS).content.decode()
    assert client.get(f"{GRANTS}{grant.pk}/change/").status_code == 302
    act(client, "approve", grant)
    assert Grant.objects.get().status == "requested"


def test_an_agent_sees_the_grants_of_the_department_and_decides_none(client):
    department = DepartmentFactory()
    agent = somebody("agent", department)
    grant = asked(department, agent)
    client.force_login(somebody("agent", department))
    assert grant.remedy.case.number in client.get(GRANTS).content.decode()
    act(client, "approve", grant)
    assert Grant.objects.get().status == "requested"


def test_ones_own_request_is_refused_with_a_reason(client):
    department = DepartmentFactory()
    supervisor = somebody("supervisor", department)
    grant = asked(department, supervisor, yuan=2_000)
    client.force_login(supervisor)
    assert "须由他人审批" in act(client, "approve", grant)
    assert Grant.objects.get().status == "requested"


def test_the_list_takes_a_constant_number_of_queries(admin_client):
    department = DepartmentFactory()
    agent = somebody("agent", department)
    counts = []
    for rows in (1, 2):
        for _ in range(rows):
            asked(department, agent)
        with CaptureQueriesContext(connection) as made:
            admin_client.get(GRANTS)
        counts.append(len(made))
    assert counts[0] == counts[1]


@time_machine.travel(AT)
def test_a_coupon_of_a_case_is_taken_back_within_its_department_and_written_there(client):
    department = DepartmentFactory()
    grant = asked(department, somebody("agent", department), 5)
    seed_roles(AT)
    data = {"action": "revoke", "_selected_action": [grant.coupon.pk], "note": "Mistake"}
    outsider, supervisor = somebody("supervisor", DepartmentFactory()), somebody("supervisor", department)
    client.force_login(outsider)
    client.post("/admin/compensation/coupon/", data, follow=True)
    grant.refresh_from_db()
    assert (grant.status, grant.coupon.status) == ("confirmed", "issued")
    client.force_login(supervisor)
    client.post("/admin/compensation/coupon/", data, follow=True)
    grant = Grant.objects.get(pk=grant.pk)
    assert (grant.status, grant.coupon.status) == ("reversed", "revoked")
    assert "remedy.reversed" in timeline([grant.remedy.case]).values_list("kind", flat=True)
