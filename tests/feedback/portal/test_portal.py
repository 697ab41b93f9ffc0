"""A member's cases in the portal: tell, follow, answer, confirm."""

import re
import uuid
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from compensation.models import Member
from feedback.cases import commands
from feedback.models import Attachment, Case, Clock, Department, Message
from tests.factories.compensation import MemberFactory
from tests.factories.feedback import AgentFactory, DepartmentFactory, picture
from tests.factories.orders import OrderFactory
from tests.factories.session import browser_of
from tests.factories.sop import make_policy

pytestmark = [pytest.mark.django_db, pytest.mark.req("P2"), pytest.mark.req("F9")]
NEW = "/portal/cases/new/"


@pytest.fixture
def department() -> Department:
    department = DepartmentFactory(takes_new=True)
    make_policy(calendar=department.calendar)
    return department


@pytest.fixture
def member(department: Department) -> Member:
    return MemberFactory(language="en")


@pytest.fixture
def browser(member: Member) -> Client:
    return browser_of(member)


def text(response: object) -> str:
    return response.content.decode()


def form(**fields: object) -> dict[str, object]:
    return {"key": str(uuid.uuid4()), "reason": "damaged"} | fields


def open_case(member: Member, **fields: object) -> Case:
    given = {"kind": "complaint", "channel": "portal", "subject": "Broken cup", "body": "It broke."} | fields
    return commands.open_case(member=member, **given, actor=member, at=timezone.now())


def answer(case: Case, then: str = "open", **fields: object) -> None:
    user = AgentFactory(departments=[case.department], **fields).user
    commands.reply(case_id=case.pk, body="We are sorry.", then=then, actor=user, at=timezone.now())


@pytest.mark.req("F1")
def test_three_taps_and_a_photo_open_a_case(member: Member, browser: Client) -> None:
    order = OrderFactory(member=member)
    page = text(browser.get(NEW, {"order": order.pk}))
    key = re.search(r'name="key" value="([^"]+)"', page).group(1)
    assert f'name="order" value="{order.pk}"' in page
    sent = browser.post(NEW, {"key": key, "reason": "damaged", "order": order.pk, "photos": [picture()]})
    case = Case.objects.get()
    assert sent.url == f"/portal/cases/{case.pk}/?said=opened"
    assert (case.order, case.channel, case.subject) == (order, "portal", "Arrived damaged")
    shown = text(browser.get(sent.url))
    assert "We promised an answer by" in shown
    file = Attachment.objects.get()
    assert f"/portal/attachments/{file.pk}/" in shown
    assert browser.get(f"/portal/attachments/{file.pk}/").status_code == 200


def test_sending_twice_opens_one_case(browser: Client) -> None:
    content = form(body="Broken")
    first, second = browser.post(NEW, content), browser.post(NEW, content)
    assert first.url == second.url
    other = browser.post(NEW, content | {"body": "Lost"})
    assert other.status_code == 400
    assert "You have sent this form before" in text(other)
    assert "Lost" in text(other)
    assert str(content["key"]) not in text(other)
    assert Case.objects.count() == 1


@pytest.mark.parametrize(
    "content",
    [
        {"reason": ""},
        {"reason": "unknown"},
        {"reason": "other", "body": " "},
        {"key": "x"},
        {"body": "x" * 20_001},
        {"body": "a\x00b"},
        {"order": "99999999999999999999"},
        {"order": "x"},
        {"photos": [SimpleUploadedFile("x.jpg", b"<html>")]},
    ],
    ids=str,
)
def test_what_is_refused_is_said_and_what_was_typed_stays(browser: Client, content: dict) -> None:
    refused = browser.post(NEW, form(body="My cup") | content)
    assert refused.status_code == 400
    assert 'class="problem"' in text(refused) or 'class="refused"' in text(refused)
    assert "body" in content or "My cup" in text(refused)
    assert not Case.objects.exists()


def test_an_order_of_somebody_else_cannot_be_named(browser: Client) -> None:
    other = OrderFactory()
    assert other.external_id not in text(browser.get(NEW, {"order": other.pk}))
    assert browser.post(NEW, form(order=other.pk)).status_code == 400


@pytest.mark.parametrize("query", [{"order": "x"}, {"order": "99999999999999999999"}, {"reason": "<b>"}])
def test_a_strange_address_shows_the_form(browser: Client, query: dict) -> None:
    assert browser.get(NEW, query).status_code == 200


def test_the_first_page_says_what_waits_for_the_member(member: Member, browser: Client) -> None:
    waits, solved, runs = open_case(member), open_case(member, subject="Lost parcel"), open_case(member)
    answer(waits, "wait")
    answer(solved, "resolve")
    home = text(browser.get("/portal/"))
    assert home.index("We need your answer") < home.index("Is it solved?")
    assert f"/portal/cases/{runs.pk}/" in home


