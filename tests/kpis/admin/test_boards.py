"""The dashboards: who sees which, whose figures, what makes no sense, and what they cost."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from compensation.models import OrderLine
from feedback.models import BreachCause, BreachNote, GapCause
from kpis.improvements.held import VIEW
from kpis.models import Dimension, Improvement, MetricCode, Verdict
from kpis.snapshots.calendar import day_span
from kpis.snapshots.commands import take
from tests.factories.compensation import OrderFactory, ProductFactory
from tests.factories.feedback import AgentFactory, CaseFactory, DepartmentFactory, ReviewFactory, StaffFactory
from tests.factories.figures import make_days, make_goal
from tests.factories.improvements import carried_out, improvement
from tests.factories.kpis import make_clock, make_promised_order

pytestmark = [pytest.mark.django_db, pytest.mark.req("K3")]
BOARDS = reverse("admin:boards")
EXECUTIVE, SUPERVISOR = reverse("admin:board_executive"), reverse("admin:board_supervisor")
PRODUCT = reverse("admin:board_product")


def department_url(department):
    return reverse("admin:board_department", args=[department.pk])


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
def sign_in(client, ours):
    def make(role, *permissions):
        user = StaffFactory(role=role)
        AgentFactory(user=user, leads=[ours])
        for one in permissions:
            user.user_permissions.add(Permission.objects.get(codename=one.split(".")[-1]))
        client.force_login(user)
        return user

    return make


@pytest.fixture
def executive(sign_in):
    return sign_in("supervisor", "kpis.view_snapshot", "kpis.view_target", VIEW)


@pytest.fixture
def supervisor(sign_in):
    return sign_in("supervisor")


@pytest.fixture
def measured(ours, today):
    make_goal("95")
    for place in ({}, {"dimension": Dimension.DEPARTMENT, "key": str(ours.pk)}):
        make_days(today - timedelta(100), today, 0.9, **place)
        make_days(today - timedelta(464), today - timedelta(364), 0.8, **place)


def test_everybody_gets_to_their_own(client, sign_in):
    sign_in("supervisor", "kpis.view_snapshot")
    assert client.get(BOARDS).url == EXECUTIVE
    user = sign_in("supervisor")
    expected = EXECUTIVE if user.has_perm("kpis.view_snapshot") else SUPERVISOR
    assert client.get(BOARDS).url == expected


def test_an_agent_has_none_of_them(client, sign_in, ours):
    sign_in("agent")
    for url in (BOARDS, EXECUTIVE, SUPERVISOR, PRODUCT, department_url(ours)):
        assert client.get(url).status_code == 403, url


def test_another_department_is_not_there(client, supervisor, ours):
    theirs = DepartmentFactory()
    assert client.get(department_url(ours)).status_code == 200
    assert client.get(department_url(theirs)).status_code == 404
    assert client.get(SUPERVISOR, {"department": theirs.pk}).status_code == 400


def taken():
    """The last days taken, as beat would."""
    today = timezone.localdate()
    take(first=today - timedelta(2), last=today, at=timezone.now())


def test_a_supervisor_sees_their_departments_only(client, supervisor, ours, noon):
    make_clock(ours, due_at=noon)
    make_clock(DepartmentFactory(name="别的部门"), due_at=noon)
    taken()
    response = client.get(SUPERVISOR)
    assert response.context["pareto"].n == 1
    assert response.context["queue"].n <= 1
    assert "别的部门" not in response.content.decode()


HOUR = reverse("admin:board_hour")


def leads(chart):
    """Where the numbers of a chart's table lead, with the numbers."""
    return [(int(cell.text), cell.href) for row in chart.table.rows for cell in row.cells if cell.href]


