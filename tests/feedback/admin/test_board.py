"""What those who lead look at: board, breach list, replay."""

import csv
import io
from datetime import timedelta
from threading import Thread

import openpyxl
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from config.common import live, sheets
from config.common.models import Event
from feedback.admin import board_live
from feedback.admin import breaches as breach_pages
from feedback.cases import commands
from feedback.clocks import story
from feedback.handoffs import commands as handoffs
from feedback.ladders.sweep import sweep
from feedback.models import Agent, Clock
from tests.factories.compensation import MemberFactory
from tests.factories.feedback import AgentFactory, DepartmentFactory, StaffFactory
from tests.factories.sop import make_ladder, make_policy
from tests.feedback.admin.conftest import client_for, open_case, staff

pytestmark = [pytest.mark.django_db, pytest.mark.req("F8")]

BOARD, CLOCKS, BREACHES = "/admin/board/", "/admin/board/clocks/", "/admin/breaches/"
HOSTILE = "<script>alert(1)</script>=HYPERLINK(1)"


def ago(**span):
    return timezone.now() - timedelta(**span)


@pytest.fixture
def shop(db):
    """Two departments under a policy with a ladder; the lead of ours."""
    make_policy(ladder=make_ladder())
    ours, theirs = DepartmentFactory(name="客服部"), DepartmentFactory(name="物流部")
    lead = AgentFactory(user=StaffFactory(role="supervisor"), leads=[ours])
    agent = AgentFactory(departments=[ours])
    return ours, theirs, lead, agent


def text(response):
    assert response.status_code == 200, response
    return response.content.decode()


def pages(clock):
    return [
        BOARD,
        f"{CLOCKS}?state=breached",
        reverse("admin:board_agent", args=[Agent.objects.order_by("pk").last().pk]),
        BREACHES,
        reverse("admin:breaches_export", args=["csv"]),
        reverse("admin:breaches_export", args=["xlsx"]),
    ]


@pytest.mark.parametrize(
    ("role", "status"),
    [
        ("agent", 403),
        ("moderator", 403),
        ("finance", 403),
        ("team_lead", 200),
        ("supervisor", 200),
        ("administrator", 200),
    ],
)
def test_roles(shop, role, status):
    ours, *_ = shop
    case = open_case(ours, at=ago(hours=2))
    sweep(timezone.now())
    person = AgentFactory(user=StaffFactory(role=role), departments=[ours])
    browser = client_for(person)
    for path in pages(case.clocks.first()):
        assert browser.get(path).status_code == status, path
        assert browser.post(path).status_code in {403, 405}


def test_analysts_see_an_empty_board_until_they_belong_somewhere(shop):
    ours, *_ = shop
    open_case(ours)
    shown = text(client_for(staff("analyst")).get(BOARD))
    assert "您不属于任何部门" in shown
    assert ours.name not in shown


def test_strangers_have_to_sign_in(shop):
    for path in pages(None):
        response = client_for(None).get(path)
        assert response.status_code == 302
        assert response.url.startswith("/admin/login/")


def test_each_number_opens_to_its_rows(shop):
    ours, theirs, lead, agent = shop
    late = open_case(ours, at=ago(minutes=40))
    soon = open_case(ours, at=ago(minutes=25))
    fresh = open_case(ours, at=ago(minutes=2))
    elsewhere = open_case(theirs, at=ago(minutes=40))
    waiting = open_case(ours, at=ago(hours=3))
    commands.claim(case_id=waiting.pk, actor=agent.user, at=ago(hours=3))
    commands.reply(case_id=waiting.pk, body="?", then="wait", actor=agent.user, at=ago(hours=3))
    sweep(timezone.now())
    browser = client_for(lead)
    response = browser.get(BOARD)
    (line,) = response.context["lines"]
    for name, _words, _tone, count in line.cells:
        shown = browser.get(CLOCKS, {"state": name, "department": ours.pk})
        assert len(shown.context["chips"]) == count, name
        assert (f"department={ours.pk}&amp;state={name}" in text(response)) == bool(count)
    numbers = {name: count for name, _words, _tone, count in line.cells}
    expected = {"running": 4, "warned": 1, "breached": 1, "paused": 1, "next_hour": 2, "forecast": 0}
    assert numbers == expected
    shown = text(browser.get(CLOCKS, {"state": "breached"}))
    assert late.number in shown
    assert reverse("admin:case", args=[late.pk]) in shown
    assert reverse("admin:clock", args=[late.clocks.get(milestone="first_reply").pk]) in shown
    for other in (soon, fresh, elsewhere):
        assert other.number not in shown
    today, week = line.numbers.today, line.numbers.week
    assert len(browser.get(CLOCKS, {"state": "today"}).context["chips"]) == today.due
    assert len(browser.get(CLOCKS, {"state": "week"}).context["chips"]) == week.due


