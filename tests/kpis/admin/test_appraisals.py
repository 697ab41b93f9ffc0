import re
from decimal import Decimal

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from config.common.events import timeline
from config.common.models import Event
from feedback.models import Membership
from kpis.appraisals import appealing, queries, scoring
from kpis.defaults.schemes import seed
from kpis.models import Appraisal, AppraisalAppeal, AppraisalMark, AppraisalScore, MetricCode, Scheme
from tests.factories.appraisals import AT, LINES, MONTH, close, figure, person, scheme, scored
from tests.factories.feedback import DepartmentFactory
from tests.kpis.appraisals.test_lacking import breach, check
from tests.kpis.appraisals.test_scoring import corrected

pytestmark = [pytest.mark.django_db, pytest.mark.req("K8")]

HERE = "2026-03"


@pytest.fixture
def department():
    return DepartmentFactory()


@pytest.fixture
def at_work(monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: AT)


def sign_in(client, user, *rights):
    user.user_permissions.add(*Permission.objects.filter(codename__in=rights))
    client.force_login(type(user).objects.get(pk=user.pk))
    return user


def page_of(client, found):
    return client.get(reverse("admin:appraisal", args=[found.pk]))


def act(client, found, name, **data):
    return client.post(reverse("admin:appraisal_act", args=[found.pk, name]), data)


def test_who_gets_to_an_appraisal_and_who_guesses_in_vain(client, department):
    user, found = scored(department)
    answers = {}
    for name, one in {
        "own": user,
        "colleague": person(department),
        "lead": person(department, "team_lead"),
        "supervisor": person(department, "supervisor"),
        "another's lead": person(DepartmentFactory(), "team_lead"),
        "another's supervisor": person(DepartmentFactory(), "supervisor"),
        "analyst": person(department, "analyst"),
        "finance": person(department, "finance"),
        "moderator": person(department, "moderator"),
        "administrator": person(DepartmentFactory(), "administrator"),
    }.items():
        sign_in(client, one)
        answers[name] = (
            page_of(client, found).status_code,
            act(client, found, "decide", appeal="1", answer="x", score="1").status_code,
            client.get(reverse("admin:appraisal_team"), {"month": HERE}).status_code,
        )
    assert answers == {
        "own": (200, 404, 403),
        "colleague": (404, 404, 403),
        "lead": (200, 404, 200),
        "supervisor": (200, 404, 200),
        "another's lead": (404, 404, 200),
        "another's supervisor": (404, 404, 200),
        "analyst": (403, 403, 403),
        "finance": (403, 403, 403),
        "moderator": (403, 403, 403),
        "administrator": (200, 404, 200),
    }


def test_an_agent_sees_their_own_alone(client, department):
    other = person(department)
    user, found = scored(department)
    theirs = Appraisal.objects.get(agent=other.agent)
    sign_in(client, user)
    shown = client.get(reverse("admin:appraisals")).content.decode()
    assert f"/{found.pk}/" in shown
    assert f"/{theirs.pk}/" not in shown
    assert page_of(client, theirs).status_code == 404
    sign_in(client, person(DepartmentFactory(), "team_lead"))
    shown = client.get(reverse("admin:appraisal_team"), {"month": HERE}).content.decode()
    assert f"/appraisals/{found.pk}/" not in shown


