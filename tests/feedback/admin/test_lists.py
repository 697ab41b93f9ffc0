"""Every list as a file: changelists and lists of our own pages, narrowed and masked as on the screen."""

import csv
import io
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from config.common.models import Event
from feedback.cases import commands
from feedback.models import Review
from tests.factories.compensation import MemberFactory
from tests.factories.feedback import AgentFactory, DepartmentFactory, StaffFactory
from tests.factories.kpis import make_clock
from tests.factories.orders import OrderFactory
from tests.feedback.admin.conftest import client_for

pytestmark = [pytest.mark.django_db, pytest.mark.req("F8")]


def rows_of(response):
    assert response.status_code == 200
    return list(csv.reader(io.StringIO(b"".join(response).decode("utf-8-sig"))))


@pytest.fixture
def lead(work):
    return AgentFactory(user=StaffFactory(role="supervisor"), leads=[work.ours])


def test_a_changelist_as_it_is_narrowed_without_formulas_and_without_what_it_masks(lead):
    MemberFactory(name="=1+1", phone="13812345678")
    other = MemberFactory(name="张三", phone="13900001234")
    browser = client_for(lead, "en")
    lead.user.groups.get().permissions.get(codename="see_contacts")
    lead.user.groups.get().permissions.remove(lead.user.groups.get().permissions.get(codename="see_contacts"))
    path = reverse("admin:compensation_member_export_csv")
    head, *rows = rows_of(browser.get(path))
    assert len(head) == len(rows[0])
    text = str(rows)
    assert "'=1+1" in text
    assert "13812345678" not in text
    narrowed = rows_of(browser.get(path, {"q": other.external_id}))[1:]
    assert len(narrowed) == 1
    event = Event.objects.filter(kind="list.exported").latest("id")
    assert (event.data["list"], event.data["rows"]) == ("member", 1)
    assert other.external_id not in str(event.data)
    assert browser.get(f"{path}?phone__startswith=138").status_code == 400


def test_what_a_changelist_shows_in_colour_or_as_a_link_is_words_in_the_file(work, lead):
    at = timezone.now()
    order = OrderFactory(member=work.case.member)
    Review.objects.create(
        external_id="R1", member=order.member, order=order, stars=2, text="<b>慢</b>", written_at=at
    )
    rows = rows_of(client_for(lead).get(reverse("admin:feedback_review_export_csv")))
    assert len(rows) == 2
    assert "<a " not in str(rows)
    assert "&lt;" not in str(rows)


def test_the_clocks_of_the_board_are_those_that_one_sees(work, lead):
    at = timezone.now()
    late = make_clock(work.ours, due_at=at - timedelta(hours=1))
    theirs = make_clock(work.theirs, due_at=at - timedelta(hours=1))
    path = reverse("admin:list_export", args=["board-clocks", "csv"])
    browser = client_for(lead)
    text = str(rows_of(browser.get(path, {"state": "breached"})))
    assert late.case.number in text
    assert theirs.case.number not in text
    page = browser.get(reverse("admin:board_clocks"), {"state": "breached"}).content.decode()
    assert f"{path}?state=breached" in page
    assert browser.get(path).status_code == 404
    assert browser.get(path, {"state": "breached", "department": work.theirs.pk}).status_code == 404
    assert (
        browser.get(
            reverse("admin:list_export", args=["board-clocks", "pdf"]), {"state": "paused"}
        ).status_code
        == 404
    )
    assert browser.get(reverse("admin:list_export", args=["nothing", "csv"])).status_code == 404


def test_changes_are_told_a_row_a_difference(lead):
    department = DepartmentFactory(name="新部门")
    department.name = "改名了"
    department.save()
    rows = rows_of(
        client_for(lead).get(reverse("admin:list_export", args=["changes", "csv"]), {"of": "department"})
    )
    assert ["新部门", "改名了"] in [row[-2:] for row in rows]


def test_a_role_that_sees_no_page_gets_no_file_of_it(work):
    analyst = client_for(AgentFactory(user=StaffFactory(role="analyst"), departments=[work.ours]))
    assert analyst.get(reverse("admin:list_export", args=["coaching", "csv"])).status_code == 403
    assert analyst.get(reverse("admin:list_export", args=["playbooks", "csv"])).status_code == 200
    agent = client_for(work.agent)
    assert agent.get(reverse("admin:list_export", args=["playbooks", "csv"])).status_code == 403
    assert agent.get(reverse("admin:compensation_member_export_csv")).status_code in {302, 403}


def test_xlsx_holds_the_same(work, lead):
    commands.note(case_id=work.case.pk, body="x", actor=work.agent.user, at=timezone.now())
    response = client_for(lead).get(reverse("admin:feedback_call_export_xlsx"))
    assert b"".join(response)[:2] == b"PK"
