"""Edits of the configuration: kept and on record whoever makes them, and told so that people understand."""

import pytest
from django.apps import apps
from django.contrib.auth.models import Group
from django.db import ProgrammingError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from config.common.changes import changes, told
from config.common.models import Event, User
from feedback.models import Department, Membership
from tests.factories.feedback import AgentFactory, CalendarFactory, DepartmentFactory, StaffFactory
from tests.feedback.admin.conftest import client_for

pytestmark = [pytest.mark.django_db, pytest.mark.req("P4")]

PAGE = "/admin/history/"


def history_of(name):
    return apps.get_model("feedback", f"{name}History")


@pytest.fixture(autouse=True)
def english():
    with translation.override("en"):
        yield


def last(model, **options):
    return told(changes(model=model, **options).order_by("-id")[:1])[0]


def test_an_edit_in_sql_is_on_record_too():
    department = DepartmentFactory(name="客服部", name_en="Service")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE feedback_department SET name_en = 'Care' WHERE id = %s", [department.pk])
    change = last("department")
    assert (change.op, change.who, change.what) == ("update", "System", "Care")
    assert [(one.before, one.after) for one in change.differences] == [("Service", "Care")]
    Department.objects.filter(pk=department.pk).update(name_en="Care")
    assert changes(model="department", key=department.pk).count() == 2  # nothing was changed


def test_every_version_is_kept_and_cannot_be_edited():
    calendar = CalendarFactory()
    calendar.name = "新"
    calendar.save()
    kept = history_of("Calendar").objects.order_by("pgh_id")
    assert [one.name for one in kept] == ["全天候", "新"]
    with pytest.raises(ProgrammingError), transaction.atomic():
        history_of("Calendar").objects.update(name="x")


def test_inside_of_a_value_only_what_differs_is_told():
    calendar = CalendarFactory(code="office")
    calendar.content = {
        **calendar.content,
        "hours": {**calendar.content["hours"], "mon": [["10:00", "12:00"]]},
    }
    calendar.save()
    (one,) = last("calendar").differences
    assert one.name.endswith("hours · mon")
    assert one.after == "10:00–12:00"


def test_joins_are_named_by_what_they_join():
    department = DepartmentFactory(name="客服部", name_en="Service")
    agent = AgentFactory(departments=[department], user__name="陈晓雯")
    Membership.objects.filter(agent=agent).update(is_lead=True)
    change = last("membership")
    assert change.what == f"{agent} · {department}"
    assert [(one.before, one.after) for one in change.differences] == [("no", "yes")]
    Membership.objects.filter(agent=agent).delete()
    assert (last("membership").op, last("membership").what) == ("delete", f"{agent} · {department}")


def test_accounts_and_roles_without_secrets():
    user = StaffFactory(role="agent", name="王")
    user.set_password("geheim-2026")
    user.email = "w@example.com"
    user.save()
    User.objects.filter(pk=user.pk).update(is_active=False)
    assert [one.name for one in last("user").differences] == ["active"]
    everything = str(
        list(Event.objects.filter(kind="config.changed", subject_type="user").values_list("data"))
    )
    assert "example.com" not in everything
    assert user.password not in everything
    assert last("userrole").what == f"王 · {user.groups.get()}"
    group = Group.objects.get(name="客服")
    group.permissions.remove(group.permissions.first())
    assert last("rolepermission").op == "delete"


def test_the_page_names_who_did_it(client):
    admin = StaffFactory(is_superuser=True, name="系统管理员")
    department = DepartmentFactory(name="客服部", name_en="Service")
    browser = client_for(admin, "en")
    path = f"/admin/feedback/department/{department.pk}/change/"
    form = browser.get(path).context["adminform"].form
    data = {name: value for name in form.fields if (value := form[name].value()) is not None}
    data |= {"name_en": "<b>Care</b>", "memberships-TOTAL_FORMS": 0, "memberships-INITIAL_FORMS": 0}
    answer = browser.post(path, data, headers={"X-Request-ID": "abc-123-def-456"})
    assert answer.status_code == 302, answer.context["errors"]
    event = changes(model="department").latest("id")
    assert (event.actor, event.data["url"]) == (f"user:{admin.pk}", path)
    assert event.data["request"]
    shown = browser.get(PAGE, {"of": "department", "row": department.pk}).content.decode()
    assert "系统管理员" in shown
    assert "&lt;b&gt;Care" in shown
    assert "style=" not in shown
    by = browser.get(PAGE, {"by": admin.pk})
    assert {one.event.actor for one in by.context["changes"]} == {f"user:{admin.pk}"}


def test_who_may_and_what_is_not_there():
    for role, status in (("agent", 403), ("team_lead", 403), ("analyst", 403), ("supervisor", 200)):
        assert client_for(StaffFactory(role=role)).get(PAGE).status_code == status, role
    browser = client_for(StaffFactory(is_superuser=True))
    for query in ("?of=nothing", "?row=3", "?of=department&row=x", "?after=x~y"):
        assert browser.get(f"{PAGE}{query}").status_code == 404, query
    assert client_for(None).get(PAGE).status_code == 302


def test_a_fixed_number_of_queries():
    browser, counts = client_for(StaffFactory(is_superuser=True)), []
    for rows in (1, 3):
        for _ in range(rows):
            DepartmentFactory()
        browser.get(PAGE, {"of": "department"})
        with CaptureQueriesContext(connection) as made:
            browser.get(PAGE, {"of": "department"})
        counts.append(len(made))
    assert counts[0] == counts[1]
