"""Quality checks from the draw to the coaching, and their pages."""

import threading
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from config.common.errors import Invalid, NotFound, NotPermitted, WrongState
from config.common.models import Event
from feedback.cases import commands as cases
from feedback.ladders.sweep import sweep
from feedback.models import Alert, QualityCheck, QualityScore, SamplingRule, Scorecard, ScorecardItem
from feedback.quality import commands, queries, sampling
from feedback.tasks import draw_checks
from surveys.models import Answer
from tests.factories.feedback import AgentFactory, CaseFactory, DepartmentFactory, StaffFactory
from tests.factories.kpis import make_answer
from tests.factories.sop import make_policy
from tests.feedback.admin.conftest import client_for, open_case

pytestmark = [pytest.mark.django_db, pytest.mark.req("F8")]

PAGE, MINE = "/admin/quality/", "/admin/quality/mine/"


@pytest.fixture
def shop(db):
    make_policy()
    ours, theirs = DepartmentFactory(), DepartmentFactory()
    agent = AgentFactory(departments=[ours])
    lead = AgentFactory(user=StaffFactory(role="team_lead"), leads=[ours])
    other = AgentFactory(user=StaffFactory(role="supervisor"), leads=[ours])
    return ours, theirs, agent, lead, other


@pytest.fixture
def card(db):
    card = Scorecard.objects.create(code="card", name="评分表", name_en="Card", pass_percent=60)
    for n, critical in enumerate((False, True)):
        ScorecardItem.objects.create(
            scorecard=card,
            position=n,
            name=f"项{n}",
            name_en=f"Item {n}",
            weight=1,
            best=2,
            is_critical=critical,
        )
    return card


def ended(department, agent, *, days=1, **options):
    at = timezone.now() - timedelta(days=days)
    case = open_case(department, at=at - timedelta(minutes=9), **options)
    cases.claim(case_id=case.pk, actor=agent.user, at=at)
    cases.resolve(case_id=case.pk, resolution="solved", message="好了", actor=agent.user, at=at)
    case.refresh_from_db()
    return case


def rule(card, kind="random", **options):
    return SamplingRule.objects.create(name="规则", kind=kind, scorecard=card, **options)


def drawn(card, case, *, scorers=1):
    actor = StaffFactory()
    return sampling.pick(
        case_id=case.pk, scorecard_id=card.pk, scorers=scorers, actor=actor, at=timezone.now()
    )


def points(check, *values):
    return {item["key"]: value for item, value in zip(check.form["items"], values, strict=True)}


def score(check, who, *values, **options):
    return commands.score(
        check_id=check.pk, points=points(check, *values), actor=who.user, at=timezone.now(), **options
    )


def test_each_rule_draws_what_it_says_and_nothing_twice(shop, card):
    ours, _theirs, agent, *_ = shop
    quiet, broken, elsewhere = ended(ours, agent), ended(ours, agent), ended(ours, agent, days=9)
    case = open_case(ours, at=timezone.now() - timedelta(hours=2))
    cases.claim(case_id=case.pk, actor=agent.user, at=timezone.now())
    sweep(timezone.now())
    cases.resolve(case_id=case.pk, resolution="solved", message="好", actor=agent.user, at=timezone.now())
    rule(card, "breached", department=ours)
    draw_checks()
    assert {one.case for one in QualityCheck.objects.all()} == {case}
    rule(card)
    draw_checks()
    draw_checks()
    found = {one.case_id for one in QualityCheck.objects.all()}
    assert found == {case.pk, quiet.pk, broken.pk}
    assert elsewhere.pk not in found
    assert Event.objects.filter(kind="quality.drawn").count() == 3


def test_those_who_were_not_satisfied(shop, card):
    ours, *_ = shop
    for stars in (2, 5):
        make_answer(ours, stars, at=timezone.now() - timedelta(hours=1))
    agent = AgentFactory(departments=[ours])
    for case in ours.cases.all():
        type(case).objects.filter(pk=case.pk).update(
            agent=agent,
            status="resolved",
            resolution="solved",
            resolved_at=timezone.now() - timedelta(hours=2),
        )
    rule(card, "bad_csat")
    draw_checks()
    bad = Answer.objects.get(score=2).response.invitation.case
    assert QualityCheck.objects.get().case == bad


