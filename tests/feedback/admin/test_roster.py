"""The roster's pages, presence, and where a case would go."""

import io
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from openpyxl import Workbook, load_workbook

from feedback.models import DepartmentRule, Leave, Presence, Shift
from tests.factories.compensation import TierFactory
from tests.factories.feedback import AgentFactory, CaseFactory, DepartmentFactory, StaffFactory
from tests.factories.routing import make_department, make_online, make_skill
from tests.factories.sop import make_policy

pytestmark = [pytest.mark.django_db, pytest.mark.req("F5")]


def browser(user):
    client = Client(HTTP_ACCEPT_LANGUAGE="en")
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def service():
    return DepartmentFactory()


@pytest.fixture
def lead(service):
    return AgentFactory(leads=[service], user__role="team_lead")


@pytest.fixture
def worker(service):
    return AgentFactory(departments=[service], user__role="agent")


def page_of(worker):
    return reverse("admin:roster-agent", args=[worker.pk])


def plan(client, worker, **data):
    return client.post(page_of(worker), data)


def test_a_lead_sees_the_week_and_plans_it(lead, worker):
    client, day = browser(lead.user), "2026-03-04"
    done = plan(client, worker, act="shift", day=day, begin="22:00", end="06:00")
    assert done.status_code == 302
    plan(client, worker, act="leave", day="2026-03-06", last="2026-03-07", reason="sick", note="fever")
    text = client.get(reverse("admin:roster"), {"week": day}).content.decode()
    assert "22:00–24:00" in text
    assert "00:00–06:00" in text
    assert text.count('badge is-warn" title="fever"') == 2
    shift, leave = Shift.objects.get(), Leave.objects.get()
    assert shift.ends_at - shift.starts_at == timedelta(hours=8)
    assert leave.ends_at - leave.starts_at == timedelta(days=2)
    plan(client, worker, act="remove-shift", row=shift.pk)
    plan(client, worker, act="remove-leave", row=leave.pk)
    assert not Shift.objects.exists()
    assert not Leave.objects.exists()


@pytest.mark.parametrize(
    "data",
    [
        {"act": "shift"},
        {"act": "shift", "day": "soon", "begin": "9", "end": "10"},
        {"act": "leave", "day": "2026-03-07", "last": "2026-03-06", "reason": "sick"},
        {"act": "leave", "day": "2026-03-06", "last": "2028-03-07", "reason": "sick"},
        {"act": "leave", "day": "2026-03-06", "last": "2026-03-06", "reason": "bored"},
    ],
)
def test_what_makes_no_sense_comes_back(lead, worker, data):
    assert plan(browser(lead.user), worker, **data).status_code == 400
    assert Shift.objects.count() + Leave.objects.count() == 0


def test_what_overlaps_comes_back_with_what_was_typed(lead, worker):
    client, data = browser(lead.user), {"act": "shift", "day": "2026-03-04", "begin": "09:00", "end": "18:00"}
    plan(client, worker, **data)
    again = plan(client, worker, **data)
    assert again.status_code == 400
    assert "is on the roster for that time already" in again.content.decode()


@pytest.mark.parametrize("data", [{"act": "x"}, {"act": "remove-shift", "row": "1"}, {"act": "remove-leave"}])
def test_what_is_not_there_cannot_be_done(lead, worker, data):
    assert plan(browser(lead.user), worker, **data).status_code == 404


def test_a_lead_plans_for_their_own_people_only(lead):
    stranger = AgentFactory(departments=[DepartmentFactory()])
    client = browser(lead.user)
    assert client.get(page_of(stranger)).status_code == 404
    assert (
        plan(client, stranger, act="leave", day="2026-03-06", last="2026-03-06", reason="sick").status_code
        == 404
    )
    told = bring(client, f"agent,date,from,until\n{stranger.user.username},2026-03-04,09:00,18:00\n")
    assert "there is no agent" in told.content.decode()


def test_an_agent_looks_and_does_not_plan(worker):
    client = browser(worker.user)
    assert client.get(reverse("admin:roster")).status_code == 200
    assert client.get(page_of(worker)).status_code == 403
    assert client.get(reverse("admin:roster-bring")).status_code == 403


@pytest.mark.parametrize("week", ["", "soon", "2026-13-40", "0001-01-01", "9999-12-31", "2026-03-04"])
def test_any_week_can_be_asked_for(lead, week):
    assert (
        browser(lead.user).get(reverse("admin:roster"), {"week": week, "department": "x"}).status_code == 200
    )


def test_the_week_asks_as_much_for_one_agent_as_for_three(lead, service):
    counted, client = [], browser(lead.user)
    for number in (1, 2):
        for _ in range(number):
            AgentFactory(departments=[service], user__role="")
        with CaptureQueriesContext(connection) as queries:
            client.get(reverse("admin:roster"))
        counted.append(len(queries))
    assert counted[0] == counted[1]


def bring(client, content, name="roster.csv", **more):
    raw = content.encode() if isinstance(content, str) else content
    return client.post(reverse("admin:roster-bring"), {"file": SimpleUploadedFile(name, raw), **more})


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_csv_is_brought_in(lead, worker, delimiter):
    head, row = ["客服", "日期", "开始", "结束"], [worker.user.username, "2026-03-04", "09:00", "18:00"]
    content = "\ufeff" + "\n".join(delimiter.join(one) for one in (head, row))
    assert bring(browser(lead.user), content).status_code == 302
    assert Shift.objects.get().agent == worker