def test_the_strip_has_a_tick_for_each_minute_with_something_due(shop):
    ours, theirs, lead, _agent = shop
    one = open_case(ours, at=ago(minutes=20), subject=HOSTILE)
    same = [open_case(ours, at=ago(minutes=5)) for _ in range(2)]
    open_case(theirs, at=ago(minutes=20))
    response = client_for(lead).get(BOARD)
    (lane,) = response.context["lanes"]
    assert [mark.tick.number for mark in lane.marks] == [1, 2]
    assert [mark.tick.minute for mark in lane.marks] == [9, 24]
    shown = text(response)
    assert reverse("admin:case", args=[one.pk]) in shown
    assert "2 个计时" in shown
    listed = text(client_for(lead).get(CLOCKS, {"state": "next_hour", "department": ours.pk}))
    assert all(case.number in listed for case in same)
    assert "<script>alert" not in shown
    assert "&lt;script&gt;" in shown


def test_htmx_gets_the_living_part_alone(shop):
    _ours, _theirs, lead, _agent = shop
    browser = client_for(lead)
    part = text(browser.get(BOARD, headers={"HX-Request": "true"}))
    assert part.lstrip().startswith('<div id="live"')
    assert "<html" not in part
    whole = browser.get(BOARD)
    assert "style-src 'self'" in whole["Content-Security-Policy"]
    assert "style=" not in text(whole)
    assert "<script>" not in text(whole)


@pytest.mark.parametrize("path", [BOARD, f"{CLOCKS}?state=breached", BREACHES, "agent"])
def test_a_fixed_number_of_queries(shop, path):
    ours, theirs, lead, agent = shop
    lead.memberships.create(department=theirs)
    if path == "agent":
        path = reverse("admin:board_agent", args=[agent.pk])
    browser, counts = client_for(lead), []
    for rows in (1, 2):
        for n in range(rows):
            for department in (ours, theirs):
                case = open_case(department, at=ago(minutes=50))
                if department == ours:
                    commands.claim(case_id=case.pk, actor=agent.user, at=ago(minutes=49))
                open_case(department, at=ago(minutes=5 * (rows + n)))
        sweep(timezone.now())
        browser.get(path)
        with CaptureQueriesContext(connection) as made:
            text(browser.get(path))
        counts.append(len(made))
    assert counts[0] == counts[1], path


def test_the_page_is_told_when_to_ask_again(shop):
    ours, _theirs, lead, _agent = shop
    browser = client_for(lead)
    seen = browser.get(BOARD).context["seen"]
    path = f"{BOARD}wait/"
    assert browser.get(path, {"seen": seen}).json() == {"again": board_live.POLLS}  # no waiting in a test
    open_case(ours)
    assert browser.get(BOARD).context["seen"] > seen
    for wrong in ("x", "", "9" * 40):
        assert browser.get(path, {"seen": wrong}).json() == {"again": board_live.POLLS}
    assert browser.post(path).status_code == 405


