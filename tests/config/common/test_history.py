"""Edits of the configuration: kept and on record whoever makes them, and told so that people understand."""

import pytest
from django.apps import apps
from django.contrib.auth.models import Group
from django.db import ProgrammingError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from compensation.models import Authority
from config.common.changes import changes, told
from config.common.models import Event, User
from feedback.models import (
    Article,
    ArticleText,
    Cover,
    Department,
    Mailbox,
    Membership,
    Messenger,
    Topic,
    WebhookKey,
    WebhookSource,
)
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
        list(
            Event.objects.filter(kind="config.changed", subject_type="user")
            .order_by("id")
            .values_list("data")
        )
    )
    assert "example.com" not in everything
    assert user.password not in everything
    assert last("userrole").what == f"王 · {user.groups.get()}"
    group = Group.objects.get(name="客服")
    group.permissions.remove(group.permissions.first())
    assert last("rolepermission").op == "delete"


def everything() -> str:
    """All that the log and the histories keep."""
    kept = [model.objects.values_list() for model in apps.get_models() if model.__name__.endswith("History")]
    return str([list(rows) for rows in (Event.objects.values_list("data"), *kept)])


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda: Mailbox.objects.create(name="客", address="a@b.example", password="geheim-1"), "password"),
        (
            lambda: Messenger.objects.create(
                name="群", kind="dingtalk", department=DepartmentFactory(), sealed_url="geheim-1"
            ),
            "sealed_url",
        ),
        (
            lambda: WebhookKey.objects.create(
                source=WebhookSource.objects.create(code="tb", name="淘宝", channel="marketplace"),
                secret="geheim-1", hint="im-1", scopes=["messages"], created_at="2026-11-22T00:00Z",
            ),
            "secret",
        ),
    ],
)  # fmt: skip
def test_of_a_secret_only_that_it_was_replaced_is_on_record(make, field):
    row = make()
    name = row._meta.model_name
    setattr(row, field, "geheim-2")
    row.save()
    (one,) = last(name).differences
    assert one.name == str(row._meta.get_field(field).verbose_name)
    assert one.before != one.after
    assert "geheim" not in everything()
    before = changes(model=name).count()
    row.save()
    assert changes(model=name).count() == before


def test_what_a_worker_notes_all_day_is_no_edit():
    row = Mailbox.objects.create(name="客服", address="a@shop.example", password="x")
    kept, told_of = history_of("Mailbox").objects.count(), changes(model="mailbox").count()
    Mailbox.objects.update(last_uid=9, uid_validity=3, last_error="x", checked_at="2026-11-22T00:00Z")
    assert (history_of("Mailbox").objects.count(), changes(model="mailbox").count()) == (kept, told_of)
    Mailbox.objects.filter(pk=row.pk).update(imap_host="imap.shop.example")
    assert [diff.after for diff in last("mailbox").differences] == ["imap.shop.example"]


def test_texts_topics_covers_and_authority_are_kept():
    topic = Topic.objects.create(code="returns", name="退货")
    article = Article.objects.create(code="how", topic=topic)
    text = ArticleText.objects.create(article=article, language="zh-hans", title="怎么退货", body="先申请。")
    ArticleText.objects.filter(pk=text.pk).update(body="先申请，再寄回。")
    assert [(one.before, one.after) for one in last("articletext").differences] == [
        ("先申请。", "先申请，再寄回。")
    ]
    assert last("topic").op == "insert"
    department = DepartmentFactory()
    agent, mate = (AgentFactory(departments=[department]) for _ in range(2))
    Cover.objects.create(agent=agent, cover=mate)
    assert last("cover").what == f"{agent} · {mate}"
    authority = Authority.objects.create(group=agent.user.groups.get(), per_grant_fen=5000)
    Authority.objects.filter(pk=authority.pk).update(per_grant_fen=900_000)
    assert [(one.before, one.after) for one in last("authority").differences] == [("5000", "900000")]


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
