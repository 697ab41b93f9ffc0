from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from feedback.cases import commands
from feedback.cases.queue import _parts, place_of
from feedback.handoffs.commands import hand_over
from feedback.models import Case
from tests.factories.feedback import AgentFactory, CaseFactory, DepartmentFactory
from tests.feedback.admin.conftest import client_for, open_case, staff
from tests.plans import in_order

DESK = "/admin/desk/"


@pytest.mark.req("F7")
@pytest.mark.parametrize(
    ("role", "status"),
    [
        ("agent", 200),
        ("team_lead", 200),
        ("supervisor", 200),
        ("administrator", 200),
        ("moderator", 403),
        ("finance", 403),
        ("analyst", 403),
    ],
)
def test_roles(work, role, status):
    user = staff(role)
    browser = client_for(user)
    assert browser.get(DESK).status_code == status
    assert browser.get(reverse("admin:desk_news")).status_code == status
    assert browser.post(reverse("admin:desk_next")).status_code == (302 if status == 200 else 403)
    assert browser.get(reverse("admin:case_preview", args=[work.case.pk])).status_code in (403, 404, 200)


def test_strangers_have_to_sign_in(work):
    for person in (None, get_user_model().objects.create_user("guest")):
        for path in (DESK, reverse("admin:desk_news"), reverse("admin:case", args=[work.case.pk])):
            response = client_for(person).get(path)
            assert response.status_code == 302
            assert response.url.startswith("/admin/login/")


@pytest.mark.req("F7")
def test_lists_what_is_ours_and_opens_the_first(work, browser):
    theirs = open_case(work.theirs, subject="别人的工单")
    response = browser.get(DESK, {"view": "department"})
    text = response.content.decode()
    assert work.case.number in text
    assert theirs.number not in text
    assert theirs.subject not in text
    assert response.context["case"] == work.case
    assert response.context["tabs"][1].code == "department"
    assert response.context["tabs"][1].count == "1"


def test_another_departments_case_cannot_be_selected(work, browser):
    theirs = open_case(work.theirs)
    assert browser.get(DESK, {"case": theirs.pk}).status_code == 404
    assert browser.get(reverse("admin:case_preview", args=[theirs.pk])).status_code == 404
    for name in ("case_changes", "case_work", "case_people", "case_merging", "case_splitting"):
        assert browser.get(reverse(f"admin:{name}", args=[theirs.pk])).status_code == 404
    assert browser.post(reverse("admin:case_here", args=[theirs.pk])).status_code == 404


@pytest.mark.parametrize(
    "query",
    [
        {"view": "nonsense"},
        {"kind": "nonsense", "priority": "9", "status": "x", "channel": "y", "due": "z"},
        {"priority": "x"},
        {"case": "abc"},
        {"case": "12; drop table"},
        {"q": "\0'\"><script>alert(1)</script>"},
    ],
)
def test_nonsense_in_the_address_does_no_harm(browser, query):
    response = browser.get(DESK, query)
    assert response.status_code == 200
    assert "<script>alert" not in response.content.decode()


def test_a_page_that_does_not_exist_leads_back(browser):
    assert browser.get(DESK, {"after": "nonsense"}).url == DESK


def test_hostile_text_stays_text(work, browser):
    evil = "<img src=x onerror=alert(1)>"
    case = open_case(work.ours, subject=evil, body=evil)
    Case.objects.filter(pk=case.pk).update(last_message=evil)
    case.member.name = evil
    case.member.save()
    for path in (f"{DESK}?view=department&case={case.pk}", reverse("admin:case", args=[case.pk])):
        text = browser.get(path).content.decode()
        assert evil not in text
        assert "&lt;img src=x onerror" in text


@pytest.mark.parametrize("kind", ["number", "phone", "name"])
def test_search_finds_ours_alone(work, browser, kind):
    theirs = open_case(work.theirs, member=work.case.member)
    words = {"number": work.case.number, "phone": work.case.member.phone, "name": work.case.member.name}[kind]
    text = browser.get(DESK, {"q": words}).content.decode()
    assert work.case.number in text
    assert theirs.number not in text
    assert "没有相符的工单" in browser.get(DESK, {"q": theirs.number}).content.decode()


def test_more_rows_come_alone(work, browser, monkeypatch):
    monkeypatch.setattr("feedback.admin.desk_list.ROWS", 2)
    cases = [work.case, *(open_case(work.ours) for _ in range(3))]
    first = browser.get(DESK, {"view": "department"})
    after = first.context["after"]
    rest = browser.get(DESK, {"view": "department", "after": after}, headers={"HX-Request": "true"})
    numbers = {case.number for case in cases if case.number in rest.content.decode()}
    assert len(numbers) == 2
    assert "<html" not in rest.content.decode()
    assert not numbers & {row.case.number for row in first.context["rows"]}