def test_from_the_mark_to_the_decision(client, department, at_work):
    user, lead, boss = person(department), person(department, "team_lead"), person(department, "supervisor")
    scheme()
    figure(user.agent, MetricCode.QUALITY, 8, 75)
    close()
    sign_in(client, lead)
    team = client.get(reverse("admin:appraisal_team"), {"month": HERE}).content.decode()
    who = re.search(r'name="whose" value="([^"]+)"', team)[1]
    given = {"month": HERE, "whose": who, "points": "70", "remark": "<script>x</script>"}
    assert client.post(reverse("admin:appraisal_mark"), given).status_code == 302
    assert client.post(reverse("admin:appraisal_mark"), {**given, "points": "170"}).status_code == 400
    assert client.post(reverse("admin:appraisal_mark"), {**given, "whose": "1-2-3"}).status_code == 404
    assert client.post(reverse("admin:appraisal_mark"), {**given, "month": "x"}).status_code == 404
    assert client.post(reverse("admin:appraisal_score"), {"month": HERE}).status_code == 403
    sign_in(client, boss)
    assert client.post(reverse("admin:appraisal_score"), {"month": HERE}).status_code == 302
    found = Appraisal.objects.get()
    sign_in(client, user)
    shown = page_of(client, found).content.decode()
    assert act(client, found, "appeal").status_code == 400
    assert act(client, found, "appeal", text="<script>x</script>").status_code == 302
    assert act(client, found, "appeal", text="x").status_code == 409
    sign_in(client, boss)
    shown = page_of(client, found).content.decode()
    assert "&lt;script&gt;x" in shown
    assert "<script>x" not in shown
    one = AppraisalAppeal.objects.get()
    assert act(client, found, "decide", appeal=one.pk, answer="x", score="NaN").status_code == 400
    assert act(client, found, "decide", appeal=one.pk, answer="x", score="?").status_code == 400
    assert act(client, found, "decide", appeal="9" * 40, answer="x", score="1").status_code == 404
    assert act(client, found, "decide", appeal=one.pk, answer="有理", score="88").status_code == 302
    assert act(client, found, "decide", appeal=one.pk, answer="有理", score="89").status_code == 409
    assert AppraisalScore.objects.last().score == 88
    assert act(client, found, "magic").status_code == 404
    assert AppraisalMark.objects.get().by == lead


def test_an_open_month_is_refused_and_says_so(client, department):
    sign_in(client, person(department, "supervisor"))
    scheme()
    assert client.post(reverse("admin:appraisal_score"), {"month": "2026-05"}).status_code == 400
    assert client.post(reverse("admin:appraisal_score"), {}).status_code == 404
    assert client.get(reverse("admin:appraisal_team"), {"month": "9999-99"}).status_code == 404


def test_what_came_to_light_stands_beside_the_score(client, department):
    user, found = scored(department)
    sign_in(client, person(department, "supervisor"))
    assert "58.33" not in page_of(client, found).content.decode()
    corrected(user.agent, 5)
    for shown in (
        page_of(client, found),
        client.get(reverse("admin:appraisal_team"), {"month": HERE}),
    ):
        assert "52.78" in shown.content.decode()
        assert "58.33" in shown.content.decode()
    assert act(client, found, "again", reason="更正").status_code == 302
    assert found.scores.count() == 2


def test_what_there_is_to_learn_has_its_rows(client, department):
    user, found = scored(department)
    for _each in range(2):
        check(user, {"1": 0, "2": 2})
        breach(user, "forgot")
    sign_in(client, user)
    shown = page_of(client, found).content.decode()
    assert "forgot" in shown
    assert all(f"/{one.case.number}" in shown or one.case.number in shown for one in user.agent.checks.all())


def test_files_need_their_right_and_run_nothing(client, department):
    user, _found = scored(department)
    type(user).objects.filter(pk=user.pk).update(name="=1+1")
    boss = person(department, "supervisor")
    address = reverse("admin:appraisal_file", args=["csv"])
    sign_in(client, boss)
    assert client.get(address, {"month": HERE}).status_code == 403
    sign_in(client, boss, "export_appraisals")
    answer = client.get(address, {"month": HERE})
    text = b"".join(answer.streaming_content).decode()
    assert "'=1+1" in text
    assert "52.78" in text
    assert Event.objects.filter(kind="list.exported", data__list="appraisals").exists()
    assert client.get(reverse("admin:appraisal_file", args=["xlsx"]), {"month": HERE}).status_code == 200
    assert client.get(reverse("admin:appraisal_file", args=["exe"]), {"month": HERE}).status_code == 404
    assert client.get(address, {"month": "x"}).status_code == 404


