"""The pages, the API and the files of crises; what members see; words that are hostile stay words."""

import json
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from compensation.models import Batch
from feedback.crises import commands, counting, joining, statements
from feedback.crises.statements import Words
from feedback.models import BulkRun, Case, Crisis, CrisisBy, CrisisCase, CrisisHour, CrisisWatch, Statement
from tests.factories.compensation import MemberFactory
from tests.factories.crises import DAY, HOUR, ProposalFactory, WatchFactory, department_of, opened, supervisor
from tests.factories.feedback import AgentFactory, CaseFactory, DepartmentFactory, StaffFactory
from tests.factories.money import PointsRuleFactory
from tests.factories.session import browser_of
from tests.factories.shop import ProductFactory

pytestmark = [pytest.mark.django_db, pytest.mark.req("F22")]
HOSTILE = "<script>alert(1)</script>{{ 7|add:7 }}"
STATEMENTS = "/api/v1/statements/"


@pytest.fixture
def now():
    return timezone.now()


@pytest.fixture
def boss():
    return supervisor()


@pytest.fixture
def crisis(boss, now):
    made = opened(boss, at=now, since=now - HOUR)
    CaseFactory(department=department_of(boss), opened_at=now - timedelta(minutes=30))
    joining.join_all(at=now)
    return made


def browser(user):
    client = Client()
    client.force_login(user)
    return client


def url(name, *args):
    return reverse(f"admin:{name}", args=args)


def take(user, crisis, step, **given):
    return browser(user).post(url("crisis", crisis.pk), {"step": step, **given})


def form(user, crisis=None, **changes):
    given = {
        "name": "暴雨延误", "severity": 2, "department": department_of(user).pk, "owner": user.pk,
        "since": f"{timezone.localtime() - HOUR:%Y-%m-%dT%H:%M}", "raises_to": 3, "kinds": ["complaint"],
        "version": crisis.version if crisis else "",
    }  # fmt: skip
    return given | changes


def published(crisis, user, at, **words):
    given = Words(**{"title": "暴雨公告", "body": "部分包裹延误。", **words})
    statements.write(crisis_id=crisis.pk, words=given, actor=user, at=at)
    number = Statement.objects.filter(crisis=crisis).count()
    return statements.publish(crisis_id=crisis.pk, number=number, actor=user, at=at)


def test_a_proposal_shows_why_and_is_opened(boss, now):
    case = CaseFactory(department=department_of(boss), subject="杯子碎了")
    proposal = ProposalFactory(
        since=now - HOUR, began_at=now - HOUR, proposed_at=now, watch=WatchFactory(),
        evidence={"seen": 12, "expected": 1.5, "chance": 1e-9, "tested": 40, "usual": [1, 2],
                  "window_hours": 2, "samples": [case.pk], "also": [["kind", "complaint", 14, 4.0]]},
    )  # fmt: skip
    text = browser(boss).get(url("crisis", proposal.pk)).content.decode()
    assert "12" in text
    assert case.number in text
    page = browser(boss).get(url("crisis_plan", proposal.pk))
    assert proposal.value in page.content.decode()
    answer = browser(boss).post(url("crisis_plan", proposal.pk), form(boss))
    assert answer.status_code == 302
    proposal.refresh_from_db()
    assert (proposal.status, proposal.opened_by) == ("open", boss)
    again = browser(boss).post(url("crisis_plan", proposal.pk), form(boss))
    assert again.status_code == 400


def test_conditions_are_tried_out_before_anything_is_kept(boss, crisis):
    CaseFactory(department=department_of(boss), opened_at=timezone.now(), subject="试一试")
    answer = browser(boss).post(url("crisis_new"), form(boss, **{"try": "1"}))
    assert answer.status_code == 200
    assert "试一试" in answer.content.decode()
    assert Crisis.objects.count() == 1


