from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from feedback.models import CheckStatus, Gap, Milestone, QualityCheck, Scorecard
from kpis.admin.dashboard import FRONT
from kpis.metrics.catalogue import METRICS
from kpis.metrics.rules import Form
from kpis.models import MetricCode
from kpis.snapshots import commands
from kpis.snapshots.calendar import day_span
from tests.factories.common import UserFactory
from tests.factories.feedback import AgentFactory, CaseFactory, DepartmentFactory, StaffFactory
from tests.factories.kpis import make_answer, make_clock, make_promised_order

pytestmark = pytest.mark.django_db


def take(*, day, at):
    return commands.take(first=day, last=day, at=at)


@pytest.fixture
def today():
    return timezone.localdate()


@pytest.fixture
def noon(today):
    return day_span(today).start + timedelta(hours=12)


@pytest.fixture
def ours():
    return DepartmentFactory(name="客服部")


@pytest.fixture
def supervisor(client, ours):
    user = StaffFactory(role="supervisor")
    AgentFactory(user=user, leads=[ours])
    client.force_login(user)
    return user


@pytest.fixture
def agent(client, ours):
    user = StaffFactory(role="agent")
    AgentFactory(user=user, departments=[ours])
    client.force_login(user)
    return user


def figure_url(metric, **query):
    return reverse("admin:figure", args=[metric], query=query)


@pytest.mark.req("K2")
def test_the_first_page_shows_each_figure_against_its_goal(client, supervisor, ours, noon, today):
    make_clock(ours, due_at=noon, met_at=noon)
    make_clock(ours, due_at=noon)
    take(day=today, at=noon)
    figures = client.get("/admin/").context["figures"]
    first = figures["cards"][0]["card"]
    assert (first.metric.code, first.now.value, first.now.n) == (MetricCode.FIRST_REPLY, 50.0, 2)
    assert [card["card"].metric.code for card in figures["cards"]] == list(FRONT)
    assert figures["lines"][0]["department"] == ours


def test_an_agent_sees_only_the_figures_of_their_departments(client, agent, ours, noon, today):
    theirs = DepartmentFactory()
    make_clock(ours, due_at=noon, met_at=noon)
    make_clock(theirs, due_at=noon)
    take(day=today, at=noon)
    figures = client.get("/admin/").context["figures"]
    assert [line["department"] for line in figures["lines"]] == [ours]
    assert figures["cards"][0]["card"].now.n == 1
    codes = {card["card"].metric.code for card in figures["cards"]}
    assert MetricCode.GAP_RATE not in codes


def test_somebody_without_a_department_is_told_why_there_is_nothing(client):
    client.force_login(UserFactory())
    response = client.get("/admin/")
    assert response.status_code == 200
    assert response.context["figures"]["lines"] == []


@pytest.mark.parametrize("days", ["7", "90", "abc", "-1", "99999999999"])
def test_any_period_asked_for_gives_a_page(client, supervisor, days):
    assert client.get("/admin/", {"days": days}).status_code == 200


def test_the_first_page_costs_the_same_with_one_department_and_with_three(
    client, supervisor, ours, noon, django_assert_max_num_queries
):
    make_clock(ours, due_at=noon)
    take(day=noon.date(), at=noon)
    client.get("/admin/")
    with django_assert_max_num_queries(28) as one:
        client.get("/admin/")
    for _ in range(2):
        make_clock(DepartmentFactory(parent=ours), due_at=noon)
    take(day=noon.date(), at=noon)
    with django_assert_max_num_queries(28) as three:
        client.get("/admin/")
    assert len(one) == len(three)


@pytest.mark.req("K1")
@pytest.mark.parametrize("metric", MetricCode.values)
def test_the_rows_add_up_to_the_figure(client, supervisor, ours, noon, metric):
    make_clock(ours, due_at=noon, met_at=noon)
    make_clock(ours, due_at=noon)
    make_clock(ours, due_at=noon, met_at=noon, milestone=Milestone.RESOLUTION)
    make_answer(ours, 5, at=noon)
    make_answer(ours, 2, at=noon)
    make_promised_order(due_at=noon, late=True)
    make_promised_order(due_at=noon)
    CaseFactory(opened_at=noon, department=ours)
    pages = {part: client.get(figure_url(metric, part=part)) for part in ("all", "counted", "others")}
    assert {page.status_code for page in pages.values()} == {200}
    counted, others = (len(pages[part].context["rows"]) for part in ("counted", "others"))
    shown, form = len(pages["all"].context["rows"]), METRICS[metric].form
    assert shown == pages["all"].context["figure"].n
    assert {Form.SHARE: counted + others, Form.MEAN: counted, Form.RATIO: others}[form] == shown


@pytest.mark.parametrize(("role", "is_named"), [("supervisor", True), ("analyst", False)])
def test_rows_name_members_to_who_may_see_them_alone(client, noon, role, is_named):
    member = make_promised_order(due_at=noon, late=True).member
    client.force_login(StaffFactory(role=role))
    shown = client.get(figure_url(MetricCode.GAP_RATE)).content.decode()
    assert (member.name in shown, member.external_id in shown) == (is_named, not is_named)


