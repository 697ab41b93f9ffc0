"""Figures of agents and departments: by hand, and each number against its rows."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from feedback.cases import commands
from feedback.ladders.sweep import sweep
from feedback.models import QualityCheck, Scorecard
from feedback.supervision.figures import MEASURES, Scope, behind, figures
from tests.factories.feedback import AgentFactory, DepartmentFactory, HandoffFactory, StaffFactory
from tests.factories.sop import make_policy
from tests.feedback.admin.conftest import client_for, open_case

pytestmark = [pytest.mark.django_db, pytest.mark.req("F8")]

PAGE = "/admin/achieved/"
MINUTE = timedelta(minutes=1)


@pytest.fixture
def shop(db):
    make_policy()
    ours, theirs = DepartmentFactory(), DepartmentFactory()
    agent, mate = AgentFactory(departments=[ours]), AgentFactory(departments=[ours])
    return ours, theirs, agent, mate, AgentFactory(user=StaffFactory(role="team_lead"), leads=[ours])


def a_case(department, agent, *, reply=5, wait=0, resolve=30, ago=300):
    """Opened `ago` minutes ago, replied to and resolved so many minutes later, waiting in between."""
    at = timezone.now() - ago * MINUTE
    case = open_case(department, at=at)
    commands.claim(case_id=case.pk, actor=agent.user, at=at + MINUTE)
    commands.reply(
        case_id=case.pk, body="在", then="wait" if wait else "open", actor=agent.user, at=at + reply * MINUTE
    )
    if wait:
        commands.member_message(
            case_id=case.pk, body="好", actor=case.member, at=at + (reply + wait) * MINUTE
        )
    commands.resolve(
        case_id=case.pk, resolution="solved", message="好了", actor=agent.user, at=at + resolve * MINUTE
    )
    case.refresh_from_db()
    return case


def scope(*departments):
    now = timezone.now()
    return Scope([one.pk for one in departments], now - timedelta(days=1), now + MINUTE)


def test_by_hand(shop):
    ours, theirs, agent, mate, _lead = shop
    a_case(ours, agent, reply=4, resolve=21)
    a_case(ours, agent, reply=6, wait=10, resolve=41)
    slow = a_case(ours, mate, reply=50, resolve=60)
    a_case(theirs, AgentFactory(departments=[theirs]))
    commands.reopen(case_id=slow.pk, reason="又坏了", actor=mate.user, at=timezone.now())
    sweep(timezone.now())
    lines, total = figures(scope(ours), by="agent")
    mine = next(one.numbers for one in lines if one.key == agent.pk)
    assert mine["handled"].n == 2
    assert (mine["handling"].median, mine["handling"].p90) == (25 * MINUTE, 29 * MINUTE)  # 20 and 40 − 10
    assert (mine["first_reply"].n, mine["first_reply"].median) == (2, 5 * MINUTE)
    assert mine["next_reply"].n == 1
    assert (mine["reopened"].n, mine["reopened"].value) == (2, 0)
    assert (mine["quality"].n, mine["quality"].value) == (0, None)
    theirs_too = next(one.numbers for one in lines if one.key == mate.pk)
    assert theirs_too["handled"].n == 0
    assert theirs_too["reopened"].value == 100
    assert theirs_too["attainment"].value < 100
    assert total.numbers["handled"].n == 2
    assert total.numbers["first_reply"].n == 3


@pytest.mark.parametrize("by", ["agent", "department"])
def test_numbers_add_up_to_their_rows(shop, by):
    ours, theirs, agent, mate, _lead = shop
    for who in (agent, mate, agent):
        case = a_case(ours, who)
    a_case(theirs, AgentFactory(departments=[theirs]))
    card = Scorecard.objects.create(code="card", name="表")
    QualityCheck.objects.create(
        case=case, agent=agent, department=ours, scorecard=card, form={}, ended_at=timezone.now(),
        drawn_at=timezone.now(), status="scored", scored_at=timezone.now(), score=80,
    )  # fmt: skip
    asked = scope(ours, theirs)
    lines, total = figures(asked, by=by)
    for name in MEASURES:
        assert (
            sum(one.numbers[name].n for one in lines) == total.numbers[name].n == behind(name, asked).count()
        )
        for one in lines:
            assert behind(name, asked, by=by, key=one.key).count() == one.numbers[name].n


def test_nothing_is_none(shop):
    lines, total = figures(scope(shop[0]), by="agent")
    assert lines == []
    assert all(
        (one.n, one.value, one.median, one.p90) == (0, None, None, None) for one in total.numbers.values()
    )


def test_the_pages_and_the_file(shop):
    ours, theirs, agent, _mate, lead = shop
    case = a_case(ours, agent)
    hidden = a_case(theirs, AgentFactory(departments=[theirs]))
    browser = client_for(lead)
    response = browser.get(PAGE)
    assert str(agent) in response.content.decode()
    for name in MEASURES:
        shown = browser.get(reverse("admin:achieved_rows", args=[name]))
        assert shown.status_code == 200
        assert hidden.number not in shown.content.decode()
    assert case.number in browser.get(reverse("admin:achieved_rows", args=["handled"])).content.decode()
    body = b"".join(
        browser.get(reverse("admin:achieved_export", args=["csv"]), {"by": "department"})
    ).decode()
    assert ours.name in body
    asked = HandoffFactory(
        case=open_case(theirs), from_department=theirs, department=ours, asked_at=timezone.now()
    )
    unseen = HandoffFactory(case=hidden, department=DepartmentFactory(), asked_at=timezone.now())
    handed = b"".join(browser.get(reverse("admin:handoffs_export", args=["csv"]))).decode()
    assert asked.case.number in handed
    assert unseen.case.number not in handed
    assert theirs.name not in body


@pytest.mark.parametrize(
    "query",
    [{"since": "x"}, {"since": "2026-02-02", "until": "2026-02-01"}, {"department": "999"}, {"by": "x"}],
)
def test_what_makes_no_sense_is_explained(shop, query):
    browser = client_for(shop[4])
    assert browser.get(PAGE, query).status_code == 400
    assert browser.get(reverse("admin:achieved_rows", args=["handled"]), query).status_code == 404
    assert browser.get(reverse("admin:achieved_export", args=["csv"]), query).status_code == 302


def test_who_may(shop):
    for role, status in (("agent", 403), ("moderator", 403), ("team_lead", 200), ("analyst", 200)):
        browser = client_for(AgentFactory(user=StaffFactory(role=role), departments=[shop[0]]))
        assert browser.get(PAGE).status_code == status, role
    assert client_for(shop[4]).get(reverse("admin:achieved_rows", args=["nothing"])).status_code == 404


def test_a_fixed_number_of_queries(shop):
    ours, _theirs, _agent, _mate, lead = shop
    browser, counts = client_for(lead), []
    for rows in (1, 2):
        for _ in range(rows):
            a_case(ours, AgentFactory(departments=[ours]))
        browser.get(PAGE)
        with CaptureQueriesContext(connection) as made:
            browser.get(PAGE)
        counts.append(len(made))
    assert counts[0] == counts[1]