def test_each_number_of_a_map_leads_to_as_many_rows(client, supervisor, ours, noon):
    for hours in (0, 0, 1):
        make_clock(ours, due_at=noon - timedelta(days=1, hours=hours))
    case = CaseFactory(department=DepartmentFactory(), subject="别处的")
    type(case).objects.update(opened_at=noon - timedelta(days=1))
    taken()
    came, breached = client.get(SUPERVISOR).context["heat"]
    for chart in (came, breached):
        assert sum(number for number, _href in leads(chart)) == chart.n == 3
        for number, href in leads(chart):
            shown = client.get(href)
            assert shown.context["n"] == len(shown.context["rows"]) == number
            assert "别处的" not in shown.content.decode()


ROWS = reverse("admin:board_rows")


def adds_up(client, *charts):
    """Every number of the charts' tables leads to as many rows; those that lead nowhere are noughts."""
    for chart in charts:
        assert leads(chart)
        for row in chart.table.rows:
            for cell in row.cells:
                if cell.href:
                    shown = client.get(cell.href)
                    assert shown.status_code == 200, cell.href
                    assert shown.context["n"] == len(shown.context["rows"]) == int(cell.text), cell.href
                else:
                    assert cell.text == "0" or cell.text.endswith("%")


@pytest.fixture
def sold(noon):
    """Two products of one category and one of another, each with gaps, reviews and cases."""
    goods = [ProductFactory(category="茶"), ProductFactory(category="茶"), ProductFactory(category="杯")]
    for place, product in enumerate(goods, start=1):
        for cause, aspect in ((GapCause.HUMAN, "delivery"), ("", "delivery"), (GapCause.HUMAN, "price")):
            order = make_promised_order(due_at=noon, late=True)
            order.lines.update(product=product)
            order.gaps.update(cause=cause, aspect=aspect)
        for kind in ("complaint", "enquiry", "complaint"):
            CaseFactory(order=order, kind=kind, opened_at=noon)
        for stars in (1, 5, 5, place):
            ReviewFactory(order=order, product=product, stars=stars, written_at=noon)
    old = make_promised_order(due_at=noon - timedelta(days=200), late=True)
    old.lines.update(product=goods[0])
    taken()
    return goods


@pytest.mark.parametrize("by", ["product", "category"])
def test_each_number_of_a_product_leads_to_as_many_rows(client, executive, sold, by):
    asked = {"product": sold[0].external_id} if by == "product" else {"category": "茶"}
    context = client.get(PRODUCT, asked).context
    charts = [context[name] for name in ("stars", "reasons", "cases")]
    adds_up(client, *charts)
    times = 1 if by == "product" else 2
    assert [chart.n for chart in charts[:1]] == [4 * times]
    assert sorted(number for number, _href in leads(charts[1])) == [times] * 3
    assert sorted(number for number, _href in leads(charts[2])) == [times, 2 * times]


def test_the_rows_of_a_reason_have_that_reason_and_those_of_a_bar_its_stars(client, executive, sold):
    context = client.get(PRODUCT, {"category": "茶"}).context
    for row in context["stars"].table.rows:
        if row.cells[0].href:
            rows = client.get(row.cells[0].href).context["rows"]
            assert {"★" * review.stars for review in rows} == {row.name}
    kinds = {
        frozenset((gap.aspect, gap.cause) for gap in client.get(href).context["rows"])
        for _number, href in leads(context["reasons"])
    }
    assert kinds == {
        frozenset({("delivery", "human")}), frozenset({("delivery", "")}), frozenset({("price", "human")}),
    }  # fmt: skip


def test_gaps_by_cause_lead_to_as_many_rows(client, executive, sold):
    adds_up(client, client.get(EXECUTIVE).context["causes"])


@pytest.mark.parametrize(
    "narrow", [{}, {"narrow": "channel:chat"}, {"department": "ours"}, {"period": "90d"}]
)
def test_causes_of_breaches_lead_to_as_many_rows(client, supervisor, ours, noon, narrow):
    cause = BreachCause.objects.first() or BreachCause.objects.create(code="slow", name="慢")
    for days in (0, 0, 1, 40):
        clock = make_clock(ours, due_at=noon - timedelta(days=days))
        type(clock.case).objects.filter(pk=clock.case_id).update(channel="chat" if days else "email")
        if days != 1:
            BreachNote.objects.create(clock=clock, cause=cause, by=supervisor, at=noon)
    make_clock(DepartmentFactory(name="别的部门"), due_at=noon)
    take(first=noon.date() - timedelta(41), last=noon.date(), at=timezone.now())
    asked = {name: str(ours.pk) if value == "ours" else value for name, value in narrow.items()}
    context = client.get(SUPERVISOR, asked).context
    adds_up(client, context["causes"], context["pareto"])
    assert context["pareto"].n == {"narrow": 1, "period": 4}.get(next(iter(narrow), ""), 3)