def form_of(lines, since="2026-05", **more):
    data = {
        "since": since, "appeal_days": "7", "decide_days": "5", "form-INITIAL_FORMS": "0",
        "form-TOTAL_FORMS": str(len(lines)),
    }  # fmt: skip
    for number, line in enumerate(lines):
        for name in ("judged_by", "metric", "name", "weight", "floor", "goal"):
            value = getattr(line, name)
            data[f"form-{number}-{name}"] = "" if value is None else str(value)
    return {**data, **more}


def test_a_scheme_is_tried_then_set(client, department):
    _user, found = scored(department)
    address = reverse("admin:appraisal_scheme", args=[found.scheme_id])
    boss = person(department, "supervisor")
    sign_in(client, boss)
    assert client.get(reverse("admin:appraisal_schemes")).status_code == 200
    assert client.get(address).status_code == 200
    assert client.post(address, form_of(LINES)).status_code == 403
    sign_in(client, boss, "change_scheme")
    tried = client.post(address, form_of(LINES, **{"try": "1"}))
    assert tried.status_code == 200
    assert "52.78" in tried.content.decode()
    assert found.scheme.versions.count() == 1
    assert client.post(address, form_of(LINES[:2])).status_code == 400
    assert client.post(address, form_of(LINES, since=HERE)).status_code == 409
    assert client.post(address, form_of(LINES, since="x")).status_code == 400
    assert client.post(address, {"since": "2026-05"}).status_code == 400
    assert client.post(address, form_of(LINES, since="2026-05")).status_code == 302
    made = found.scheme.versions.order_by("-since")[0].lines.get(metric=MetricCode.FIRST_REPLY_TIME)
    assert (made.floor, made.goal) == (7200 * 60, 1800 * 60)
    assert [event.kind for event in timeline([found.scheme])] == ["scheme.set", "scheme.set"]
    assert client.get(reverse("admin:appraisal_scheme", args=[0])).status_code == 404


def test_the_schemes_that_ship_are_whole_and_come_once(department):
    person(department)
    DepartmentFactory(code="operations")
    seed(AT)
    seed(AT)
    satisfaction = {
        one.code: sum(line.weight for line in one.versions.get().lines.filter(is_satisfaction=True))
        for one in Scheme.objects.all()
    }
    assert satisfaction == {"agents": 20, "operations": 20}


def test_as_many_queries_for_three_as_for_one(client, department):
    user, found = scored(department)
    boss = person(department, "supervisor")
    sign_in(client, boss)
    counts = []
    for _each in range(2):
        for address in (
            reverse("admin:appraisals"),
            f"{reverse('admin:appraisal_team')}?month={HERE}",
            reverse("admin:appraisal", args=[found.pk]),
            reverse("admin:appraisal_schemes"),
            reverse("admin:appraisal_scheme", args=[found.scheme_id]),
        ):
            client.get(address)
            with CaptureQueriesContext(connection) as caught:
                assert client.get(address).status_code == 200
            counts.append(len(caught))
        another = DepartmentFactory()
        Membership.objects.create(agent=boss.agent, department=another)
        for _more in range(2):
            person(another)
        scoring.score_month(month=MONTH, actor=None, at=AT)
        if not _each:
            appealing.appeal(appraisal_id=found.pk, text="x", actor=user, at=AT)
    assert queries.to_decide(boss).count() == 1
    first, then = counts[:5], counts[5:]
    assert [b - a for a, b in zip(first, then, strict=True) if b - a > 1] == []


def test_scoring_above_an_appeal_is_offered_to_who_may_decide_and_said(client, department):
    user, found = scored(department)
    boss, scorer = person(department, "supervisor"), person(department, "team_lead")
    one = appealing.appeal(appraisal_id=found.pk, text="x", actor=user, at=AT)
    given = {"appraisal_id": found.pk, "appeal_id": one.pk, "answer": "x", "at": AT}
    appealing.decide(**given, score=Decimal(80), actor=boss)
    corrected(user.agent, 5)
    sign_in(client, scorer, "score_appraisals")
    assert "/again/" not in page_of(client, found).content.decode()
    assert act(client, found, "again", reason="x").status_code == 403
    sign_in(client, boss)
    shown = page_of(client, found).content.decode()
    assert "/again/" in shown
    assert "replaces what it decided" in shown or "代替" in shown