def test_one_is_opened_by_hand_with_the_shops_numbers(boss):
    product = ProductFactory(external_id="SKU-1")
    answer = browser(boss).post(url("crisis_new"), form(boss, products="SKU-1", words="碎, 破"))
    assert answer.status_code == 302
    made = Crisis.objects.get()
    assert (made.products, made.words) == ([product.pk], ["碎", "破"])
    for wrong in (
        {"products": "nothing"},
        {"kinds": []},
        {"since": "x"},
        {"department": DepartmentFactory().pk},
    ):
        assert browser(boss).post(url("crisis_new"), form(boss, **wrong)).status_code == 400


def test_a_stale_change_is_refused(boss, crisis):
    seen = crisis.version
    assert browser(boss).post(url("crisis_plan", crisis.pk), form(boss, crisis)).status_code == 302
    crisis.refresh_from_db()
    crisis.version = seen
    assert browser(boss).post(url("crisis_plan", crisis.pk), form(boss, crisis)).status_code == 400


def test_every_step_on_the_page(boss, crisis):
    other = CaseFactory(department=department_of(boss), kind="enquiry")
    inside = CrisisCase.objects.get().case
    for step, given in (
        ("add", {"number": other.number}),
        ("remove", {"case": inside.pk}),
        ("write", {"title": "公告", "body": "正文"}),
        ("publish", {"number": 1}),
        ("answer", {"key": "k1", "doing": "reply", "message": "您好"}),
        (
            "resolve",
            {"key": "k2", "doing": "resolve", "message": "好了", "resolution": "solved", "sure": "on"},
        ),
        ("take_down", {}),
        ("contain", {"cause": "停电"}),
        ("go_on", {}),
        ("learn", {"lessons": "备用电源"}),
        ("close", {"cause": "停电", "told": "恢复了"}),
    ):
        assert take(boss, crisis, step, **given).status_code == 302, step
    crisis.refresh_from_db()
    assert (crisis.status, crisis.lessons, crisis.all_clear) == ("closed", "备用电源", "恢复了")
    assert BulkRun.objects.count() == 2
    assert set(crisis.cases.filter(left_at=None).values_list("case", flat=True)) == {other.pk}


@pytest.mark.parametrize(
    ("step", "given", "status"),
    [
        ("contain", {"cause": ""}, 400),
        ("dismiss", {"why": "x"}, 409),
        ("go_on", {}, 409),
        ("add", {"number": "nonsense"}, 400),
        ("add", {"number": "999999"}, 404),
        ("write", {"title": ""}, 400),
        ("publish", {"number": "9"}, 404),
        ("answer", {"key": "k", "doing": "reply", "message": ""}, 400),
        ("answer", {"key": "k", "doing": "reply", "message": "{{ nonsense }}"}, 400),
        ("resolve", {"key": "k", "doing": "resolve", "message": "x", "resolution": "solved"}, 400),
        ("make_good", {"name": "x"}, 400),
        ("nonsense", {}, 404),
    ],
)
def test_what_is_refused_comes_back(boss, crisis, step, given, status):
    assert take(boss, crisis, step, **given).status_code == status
    crisis.refresh_from_db()
    assert crisis.status == "open"


def test_a_batch_is_begun_from_the_page(boss, crisis):
    PointsRuleFactory()
    answer = take(boss, crisis, "make_good", name="致歉", points="5", reason="延误", same_reason_days="0")
    batch = Batch.objects.get()
    assert answer.url == url("batch", batch.pk)
    assert (batch.members, batch.problem) == (1, crisis.problem)


def test_steps_that_one_may_not_take_are_forbidden(crisis):
    agent = AgentFactory(departments=[crisis.department]).user
    elsewhere = supervisor()
    for user in (agent, elsewhere):
        assert browser(user).get(url("crisis", crisis.pk)).status_code == 200
        assert take(user, crisis, "contain", cause="x").status_code == 403
    assert browser(elsewhere).get(url("crisis_plan", crisis.pk)).status_code == 403
    assert browser(StaffFactory()).get(url("crisis", crisis.pk)).status_code == 403