@pytest.mark.django_db(transaction=True)
def test_waiting_ends_as_soon_as_something_happens(shop, monkeypatch):
    ours, _theirs, lead, _agent = shop
    browser = client_for(lead)
    monkeypatch.setattr(board_live, "WAITS", 20.0)
    seen = browser.get(BOARD).context["seen"]
    answers = []

    def ask():
        try:
            answers.append(browser.get(f"{BOARD}wait/", {"seen": seen}).json())
        finally:
            connection.close()

    asking = Thread(target=ask)
    asking.start()
    open_case(ours)
    asking.join(timeout=10)
    live.stop()
    assert answers == [{"again": board_live.LEAST}]


def test_what_nobody_offered_is_not_found(shop):
    _ours, theirs, lead, _agent = shop
    browser = client_for(lead)
    stranger = AgentFactory(departments=[theirs])
    for path in (
        CLOCKS,
        f"{CLOCKS}?state=met",
        f"{CLOCKS}?state=running&department={theirs.pk}",
        f"{CLOCKS}?state=running&department=x",
        f"{CLOCKS}?state=now",
        f"{CLOCKS}?state=running&after=nonsense",
        f"{CLOCKS}?state=running&after=2026-01-01~3",
        f"{CLOCKS}?state=running&after=2026-01-01T00:00:00%2B00:00~99999999999999999999",
        f"{BREACHES}?after=x~y",
        reverse("admin:breaches_export", args=["exe"]),
        reverse("admin:board_agent", args=[stranger.pk]),
        reverse("admin:clock", args=[0]),
    ):
        assert browser.get(path).status_code == 404, path


def test_workload_opens_to_the_agents_cases(shop):
    ours, theirs, lead, agent = shop
    agent.memberships.create(department=theirs)
    ours_case, hidden = open_case(ours), open_case(theirs)
    for case in (ours_case, hidden):
        commands.claim(case_id=case.pk, actor=agent.user, at=timezone.now())
    browser = client_for(lead, "en")
    path = reverse("admin:board_agent", args=[agent.pk])
    assert path in text(browser.get(BOARD))
    shown = text(browser.get(path))
    assert ours_case.number in shown
    assert hidden.number not in shown
    assert "1 more case is in a department" in shown


def late_cases(department, number, **options):
    cases = [open_case(department, at=ago(minutes=40 + n), **options) for n in range(number)]
    sweep(timezone.now())
    return cases


def test_breaches_are_filtered(shop):
    ours, theirs, lead, agent = shop
    met, running = late_cases(ours, 2)
    late_cases(theirs, 1)
    commands.claim(case_id=met.pk, actor=agent.user, at=timezone.now())
    commands.reply(case_id=met.pk, body="在", actor=agent.user, at=timezone.now())
    browser = client_for(lead)
    today = f"{timezone.localdate():%Y-%m-%d}"

    def found(**query):
        return {clock.case for clock, _state, _late in browser.get(BREACHES, query).context["rows"]}

    assert found() == {met, running}
    assert found(still="yes") == {running}
    assert found(still="no") == {met}
    assert found(milestone="first_reply", department=ours.pk) == {met, running}
    assert found(milestone="resolution") == set()
    assert found(since=f"{ago(days=1):%Y-%m-%d}", until=today) == {met, running}
    assert found(until=f"{ago(days=3):%Y-%m-%d}") == set()
    shown = text(browser.get(BREACHES))
    assert reverse("admin:clock", args=[met.clocks.get(milestone="first_reply").pk]) in shown


@pytest.mark.parametrize(
    "query",
    [
        {"department": "x"},
        {"department": "99999999"},
        {"milestone": "nothing"},
        {"since": "2026-13-40"},
        {"since": "2026-02-02", "until": "2026-02-01"},
        {"still": "perhaps"},
    ],
)
def test_filters_that_make_no_sense_are_explained(shop, query):
    response = client_for(shop[2]).get(BREACHES, query)
    assert response.status_code == 400
    assert 'role="alert"' in response.content.decode()
    export = client_for(shop[2]).get(reverse("admin:breaches_export", args=["csv"]), query)
    assert export.status_code == 302


