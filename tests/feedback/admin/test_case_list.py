import csv
import io

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from feedback.cases import commands
from feedback.models import CaseStatus, Resolution
from tests.factories.feedback import AgentFactory
from tests.feedback.admin.conftest import client_for, open_case, staff

LIST = "/admin/feedback/case/"


@pytest.fixture
def lead(work):
    return client_for(AgentFactory(leads=[work.ours], user__role="supervisor"))


@pytest.mark.parametrize(
    ("role", "seen", "exports"),
    [("agent", 200, 403), ("supervisor", 200, 200), ("administrator", 200, 200), ("finance", 403, 403)],
)
def test_roles(work, role, seen, exports):
    browser = client_for(staff(role))
    assert browser.get(LIST).status_code == seen
    for path in ("csv", "xlsx"):
        assert browser.get(f"{LIST}{path}/").status_code == exports


def test_shows_and_exports_what_is_ours_and_fits(work, lead):
    theirs = open_case(work.theirs, subject="别人的")
    chat = open_case(work.ours, channel="chat", subject="=HYPERLINK(1)")
    text = lead.get(LIST).content.decode()
    assert work.case.number in text
    assert theirs.number not in text
    assert reverse("admin:case", args=[work.case.pk]) in text
    rows = list(csv.reader(io.StringIO(lead.get(LIST + "csv/").getvalue().decode("utf-8-sig"))))
    assert [row[0] for row in rows[1:]] == [work.case.number, chat.number]
    assert rows[2][1] == "'=HYPERLINK(1)"
    narrowed = lead.get(LIST + "csv/?channel__exact=chat").getvalue().decode("utf-8-sig")
    assert len(list(csv.reader(io.StringIO(narrowed)))) == 2
    assert "csv/?channel__exact=chat" in lead.get(LIST + "?channel__exact=chat").content.decode()
    assert lead.get(LIST + "xlsx/").getvalue()[:2] == b"PK"


def test_search_goes_by_index_and_finds_ours_alone(work, lead):
    theirs = open_case(work.theirs)
    assert work.case.subject in lead.get(LIST, {"q": work.case.member.phone}).content.decode()
    assert theirs.member.name not in lead.get(LIST, {"q": theirs.number}).content.decode()


def test_a_row_leads_to_the_page_and_nothing_is_changed_by_forms(work, lead):
    path = f"{LIST}{work.case.pk}"
    assert lead.get(f"{path}/change/").url == reverse("admin:case", args=[work.case.pk])
    assert lead.get(f"{path}/history/").url == reverse("admin:case", args=[work.case.pk])
    assert lead.post(f"{path}/change/", {"subject": "x"}).status_code == 302
    assert lead.get(f"{path}/delete/").status_code == 403
    assert lead.get(f"{LIST}add/").status_code == 403
    work.case.refresh_from_db()
    assert work.case.subject == "包裹破损"


def test_close_selected_closes_what_may_be_closed(work, lead):
    solved, theirs = open_case(work.ours), open_case(work.theirs)
    for case, agent in ((solved, work.agent), (theirs, work.stranger)):
        commands.resolve(
            case_id=case.pk, resolution=Resolution.SOLVED, message="好了", actor=agent.user, at=timezone.now()
        )
    chosen = [work.case.pk, solved.pk, theirs.pk]
    data = {"action": "close_selected", "_selected_action": chosen}
    text = lead.post(LIST, data, follow=True).content.decode()
    for case in (work.case, solved, theirs):
        case.refresh_from_db()
    assert [case.status for case in (work.case, solved, theirs)] == [
        CaseStatus.NEW,
        CaseStatus.CLOSED,
        CaseStatus.RESOLVED,
    ]
    assert work.case.number in text
    looks = client_for(staff("analyst"))
    assert looks.post(LIST, data).status_code == 403


def test_number_of_queries_does_not_grow_and_nothing_is_counted_in_full(work, lead):
    def look():
        with CaptureQueriesContext(connection) as queries:
            assert lead.get(LIST).status_code == 200
        return [query["sql"] for query in queries]

    look()
    one = look()
    for agent in (work.agent, work.mate):
        commands.claim(case_id=open_case(work.ours).pk, actor=agent.user, at=timezone.now())
    assert len(look()) == len(one)
    assert not [sql for sql in one if sql.startswith('SELECT COUNT(*) AS "__count" FROM "feedback_case"')]