def test_improvements_by_verdict_lead_to_as_many_rows(client, executive, ours):
    for department in (ours, ours, DepartmentFactory()):
        improvement(department)
        carried_out(department)
    for verdict in (Verdict.PROVED, Verdict.NO_EFFECT):
        judged = carried_out(ours)
        Improvement.objects.filter(pk=judged.pk).update(status="checked", verdict=verdict)
    for url, n in ((EXECUTIVE, 6), (department_url(ours), 6)):
        chart = client.get(url).context["progress"]
        assert chart.n == n
        assert leads(chart)
        for number, href in leads(chart):
            assert len(client.get(href).context["rows"]) == number, href


def test_percentiles_lead_to_the_rows_of_their_days(client, supervisor, ours, noon):
    for days in (0, 0, 1):
        at = noon - timedelta(days=days)
        CaseFactory(department=ours, opened_at=at - timedelta(hours=1), first_replied_at=at)
    taken()
    found = 0
    for row in client.get(SUPERVISOR).context["time_chart"].table.rows:
        median, n, p90, _n = row.cells
        assert bool(median.href) is bool(p90.href) is (n.text != "0")
        if median.href:
            found += int(n.text)
            assert len(client.get(median.href).context["rows"]) == int(n.text)
    assert found == 3


def test_rows_behind_a_number_are_those_that_one_may_see(client, sign_in, ours, sold):
    user = sign_in("team_lead")
    assert not user.has_perm("kpis.view_snapshot")
    for what, status in (("gap", 403), ("stars", 403), ("kind", 200), ("cause", 200)):
        assert client.get(ROWS, {"what": what}).status_code == status
    assert client.get(ROWS, {"what": "kind"}).context["n"] == 0  # none of these cases is of their department
    sign_in("agent")
    assert client.get(ROWS, {"what": "kind"}).status_code == 403
    sign_in("agent", "kpis.view_snapshot")
    assert client.get(ROWS, {"what": "kind"}).context["n"] == 9
    assert client.get(ROWS, {"what": "kind", "mine": 1}).context["n"] == 0


@pytest.mark.usefixtures("executive")
@pytest.mark.parametrize(
    "wrong",
    [{"what": "x"}, {"what": "arrived"}, {"what": ""}, {"cells": "a\0"}, {"cells": "a," * 100},
     {"cells": "x" * 2000}, {"product": "x"}, {"product": "9" * 40}, {"page": "-1"}, {"start": "x"},
     {"narrow": "<script>:alert(1)"}, {"department": "0"}, {"what": "stars", "department": "ours"},
     {"what": "gap", "narrow": "tier:gold"}],
)  # fmt: skip
def test_rows_that_there_are_not_are_said(client, ours, wrong):
    wrong = {name: str(ours.pk) if value == "ours" else value for name, value in wrong.items()}
    for cells in ("", "none", "<script>x", "9" * 30, "9" * 18):
        assert client.get(ROWS, {"what": "cause", "cells": cells}).status_code == 200
    answer = client.get(ROWS, {"what": "kind"} | wrong)
    assert answer.status_code == 400
    assert "<script>:alert" not in answer.content.decode()


@pytest.mark.parametrize("what", ["gap", "stars", "kind"])
def test_rows_behind_a_number_cost_the_same_for_few_and_many(client, executive, sold, what):
    asked = {"what": what, "product": sold[0].pk}
    client.get(ROWS, asked)
    found = []
    for more in (asked, {"what": what}):
        with CaptureQueriesContext(connection) as queries:
            rows = client.get(ROWS, more).context["rows"]
        found.append((len(rows), len(queries)))
    assert found[0][0] < found[1][0]
    assert found[0][1] == found[1][1]