def test_another_departments_breaches_cannot_be_asked_for(shop):
    _ours, theirs, lead, _agent = shop
    late_cases(theirs, 1)
    browser = client_for(lead)
    assert browser.get(BREACHES, {"department": theirs.pk}).status_code == 400
    assert browser.get(BREACHES).context["rows"] == []
    body = b"".join(browser.get(reverse("admin:breaches_export", args=["csv"]))).decode()
    assert len(list(csv.reader(io.StringIO(body)))) == 1


def test_a_case_that_went_elsewhere_takes_its_breaches_along(shop):
    ours, theirs, lead, agent = shop
    (case,) = late_cases(ours, 1)
    commands.claim(case_id=case.pk, actor=agent.user, at=timezone.now())
    commands.reply(case_id=case.pk, body="在", actor=agent.user, at=timezone.now())
    commands.transfer(case_id=case.pk, department_id=theirs.pk, note="", actor=agent.user, at=timezone.now())
    assert client_for(lead).get(BREACHES).context["rows"] == []
    clock = case.clocks.get(milestone="first_reply")
    assert client_for(lead).get(reverse("admin:clock", args=[clock.pk])).status_code == 404


def test_breaches_are_paged_without_gaps(shop):
    ours, _theirs, lead, _agent = shop
    late_cases(ours, 52)
    due = ago(minutes=9)
    Clock.objects.filter(milestone="first_reply").update(due_at=due, next_fire_at=due, breached_at=None)
    moment = ago(minutes=9)
    Clock.objects.filter(milestone="first_reply").update(due_at=moment, breached_at=moment)
    browser = client_for(lead)
    first = browser.get(BREACHES)
    after = first.context["after"]
    rest = browser.get(BREACHES, {"after": after}, headers={"HX-Request": "true"})
    rows = [*first.context["rows"], *rest.context["rows"]]
    assert len(first.context["rows"]) == 50
    assert len({clock.pk for clock, *_ in rows}) == len(rows) == 52
    assert rest.context["after"] is None
    assert "<html" not in text(rest)


def test_files_hold_the_filtered_list_and_no_formulas(shop):
    ours, theirs, lead, _agent = shop
    late_cases(ours, 1, subject="=HYPERLINK(1)", member=MemberFactory(name="@SUM(1)"))
    late_cases(theirs, 1)
    browser = client_for(lead, "en")
    body = b"".join(browser.get(reverse("admin:breaches_export", args=["csv"]))).decode("utf-8-sig")
    head, row = csv.reader(io.StringIO(body))
    assert len(head) == len(row)
    assert row[1] == "'=HYPERLINK(1)"
    assert row[3] == "'@SUM(1)"
    taken = Event.objects.filter(kind="list.exported").latest("id")
    assert (taken.subject_id, taken.data["list"], taken.data["rows"]) == (lead.user_id, "breaches", 1)
    book = b"".join(browser.get(reverse("admin:breaches_export", args=["xlsx"])))
    sheet = openpyxl.load_workbook(io.BytesIO(book)).active
    assert [cell.data_type for cell in sheet[2]][:4] == ["s", "s", "s", "s"]
    assert sheet["B2"].value == "=HYPERLINK(1)"
    assert sheet.max_row == 2


def test_a_file_that_is_too_long_is_refused(shop, monkeypatch):
    ours, _theirs, lead, _agent = shop
    late_cases(ours, 2)
    monkeypatch.setattr(breach_pages, "MOST_ROWS", 1)
    monkeypatch.setattr(sheets, "MOST_ROWS", 1)
    path = reverse("admin:breaches_export", args=["csv"]) + "?still=yes"
    response = client_for(lead, "en").get(path, follow=True)
    assert response.redirect_chain == [(f"{BREACHES}?still=yes", 302)]
    assert "up to 1 rows" in text(response)


@pytest.fixture
def lived(shop):
    """A clock that was paused, went on, was warned of, late, and met."""
    ours, _theirs, _lead, agent = shop
    case = open_case(ours, at=ago(hours=30), subject=HOSTILE)
    commands.claim(case_id=case.pk, actor=agent.user, at=ago(hours=29))
    commands.reply(case_id=case.pk, body="?", then="wait", actor=agent.user, at=ago(hours=28))
    commands.member_message(case_id=case.pk, body="!", actor=case.member, at=ago(hours=27.5))
    sweep(timezone.now())
    case.refresh_from_db()
    commands.resolve(
        case_id=case.pk, resolution="solved", message="好", actor=case.agent.user, at=timezone.now()
    )
    return case.clocks.get(milestone="resolution")