def test_some_of_each_agent_of_the_week_that_is_over(shop, card):
    ours, _theirs, agent, lead, _other = shop
    monday = sampling._monday(timezone.now())
    for who in (agent, lead):
        for n in range(3):
            CaseFactory(
                department=ours, agent=who, resolved=True, resolved_at=monday - timedelta(days=n + 1),
                opened_at=monday - timedelta(days=9),
            )  # fmt: skip
    CaseFactory(department=ours, agent=agent, resolved=True, resolved_at=monday + timedelta(seconds=1))
    rule(card, "per_agent", per_agent=2)
    for _ in range(2):
        commands.draw(at=timezone.now())
    assert QualityCheck.objects.filter(agent=agent).count() == 2
    assert QualityCheck.objects.filter(agent=lead).count() == 2
    assert all(one.ended_at < monday for one in QualityCheck.objects.all())


def test_a_share_by_chance_is_the_same_whenever_it_is_drawn(shop, card):
    ours, _theirs, agent, *_ = shop
    now = timezone.now()
    made = [
        CaseFactory(department=ours, agent=agent, resolved=True, resolved_at=now - timedelta(hours=n))
        for n in range(1, 40)
    ]
    half = rule(card, percent=50)
    commands.draw(at=now)
    wanted = {case.pk for case in made if sampling.chance(half.pk, case.pk) < 0.5}
    assert {one.case_id for one in QualityCheck.objects.all()} == wanted


def test_scored_seen_appealed_decided_anew(shop, card):
    ours, _theirs, agent, lead, other = shop
    check = drawn(card, ended(ours, agent))
    score(check, lead, 2, 0, remark="价格说错了", remarks={check.form["items"][1]["key"]: "说错"})
    check.refresh_from_db()
    assert (check.score, check.has_failed) == (50, True)
    assert Alert.objects.filter(user=agent.user, kind="quality.scored").exists()
    commands.see(check_id=check.pk, actor=lead.user, at=timezone.now())
    assert QualityCheck.objects.get().seen_at is None
    commands.see(check_id=check.pk, actor=agent.user, at=timezone.now())
    assert QualityCheck.objects.get().seen_at is not None
    at = timezone.now()
    commands.appeal(check_id=check.pk, text="价格当天改过。", is_appeal=True, actor=agent.user, at=at)
    assert Alert.objects.filter(user=lead.user, kind="quality.appealed").exists()
    with pytest.raises(WrongState):
        commands.appeal(check_id=check.pk, text="再说", is_appeal=False, actor=agent.user, at=at)
    with pytest.raises(NotPermitted):
        commands.decide(check_id=check.pk, answer="否", actor=lead.user, at=at)
    commands.decide(check_id=check.pk, answer="属实。", points=points(check, 2, 2), actor=other.user, at=at)
    check.refresh_from_db()
    assert (check.score, check.has_failed) == (100, False)
    assert check.appeal.status == "changed"
    third = AgentFactory(user=StaffFactory(role="team_lead"), leads=[ours])
    with pytest.raises(WrongState):
        commands.decide(check_id=check.pk, answer="否", actor=third.user, at=at)


def test_an_edited_scorecard_changes_no_check(shop, card):
    ours, _theirs, agent, lead, _other = shop
    check = drawn(card, ended(ours, agent))
    card.items.all().delete()
    score(check, lead, 2, 1)
    assert QualityCheck.objects.get().score == 75


def test_two_score_blind_and_their_agreement_is_told(shop, card):
    ours, _theirs, agent, lead, other = shop
    check = drawn(card, ended(ours, agent), scorers=2)
    score(check, lead, 2, 2)
    check.refresh_from_db()
    assert check.score is None
    assert queries.scores_for(other.user, check) == []
    assert [one.by for one in queries.scores_for(lead.user, check)] == [lead.user]
    assert check not in queries.to_score(lead.user)
    shown = client_for(other).get(reverse("admin:quality_check", args=[check.pk])).content.decode()
    assert str(lead.user) not in shown
    with pytest.raises(WrongState):
        score(check, lead, 1, 1)
    score(check, other, 1, 2)
    check.refresh_from_db()
    assert check.score == Decimal("87.50")
    (pair,) = queries.calibration(lead.user, since=timezone.now() - timedelta(days=1))
    assert (pair.agreement.n, pair.agreement.apart) == (1, 25)
    assert {pair.first, pair.second} == {lead.user, other.user}


