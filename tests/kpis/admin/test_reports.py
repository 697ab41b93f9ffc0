"""Reports in the admin: who reads which, as what; comments, decisions, letters; and what makes no sense."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from config.common.events import timeline
from kpis.defaults import demo_reports
from kpis.models import Report, ReportNote, ReportReader, Snapshot
from kpis.reports.words import sections
from tests.factories.feedback import DepartmentFactory
from tests.factories.improvements import staff
from tests.factories.reports import MONDAY, measured, monthly, weekly

pytestmark = [pytest.mark.django_db, pytest.mark.req("K3")]
LIST = reverse("admin:reports")


@pytest.fixture
def department():
    return DepartmentFactory(name="客服部")


@pytest.fixture
def lead(department, client):
    user = staff(department, "team_lead")
    client.force_login(user)
    return user


def page_of(client, found):
    return client.get(reverse("admin:report", args=[found.pk]))


def act(client, found, name, **data):
    return client.post(reverse("admin:report_act", args=[found.pk, name]), data)


def test_the_page_shows_what_the_report_holds(client, department, lead):
    measured(department)
    found = weekly(department)
    shown = page_of(client, found).content.decode()
    for section in sections(found):
        assert section.title in shown
        for cells in section.table.rows:
            for cell in cells:
                assert cell.text.replace("'", "&#x27;") in shown
    assert shown.count("<svg") >= 3
    assert reverse("admin:report", args=[found.pk]) in client.get(LIST).content.decode()


@pytest.mark.parametrize("kind", ["pdf", "xlsx"])
def test_it_is_taken_out_as_a_file_and_on_record(client, department, lead, kind):
    found = weekly(department)
    answer = client.get(reverse("admin:report_file", args=[found.pk, kind]))
    assert answer.status_code == 200
    assert answer.content.startswith({"pdf": b"%PDF", "xlsx": b"PK"}[kind])
    assert f".{kind}" in answer["Content-Disposition"]
    assert timeline([found]).filter(kind="report.taken").count() == 1
    assert client.get(f"/admin/reports/{found.pk}/file.exe").status_code == 404


def test_company_and_other_departments_reports_are_not_there_for_a_lead(client, department, lead):
    for found in (monthly(), weekly(DepartmentFactory(name="别处"))):
        assert page_of(client, found).status_code == 404
        assert act(client, found, "note", text="x").status_code == 404
        assert client.get(reverse("admin:report_file", args=[found.pk, "pdf"])).status_code == 404
    assert "别处" not in client.get(LIST).content.decode()
    assert not ReportNote.objects.exists()


def test_an_agent_has_none(client, department):
    client.force_login(staff(department, "agent"))
    assert client.get(LIST).status_code == 403
    assert page_of(client, weekly(department)).status_code == 403


def test_an_analyst_reads_those_of_the_company(client):
    client.force_login(staff(None, "analyst"))
    assert page_of(client, monthly()).status_code == 200


def test_it_is_commented_on_and_decided(client, department, lead):
    found, day = weekly(department), timezone.localdate() + timedelta(9)
    assert act(client, found, "note", text="<b>好").status_code == 302
    assert act(client, found, "note", text="加夜班", owner=lead.pk, due_on=f"{day}").status_code == 302
    assert "&lt;b&gt;好" in page_of(client, found).content.decode()
    decision = found.notes.get(owner=lead)
    assert act(client, found, "done", note=decision.pk).status_code == 302
    decision.refresh_from_db()
    assert decision.done_by == lead


@pytest.mark.parametrize(
    ("name", "data", "status"),
    [
        ("note", {"text": ""}, 400),
        ("note", {"text": "a\x00"}, 400),
        ("note", {"text": "x" * 2001}, 400),
        ("note", {"text": "x", "due_on": "9999-99-99"}, 400),
        ("note", {"text": "x", "owner": "0"}, 400),
        ("note", {"text": "x", "due_on": "2150-01-01"}, 400),
        ("done", {"note": "x"}, 404),
        ("reader", {"user": "\x00"}, 400),
        ("magic", {}, 404),
    ],
)
def test_what_makes_no_sense_is_refused_and_nothing_kept(client, department, lead, name, data, status):
    answer = act(client, weekly(department), name, **data)
    assert answer.status_code == status
    if data.get("text") == "x":
        assert b"x</textarea>" in answer.content
    assert not ReportNote.objects.exists()
    assert not ReportReader.objects.exists()


def test_one_lets_oneself_be_told_and_no_longer(client, department, lead):
    for is_on in ("1", "1", "0"):
        data = {"kind": "weekly", "department": department.pk, "is_on": is_on}
        assert client.post(reverse("admin:report_tell_me"), data).status_code == 302
        assert ReportReader.objects.filter(user=lead).exists() is (is_on == "1")
    for wrong in ({"kind": "monthly"}, {"kind": "x"}, {"kind": "weekly", "department": "9" * 30}):
        assert client.post(reverse("admin:report_tell_me"), wrong | {"is_on": "1"}).status_code == 400


def test_a_supervisor_keeps_the_list_a_lead_does_not(client, department, lead):
    found, other = weekly(department), staff(department, "team_lead")
    assert act(client, found, "reader", user=other.pk, is_on="1").status_code == 403
    client.force_login(staff(department))
    for is_on, expected in (("1", True), ("0", False)):
        assert act(client, found, "reader", user=other.pk, is_on=is_on).status_code == 302
        assert ReportReader.objects.filter(user=other).exists() is expected


def test_what_is_refused_leaves_the_list_where_it_was(client, department, lead):
    weekly(department)
    answer = client.post(reverse("admin:report_tell_me"), {"kind": "x", "is_on": "1"})
    assert (answer.status_code, len(answer.context["rows"])) == (400, 1)


def test_only_who_may_read_it_is_offered_as_owner_and_others_are_refused(client, department, lead):
    found, stranger = weekly(department), staff(department, "agent")
    assert list(page_of(client, found).context["form"].fields["owner"].queryset) == [lead]
    day = timezone.localdate() + timedelta(9)
    assert act(client, found, "note", text="x", owner=stranger.pk, due_on=f"{day}").status_code == 400


def test_what_was_said_is_shown_by_pages_the_newest_first(client, department, lead):
    found = weekly(department)
    rows = [ReportNote(report=found, text=f"第 {number} 条", by=lead, at=MONDAY) for number in range(31)]
    ReportNote.objects.bulk_create(rows)
    first = page_of(client, found)
    assert (first.context["notes"][0].text, len(first.context["notes"])) == ("第 30 条", 30)
    assert "?notes=1" in first.content.decode()
    address = reverse("admin:report", args=[found.pk])
    assert [one.text for one in client.get(f"{address}?notes=1").context["notes"]] == ["第 0 条"]
    for odd in ("x", "-1", "9" * 17):
        assert client.get(f"{address}?notes={odd}").status_code == 200


def test_what_was_corrected_later_is_said(client, department, lead):
    measured(department)
    found = weekly(department)
    before = page_of(client, found)
    Snapshot.objects.filter(day=found.first).update(n=1000)
    after = page_of(client, found)
    assert (before.context["changed"], bool(after.context["changed"])) == ([], True)
    assert after.context["sections"][0].table == before.context["sections"][0].table


def test_as_many_queries_for_three_as_for_one(client, department, lead):
    def queries(address):
        client.get(address)
        with CaptureQueriesContext(connection) as found:
            assert client.get(address).status_code == 200
        return len(found)

    first = weekly(department)
    act(client, first, "note", text="一")
    addresses = [LIST, reverse("admin:report", args=[first.pk])]
    one = [queries(address) for address in addresses]
    for back in (1, 2):
        week = {"first": first.first - timedelta(7 * back), "last": first.last - timedelta(7 * back)}
        Report.objects.create(kind="weekly", department=department, made_at=MONDAY, content={}, **week)
        act(client, first, "note", text="二")
    assert [queries(address) for address in addresses] == one


def test_the_list_is_narrowed_and_refuses_what_there_is_not(client, department, lead):
    weekly(department)
    assert len(client.get(LIST, {"kind": "weekly"}).context["rows"]) == 1
    assert len(client.get(LIST, {"kind": "monthly"}).context["rows"]) == 0
    for wrong in ({"kind": "x"}, {"page": "-1"}, {"page": "9" * 30}):
        assert client.get(LIST, wrong).status_code == 400


def test_the_demo_shop_has_reports_with_a_decision():
    department = DepartmentFactory(code="service")
    for name, role in (("lead", "team_lead"), ("supervisor", "supervisor")):
        user = staff(department, role)
        type(user).objects.filter(pk=user.pk).update(username=name)
    demo_reports.seed(timezone.now())
    assert Report.objects.filter(kind="weekly").count() == demo_reports.WEEKS
    assert Report.objects.exclude(kind="weekly").count() == 2
    assert ReportNote.objects.filter(owner__username="lead").count() == 1