def seconds(written):
    hours, minutes, rest = map(int, written.split(":"))
    return hours * 3600 + minutes * 60 + rest


def test_a_replay_tells_everything_and_adds_up(shop, lived):
    response = client_for(shop[2], "en").get(reverse("admin:clock", args=[lived.pk]))
    shown = text(response)
    lasted, closed, paused, worked, target, over = (
        seconds(time) for _sign, _words, time in response.context["sums"]
    )
    assert lasted - closed - paused == worked
    assert worked - target == over > 0
    assert paused == 1800
    steps = response.context["steps"]
    assert [step.at for step in steps] == sorted(step.at for step in steps)
    texts = [step.text for step in steps]
    for words in ("the time began", "paused", "went on", "due", "late from here on", "met, but late"):
        assert words in texts
    assert sum(step.who == str(story.LADDER) for step in steps) >= 3
    line = response.context["line"]
    assert sum(block.width for block in line.blocks) == pytest.approx(100)
    assert all(0 <= pin.x <= 100 for pin in response.context["pins"])
    assert str(lived.policy_version) in shown
    assert str(lived.calendar_version) in shown
    assert "<script>alert" not in shown
    assert "style=" not in shown


@pytest.mark.parametrize("state", ["running", "paused", "stopped", "handoff"])
def test_a_replay_of_any_state(shop, state):
    ours, theirs, lead, agent = shop
    case = open_case(ours, at=ago(minutes=5))
    commands.claim(case_id=case.pk, actor=agent.user, at=ago(minutes=4))
    if state == "paused":
        commands.reply(case_id=case.pk, body="?", then="wait", actor=agent.user, at=ago(minutes=3))
    elif state == "handoff":
        asked = handoffs.hand_over(
            case_id=case.pk, department_id=theirs.pk, question="?", actor=agent.user, at=ago(minutes=3)
        )
        handoffs.recall(handoff_id=asked.pk, actor=agent.user, at=ago(minutes=2))
    elif state == "stopped":
        Clock.objects.filter(case=case).update(stopped_at=ago(minutes=1), next_fire_at=None)
    clock = case.clocks.order_by("pk").last()
    shown = text(client_for(lead).get(reverse("admin:clock", args=[clock.pk])))
    assert ("尚未完成" in shown) == (state in {"running", "paused"})
    assert ("暂停期间无法确定" in shown) == (state == "paused")


@pytest.mark.parametrize(
    ("role", "status"),
    [("agent", 200), ("supervisor", 200), ("administrator", 200), ("moderator", 403), ("finance", 403)],
)
def test_who_sees_a_replay(shop, lived, role, status):
    ours, theirs, *_ = shop
    path = reverse("admin:clock", args=[lived.pk])
    inside = AgentFactory(user=StaffFactory(role=role), departments=[ours])
    assert client_for(inside).get(path).status_code == status
    outside = AgentFactory(user=StaffFactory(role=role), departments=[theirs])
    expected = {"administrator": 200}.get(role, 404 if status == 200 else status)
    assert client_for(outside).get(path).status_code == expected
    assert client_for(None).get(path).status_code == 302
    assert client_for(inside).post(path).status_code in {403, 405}


def test_a_replay_takes_a_fixed_number_of_queries(shop, lived):
    ours, _theirs, lead, _agent = shop
    short = open_case(ours).clocks.first()
    browser, counts = client_for(lead), []
    browser.get(reverse("admin:clock", args=[short.pk]))
    for clock in (short, lived):
        with CaptureQueriesContext(connection) as made:
            text(browser.get(reverse("admin:clock", args=[clock.pk])))
        counts.append(len(made))
    assert counts[1] - counts[0] <= 3  # the names of those who acted, were told, and were given the case