def test_what_is_refused(shop, card):
    ours, _theirs, agent, lead, _other = shop
    check = drawn(card, ended(ours, agent))
    own = drawn(card, ended(ours, lead))
    at = timezone.now()
    with pytest.raises(NotPermitted):
        score(check, agent, 2, 2)
    with pytest.raises(NotPermitted):
        score(own, lead, 2, 2)
    with pytest.raises(Invalid):
        score(check, lead, 3, 2)
    with pytest.raises(NotFound):
        commands.score(check_id=0, points={}, actor=lead.user, at=at)
    with pytest.raises(WrongState):
        commands.appeal(check_id=check.pk, text="!", is_appeal=True, actor=agent.user, at=at)
    with pytest.raises(WrongState):
        drawn(card, check.case)
    commands.skip(check_id=check.pk, actor=lead.user, at=at)
    with pytest.raises(WrongState):
        score(check, lead, 2, 2)
    assert not QualityScore.objects.exists()


def test_coaching_and_what_came_of_it(shop, card):
    ours, _theirs, agent, lead, _other = shop
    check = drawn(card, ended(ours, agent))
    score(check, lead, 1, 1)
    at = timezone.now()
    note = commands.coach(
        agent_id=agent.pk,
        text="先复述诉求。",
        follow_up_on=at.date(),
        check_id=check.pk,
        actor=lead.user,
        at=at,
    )
    with pytest.raises(NotPermitted):
        commands.follow_up(note_id=note.pk, outcome="好了", actor=agent.user, at=at)
    with pytest.raises(NotPermitted):
        commands.coach(agent_id=lead.pk, text="自己", actor=lead.user, at=at)
    commands.follow_up(note_id=note.pk, outcome="好了", actor=lead.user, at=at)
    with pytest.raises(WrongState):
        commands.follow_up(note_id=note.pk, outcome="又", actor=lead.user, at=at)
    assert "先复述诉求" in client_for(agent).get(MINE).content.decode()


def form_of(check, *values, **more):
    return {**{f"points-{key}": value for key, value in points(check, *values).items()}, **more}


def act(browser, check, name, data):
    return browser.post(reverse("admin:quality_act", args=[check.pk, name]), data)


def test_the_pages(shop, card):
    ours, _theirs, agent, lead, other = shop
    check = drawn(card, ended(ours, agent, subject="<b>碎了</b>"))
    browser, theirs, agents = client_for(lead), client_for(other), client_for(agent)
    page = reverse("admin:quality_check", args=[check.pk])
    assert agents.get(page).status_code == 404
    assert "&lt;b&gt;碎了" in browser.get(PAGE).content.decode()
    assert "好了" in browser.get(page).content.decode()
    refused = act(browser, check, "score", form_of(check, "2", "7", remark="草稿"))
    assert refused.status_code == 400
    assert "草稿" in refused.content.decode()
    assert act(browser, check, "score", form_of(check, "2", "x")).status_code == 400
    assert act(browser, check, "score", form_of(check, "2", "-")).status_code == 302
    assert QualityCheck.objects.get().score == 100
    shown = agents.get(page).content.decode()
    assert str(lead.user) not in shown
    assert act(agents, check, "appeal", {"text": "谢谢", "kind": "appeal"}).status_code == 302
    assert act(browser, check, "decide", {"answer": "x", "verdict": "keep"}).status_code == 403
    assert act(theirs, check, "decide", {"answer": "维持", "verdict": "keep"}).status_code == 302
    assert act(browser, check, "coach", {"text": "好", "follow_up_on": "2026-13-01"}).status_code == 400
    assert act(browser, check, "coach", {"text": "好", "follow_up_on": "2026-12-01"}).status_code == 302
    note = check.coaching.get()
    assert browser.post(reverse("admin:coaching", args=[note.pk]), {"outcome": "好"}).status_code == 302
    assert act(browser, check, "nothing", {}).status_code == 404
    for tab in ("waiting", "scored", "appeals", "agents", "calibration", "coaching"):
        assert browser.get(PAGE, {"tab": tab}).status_code == 200
    body = b"".join(browser.get(reverse("admin:quality_export", args=["csv"]), {"tab": "scored"})).decode()
    assert check.case.number in body


