"""The pages of goals: who sees and sets which, trying, what makes no sense, and what they cost."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from kpis.models import Dimension, Grain, MetricCode, Target
from kpis.snapshots.calendar import period_of
from kpis.targets.rules import State
from tests.factories.feedback import AgentFactory, DepartmentFactory, StaffFactory
from tests.factories.figures import make_days, make_goal

pytestmark = [pytest.mark.django_db, pytest.mark.req("K2")]
GOALS, GOAL = reverse("admin:figure_goals"), reverse("admin:figure_goal")
WHICH = {"metric": "first_reply_attainment", "grain": "month"}


@pytest.fixture
def ours():
    return DepartmentFactory(name="客服部")


@pytest.fixture
def sign_in(client, ours):
    def make(role, *, leads=True, sets=False):
        user = StaffFactory(role=role)
        AgentFactory(user=user, **({"leads": [ours]} if leads else {"departments": [ours]}))
        if sets:
            user.user_permissions.add(Permission.objects.get(codename="change_target"))
        client.force_login(user)
        return user

    return make


@pytest.fixture
def today():
    return timezone.localdate()


@pytest.fixture
def measured(ours, today):
    make_goal("95")
    for place in ({}, {"dimension": Dimension.DEPARTMENT, "key": str(ours.pk)}):
        make_days(today - timedelta(130), today - timedelta(1), 0.9, **place)


def whose(response):
    return {
        (line["standing"].period.of.dimension.value, line["standing"].metric.code)
        for line in response.context["lines"]
    }


@pytest.mark.parametrize(
    ("role", "seen"),
    [
        ("analyst", {("", MetricCode.FIRST_REPLY)}),
        ("supervisor", {("", MetricCode.FIRST_REPLY)}),
        ("team_lead", {("department", MetricCode.FIRST_REPLY)}),
    ],
)
def test_who_sees_which_goals(client, sign_in, measured, role, seen):
    sign_in(role)
    assert whose(client.get(GOALS)) == seen


def test_agents_have_no_such_page(client, sign_in, measured):
    sign_in("agent", leads=False)
    assert client.get(GOALS).status_code == 403
    assert client.get(GOAL, WHICH).status_code == 403


def test_a_lead_sees_their_department_only(client, sign_in, measured, ours):
    sign_in("team_lead")
    theirs = DepartmentFactory()
    assert client.get(GOALS, {"department": theirs.pk}).status_code == 400
    assert client.get(GOAL, {**WHICH, "dimension": "department", "key": ours.pk}).status_code == 200
    assert client.get(GOAL, {**WHICH, "dimension": "department", "key": theirs.pk}).status_code == 403
    assert client.get(GOAL, WHICH).status_code == 403


@pytest.mark.parametrize(
    ("query", "number"),
    [({"grain": "month"}, 1), ({"grain": "week"}, 0), ({"state": "open"}, 0), ({"state": "at_risk"}, 1)],
)
def test_the_list_is_narrowed_by_its_address(client, sign_in, measured, query, number):
    sign_in("supervisor")
    make_days(timezone.localdate(), timezone.localdate(), 0.1)
    response = client.get(GOALS, query)
    assert len(response.context["lines"]) == number


def offered(client):
    found = client.get(GOALS).context["which"].fields["of"].widget.choices
    return {value for _name, group in found if isinstance(group, list) for value, _label in group}


def test_what_a_goal_is_of_is_chosen_by_name_and_leads_to_it(client, sign_in, measured, ours):
    sign_in("supervisor", sets=True)
    make_days(timezone.localdate(), timezone.localdate(), 0.5, dimension=Dimension.REGION, key="沪")
    found = offered(client)
    assert {f"department:{ours.pk}", "channel:portal", "region:沪"} <= found
    answer = client.get(GOAL, {**WHICH, "of": "region:沪"}, follow=True)
    assert (answer.status_code, answer.context["place"]) == (200, ("region", "沪"))
    answer = client.get(GOAL, {**WHICH, "metric": "complaint_rate", "of": f"department:{ours.pk}"})
    assert answer.url == GOALS
    for odd in ("planet:3", "region:" + "x" * 99, "x"):
        assert client.get(GOAL, {**WHICH, "of": odd}).status_code == 404


def test_a_lead_is_offered_their_departments_alone(client, sign_in, measured, ours):
    sign_in("team_lead", sets=True)
    DepartmentFactory()
    assert offered(client) == {f"department:{ours.pk}"}
    theirs = DepartmentFactory()
    answer = client.get(GOAL, {**WHICH, "of": f"department:{theirs.pk}"}, follow=True)
    assert answer.status_code == 403


@pytest.mark.parametrize("query", [{"state": "x"}, {"grain": "day"}, {"department": "'; --"}])
def test_a_filter_that_makes_no_sense_is_told(client, sign_in, query):
    sign_in("supervisor")
    assert client.get(GOALS, query).status_code == 400


@pytest.mark.parametrize(
    "which",
    [
        {},
        {"metric": "x", "grain": "month"},
        {**WHICH, "grain": "day"},
        {**WHICH, "dimension": "agent"},
        {**WHICH, "key": "1"},
        {**WHICH, "metric": "complaint_rate", "dimension": "department", "key": "1"},
    ],
)
def test_a_goal_that_there_cannot_be_is_not_found(client, sign_in, which):
    sign_in("supervisor")
    assert client.get(GOAL, which).status_code == 404


def test_trying_a_goal_tells_what_it_would_have_judged_and_sets_nothing(client, sign_in, measured, today):
    sign_in("supervisor", sets=True)
    asked = {**WHICH, "try": "1", "since": f"{today}", "goal": "80", "warning": "1"}
    response = client.get(GOAL, asked)
    judged = [(one.standing.state, would) for one, would in response.context["past"] if one.figure.n]
    assert judged[0] == (State.MISSED, State.MET)
    assert Target.objects.count() == 1
    assert client.get(GOAL, {**asked, "goal": "x"}).status_code == 200
    assert client.get(GOAL, WHICH).context["tried"] is None


def test_setting_a_goal_holds_from_this_period_on(client, sign_in, measured, today):
    user = sign_in("supervisor", sets=True)
    address = GOAL + "?metric=first_reply_attainment&grain=month"
    asked = {"since": f"{today}", "goal": "91.5", "warning": "0.5", "owner": user.pk}
    assert client.post(address, asked).status_code == 302
    made = Target.objects.latest("pk")
    assert (made.goal, made.since, made.owner, made.set_by) == (
        Decimal("91.5"),
        period_of(today, Grain.MONTH)[0],
        user,
        user,
    )
    assert [one.goal for one in client.get(address).context["versions"]] == [Decimal("91.5"), 95]


def test_times_are_typed_in_minutes(client, sign_in, today):
    sign_in("supervisor", sets=True)
    address = GOAL + "?metric=first_reply_time&grain=week"
    assert client.post(address, {"since": f"{today}", "goal": "30", "warning": "2"}).status_code == 302
    assert Target.objects.get().goal == 1800
    assert client.get(address).context["form"].initial["goal"] == 30


@pytest.mark.parametrize(
    "wrong",
    [
        {"goal": "120"},
        {"goal": "<script>"},
        {"since": "2020-01-01"},
        {"since": "9999-12-31"},
        {"warning": "-1"},
        {"warning": ""},
        {"owner": "0"},
    ],
)
def test_a_goal_that_makes_no_sense_is_told(client, sign_in, today, wrong):
    sign_in("supervisor", sets=True)
    asked = {"since": f"{today}", "goal": "90", "warning": "1", **wrong}
    response = client.post(GOAL + "?metric=csat_x&grain=month", asked)
    assert response.status_code == 404
    response = client.post(GOAL + "?metric=first_reply_attainment&grain=month", asked)
    assert response.status_code == 400
    assert response.context["form"].errors
    assert "<script>" not in response.content.decode().replace("<script src", "")
    assert not Target.objects.exists()


def test_who_may_not_set_is_refused(client, sign_in, today):
    sign_in("supervisor")
    address = GOAL + "?metric=first_reply_attainment&grain=month"
    assert client.get(address).context["form"] is None
    assert client.post(address, {"since": f"{today}", "goal": "90", "warning": "1"}).status_code == 403
    made = make_goal("90", since=today + timedelta(200))
    assert client.post(reverse("admin:figure_goal_back", args=[made.pk])).status_code == 403
    assert Target.objects.count() == 1


def test_what_has_not_begun_is_taken_back_and_nothing_else(client, sign_in, today):
    sign_in("supervisor", sets=True)
    later, now = make_goal("90", since=today + timedelta(200)), make_goal("80")
    for target in (later, now):
        assert client.post(reverse("admin:figure_goal_back", args=[target.pk])).status_code == 302
    assert list(Target.objects.all()) == [now]
    assert client.post(reverse("admin:figure_goal_back", args=[later.pk])).status_code == 404


def test_another_departments_goal_is_not_taken_back(client, sign_in, today):
    sign_in("supervisor", sets=True)
    theirs = str(DepartmentFactory().pk)
    made = make_goal("90", since=today + timedelta(200), dimension=Dimension.DEPARTMENT, key=theirs)
    assert client.post(reverse("admin:figure_goal_back", args=[made.pk])).status_code == 403
    assert Target.objects.count() == 1


def test_the_first_page_holds_figures_against_the_period_that_runs(client, sign_in, measured):
    sign_in("supervisor")
    card = client.get("/admin/").context["figures"]["cards"][0]
    assert card["standing"].goal.value == 95
    assert card["standing"].period.grain == Grain.MONTH
    assert client.get("/admin/").context["figures"]["cards"][3]["standing"] is None


def test_the_pages_cost_the_same_with_one_goal_and_with_three(client, sign_in, measured, ours):
    sign_in("supervisor")

    def cost(address, query=None):
        client.get(address, query)
        with CaptureQueriesContext(connection) as found:
            assert client.get(address, query).status_code == 200
        return len(found)

    make_goal("80", dimension=Dimension.CHANNEL, key="portal")
    make_goal("80", dimension=Dimension.DEPARTMENT, key=str(ours.pk))
    one = cost(GOALS), cost(GOAL, WHICH)
    for channel in ("app", "mail"):
        make_goal("80", dimension=Dimension.CHANNEL, key=channel)
        make_goal("80", dimension=Dimension.DEPARTMENT, key=str(DepartmentFactory().pk))
        make_goal("80", since=timezone.localdate() + timedelta(99 + len(channel)))
    assert (cost(GOALS), cost(GOAL, WHICH)) == one