@pytest.mark.usefixtures("supervisor")
@pytest.mark.parametrize(
    "wrong",
    [{"what": "x"}, {"on": "0"}, {"on": "\0"}, {"hour": "24"}, {"hour": "9" * 40}, {"page": "-1"},
     {"narrow": "<script>:alert(1)"}, {"department": "0"}, {"start": "x"}],
)  # fmt: skip
def test_an_hour_that_there_is_not_is_said(client, wrong):
    given = {"what": "came", "on": "1", "hour": "9"}
    assert client.get(HOUR, given).status_code == 200
    answer = client.get(HOUR, given | wrong)
    assert answer.status_code == 400
    assert "<script>:alert" not in answer.content.decode()


def test_the_rows_of_an_hour_cost_as_many_queries_for_three_as_for_one(client, supervisor, ours, noon):
    def queries():
        with CaptureQueriesContext(connection) as found:
            shown = client.get(HOUR, {"what": "breached", "on": noon.isoweekday(), "hour": noon.hour})
        return len(shown.context["rows"]), len(found)

    make_clock(ours, due_at=noon)
    queries()
    one = queries()
    for _more in range(2):
        make_clock(ours, due_at=noon)
    three = queries()
    assert (one[0], three[0]) == (1, 3)
    assert one[1] == three[1]


@pytest.mark.usefixtures("measured", "executive")
def test_the_executive_sees_goals_with_band_and_trend(client):
    response = client.get(EXECUTIVE)
    (goal,) = response.context["goals"]
    assert goal["standing"].metric.code == MetricCode.FIRST_REPLY
    assert any(getattr(mark, "look", "") == "band" for mark in goal["chart"].marks)
    assert goal["gauge"].marks
    compared = {one["told"].metric.code: one["told"] for one in response.context["compared"]}
    first = compared[MetricCode.FIRST_REPLY]
    assert first.year_change == pytest.approx(10, abs=3)
    assert first.now.n == 3000


@pytest.mark.usefixtures("measured", "executive")
def test_what_is_filtered_stands_in_the_address(client, ours):
    response = client.get(EXECUTIVE, {"period": "90d", "department": ours.pk})
    codes = {one["told"].metric.code for one in response.context["compared"]}
    assert MetricCode.ON_TIME not in codes
    assert f"department={ours.pk}" in response.content.decode()
    assert response.context["asked"].days.grain == "week"


@pytest.mark.usefixtures("executive")
@pytest.mark.parametrize(
    "query",
    [
        {"period": "forever"},
        {"period": ["7d", "'; drop table"]},
        {"start": "2026-13-45", "end": "2026-01-01"},
        {"start": "2026-02-01"},
        {"start": "2026-02-01", "end": "2026-01-01"},
        {"start": "1000-01-01", "end": "9999-12-31"},
        {"start": "2020-01-01", "end": "2025-01-01"},
        {"department": "0"},
        {"department": "9" * 40},
        {"department": "x\0y"},
        {"narrow": "channel"},
        {"narrow": "channel:"},
        {"narrow": "department:1"},
        {"narrow": "agent:1"},
        {"narrow": "tier:\0"},
        {"narrow": "region:" + "x" * 500},
        {"narrow": "<script>:alert(1)"},
    ],
)
def test_what_makes_no_sense_is_said_and_never_an_error(client, query):
    for url in (EXECUTIVE, SUPERVISOR):
        response = client.get(url, query)
        assert response.status_code == 400, (url, query)
        assert response.context["form"].errors
        assert "<script>:alert" not in response.content.decode()


@pytest.mark.usefixtures("executive")
def test_goals_are_not_of_two_things_at_once(client, ours):
    response = client.get(EXECUTIVE, {"department": ours.pk, "narrow": "channel:chat"})
    assert response.status_code == 400
    assert "narrow" in response.context["form"].errors