def test_another_departments_checks_are_not_there(shop, card):
    _ours, theirs, _agent, lead, _other = shop
    stranger = AgentFactory(departments=[theirs])
    check = drawn(card, ended(theirs, stranger))
    browser = client_for(lead)
    assert browser.get(reverse("admin:quality_check", args=[check.pk])).status_code == 404
    assert act(browser, check, "score", form_of(check, "2", "2")).status_code == 404
    assert browser.get(PAGE).context["checks"] == []
    for role in ("agent", "analyst", "moderator", "finance"):
        assert client_for(AgentFactory(user=StaffFactory(role=role))).get(PAGE).status_code == 403


@pytest.mark.parametrize("tab", ["waiting", "scored", "agents", "calibration"])
def test_a_fixed_number_of_queries(shop, card, tab):
    ours, _theirs, agent, lead, other = shop
    browser, counts = client_for(lead), []
    for rows in (1, 2):
        for _ in range(rows):
            check = drawn(card, ended(ours, agent), scorers=2 if tab == "calibration" else 1)
            if tab != "waiting":
                score(check, lead, 1, 2)
            if tab == "calibration":
                score(check, other, 2, 2)
        browser.get(PAGE, {"tab": tab})
        with CaptureQueriesContext(connection) as made:
            browser.get(PAGE, {"tab": tab})
        counts.append(len(made))
    assert counts[0] == counts[1]


@pytest.mark.django_db(transaction=True)
def test_two_who_score_at_once_score_once(shop, card):
    ours, _theirs, agent, lead, other = shop
    check = drawn(card, ended(ours, agent))
    refused = []

    def run(who):
        try:
            score(check, who, 2, 2)
        except WrongState:
            refused.append(who)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=[who]) for who in (lead, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 1
    assert QualityScore.objects.count() == 1


DRAW, PICK = "/admin/quality/draw/", "/admin/quality/pick/"


def test_a_lead_draws_now_by_a_rule_from_their_departments_alone(shop, card):
    ours, theirs, agent, lead, _other = shop
    mine = ended(ours, agent)
    ended(theirs, AgentFactory(departments=[theirs]))
    one, elsewhere = rule(card), rule(card, department=theirs)
    browser = client_for(lead)
    assert browser.get(PAGE).context["rules"] == [one]
    assert browser.post(DRAW, {"rule": one.pk}).status_code == 302
    check = QualityCheck.objects.get()
    assert (check.case, check.rule) == (mine, one)
    assert Event.objects.get(kind="quality.drawn").actor == f"user:{lead.user_id}"
    browser.post(DRAW)
    assert QualityCheck.objects.count() == 1
    for wrong in (elsewhere.pk, 10**9, "x"):
        browser.post(DRAW, {"rule": wrong})
    SamplingRule.objects.update(is_active=False)
    browser.post(DRAW, {"rule": one.pk})
    assert QualityCheck.objects.count() == 1
    assert client_for(agent).post(DRAW).status_code == 403


def test_a_lead_takes_one_conversation_by_its_number(shop, card):
    ours, theirs, agent, lead, _other = shop
    case, foreign = ended(ours, agent), ended(theirs, AgentFactory(departments=[theirs]))
    browser = client_for(lead)
    given = {"number": case.number, "scorecard": card.pk, "twice": "1"}
    answer = browser.post(PICK, given)
    check = QualityCheck.objects.get()
    assert answer.url == reverse("admin:quality_check", args=[check.pk])
    assert (check.case, check.agent, check.scorers, check.rule) == (case, agent, 2, None)
    nobodys = open_case(ours)
    for wrong in (
        given, {**given, "number": foreign.number}, {**given, "number": "x"}, {**given, "scorecard": "0"},
        {**given, "number": nobodys.number}, {},
    ):  # fmt: skip
        answer = browser.post(PICK, wrong, follow=True)
        assert answer.redirect_chain[0][0] == PAGE, wrong
        assert [str(one) for one in answer.context["messages"]], wrong
    assert QualityCheck.objects.count() == 1
    assert client_for(agent).post(PICK, given).status_code == 403


@pytest.mark.django_db(transaction=True)
def test_a_lead_and_the_hourly_draw_at_once_draw_once(shop, card):
    ours, _theirs, agent, lead, _other = shop
    ended(ours, agent)
    rule(card)
    barrier, numbers = threading.Barrier(2), []

    def run(**who):
        barrier.wait()
        numbers.append(len(sampling.draw(at=timezone.now(), **who)))
        connections.close_all()

    threads = [
        threading.Thread(target=run, kwargs=who)
        for who in ({}, {"departments": [ours.pk], "actor": lead.user})
    ]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sorted(numbers) == [0, 1]