def test_clocks_are_told_honestly(member: Member, browser: Client) -> None:
    case = open_case(member)
    due = timezone.now() - timedelta(minutes=12, seconds=5)
    Clock.objects.filter(milestone="first_reply").update(due_at=due, next_fire_at=due)
    shown = text(browser.get(f"/portal/cases/{case.pk}/"))
    assert "12 min late" in shown
    answer(case)
    assert "we had promised" in text(browser.get(f"/portal/cases/{case.pk}/"))
    answer(case, "wait")
    assert "Our clock stands still" in text(browser.get(f"/portal/cases/{case.pk}/"))


def test_notes_are_not_shown(member: Member, browser: Client) -> None:
    case = open_case(member)
    user = AgentFactory(departments=[case.department]).user
    commands.note(case_id=case.pk, body="difficult customer", actor=user, at=timezone.now())
    assert "difficult" not in text(browser.get(f"/portal/cases/{case.pk}/"))


def test_a_case_is_answered_confirmed_and_reopened(member: Member, browser: Client) -> None:
    case = open_case(member)
    path = f"/portal/cases/{case.pk}/"
    answer(case, "wait")
    sent = browser.post(f"{path}write/", form(body="Here it is", photos=[picture()]))
    assert sent.url == f"{path}?said=written"
    answer(case, "resolve")
    assert "Yes, it is solved" in text(browser.get(path))
    assert browser.post(f"{path}reopen/", {"reason": " "}).status_code == 400
    assert browser.post(f"{path}reopen/", {"reason": "Still broken"}).url.endswith("said=reopened")
    answer(case, "resolve")
    assert browser.post(f"{path}confirm/").url.endswith("said=confirmed")
    shown = text(browser.get(path))
    assert "Write to us" not in shown
    assert "It is not solved after all" in shown
    case.refresh_from_db()
    assert case.confirmed_at


def test_a_refused_move_is_said(member: Member, browser: Client) -> None:
    case = open_case(member)
    path = f"/portal/cases/{case.pk}/"
    assert browser.post(f"{path}confirm/").status_code == 400
    assert browser.post(f"{path}reopen/", {"reason": "No"}).status_code == 400
    empty = browser.post(f"{path}write/", form(body=" "))
    assert empty.status_code == 400
    assert "Write something first" in text(empty)
    bad = browser.post(f"{path}write/", form(body="Look", photos=[SimpleUploadedFile("x.jpg", b"<html>")]))
    assert bad.status_code == 400
    assert "Look" in text(bad)


def test_a_message_is_sent_once(member: Member, browser: Client) -> None:
    case = open_case(member)
    content = form(body="Hello?")
    for _ in range(2):
        browser.post(f"/portal/cases/{case.pk}/write/", content)
    assert Message.objects.filter(body="Hello?").count() == 1


def test_what_is_somebody_elses_is_not_found(browser: Client) -> None:
    case = open_case(MemberFactory(), attachments=[picture()])
    path = f"/portal/cases/{case.pk}/"
    assert browser.get(path).status_code == 404
    assert browser.post(f"{path}write/", form(body="x")).status_code == 404
    assert browser.post(f"{path}confirm/").status_code == 404
    assert browser.post(f"{path}reopen/", {"reason": "x"}).status_code == 404
    assert browser.get(f"/portal/attachments/{Attachment.objects.get().pk}/").status_code == 404
    assert Message.objects.count() == 1


@pytest.mark.parametrize("page", ["/portal/", "/portal/cases/"])
def test_three_rows_take_as_many_queries_as_one(member: Member, browser: Client, page: str) -> None:
    answer(open_case(member, order=OrderFactory(member=member)))
    with CaptureQueriesContext(connection) as one:
        browser.get(page)
    for _ in range(2):
        answer(open_case(member, order=OrderFactory(member=member)))
    with CaptureQueriesContext(connection) as three:
        browser.get(page)
    assert len(three) == len(one)


def test_hostile_text_is_only_text(member: Member, browser: Client) -> None:
    case = open_case(member, subject="<script>alert(1)</script>", body="<img src=x onerror=alert(2)>")
    html = text(browser.get(f"/portal/cases/{case.pk}/")) + text(browser.get("/portal/"))
    assert "<script>alert" not in html
    assert "<img src=x" not in html


def test_the_number_of_a_merged_case_leads_to_the_one_that_goes_on(browser, member, department):
    old, new = open_case(member), open_case(member)
    agent = AgentFactory(departments=[department]).user
    commands.merge(case_id=old.pk, into_id=new.pk, actor=agent, at=timezone.now())
    response = browser.get(f"/portal/cases/{old.pk}/")
    assert response.url == f"/portal/cases/{new.pk}/"
    browser.post(f"/portal/cases/{old.pk}/write/", form(body="Hello?"))
    assert Message.objects.get(body="Hello?").case == new
    listed = text(browser.get("/portal/cases/"))
    assert new.number in listed
    assert old.number not in listed
    stranger = browser_of(MemberFactory())
    assert stranger.get(f"/portal/cases/{old.pk}/").status_code == 404