def test_filters_are_kept_in_the_links(work, browser):
    open_case(work.ours, channel="chat")
    response = browser.get(DESK, {"view": "department", "channel": "chat", "priority": "2"})
    assert [row.case.channel for row in response.context["rows"]] == ["chat"]
    assert response.context["query"] == "view=department&channel=chat&priority=2"
    assert "清除筛选" in response.content.decode()


def test_news_tells_counts_and_what_others_did(work, browser):
    since = (timezone.now() - timedelta(minutes=1)).isoformat()
    new = open_case(work.ours, at=timezone.now())
    open_case(work.theirs, at=timezone.now())
    told = browser.get(reverse("admin:desk_news"), {"view": "department", "since": since}).json()
    assert told["counts"]["department"] == "2"
    assert told["news"] == {str(new.pk): 1}
    again = browser.get(reverse("admin:desk_news"), {"view": "mine", "since": "nonsense"}).json()
    assert again["news"] == {}


@pytest.mark.req("F7")
def test_next_case_claims_what_is_due_first(work, browser):
    urgent = open_case(work.ours, at=timezone.now() - timedelta(minutes=29))
    response = browser.post(reverse("admin:desk_next"))
    assert response.url == f"{DESK}?view=mine&case={urgent.pk}"
    urgent.refresh_from_db()
    assert urgent.agent == work.agent


def test_next_case_passes_over_one_that_a_colleague_was_faster_with(work, browser, monkeypatch):
    second = open_case(work.ours)
    faster = [work.case.pk]
    real = commands.claim

    def claim(*, case_id, actor, at):
        if faster:
            real(case_id=faster.pop(), actor=work.mate.user, at=at)
        return real(case_id=case_id, actor=actor, at=at)

    monkeypatch.setattr("feedback.admin.desk.commands.claim", claim)
    assert browser.post(reverse("admin:desk_next")).url.endswith(f"case={second.pk}")
    work.case.refresh_from_db()
    assert work.case.agent == work.mate


def test_next_case_with_nothing_to_do_says_so(work, browser):
    commands.claim(case_id=work.case.pk, actor=work.mate.user, at=timezone.now())
    assert "辛苦了" in browser.post(reverse("admin:desk_next"), follow=True).content.decode()


@pytest.mark.req("F8")
def test_a_question_to_us_shows_its_own_clock(work, browser):
    theirs = open_case(work.theirs)
    handoff = hand_over(
        case_id=theirs.pk,
        department_id=work.ours.pk,
        question="?",
        actor=work.stranger.user,
        at=timezone.now(),
    )
    (row,) = browser.get(DESK, {"view": "handoffs"}).context["rows"]
    assert (row.case, row.chip.clock.handoff_id) == (theirs, handoff.pk)


def queries_of(browser, path):
    with CaptureQueriesContext(connection) as queries:
        assert browser.get(path).status_code == 200
    return len(queries)


def test_number_of_queries_does_not_grow(work, browser):
    path = f"{DESK}?view=department&case={work.case.pk}"
    browser.get(path)
    one = queries_of(browser, path)
    mates = [AgentFactory(departments=[work.ours]) for _ in range(2)]
    for mate in mates:
        case = open_case(work.ours)
        commands.claim(case_id=case.pk, actor=mate.user, at=timezone.now())
    assert queries_of(browser, path) == one
    assert one <= 45


@pytest.mark.parametrize("view", ["department", "mine", "unassigned", "waiting", "resolved"])
def test_lists_read_an_index_in_order(work, view):
    """With many cases no list is sorted: each department's page comes from its index."""
    for place, count in ((DepartmentFactory(code="crowd"), 3), (work.ours, 20)):
        CaseFactory.create_batch(count, department=place, next_due_at=timezone.now(), agent=work.mate)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE feedback_case")  # else the plan goes by what an earlier test left behind
    in_order()
    index = {
        "department": "case_queue",
        "mine": "case_mine",
        "unassigned": "case_unassigned",
        "waiting": "case_waiting",
        "resolved": "case_resolved",
    }[view]
    for part in _parts(place_of(work.agent.user), view):
        plan = part.filter(next_due_at__isnull=False).order_by("next_due_at", "pk")[:51].explain()
        assert f"using {index} on" in plan
        assert "Sort" not in plan