def test_cases_of_other_departments_are_counted_and_not_named(crisis, now):
    hidden = CaseFactory(opened_at=now, subject="别人的", agent=AgentFactory(), status="open")
    joining.join_all(at=now)
    text = browser(AgentFactory(departments=[crisis.department]).user).get(url("crisis", crisis.pk))
    assert hidden.subject not in text.content.decode()
    assert text.context["figures"]["counted"]["cases"] == 2


@pytest.mark.parametrize("name", ["crises", "crisis", "crisis_report"])
def test_a_page_takes_as_many_queries_for_three_as_for_one(boss, crisis, now, name):
    client, counts = browser(boss), []
    for number in (1, 3):
        while CrisisCase.objects.count() < number:
            CaseFactory(department=crisis.department, opened_at=now)
            joining.join_all(at=now)
            opened(boss, at=now, since=now - HOUR, conditions={"words": ["x"]})
        address = url(name) if name == "crises" else url(name, crisis.pk)
        client.get(address)
        with CaptureQueriesContext(connection) as caught:
            assert client.get(address).status_code == 200
        counts.append(len(caught))
    assert counts[0] == counts[1]


def test_the_report_is_a_page_and_a_file(boss, crisis, now):
    commands.close(crisis_id=crisis.pk, cause=HOSTILE, actor=boss, at=now + DAY)
    text = browser(boss).get(url("crisis_report", crisis.pk)).content.decode()
    assert "<script>alert" not in text
    for kind in ("csv", "xlsx"):
        answer = browser(boss).get(url("list_export", "crisis-report", kind), {"crisis": crisis.pk})
        assert answer.status_code == 200
        assert b"".join(answer.streaming_content)
    assert browser(boss).get(url("list_export", "crisis-report", "csv"), {"crisis": 0}).status_code == 404


def test_hostile_words_are_shown_as_words(boss, crisis, now):
    Crisis.objects.filter(pk=crisis.pk).update(name=HOSTILE, lessons=HOSTILE, cause=HOSTILE)
    case = Case.objects.get()
    published(crisis, boss, now, title=HOSTILE, body=HOSTILE, for_affected=HOSTILE)
    for address in (
        url("crisis", crisis.pk), url("crises"), url("crisis_report", crisis.pk), url("desk"),
        url("case", case.pk),
    ):  # fmt: skip
        text = browser(boss).get(address).content.decode()
        assert "<script>alert" not in text, address
        assert "{{ 7|add:7 }}" in text or "&lt;script" in text, address
    member = browser_of(case.member)
    for address in (reverse("portal:home"), reverse("portal:help"), reverse("portal:case", args=[case.pk])):
        text = member.get(address).content.decode()
        assert "&lt;script&gt;alert(1)" in text, address
        assert "<script>alert" not in text, address


def test_members_read_the_statement_and_who_has_a_case_reads_more(boss, crisis, now):
    published(
        crisis,
        boss,
        now,
        title_en="Rain",
        body_en="Some parcels are late.",
        for_affected="您的包裹明天送到。",
    )
    case = Case.objects.get()
    other = CaseFactory(member=case.member, kind="enquiry", opened_at=now)
    member = browser_of(case.member)
    assert "部分包裹延误。" in member.get(reverse("portal:home")).content.decode()
    assert "部分包裹延误。" in Client().get(reverse("portal:help")).content.decode()
    assert "您的包裹明天送到。" in member.get(reverse("portal:case", args=[case.pk])).content.decode()
    assert "部分包裹延误。" not in member.get(reverse("portal:case", args=[other.pk])).content.decode()
    assert (
        "您的包裹明天送到。" not in browser_of(MemberFactory()).get(reverse("portal:home")).content.decode()
    )
    english = browser_of(MemberFactory(language="en")).get(reverse("portal:home")).content.decode()
    assert "Some parcels are late." in english
    commands.close(crisis_id=crisis.pk, cause="x", actor=boss, at=now)
    assert "部分包裹延误。" not in member.get(reverse("portal:home")).content.decode()


