"""Departments, agents, calendars, ladders and policies as administrators edit them."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from config.common.models import Event
from feedback.admin.calendar_form import HoursForm, exceptions_read, shifts_read, shifts_written
from feedback.models import Calendar, Department, Ladder, Milestone, Policy
from tests.factories.compensation import TierFactory
from tests.factories.feedback import AgentFactory, DepartmentFactory
from tests.factories.sop import OFFICE, SopCalendarFactory, make_ladder, make_policy
from tests.feedback.admin.conftest import client_for, staff

pytestmark = [pytest.mark.django_db, pytest.mark.req("F8")]

HOSTILE = "<script>alert(1)</script>"
WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@pytest.fixture
def browser(db):
    return client_for(staff("administrator"))


def url(model, action, *arguments):
    return reverse(f"admin:feedback_{model}_{action}", args=arguments)


def management(prefix, total=0, initial=0):
    return {f"{prefix}-TOTAL_FORMS": total, f"{prefix}-INITIAL_FORMS": initial}


def hours(**fields):
    return {"zone": "Asia/Shanghai", **dict.fromkeys(WEEK, ""), "exceptions": "", **fields}


def calendar_data(calendar, **fields):
    content = {day: shifts_written(calendar.content["hours"].get(day, [])) for day in WEEK}
    names = {"code": calendar.code, "name": calendar.name, "name_en": ""}
    versions = management("versions", total=0, initial=0)
    return {**names, **versions, **hours(**content), **fields}


def errors(response):
    assert response.status_code == 200
    return response.content.decode()


@pytest.mark.parametrize("model", ["department", "agent", "calendar", "ladder", "policy"])
@pytest.mark.parametrize("role", ["agent", "team_lead", "supervisor", "moderator", "finance", "analyst"])
def test_only_administrators_edit(model, role):
    DepartmentFactory(), make_ladder(), make_policy(), AgentFactory()
    user = client_for(staff(role))
    row = {"calendar": Calendar, "ladder": Ladder, "policy": Policy, "department": Department}.get(model)
    pk = (row.objects.first() if row else AgentFactory()).pk
    for path in (url(model, "add"), url(model, "change", pk)):
        assert user.post(path, {"name": "x"}).status_code == 403, path
    assert user.post(reverse("admin:feedback_calendar_preview"), hours()).status_code == 403


@pytest.mark.parametrize("model", ["department", "agent", "calendar", "ladder", "policy"])
def test_nothing_is_deleted(browser, model):
    department = DepartmentFactory()
    ladder, policy, agent = make_ladder(), make_policy(), AgentFactory(departments=[department])
    rows = {
        "department": department,
        "agent": agent,
        "calendar": department.calendar,
        "ladder": ladder,
        "policy": policy,
    }
    pk = rows[model].pk
    assert browser.post(url(model, "delete", pk), {"post": "yes"}).status_code == 403
    data = {"action": "delete_selected", "_selected_action": [pk], "post": "yes"}
    browser.post(url(model, "changelist"), data)
    assert type(rows[model]).objects.filter(pk=pk).exists()


@pytest.mark.parametrize("model", ["department", "agent", "calendar", "ladder", "policy"])
def test_lists_take_a_fixed_number_of_queries(browser, model):
    counts = []
    for n in (1, 2):
        for k in range(n):
            department = DepartmentFactory(calendar=SopCalendarFactory(), parent=DepartmentFactory())
            AgentFactory(departments=[department])
            make_policy(f"p{n}{k}", ladder=make_ladder(code=f"l{n}{k}"))
        browser.get(url(model, "changelist"))
        with CaptureQueriesContext(connection) as made:
            assert browser.get(url(model, "changelist")).status_code == 200
        counts.append(len(made))
    assert counts[0] == counts[1]


def test_names_are_text(browser):
    department = DepartmentFactory(name=HOSTILE, calendar=SopCalendarFactory(name=HOSTILE))
    policy = make_policy(ladder=make_ladder())
    Policy.objects.filter(pk=policy.pk).update(name=HOSTILE)
    for model, pk in (
        ("department", department.pk),
        ("calendar", department.calendar_id),
        ("policy", policy.pk),
    ):
        for path in (url(model, "changelist"), url(model, "change", pk)):
            assert HOSTILE not in browser.get(path).content.decode(), path


# --- departments -------------------------------------------------------------------------------------------


def department_data(department, **fields):
    return {
        "name": department.name,
        "name_en": department.name_en,
        "code": department.code,
        "calendar": department.calendar_id,
        "is_active": "on",
        "close_after_days": 7,
        "reopen_within_days": 30,
        "strategy": "off",
        "away_after": "0:15:00",
        "keep_for": "0:30:00",
        **management("memberships"),
        **fields,
    }


def test_a_department_does_not_stand_below_itself(browser):
    top = DepartmentFactory()
    middle = DepartmentFactory(parent=top)
    low = DepartmentFactory(parent=middle)
    for parent in (top, middle, low):
        shown = errors(
            browser.post(url("department", "change", top.pk), department_data(top, parent=parent.pk))
        )
        assert "该部门位于您正在编辑的部门之下。" in shown
    top.refresh_from_db()
    assert top.parent is None
    saved = browser.post(url("department", "change", low.pk), department_data(low, parent=top.pk))
    assert saved.status_code == 302
    low.refresh_from_db()
    assert low.parent == top


def test_two_departments_cannot_both_take_new_cases(browser):
    DepartmentFactory(takes_new=True)
    other = DepartmentFactory()
    path = url("department", "change", other.pk)
    errors(browser.post(path, department_data(other, takes_new="on")))
    other.refresh_from_db()
    assert not other.takes_new


def test_an_agent_is_in_a_department_once(browser):
    department = DepartmentFactory()
    agent = AgentFactory(departments=[department])
    rows = {
        **management("memberships", total=2),
        "memberships-0-agent": agent.pk,
        "memberships-1-agent": agent.pk,
    }
    errors(browser.post(url("department", "change", department.pk), department_data(department, **rows)))
    assert department.memberships.count() == 1


# --- calendars ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "shifts"),
    [
        ("", []),
        ("-", []),
        ("—", []),
        ("09:00-18:00", [["09:00", "18:00"]]),
        ("09：00－12：00，13：00～18：00", [["09:00", "12:00"], ["13:00", "18:00"]]),
        ("09:00—12:00、13:00–18:00", [["09:00", "12:00"], ["13:00", "18:00"]]),
        (" 09:00 - 12:00 ; ", [["09:00", "12:00"]]),
        ("09:00至12:00", [["09:00", "12:00"]]),
        ("０９:００-１２:００", [["09:00", "12:00"]]),
    ],
)
def test_hours_are_read_as_people_type_them(text, shifts):
    assert shifts_read(text) == shifts


def test_exceptions_are_read_line_by_line():
    text = "2026-10-01 -\n\n  2026-10-10　09：00-18：00  \n2026-10-02"
    assert exceptions_read(text) == {
        "2026-10-01": [],
        "2026-10-10": [["09:00", "18:00"]],
        "2026-10-02": [],
    }


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"mon": "25:00-26:00"},
        {"mon": "nine to five"},
        {"mon": "09:00"},
        {"mon": "18:00-09:00-10:00"},
        {"mon": "09:00-12:00, 11:00-13:00"},
        {"mon": HOSTILE},
        {"mon": "09:00-18:00", "zone": "Mars/Base"},
        {"mon": "09:00-18:00", "exceptions": "tomorrow -"},
        {"mon": "09:00-18:00", "exceptions": "2026-02-30 -"},
        {"mon": "09:00-18:00", "exceptions": "2026-10-01 -\n2026-10-01 09:00-10:00"},
    ],
)
def test_a_calendar_that_makes_no_sense_is_refused_and_not_published(browser, fields):
    form = HoursForm(hours(**fields))
    assert not form.is_valid()
    calendar = SopCalendarFactory(content=OFFICE)
    data = {**calendar_data(calendar), **hours(**fields)}
    shown = errors(browser.post(url("calendar", "change", calendar.pk), data))
    assert HOSTILE not in shown
    assert calendar.versions.count() == 1
    calendar.refresh_from_db()
    assert calendar.content == OFFICE
    preview = browser.post(reverse("admin:feedback_calendar_preview"), data)
    assert 'role="alert"' in preview.content.decode()
    assert HOSTILE not in preview.content.decode()


def test_a_calendar_is_published_only_when_it_changed(browser):
    calendar = SopCalendarFactory(content=OFFICE)
    path = url("calendar", "change", calendar.pk)
    assert browser.post(path, calendar_data(calendar)).status_code == 302
    assert calendar.versions.count() == 1
    changed = calendar_data(calendar, sat="10：00－16：00", exceptions="2026-10-01 -")
    response = browser.post(path, changed, follow=True)
    assert "2" in response.content.decode()
    version = calendar.versions.get(number=2)
    assert version.content["hours"]["sat"] == [["10:00", "16:00"]]
    assert version.content["exceptions"] == {"2026-10-01": []}
    assert Event.objects.filter(kind="calendar.published").latest("id").actor.startswith("user:")
    shown = browser.get(path).content.decode()
    assert "10:00-16:00" in shown
    assert "2026-10-01 -" in shown


def test_the_preview_shows_what_is_typed_and_saves_nothing(browser):
    before = Calendar.objects.count()
    data = hours(mon="09:00-12:00", tue="22:00-24:00")
    shown = browser.post(reverse("admin:feedback_calendar_preview"), data).content.decode()
    assert shown.count("09:00–12:00") == 4
    assert "休息" in shown
    assert Calendar.objects.count() == before
    assert browser.get(reverse("admin:feedback_calendar_preview")).status_code == 200


# --- ladders -----------------------------------------------------------------------------------------------


def ladder_data(ladder, *rungs):
    rows = {}
    for n, rung in enumerate(rungs):
        rows |= {f"rungs-{n}-{name}": value for name, value in {"via": "all", **rung}.items()}
    return {
        "name": ladder.name,
        "name_en": "",
        "code": ladder.code,
        **management("rungs", total=len(rungs), initial=sum("id" in rung for rung in rungs)),
        **management("versions"),
        **rows,
    }


def rungs_of(ladder):
    return [
        {
            "id": rung.pk,
            "percent": "" if rung.percent is None else rung.percent,
            "after": "" if rung.after is None else str(rung.after),
            "action": rung.action,
            "via": rung.via,
            **({"in_working_time": "on"} if rung.in_working_time else {}),
        }
        for rung in ladder.rungs.all()
    ]


def test_a_ladder_is_published_only_when_it_changed(browser):
    ladder = make_ladder()
    path = url("ladder", "change", ladder.pk)
    assert browser.post(path, ladder_data(ladder, *rungs_of(ladder))).status_code == 302
    assert ladder.versions.count() == 1
    more = {"percent": "50", "after": "", "action": "notify_lead", "in_working_time": "on"}
    assert browser.post(path, ladder_data(ladder, *rungs_of(ladder), more)).status_code == 302
    assert ladder.versions.count() == 2


@pytest.mark.parametrize(
    "rung",
    [
        {"percent": "80", "after": "", "action": "notify_agent", "in_working_time": "on"},
        {"percent": "80", "after": "1:00:00", "action": "notify_lead"},
        {"percent": "", "after": "", "action": "notify_lead"},
        {"percent": "-5", "after": "", "action": "notify_lead"},
        {"percent": "0", "after": "", "action": "notify_lead"},
        {"percent": "", "after": "soon", "action": "notify_lead"},
        {"percent": "", "after": "-1:00:00", "action": "notify_lead"},
        {"percent": "80", "after": "", "action": "shout"},
    ],
)
def test_a_rung_that_makes_no_sense_is_refused(browser, rung):
    ladder = make_ladder()
    errors(browser.post(url("ladder", "change", ladder.pk), ladder_data(ladder, *rungs_of(ladder), rung)))
    assert (ladder.rungs.count(), ladder.versions.count()) == (4, 1)


# --- policies ----------------------------------------------------------------------------------------------


def policy_data(policy, *targets, **fields):
    rows = {}
    for n, target in enumerate(targets):
        rows |= {f"targets-{n}-{name}": value for name, value in target.items()}
    return {
        "name": policy.name,
        "name_en": "",
        "code": policy.code,
        "position": policy.position,
        "is_active": "on",
        **management("targets", total=len(targets), initial=sum("id" in target for target in targets)),
        **management("versions"),
        **rows,
        **fields,
    }


def targets_of(policy):
    return [
        {
            "id": target.pk,
            "milestone": target.milestone,
            "within": str(target.within),
            "calendar": "",
            "ladder": "",
        }
        for target in policy.targets.all()
    ]


def test_a_policy_is_published_only_when_it_changed(browser):
    TierFactory(code="gold")
    policy = make_policy()
    path = url("policy", "change", policy.pk)
    assert browser.post(path, policy_data(policy, *targets_of(policy))).status_code == 302
    assert policy.versions.count() == 1
    conditions = {"kinds": ["complaint"], "tiers": ["gold"], "priorities": ["4"]}
    response = browser.post(path, policy_data(policy, *targets_of(policy), **conditions), follow=True)
    assert policy.versions.get(number=2).content["priorities"] == [4]
    assert "部分工单" in response.content.decode()  # no policy takes every case any more


@pytest.mark.parametrize(
    "fields",
    [
        {"kinds": ["nonsense"]},
        {"channels": [HOSTILE]},
        {"priorities": ["9"]},
        {"priorities": ["x"]},
        {"tiers": ["platinum"]},
        {"position": "-1"},
        {"name": ""},
        {"code": "not a slug!"},
    ],
)
def test_a_policy_that_makes_no_sense_is_refused(browser, fields):
    policy = make_policy()
    shown = errors(
        browser.post(url("policy", "change", policy.pk), policy_data(policy, *targets_of(policy), **fields))
    )
    assert HOSTILE not in shown
    assert policy.versions.count() == 1


@pytest.mark.parametrize("within", ["0:00:00", "-1:00:00", "soon", ""])
def test_a_target_needs_a_time(browser, within):
    policy = make_policy(targets={"first_reply": 30})
    (target,) = targets_of(policy)
    errors(
        browser.post(url("policy", "change", policy.pk), policy_data(policy, {**target, "within": within}))
    )
    assert policy.versions.count() == 1


def test_a_milestone_has_one_target_a_policy(browser):
    policy = make_policy(targets={"first_reply": 30})
    (target,) = targets_of(policy)
    again = {key: value for key, value in target.items() if key != "id"}
    errors(browser.post(url("policy", "change", policy.pk), policy_data(policy, target, again)))
    assert policy.targets.count() == 1


# --- what the SOP says -------------------------------------------------------------------------------------

SOP = "/admin/sop/"


@pytest.mark.parametrize(
    ("role", "status"),
    [("agent", 403), ("team_lead", 403), ("supervisor", 403), ("finance", 403), ("administrator", 200)],
)
def test_who_sees_what_the_sop_says(role, status):
    DepartmentFactory(), TierFactory(), make_policy()
    assert client_for(staff(role)).get(SOP).status_code == status


def test_says_which_policy_decides_and_why(browser):
    ordinary, gold = TierFactory(code="ordinary", name="普通"), TierFactory(code="gold", name="金卡")
    DepartmentFactory(calendar=SopCalendarFactory())
    make_policy("vip", position=1, tiers=["gold"], targets={"first_reply": 5}, ladder=make_ladder())
    make_policy("any")
    response = browser.get(SOP, {"tier": ordinary.code})
    answers = response.context["answers"]
    timed = [answer.choice.rule.code for answer in answers if answer.choice.rule]
    assert timed == ["any"] * 4
    assert "原因：适用于所有工单" in response.content.decode()
    assert "会员等级为“普通”，要求“金卡”" in response.content.decode()
    answers = browser.get(SOP, {"tier": gold.code}).context["answers"]
    timed = [answer.choice.rule.code for answer in answers if answer.choice.rule]
    assert timed == ["vip", "any", "any", "any"]
    assert len(answers[0].rungs) == 4


def test_says_that_no_clock_runs(browser):
    DepartmentFactory(calendar=SopCalendarFactory()), TierFactory()
    make_policy(kinds=["refund"])
    shown = browser.get(SOP, {"kind": "complaint"}).content.decode()
    assert shown.count("不计时。") == len(Milestone)


@pytest.mark.parametrize("query", [{"kind": "x"}, {"tier": "none"}, {"department": "0"}, {"priority": "x"}])
def test_what_cannot_be_asked_is_explained(browser, query):
    DepartmentFactory(calendar=SopCalendarFactory()), TierFactory(), make_policy()
    response = browser.get(SOP, query)
    assert response.status_code == 400
    assert 'role="alert"' in response.content.decode()


def test_an_empty_installation_has_nothing_to_say(browser):
    assert browser.get(SOP).status_code == 400


def test_a_department_whose_calendar_was_never_published_is_no_error(browser):
    calendar = Calendar.objects.create(code="new", name="新", content=OFFICE)
    DepartmentFactory(calendar=calendar), TierFactory(), make_policy()
    assert browser.get(SOP).status_code == 200
