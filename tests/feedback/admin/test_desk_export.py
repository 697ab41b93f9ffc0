"""The desk's list as a file: what is on the screen and no more, for whom it is allowed, on record."""

import io
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook

from config.common import sheets
from config.common.models import Event
from feedback.admin import desk_export
from feedback.cases import commands
from feedback.models import DeskSetup, SavedView
from tests.factories.feedback import AgentFactory
from tests.feedback.admin.conftest import client_for, open_case, staff

pytestmark = pytest.mark.req("F7")


@pytest.fixture
def lead(work):
    return client_for(AgentFactory(leads=[work.ours], user__role="team_lead"))


def path(kind="xlsx"):
    return reverse("admin:desk_export", args=[kind])


def rows(response):
    assert response.status_code == 200
    sheet = load_workbook(io.BytesIO(b"".join(response))).active
    head, *found = [list(row) for row in sheet.iter_rows(values_only=True)]
    return [dict(zip(head, row, strict=True)) for row in found]


def test_the_view_with_its_filters_order_and_columns(work, lead):
    later = open_case(work.ours, kind="refund", subject="退款", at=timezone.now() - timedelta(minutes=5))
    first = open_case(work.ours, kind="refund", subject="=1+1", body="+2", at=timezone.now())
    open_case(work.theirs, kind="refund")
    found = rows(lead.get(path(), {"view": "department", "kind": "refund", "sort": "newest"}))
    assert [row["编号"] for row in found] == [first.number, later.number]
    assert found[0]["最后一句"] == "+2"
    assert found[0]["计时"] == "首次回复"
    assert "订单" not in found[0]
    event = Event.objects.get(kind="list.exported")
    assert (event.data["list"], event.data["rows"], event.data["format"]) == ("desk", 2, "xlsx")
    assert event.data["filters"]["kind"] == "refund"


def test_a_saved_views_own_filter_and_columns(work):
    agent = AgentFactory(leads=[work.ours], user__role="team_lead")
    wanted = open_case(work.ours, kind="refund")
    view = SavedView.objects.create(
        owner=agent.user, name="退款", filter={"view": "department", "kinds": ["refund"]}, columns=["subject"]
    )
    DeskSetup.objects.create(user=agent.user, columns=["tier"])
    (row,) = rows(client_for(agent).get(path(), {"view": f"view-{view.pk}"}))
    assert (row["编号"], row["标题"]) == (wanted.number, "包裹破损")
    assert "会员等级" not in row


def test_a_search_is_taken_out_but_not_put_on_record(work, lead):
    found = rows(lead.get(path(), {"q": work.case.number}))
    assert [row["编号"] for row in found] == [work.case.number]
    assert work.case.number not in str(Event.objects.get(kind="list.exported").data)


@pytest.mark.parametrize(
    ("role", "status"),
    [
        ("agent", 403),
        ("team_lead", 200),
        ("supervisor", 200),
        ("moderator", 403),
        ("finance", 403),
        ("analyst", 403),
        ("administrator", 200),
    ],
)
def test_roles(work, role, status):
    assert client_for(staff(role)).get(path("csv")).status_code == status
    assert Event.objects.filter(kind="list.exported").exists() is (status == 200)


def test_the_desk_offers_it_to_whom_it_is_allowed(work, lead, browser):
    assert path() in lead.get("/admin/desk/", {"view": "department"}).content.decode()
    assert path() not in browser.get("/admin/desk/").content.decode()


def test_a_lead_of_another_department_gets_their_own_cases_alone(work):
    there = client_for(AgentFactory(leads=[work.theirs], user__role="team_lead"))
    theirs = open_case(work.theirs)
    assert [row["编号"] for row in rows(there.get(path(), {"view": "department"}))] == [theirs.number]
    assert rows(there.get(path(), {"view": "department", "q": work.case.number})) == []
    mine = SavedView.objects.create(owner=work.agent.user, name="x", filter={"view": "department"})
    assert rows(there.get(path(), {"view": f"view-{mine.pk}"})) == []  # not shared: as if it were not there


def test_what_is_too_long_or_no_file_is_refused(work, lead, monkeypatch):
    open_case(work.ours)
    for module in (sheets, desk_export):
        monkeypatch.setattr(module, "MOST_ROWS", 1)
    response = lead.get(path(), {"view": "department"}, follow=True)
    assert response.redirect_chain[0][0].startswith("/admin/desk/")
    assert "缩小" in response.content.decode()
    assert not Event.objects.filter(kind="list.exported").exists()
    assert lead.get(path("pdf")).status_code == 404
    assert lead.post(path()).status_code == 405


@pytest.mark.parametrize("sort", ["due", "newest"])
def test_parts_hold_every_case_once_and_cost_the_same(work, lead, monkeypatch, sort):
    monkeypatch.setattr(desk_export, "AT_ONCE", 2)
    for _n in range(4):
        open_case(work.ours)
    found = rows(lead.get(path(), {"view": "department", "sort": sort}))
    assert len({row["编号"] for row in found}) == len(found) == 5
    monkeypatch.setattr(desk_export, "AT_ONCE", 100)

    def count():
        with CaptureQueriesContext(connection) as queries:
            rows(lead.get(path(), {"view": "department", "sort": sort}))
        return len(queries)

    many = count()
    for case in list(work.ours.cases.order_by("pk")[1:]):
        commands.transfer(case_id=case.pk, department_id=work.theirs.pk, actor=None, at=timezone.now())
    assert count() == many
