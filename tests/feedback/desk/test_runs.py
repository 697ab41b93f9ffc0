"""The list of runs: one's own, a lead's of their people; interrupted ones are found and gone on with."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from config.common.errors import NotFound
from feedback.desk import bulk, runs
from feedback.models import BulkRun
from tests.factories.compensation import T0
from tests.factories.feedback import AgentFactory, CaseFactory, DepartmentFactory
from tests.feedback.admin.conftest import client_for

pytestmark = [pytest.mark.django_db, pytest.mark.req("F7")]


@pytest.fixture
def ours():
    return DepartmentFactory(name="客服部")


@pytest.fixture
def agent(ours):
    return AgentFactory(departments=[ours], user__role="agent", user__name="小李")


def begin(agent, cases, *, doing="watch", key="k", steps=0, **content):
    run = bulk.begin(
        key=key, doing=doing, content=content, case_ids=[one.pk for one in cases], actor=agent.user, at=T0
    )
    if steps:
        bulk.go_on(run_id=run.pk, actor=agent.user, at=T0, limit=steps)
    return run


def test_an_interrupted_run_is_found_with_its_counts_and_gone_on_with(ours, agent):
    cases = [CaseFactory(department=ours) for _ in range(3)]
    finished = begin(agent, cases[:1], steps=1)
    ended, hidden = CaseFactory(department=ours, closed=True), CaseFactory()
    run = begin(agent, [ended, *cases, hidden], doing="priority", key="l", steps=2, priority=4)
    (listed,), after = runs.runs(agent.user, unfinished=True)
    assert (listed.run, listed.total, listed.done, listed.refused, listed.left) == (run, 4, 1, 1, 2)
    assert (listed.run.left_out, listed.is_mine, after) == (1, True, None)
    assert runs.interrupted(agent.user) == run
    bulk.go_on(run_id=run.pk, actor=agent.user, at=T0)
    assert runs.runs(agent.user, unfinished=True) == ([], None)
    assert runs.interrupted(agent.user) is None
    assert [one.run for one in runs.runs(agent.user)[0]] == [run, finished]


def test_a_lead_sees_the_runs_of_their_people_and_nobody_else_does(ours, agent):
    below = DepartmentFactory(parent=ours)
    lower = AgentFactory(departments=[below], user__role="agent")
    theirs = AgentFactory(departments=[DepartmentFactory()], user__role="team_lead")
    mine, deep = (
        begin(one, [CaseFactory(department=where)]) for one, where in ((agent, ours), (lower, below))
    )
    lead = AgentFactory(leads=[ours], user__role="team_lead")
    assert {one.run for one in runs.runs(lead.user)[0]} == {mine, deep}
    assert not any(one.is_mine for one in runs.runs(lead.user)[0])
    assert runs.run_for(lead.user, mine.pk) == mine
    for other in (theirs, lower, AgentFactory(departments=[ours], user__role="agent")):
        assert mine not in [one.run for one in runs.runs(other.user)[0]]
        with pytest.raises(NotFound):
            runs.run_for(other.user, mine.pk)
    with pytest.raises(NotFound):  # to look is not to act in somebody's name
        bulk.go_on(run_id=mine.pk, actor=lead.user, at=T0)


def test_pages_hold_every_run_once(ours, agent, monkeypatch):
    monkeypatch.setattr(runs, "SIZE", 2)
    made = [begin(agent, [CaseFactory(department=ours)], key=str(n)) for n in range(5)]
    found, before = [], None
    for _page in range(3):
        rows, before = runs.runs(agent.user, before=before)
        found += [row.run for row in rows]
    assert found == made[::-1]
    assert before is None


def test_as_many_queries_for_three_runs_as_for_one(ours, agent, django_assert_num_queries):
    lead = AgentFactory(leads=[ours], user__role="team_lead")
    browser = client_for(lead)

    def count():
        with CaptureQueriesContext(connection) as queries:
            assert browser.get(reverse("admin:desk_runs")).status_code == 200
        return len(queries)

    begin(agent, [CaseFactory(department=ours)], steps=1)
    count()
    one = count()
    for n in range(2):
        someone = AgentFactory(departments=[ours])
        begin(someone, [CaseFactory(department=ours, closed=True)], doing="priority", key=str(n), steps=1)
    assert count() == one


def test_the_pages_tell_what_was_refused_and_why(ours, agent):
    ended = CaseFactory(department=ours, closed=True)
    evil = "<img src=x onerror=alert(1)>"
    run = begin(
        agent,
        [ended, CaseFactory(department=ours)],
        doing="wait",
        steps=1,
        reason="waiting_supplier",
        note=evil,
    )
    browser, page = client_for(agent), reverse("admin:desk_run", args=[run.pk])
    text = browser.get(page).content.decode()
    for part in (
        ended.number,
        bulk.summary(run).refused[0].reason,
        "&lt;img",
        reverse("admin:desk_bulk_run", args=[run.pk]),
    ):
        assert part in text
    assert evil not in text
    listed = browser.get(reverse("admin:desk_runs"), {"unfinished": "1", "before": "x"}).content.decode()
    assert page in listed
    assert (
        reverse("admin:desk_run", args=[run.pk]) in browser.get(reverse("admin:desk_bulk")).content.decode()
    )
    lead = client_for(AgentFactory(leads=[ours], user__role="team_lead"))
    seen = lead.get(page).content.decode()
    assert reverse("admin:desk_bulk_run", args=[run.pk]) not in seen
    assert "小李" in seen
    assert client_for(AgentFactory(departments=[ours])).get(page).status_code == 404


def test_what_the_house_no_longer_offers_is_refused_and_named(ours, agent):
    run = begin(agent, [CaseFactory(department=ours)])
    BulkRun.objects.update(action="polish")
    assert [one.name for one in runs.runs(agent.user)[0]] == ["polish"]
    bulk.go_on(run_id=run.pk, actor=agent.user, at=T0)
    run.refresh_from_db()
    assert len(bulk.summary(run).refused) == 1
    assert client_for(agent).get(reverse("admin:desk_run", args=[run.pk])).status_code == 200