def test_the_template_comes_back_as_it_went_out(lead, worker):
    client = browser(lead.user)
    answer = client.get(reverse("admin:roster-template", args=["xlsx"]))
    content = b"".join(answer.streaming_content)
    assert load_workbook(io.BytesIO(content)).active.max_row == 3
    assert bring(client, content, "roster.xlsx").status_code == 302
    assert Shift.objects.count() == 2
    assert client.get(reverse("admin:roster-template", args=["pdf"])).status_code == 404


def test_a_spreadsheet_with_real_dates_and_times_is_read(lead, worker):
    book = Workbook()
    day = timezone.datetime(2026, 3, 4)
    for row in (["agent", "date", "from", "until"], [worker.user.name, day, day.time(), "06:00"]):
        book.active.append(row)
    file = io.BytesIO()
    book.save(file)
    assert bring(browser(lead.user), file.getvalue(), "r.xlsx").status_code == 302
    assert Shift.objects.get().ends_at - Shift.objects.get().starts_at == timedelta(hours=6)


@pytest.mark.parametrize(
    ("content", "name"),
    [
        ("", "r.csv"),
        ("agent,date\nx,y\n", "r.csv"),
        (b"\xff\xfe\x00\x01garbage", "r.csv"),
        (b"PK\x03\x04broken", "r.xlsx"),
        ("agent,date,from,until\nx,2026-03-04,09:00\n", "r.csv"),
        ('agent,date,from,until\n"x,2026-03-04,09:00,18:00\n', "r.csv"),
        ("agent,date,from,until\n<script>alert(1)</script>,2026-03-04,09:00,18:00\n", "r.csv"),
    ],
)
def test_a_bad_file_is_refused_with_the_reason(lead, content, name):
    answer = bring(browser(lead.user), content, name)
    assert answer.status_code == 400
    assert b"<script>alert" not in answer.content
    assert not Shift.objects.exists()


def test_a_huge_file_is_refused(lead, monkeypatch):
    monkeypatch.setattr("feedback.admin.roster.LARGEST", 10)
    assert "too large" in bring(browser(lead.user), "agent,date,from,until\n").content.decode()


class TestPresence:
    ADDRESS = "/admin/presence/"

    def test_it_is_said_and_told(self, worker):
        client = browser(worker.user)
        assert client.get(self.ADDRESS).json()["state"] == "offline"
        told = client.post(self.ADDRESS, {"state": "online"}).json()
        assert (told["state"], told["is_on_shift"], told["cases"], told["capacity"]) == (
            "online",
            True,
            0,
            10,
        )

    def test_a_sign_of_life_keeps_it(self, worker):
        client = browser(worker.user)
        client.post(self.ADDRESS, {"state": "busy"})
        Presence.objects.update(seen_at=timezone.now() - timedelta(minutes=5))
        assert client.get(self.ADDRESS).json()["state"] == "offline"
        assert client.post(self.ADDRESS).json()["state"] == "busy"

    def test_what_there_is_not_is_refused(self, worker):
        assert browser(worker.user).post(self.ADDRESS, {"state": "asleep"}).status_code == 400

    def test_who_is_no_agent_has_none(self):
        assert browser(StaffFactory(role="agent")).get(self.ADDRESS).status_code == 404

    def test_it_is_not_for_everybody(self):
        assert browser(StaffFactory()).get(self.ADDRESS).status_code == 403


class TestPreview:
    @pytest.fixture
    def client(self):
        TierFactory()
        return browser(StaffFactory(is_superuser=True))

    def ask(self, client, **data):
        answer = client.get(reverse("admin:routing"), data)
        return answer.status_code, answer.content.decode()

    def test_it_tells_the_rule_and_everybody_who_could_take_it(self, client):
        department, skill = make_department("least_loaded"), make_skill("apps")
        DepartmentFactory(takes_new=True)
        DepartmentRule.objects.create(
            code="a", name="Complaints of refunds", kinds=["refund"], department=department
        )
        DepartmentRule.objects.create(
            code="b", name="App trouble", words=["crash"], department=department, skill=skill, position=200
        )
        now = timezone.now()
        skilled, _plain = make_online(department, skills=["apps"], at=now), make_online(department, at=now)
        status, text = self.ask(client, text="It crashes. A CRASH!")
        assert status == 200
        assert "does not fit: kind" in text
        assert f"{skilled} · has the least to do" in text
        assert "lacks the skill" in text

    def test_without_a_rule_the_department_for_new_cases_has_it(self, client):
        DepartmentFactory(takes_new=True, name_en="The first")
        status, text = self.ask(client)
        assert status == 200
        assert "No rule takes it" in text
        assert "Agents of this department take their cases themselves." in text

    def test_rules_that_never_decide_are_told(self, client):
        department = DepartmentFactory(takes_new=True)
        for code, kinds in (("a", []), ("b", ["refund"])):
            DepartmentRule.objects.create(code=code, name=code, kinds=kinds, department=department)
        assert "b never decides: a comes first" in self.ask(client)[1]

    def test_nonsense_is_asked_again(self, client):
        DepartmentFactory(takes_new=True)
        assert self.ask(client, kind="x", priority="y")[0] == 400


@pytest.mark.parametrize(("capacity", "is_told"), [(0, True), (1, False)])
def test_whoever_takes_more_than_is_given_is_told(service, capacity, is_told):
    make_policy()
    agent = AgentFactory(departments=[service], capacity=capacity)
    case = CaseFactory(department=service)
    answer = browser(agent.user).post(reverse("admin:case_act", args=[case.pk, "claim"]), follow=True)
    case.refresh_from_db()
    assert case.agent == agent
    told = f"now has 1, more than the {capacity} that are given automatically"
    assert (told in answer.content.decode()) is is_told