def test_everybody_reads_statements_through_the_api(boss, crisis, now):
    assert Client().get(STATEMENTS).json() == []
    published(crisis, boss, now, title_en="Rain", body_en="Late.")
    (said,) = Client().get(STATEMENTS).json()
    assert (said["title"], set(said)) == ("暴雨公告", {"title", "body", "published_at"})
    assert Client().get(STATEMENTS, {"language": "en"}).json()[0]["title"] == "Rain"
    Statement.objects.update(title_en="", body_en="")
    assert Client().get(STATEMENTS, {"language": "en"}).json()[0]["title"] == "暴雨公告"


def api(user, path="", **given):
    client = browser(user)
    address = f"/api/v1/staff/crises/{path}"
    if not given:
        return client.get(address)
    return client.post(address, json.dumps(given), content_type="application/json")


def test_staff_see_crises_and_act_through_the_api(boss, crisis):
    (row,) = api(boss).json()["results"]
    assert (row["id"], row["status"], row["cases"]) == (crisis.pk, "open", 1)
    one = api(boss, f"{crisis.pk}/").json()
    assert one["figures"]["counted"]["cases"] == 1
    assert api(boss, f"{crisis.pk}/contain/", cause="停电").json()["status"] == "contained"
    assert api(boss, f"{crisis.pk}/contain/", cause="停电").status_code == 409
    assert api(boss, f"{crisis.pk}/contain/", why="x").status_code == 400
    case = CaseFactory(department=department_of(boss), kind="enquiry")
    assert api(boss, f"{crisis.pk}/add/", case=case.pk).json()["cases"] == 2
    assert api(boss, f"{crisis.pk}/add/", case=0).status_code == 400
    assert api(boss, f"{crisis.pk}/add/", case=CaseFactory().pk + 1).status_code == 404
    assert api(boss, f"{crisis.pk}/remove/", case=case.pk).json()["cases"] == 1
    assert api(boss, f"{crisis.pk}/close/", cause="x", told="好了").json()["status"] == "closed"
    assert api(boss, "0/").status_code == 404
    assert api(supervisor(), f"{crisis.pk}/contain/", cause="x").status_code == 403
    assert api(StaffFactory()).status_code == 403


def test_the_desk_and_the_case_say_that_there_is_a_crisis(boss, crisis):
    agent = AgentFactory(departments=[crisis.department]).user
    case = Case.objects.get()
    link = url("crisis", crisis.pk)
    assert link in browser(agent).get(url("desk")).content.decode()
    assert link in browser(agent).get(url("case", case.pk)).content.decode()
    commands.close(crisis_id=crisis.pk, cause="x", actor=boss, at=timezone.now())
    assert crisis.name not in browser(agent).get(url("desk")).content.decode()


def test_a_watch_is_tried_on_the_past_and_changed_by_who_may(boss, now):
    watch = CrisisWatch.objects.create(code="w", name="监测", window_hours=2, least=5, rate=0.001, weeks=4)
    hour = counting.hour_of(now)
    start = hour - timedelta(weeks=8)
    CrisisHour.objects.create(hour=start, of="case", by=CrisisBy.ALL, n=1, usual=1)
    CrisisHour.objects.create(hour=hour - 5 * HOUR, of="case", by="category", value="杯子", n=30, usual=0)
    given = {
        "name": "监测", "of": "case", "by": ["category"], "window_hours": 2, "weeks": 4, "least": 5,
        "ratio": 3, "rate": 0.001, "severity": 2, "is_active": "on",
    }  # fmt: skip
    answer = browser(boss).post(url("crisis_watch", watch.pk), {**given, "try": "1"})
    (row,) = answer.context["found"]["rows"]
    assert (row[0].key, row[0].seen) == (("category", "杯子"), 30)
    assert browser(boss).post(url("crisis_watch", watch.pk), {**given, "least": 9}).status_code == 403
    admin = browser(StaffFactory(is_superuser=True))
    assert admin.post(url("crisis_watch", watch.pk), {**given, "least": 9}).status_code == 302
    assert admin.post(url("crisis_watch", watch.pk), {**given, "weeks": 99}).status_code == 400
    assert admin.post(url("crisis_watch_new"), given).status_code == 302
    watch.refresh_from_db()
    assert (watch.least, CrisisWatch.objects.count()) == (9, 2)
