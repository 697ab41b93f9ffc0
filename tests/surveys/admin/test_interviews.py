"""The month's board, an interview's page, times, themes; the member's page and both APIs."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from compensation.models import Member, Segment
from config.common.models import User
from surveys.admin import interviews as admin_interviews
from surveys.api import interviews as api_interviews
from surveys.interviews import links, noting, queries
from surveys.models import Interview, InterviewSlot, Passage, Theme
from surveys.portal import interviews as portal_interviews
from tests.factories.compensation import T0, MemberFactory
from tests.factories.feedback import AgentFactory, CaseFactory, DepartmentFactory, StaffFactory
from tests.factories.interviews import LATER, arranged, complainer, free, invited, proposed
from tests.factories.needs import need
from tests.factories.session import client_of

pytestmark = [pytest.mark.django_db, pytest.mark.req("S7")]
MONTH = f"{T0:%Y-%m}"


@pytest.fixture(autouse=True)
def now(monkeypatch):
    def be(moment):
        for module in (admin_interviews, api_interviews, portal_interviews):
            monkeypatch.setattr(module.timezone, "now", lambda: moment)

    be(T0)
    return be


@pytest.fixture
def supervisor(client):
    agent = AgentFactory(user=StaffFactory(role="supervisor"), departments=[DepartmentFactory()])
    client.user = User.objects.get(pk=agent.user_id)
    client.force_login(client.user)
    return client


def at(name, *args):
    return reverse(f"admin:{name}", args=args)


def do(client, interview, name, **data):
    return client.post(at("interview_act", interview.pk, name), data)


def test_the_board_names_the_segment_of_a_member(supervisor):
    Segment.objects.create(code="vip", name="<b>贵宾</b>")
    interview = proposed()
    Interview.objects.update(segment="vip")
    for address in (at("interviews") + f"?month={MONTH}", at("interview", interview.pk)):
        page = supervisor.get(address).content.decode()
        assert "&lt;b&gt;贵宾" in page
        assert "<b>贵宾" not in page


def test_a_month_is_proposed_and_somebody_invited(supervisor):
    complainer(2, name="<b>方雨晴</b>")
    assert supervisor.get(at("interviews"), {"month": MONTH}).context["number"] == 0
    assert supervisor.post(at("interviews_propose"), {"month": MONTH}).status_code == 302
    page = supervisor.get(at("interviews"), {"month": MONTH}).content.decode()
    assert "&lt;b&gt;方雨晴" in page
    assert "<b>方雨晴" not in page
    interview = Interview.objects.get()
    refused = do(supervisor, interview, "invite", interviewer=supervisor.user.pk, back="board")
    assert refused.status_code == 400  # no free time
    assert do(supervisor, interview, "invite", interviewer=0).status_code == 400
    free(supervisor.user)
    do(supervisor, interview, "invite", interviewer=supervisor.user.pk, back="board")
    interview.refresh_from_db()
    assert interview.state == "invited"
    for wrong in ("x", "2026-13", "0000-01", "٣"):
        assert supervisor.get(at("interviews"), {"month": wrong}).status_code == 404


def test_the_board_takes_a_constant_number_of_queries(supervisor):
    counts = []
    for more in (1, 2):
        for _n in range(more):
            proposed()
        supervisor.get(at("interviews"), {"month": MONTH})
        with CaptureQueriesContext(connection) as made:
            supervisor.get(at("interviews"), {"month": MONTH})
        counts.append(len(made))
    assert counts[0] == counts[1]


def test_it_is_arranged_held_and_noted(supervisor, now):
    interview = invited(interviewer=supervisor.user)
    slot = queries.offered(interview, T0).first()
    assert do(supervisor, interview, "arrange").status_code == 400
    do(supervisor, interview, "arrange", slot=slot.pk)
    now(LATER + timedelta(hours=3))
    supervisor.force_login(supervisor.user)  # the old session is over by now
    do(supervisor, interview, "hold")
    interview.refresh_from_db()
    assert interview.state == "held"
    theme, one = Theme.objects.create(code="a", name="配送"), need()
    do(supervisor, interview, "notes", notes="<i>慢</i>", version=0)
    stale = do(supervisor, interview, "notes", notes="我写的", version=0)
    assert stale.status_code == 409
    text = stale.content.decode()
    assert "我写的" in text
    assert "&lt;i&gt;慢" in text
    do(supervisor, interview, "passage", text="太慢了", theme=theme.pk, need=one.pk)
    passage = Passage.objects.get()
    page = supervisor.get(at("interview", interview.pk)).content.decode()
    assert "太慢了" in page
    assert at("need", one.pk) in page
    assert "太慢了" in supervisor.get(at("need", one.pk)).content.decode()
    do(supervisor, interview, "code", passage=passage.pk)
    assert not passage.themes.exists()
    do(supervisor, interview, "remove", passage=passage.pk)
    assert not Passage.objects.exists()
    assert do(supervisor, interview, "recording", recording="https://example.com/").status_code == 409
    do(supervisor, interview, "agree", agrees="1")
    assert do(supervisor, interview, "recording", recording="https://example.com/").status_code == 302
    assert do(supervisor, interview, "what").status_code == 404
    assert supervisor.get(at("interview", 0)).status_code == 404


def test_notes_are_kept_as_they_are_typed(supervisor):
    interview = arranged(interviewer=supervisor.user)
    address, headers = at("interview_act", interview.pk, "notes"), {"HTTP_ACCEPT": "application/json"}
    kept = supervisor.post(address, {"notes": "一", "version": 0}, **headers)
    assert kept.json() == {"version": 1}
    refused = supervisor.post(address, {"notes": "二", "version": 0}, **headers)
    assert (refused.status_code, refused.json()["notes"]) == (409, "一")


def test_times_are_offered_and_taken_away(supervisor):
    day = {"day": f"{LATER:%Y-%m-%d}", "first": "10:00", "number": 2, "minutes": 30, "place": "电话"}
    assert supervisor.post(at("interview_times_add"), day).status_code == 302
    assert supervisor.post(at("interview_times_add"), day).status_code == 400  # they overlap
    assert supervisor.post(at("interview_times_add"), {}).status_code == 400
    week = f"{LATER:%G-W%V}"
    [(who, days)] = supervisor.get(at("interview_times"), {"week": week}).context["rows"]
    assert (who, [len(cell) for cell in days]) == (supervisor.user, on_day(LATER, 2))
    slot, _other = InterviewSlot.objects.order_by("pk")
    gone = supervisor.post(at("interview_time_remove", slot.pk), {"week": week})
    assert gone.url == f"{at('interview_times')}?week={week}"
    theirs = free(StaffFactory(), 5)[0]
    assert supervisor.post(at("interview_time_remove", theirs.pk)).status_code == 404
    assert supervisor.get(at("interview_themes")).status_code == 200


def on_day(moment, number):
    days = [0] * 7
    days[timezone.localdate(moment).weekday()] = number
    return days


def test_the_week_is_narrowed_by_its_address(supervisor):
    interview = arranged(interviewer=supervisor.user, hours=(0, 1, 24 * 7))
    week, after = f"{LATER:%G-W%V}", f"{LATER + timedelta(days=7):%G-W%V}"

    def numbers(**asked):
        response = supervisor.get(at("interview_times"), asked)
        assert response.status_code == 200
        return [[len(cell) for cell in cells] for _who, cells in response.context["rows"]]

    assert numbers(week=week) == [on_day(LATER, 2)]
    assert numbers(week=week, free="1") == [on_day(LATER, 1)]
    assert numbers(week=week, who=supervisor.user.pk) == [on_day(LATER, 2)]
    assert numbers(week=after) == [on_day(LATER, 1)]
    assert numbers(week="2026-W01") == []
    page = supervisor.get(at("interview_times"), {"week": week, "free": "1"}).content.decode()
    assert f"?week={after}&amp;free=1" in page
    Member.objects.filter(pk=interview.member_id).update(name="<b>方")
    page = supervisor.get(at("interview_times"), {"week": week}).content.decode()
    assert "&lt;b&gt;方" in page
    assert "<b>方" not in page
    for wrong in ("x", "2026-13", "2026-W60", "0001-W01", "٢٠٢٦-W01", "2026-W1"):
        assert supervisor.get(at("interview_times"), {"week": wrong}).status_code == 404, wrong
    for wrong in ("x", "0", StaffFactory().pk):
        assert supervisor.get(at("interview_times"), {"who": wrong}).status_code == 404, wrong


def test_times_of_other_departments_are_not_shown(supervisor, client):
    mine = supervisor.user.agent.departments.get()
    colleague = AgentFactory(user=StaffFactory(role="supervisor"), departments=[mine]).user
    stranger = AgentFactory(user=StaffFactory(role="supervisor"), departments=[DepartmentFactory()]).user
    free(colleague)
    arranged(interviewer=stranger)
    week = {"week": f"{LATER:%G-W%V}"}

    def seen():
        return [who for who, _cells in client.get(at("interview_times"), week).context["rows"]]

    assert seen() == [colleague]
    assert client.get(at("interview_times"), {"who": stranger.pk}).status_code == 404
    client.force_login(StaffFactory(role="analyst"))  # who sees what everybody answered
    assert set(seen()) == {colleague, stranger}


def test_the_week_takes_a_constant_number_of_queries(supervisor):
    department, counts = supervisor.user.agent.departments.get(), []
    for more in (1, 2):
        for _n in range(more):
            free(AgentFactory(user=StaffFactory(role="supervisor"), departments=[department]).user, 0, 1, 2)
        week = {"week": f"{LATER:%G-W%V}"}
        supervisor.get(at("interview_times"), week)
        with CaptureQueriesContext(connection) as made:
            supervisor.get(at("interview_times"), week)
        counts.append(len(made))
    assert counts[0] == counts[1]


def test_a_passage_is_coded_anew_on_the_page(supervisor):
    interview = arranged(interviewer=supervisor.user)
    theme, lid, colour = Theme.objects.create(code="a", name="配送"), need("盖子"), need("颜色")
    do(supervisor, interview, "passage", text="太慢了", need=lid.pk)
    passage = Passage.objects.get()
    page = supervisor.get(at("interview", interview.pk)).content.decode()
    assert f"?passage={passage.pk}" in page
    page = supervisor.get(at("interview", interview.pk), {"passage": passage.pk}).content.decode()
    assert at("interview_act", interview.pk, "code") in page
    do(supervisor, interview, "code", passage=passage.pk, theme=theme.pk, need=["", colour.pk])
    assert [one.need for one in passage.evidence.all()] == [colour]
    assert list(passage.themes.all()) == [theme]


def test_interviews_are_sensitive(client):
    interview = arranged()
    for role in ("agent", "team_lead", "moderator", "finance"):
        client.force_login(StaffFactory(role=role))
        assert client.get(at("interviews")).status_code == 403, role
        assert client.get(at("interview", interview.pk)).status_code == 403, role
        assert do(client, interview, "hold").status_code == 403, role
        assert client.get("/api/v1/staff/interviews/").status_code == 403, role


def test_cases_of_other_departments_are_not_told(supervisor):
    interview = arranged(interviewer=supervisor.user)
    CaseFactory(member=interview.member, department=DepartmentFactory(), subject="别处的工单")
    assert "别处的工单" not in supervisor.get(at("interview", interview.pk)).content.decode()


def test_a_passage_is_no_evidence_for_who_may_not_read_interviews(client):
    interview, one = arranged(), need()
    actor = StaffFactory(is_superuser=True)
    noting.add_passage(interview_id=interview.pk, text="机密的话", needs_of=[one.pk], actor=actor, at=T0)
    client.force_login(StaffFactory(role="agent"))
    assert "机密的话" not in client.get(at("need", one.pk)).content.decode()


def test_a_member_chooses_by_the_link_moves_and_declines(client):
    interview = invited()
    page = links.page(interview)
    first, second = queries.offered(interview, T0)
    shown = client.get(page)
    assert shown.status_code == 200
    assert shown["Cache-Control"] == "no-store"
    assert client.get(f"{page}interview.ics").status_code == 404
    assert client.post(page, {}).status_code == 400
    assert client.post(page, {"slot": first.pk, "records": "1"}).status_code == 302
    interview.refresh_from_db()
    assert (interview.state, interview.consented_at) == ("arranged", T0)
    assert "BEGIN:VCALENDAR" in client.get(f"{page}interview.ics").content.decode()
    assert client.post(page, {"slot": second.pk}).status_code == 302
    interview.refresh_from_db()
    assert interview.consented_at is None
    InterviewSlot.objects.filter(pk=first.pk).delete()
    assert client.post(page, {"slot": first.pk}).status_code == 409
    assert client.post(page, {"decline": "1", "because": "<b>忙</b>"}).status_code == 302
    assert client.post(page, {"slot": second.pk}).status_code == 409
    assert client.get(page, {"lang": "en"}).status_code == 200
    wrong = page.replace(links.token(interview), "x")
    assert client.get(wrong).status_code == 404
    assert client.get(links.page(proposed())).status_code == 404


def test_whoever_guesses_links_is_slowed(client, monkeypatch):
    monkeypatch.setattr(portal_interviews, "GUESSES", 1)
    assert client.get("/s/interviews/1/x/").status_code == 404
    assert client.get("/s/interviews/1/x/").status_code == 429


def test_member_api():
    interview = invited()
    slot = queries.offered(interview, T0).first()
    mine, other = client_of(interview.member), client_of(MemberFactory())
    [found] = mine.get("/api/v1/me/interviews/").json()["results"]
    assert slot.pk in [one["id"] for one in found["offered"]]
    assert other.get("/api/v1/me/interviews/").json()["results"] == []
    choosing = f"/api/v1/me/interviews/{interview.pk}/slot/"
    asked = {"data": {"slot": slot.pk, "records": True}, "content_type": "application/json"}
    assert other.post(choosing, **asked).status_code == 404
    assert mine.post(choosing, **asked).json()["slot"]["id"] == slot.pk
    assert mine.post(choosing, data={"slot": 1}, content_type="application/json").status_code == 409
    declining = f"/api/v1/me/interviews/{interview.pk}/decline/"
    assert mine.post(declining, data={}, content_type="application/json").json()["state"] == "declined"


def test_staff_api(supervisor):
    complainer()
    made = supervisor.post(
        "/api/v1/staff/interviews/", {"month": f"{T0:%Y-%m-%d}"}, content_type="application/json"
    ).json()
    assert [one["state"] for one in made] == ["proposed"]
    assert supervisor.get("/api/v1/staff/interviews/", {"month": MONTH}).json() == made
    assert supervisor.get("/api/v1/staff/interviews/", {"month": "x"}).status_code == 400
    free(supervisor.user)
    invite = f"/api/v1/staff/interviews/{made[0]['id']}/invite/"
    for name, status in (("x", 400), (supervisor.user.username, 200)):
        asked = {"interviewer": name}
        assert supervisor.post(invite, asked, content_type="application/json").status_code == status