@pytest.mark.usefixtures("executive")
@pytest.mark.parametrize(
    "narrow", ["channel:chat", "tier:gold", "segment:none", "region:北京", "category:鞋"]
)
def test_boards_are_narrowed_to_anything_that_figures_are_told_apart_by(client, ours, narrow):
    for query in ({"narrow": narrow}, {"narrow": narrow, "period": "year"}):
        assert client.get(EXECUTIVE, query).status_code == 200
        assert client.get(SUPERVISOR, query).status_code == 200
    assert client.get(department_url(ours), {"narrow": narrow}).status_code == 200


def test_a_category_is_named_and_hostile_words_stay_words(client, executive):
    product = ProductFactory(category='"><script>alert(1)</script>')
    ReviewFactory(product=product, stars=2, written_at=timezone.now())
    taken()
    response = client.get(PRODUCT, {"category": product.category})
    assert response.status_code == 200
    assert "<script>alert" not in response.content.decode()
    assert response.context["stars"].n == 1


@pytest.mark.usefixtures("executive")
@pytest.mark.parametrize(
    "query",
    [
        {"product": "no such"},
        {"product": ""},
        {"product": "a\0b"},
        {"product": "x", "category": "y"},
        {"category": "x" * 300},
    ],
)
def test_a_product_has_to_be_one(client, query):
    response = client.get(PRODUCT, query)
    assert response.status_code == 400
    assert response.context["goods"].errors


def test_every_figure_of_a_product_opens_to_its_rows(client, executive, noon):
    product, other = ProductFactory(), ProductFactory()
    for goods, stars in ((product, 5), (product, 2), (other, 1)):
        ReviewFactory(product=goods, stars=stars, written_at=noon)
    for goods in (product, other):
        order = OrderFactory(placed_at=noon)
        OrderLine.objects.create(order=order, external_id="1", product=goods, paid_fen=100)
    response = client.get(PRODUCT, {"product": product.external_id})
    told = {one["told"].metric.code: one for one in response.context["compared"]}
    score = told[MetricCode.REVIEW_SCORE]
    assert (score["told"].now.value, score["told"].now.n) == (3.5, 2)
    assert client.get(score["now"]).context["figure"] == score["told"].now
    returns = told[MetricCode.RETURN_RATE]
    assert returns["told"].now.n == 1
    assert client.get(returns["now"]).context["figure"].n == 1


@pytest.mark.usefixtures("executive")
def test_every_link_of_a_board_opens(client, ours, noon, measured):
    make_clock(ours, due_at=noon)
    CaseFactory(department=ours, opened_at=noon - timedelta(hours=1), first_replied_at=noon)
    for url in (EXECUTIVE, SUPERVISOR, department_url(ours)):
        context = client.get(url).context
        links = {one[which] for one in context["compared"] for which in ("now", "before", "year")}
        charts = [one for part in context for each in part for one in each.values() if hasattr(one, "table")]
        links |= {cell.href for chart in charts for row in chart.table.rows for cell in row.cells} - {""}
        for link in links:
            assert client.get(link).status_code == 200, link


@pytest.mark.parametrize("url", [EXECUTIVE, SUPERVISOR, "department"])
def test_boards_cost_the_same_for_one_row_and_for_three(client, executive, ours, noon, measured, url):
    address = department_url(ours) if url == "department" else url

    def cost():
        with CaptureQueriesContext(
            connection,
        ) as found:
            assert client.get(address).status_code == 200
        return len(found)

    def add():
        make_clock(ours, due_at=noon)
        CaseFactory(department=ours, opened_at=noon - timedelta(hours=1), first_replied_at=noon)
        make_days(
            noon.date(), noon.date(), 0.5, metric=MetricCode.SLA, dimension=Dimension.REGION,
            key=f"region {cost()}{noon}"[:80],
        )  # fmt: skip

    add()
    first = cost()
    noon -= timedelta(days=1)
    add()
    noon -= timedelta(days=1)
    add()
    assert cost() == first
    assert first <= 60