def test_of_an_order_is_told_what_its_gap_was_and_how_late_it_came(client, supervisor, noon):
    make_promised_order(due_at=noon, late=True)
    shown = client.get(figure_url(MetricCode.GAP_RATE)).content.decode()
    assert "送达 · 严重" in shown
    assert "晚 3.0 天" in shown
    Gap.objects.update(aspect="price", days=None, expected=10, actual=12, severity=1)
    shown = client.get(figure_url(MetricCode.GAP_RATE)).content.decode()
    assert "价格 · 轻微" in shown
    assert "晚" not in shown.partition("<tbody>")[2].partition("</tbody>")[0]


def test_an_agent_cannot_open_the_rows_of_another_department(client, agent, noon):
    theirs = DepartmentFactory()
    clock = make_clock(theirs, due_at=noon)
    page = client.get(figure_url(MetricCode.FIRST_REPLY))
    assert page.context["rows"] == []
    assert clock.case.subject not in page.content.decode()
    assert client.get(figure_url(MetricCode.FIRST_REPLY, department=theirs.pk)).status_code == 400


def test_an_agent_is_refused_the_figures_of_the_company(client, agent):
    assert client.get(figure_url(MetricCode.COMPLAINT_RATE)).status_code == 403


def test_nobody_gets_to_the_rows_without_signing_in(client):
    response = client.get(figure_url(MetricCode.CSAT))
    assert response.status_code == 302
    assert "/login/" in response.url


def test_a_figure_that_does_not_exist_is_not_found(client, supervisor):
    assert client.get(figure_url("nonsense")).status_code == 404


@pytest.mark.parametrize(
    "query",
    [
        {"start": "2026-02-30", "end": "2026-03-01"},
        {"start": "2026-03-02", "end": "2026-03-01"},
        {"start": "2020-01-01", "end": "2026-01-01"},
        {"start": "<script>", "end": "'; --"},
        {"page": "-1"},
        {"part": "nothing"},
        {"department": "x"},
    ],
)
def test_a_question_that_makes_no_sense_is_explained(client, supervisor, query):
    response = client.get(figure_url(MetricCode.CSAT, **query))
    assert response.status_code == 400
    assert "<script>" not in response.content.decode().replace("<script src", "")


def test_hostile_words_of_a_member_stay_words(client, supervisor, ours, noon):
    clock = make_clock(ours, due_at=noon)
    clock.case.member.name = "<img src=x onerror=alert(1)>"
    clock.case.member.save()
    page = client.get(figure_url(MetricCode.FIRST_REPLY)).content.decode()
    assert "<img src=x" not in page
    assert "&lt;img src=x" in page


def test_the_rows_cost_the_same_with_one_and_with_three(
    client, supervisor, ours, noon, django_assert_max_num_queries
):
    make_clock(ours, due_at=noon)
    client.get(figure_url(MetricCode.FIRST_REPLY))
    with django_assert_max_num_queries(28) as one:
        client.get(figure_url(MetricCode.FIRST_REPLY))
    for _ in range(2):
        make_clock(ours, due_at=noon)
    with django_assert_max_num_queries(28) as three:
        client.get(figure_url(MetricCode.FIRST_REPLY))
    assert len(one) == len(three)


def checked(who, ours, at):
    card, _new = Scorecard.objects.get_or_create(code="x", defaults={"name": "x"})
    return QualityCheck.objects.create(
        case=CaseFactory(department=ours), agent=who, department=ours, scorecard=card, form={"items": []},
        status=CheckStatus.SCORED, ended_at=at, drawn_at=at, scored_at=at, score=50,
    )  # fmt: skip


def test_an_agent_sees_the_checks_of_their_own_work_and_a_lead_those_of_all(client, agent, ours, noon):
    own = checked(agent.agent, ours, noon)
    others = [checked(AgentFactory(departments=[ours]), ours, noon) for _ in range(2)]
    shown = client.get(figure_url(MetricCode.QUALITY)).context
    assert ([row.pk for row in shown["rows"]], shown["figure"].n) == ([own.pk], 1)
    lead = StaffFactory(role="supervisor")
    AgentFactory(user=lead, leads=[ours])
    client.force_login(lead)
    shown = client.get(figure_url(MetricCode.QUALITY)).context
    assert {row.pk for row in shown["rows"]} == {own.pk, *(one.pk for one in others)}
    key = str(others[0].agent_id)
    assert client.get(figure_url(MetricCode.QUALITY, by="agent", key=key)).context["figure"].n == 1


@pytest.mark.parametrize("metric", [MetricCode.QUALITY, MetricCode.FIRST_REPLY])
def test_no_colleagues_figure_is_shown_to_an_agent(client, agent, ours, metric):
    colleague = AgentFactory(departments=[ours])
    asked = {"by": "agent", "key": str(colleague.pk)}
    assert client.get(figure_url(metric, **asked)).status_code == 403
    asked["key"] = str(agent.agent.pk)
    assert client.get(figure_url(metric, **asked)).status_code == 200
