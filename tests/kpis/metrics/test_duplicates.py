"""A problem that was told twice is counted once, wherever cases are counted."""

from datetime import timedelta

import pytest
from django.test import RequestFactory
from django.utils import timezone

from feedback.admin.panels import panels_of
from feedback.admin.sheet import Sheet
from feedback.cases import commands
from feedback.handoffs import times
from feedback.models import (
    Case,
    Playbook,
    PlaybookUse,
    PlaybookVersion,
    Problem,
    QualityCheck,
    SamplingRule,
    Scorecard,
    ScorecardItem,
)
from feedback.playbooks import report
from feedback.quality import sampling
from feedback.supervision import figures
from feedback.supervision.board import board
from kpis.metrics.rows import Part, behind
from kpis.metrics.sources import Span
from kpis.models import MetricCode
from tests.factories.compensation import MemberFactory
from tests.factories.feedback import AgentFactory, DepartmentFactory
from tests.factories.sop import make_policy

pytestmark = [pytest.mark.django_db, pytest.mark.req("K1")]
MINUTE = timedelta(minutes=1)


@pytest.fixture
def told_twice():
    """Two complaints of one member, both answered, made one, which was then resolved."""
    make_policy()
    department, member = DepartmentFactory(), MemberFactory()
    agent, now = AgentFactory(departments=[department]), timezone.now()
    cases = []
    for ago in (60, 50):
        at = now - ago * MINUTE
        case = commands.open_case(
            member=member, kind="complaint", channel="portal", subject="碎了", body="碎了",
            department=department, actor=member, at=at,
        )  # fmt: skip
        commands.reply(case_id=case.pk, body="在", actor=agent.user, at=at + 5 * MINUTE)
        commands.resolve(case_id=case.pk, resolution="solved", actor=agent.user, at=at + 6 * MINUTE)
        commands.reopen(case_id=case.pk, reason="没好", actor=member, at=at + 7 * MINUTE)
        cases.append(case)
    commands.merge(case_id=cases[0].pk, into_id=cases[1].pk, actor=agent.user, at=now - 20 * MINUTE)
    return department, agent, *cases


def complaints(scope):
    span = Span(scope.since, scope.until)
    return behind(MetricCode.COMPLAINT_RATE, span, of={}, part=Part.COUNTED).found


def resolve(case, agent):
    commands.resolve(
        case_id=case.pk, resolution="solved", message="好了", actor=agent.user, at=timezone.now() - MINUTE
    )


def test_complaints_and_the_figures_of_people(told_twice):
    department, agent, _gone, goes_on = told_twice
    now = timezone.now()
    scope = figures.Scope([department.pk], now - timedelta(hours=2), now)
    assert list(complaints(scope)) == [goes_on]
    assert list(figures.first_replies(scope)) == [goes_on]
    assert figures.first_replies(scope).get().took == 5 * MINUTE
    assert list(figures.resolutions(scope)) == [goes_on]
    assert list(figures.handled(scope)) == []
    resolve(goes_on, agent)
    assert list(figures.handled(scope)) == list(figures.handling(scope)) == [goes_on]


def test_time_by_department(told_twice):
    department, agent, _gone, goes_on = told_twice
    resolve(goes_on, agent)
    now = timezone.now()
    found = times.report([department], since=now - timedelta(hours=2), until=now)
    goes_on.refresh_from_db()
    assert (found.cases, found.whole) == (1, goes_on.resolved_at - goes_on.opened_at)


def test_the_board(told_twice):
    department, *_ = told_twice
    numbers = board([department.pk], now=timezone.now()).by_department[department.pk]
    running = numbers.running + numbers.warned + numbers.breached + numbers.paused
    assert running == Case.objects.get(merged_into=None).clocks.filter(met_at=None, stopped_at=None).count()


def test_quality_samples(told_twice):
    _department, agent, _gone, goes_on = told_twice
    resolve(goes_on, agent)
    card = Scorecard.objects.create(code="card", name="评分表", pass_percent=60)
    ScorecardItem.objects.create(scorecard=card, position=1, name="项", weight=1, best=2)
    SamplingRule.objects.create(name="规则", kind="random", scorecard=card)
    sampling.draw(at=timezone.now())
    assert [one.case for one in QualityCheck.objects.all()] == [goes_on]


def test_what_a_playbook_brought(told_twice):
    _department, agent, gone, goes_on = told_twice
    playbook = Playbook.objects.create(code="p", name="P", problem=Problem.values[0])
    version = PlaybookVersion.objects.create(
        playbook=playbook, number=1, content={}, published_at=timezone.now()
    )
    PlaybookUse.objects.create(
        playbook=playbook, version=version, case=gone, applied_by=agent.user,
        applied_at=timezone.now() - 30 * MINUTE,
    )  # fmt: skip

    def row():
        now = timezone.now()
        (found,) = report.rows(Case.objects.all(), since=now - timedelta(hours=1), until=now)
        return found.uses, found.resolved

    assert row() == (1, 0)
    resolve(goes_on, agent)
    assert row() == (1, 1)


def test_the_members_past_cases(told_twice):
    _department, agent, _gone, goes_on = told_twice
    request = RequestFactory().get("/")
    request.user = agent.user
    member = next(panels_of(request, Sheet(request, goes_on, timezone.now()), revealed=False))
    assert member.context["past"] == []
