from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from kpis.models import Training, TrainingPlace
from kpis.training import commands
from kpis.training.commands import Need, Noted
from kpis.training.queries import to_note
from tests.factories.appraisals import person, scored
from tests.factories.feedback import DepartmentFactory
from tests.factories.trainings import AT, LATER, STARTS, course, held, measured, there, training
from tests.kpis.appraisals.test_lacking import breach, check

pytestmark = [pytest.mark.django_db, pytest.mark.req("K10")]

HOSTILE = "<script>x</script>"


@pytest.fixture
def department():
    return DepartmentFactory()


@pytest.fixture
def lead(client, department):
    user = person(department, "team_lead", is_lead=True)
    client.force_login(user)
    return user


@pytest.fixture
def on_the_day(monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: STARTS)


@pytest.fixture
def at_work(monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: AT)


@pytest.fixture
def much_later(monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: LATER)


def page_of(client, found, name="training"):
    return client.get(reverse(f"admin:{name}", args=[found.pk]))


def act(client, found, name, **data):
    return client.post(reverse("admin:training_act", args=[found.pk, name]), data)


def filled(department_of, by, **more):
    return {
        "title": "先道歉，再解决", "department": department_of.pk, "metric": "csat", "trainer": by.pk,
        "starts_at": "2026-03-17T10:00", "minutes": "60", "weeks": "4", "place": "三楼", **more,
    }  # fmt: skip


def lacking(department):
    """An agent whose month shows two needs."""
    user, appraisal = scored(department)
    for _each in range(2):
        check(user, {"1": 0, "2": 2})
        breach(user, "forgot")
    return user, appraisal


def test_who_gets_to_a_training(client, department):
    user, trainer = person(department), person(DepartmentFactory())
    found = training(department, agents=[user.agent], trainer=trainer)
    answers = {}
    for name, one in {
        "in it": user,
        "colleague": person(department),
        "trainer": trainer,
        "lead": person(department, "team_lead"),
        "another's lead": person(DepartmentFactory(), "team_lead"),
        "analyst": person(department, "analyst"),
        "finance": person(department, "finance"),
        "administrator": person(DepartmentFactory(), "administrator"),
    }.items():
        client.force_login(one)
        answers[name] = (
            page_of(client, found).status_code,
            page_of(client, found, "training_edit").status_code,
            act(client, found, "cancel", reason="").status_code,
            client.get(reverse("admin:trainings")).status_code,
            client.get(reverse("admin:training_person", args=[user.agent.pk])).status_code,
        )
    assert answers == {
        "in it": (200, 403, 403, 403, 200),
        "colleague": (404, 404, 404, 403, 404),
        "trainer": (200, 403, 403, 403, 404),
        "lead": (200, 200, 400, 200, 200),
        "another's lead": (404, 404, 404, 200, 404),
        "analyst": (403, 403, 403, 403, 403),
        "finance": (403, 403, 403, 403, 403),
        "administrator": (200, 200, 400, 200, 200),
    }


def test_an_agent_sees_nothing_of_the_others(client, department, much_later):
    user, other = person(department), person(department)
    type(other).objects.filter(pk=other.pk).update(name="张三丰")
    found = held(department, agents=[user.agent, other.agent])
    commands.note(
        training_id=found.pk, attendance={other.agent.pk: Noted("present", 37)}, actor=None, at=STARTS
    )
    client.force_login(user)
    for shown in (page_of(client, found), client.get(reverse("admin:trainings_mine"))):
        assert found.title in shown.content.decode()
        assert "张三丰" not in shown.content.decode()
        assert not {"places", "result", "history"} & set(shown.context.keys())
    assert "training-result" not in page_of(client, found).content.decode()
    assert client.get(reverse("admin:training_person", args=[other.agent.pk])).status_code == 404


def test_a_trainer_sees_the_group_and_nobody_s_figures(client, department, much_later):
    trainer = person(DepartmentFactory())
    agents = [person(department).agent for _each in range(4)]
    for agent in agents:
        for day in (STARTS - timedelta(days=3), STARTS + timedelta(days=3)):
            measured(agent, day.date(), 10, 4)
    found = held(department, agents=agents[:2], trainer=trainer)
    shown = {}
    for name, one in {"trainer": trainer, "lead": person(department, "team_lead")}.items():
        client.force_login(one)
        answer = page_of(client, found)
        shown[name] = (len(answer.context["people"]), answer.context["result"].told is not None)
    assert shown == {"trainer": (0, True), "lead": (2, True)}


def test_only_who_sees_trainings_is_offered_as_trainer(client, department, lead):
    able, analyst = person(DepartmentFactory()), person(department, "analyst")
    offered = set(client.get(reverse("admin:training_new")).context["form"].fields["trainer"].queryset)
    assert able in offered
    assert analyst not in offered


def test_from_the_need_to_attendance(client, department, lead, at_work, monkeypatch):
    user, appraisal = lacking(department)
    shown = client.get(reverse("admin:appraisal", args=[appraisal.pk])).content.decode()
    address = f"{reverse('admin:training_new')}?appraisal={appraisal.pk}&need=quality:1"
    assert address.replace("&", "&amp;") in shown.replace("%3A", ":")
    form = client.get(address)
    assert 'value="礼貌"' in form.content.decode()
    assert 'value="quality_score" selected' in form.content.decode()
    answer = client.post(address, filled(department, lead, title=HOSTILE, notes=HOSTILE))
    found = Training.objects.get()
    assert answer.url == reverse("admin:training", args=[found.pk])
    assert (found.need_kind, found.need_code, found.places.get().appraisal) == ("quality", "1", appraisal)
    other = person(department)
    assert act(client, found, "in", agent=[other.agent.pk]).status_code == 302
    assert act(client, found, "in", agent=[other.agent.pk]).status_code == 409
    assert act(client, found, "in").status_code == 400
    assert act(client, found, "in", agent=["x", "9" * 40]).status_code == 400
    assert act(client, found, "out", agent=other.agent.pk).status_code == 302
    assert act(client, found, "out", agent="9" * 40).status_code == 404
    assert act(client, found, "hold", **{f"presence-{user.agent.pk}": "present"}).status_code == 409
    monkeypatch.setattr("django.utils.timezone.now", lambda: STARTS)
    noted = {f"presence-{user.agent.pk}": "present", f"score-{user.agent.pk}": "x"}
    refused = act(client, found, "hold", **noted)
    assert refused.status_code == 400
    assert '<option value="present" selected>' in refused.content.decode()
    assert act(client, found, "hold").status_code == 400
    assert act(client, found, "hold", **noted | {f"score-{user.agent.pk}": "70"}).status_code == 302
    assert act(client, found, "note", **noted | {f"score-{user.agent.pk}": "75"}).status_code == 302
    assert act(client, found, "note", **noted | {f"score-{user.agent.pk}": "175"}).status_code == 400
    assert act(client, found, "cancel", reason="x").status_code == 409
    assert act(client, found, "magic").status_code == 404
    assert TrainingPlace.objects.get().score == 75
    shown = page_of(client, found).content.decode()
    assert HOSTILE not in shown
    assert "&lt;script&gt;x" in shown
    shown = client.get(reverse("admin:appraisal", args=[appraisal.pk])).content.decode()
    assert reverse("admin:training", args=[found.pk]) in shown


def test_into_one_that_is_planned_for_the_same_need(client, department, lead, at_work):
    user, appraisal = lacking(department)
    need = Need("breach", "forgot", "忘了", appraisal)
    for_it, other = training(department, need=need), training(department)
    for place in TrainingPlace.objects.all():
        commands.take_out(training_id=for_it.pk, agent_id=place.agent_id, actor=None, at=AT)
    shown = client.get(reverse("admin:appraisal", args=[appraisal.pk])).content.decode()
    assert reverse("admin:training_act", args=[for_it.pk, "in"]) in shown
    assert reverse("admin:training_act", args=[other.pk, "in"]) not in shown
    assert act(client, for_it, "in", appraisal=appraisal.pk).status_code == 302
    assert for_it.places.get().appraisal == appraisal
    assert act(client, for_it, "in", appraisal="9" * 40).status_code == 400
    client.force_login(user)
    shown = client.get(reverse("admin:appraisal", args=[appraisal.pk])).content.decode()
    assert reverse("admin:training", args=[for_it.pk]) in shown
    assert reverse("admin:training_new") not in shown


@pytest.mark.parametrize(
    "query",
    ["appraisal=0&need=quality:1", "appraisal=x", "appraisal={own}&need=x", "appraisal={far}&need=quality:1"],
)
def test_a_need_that_there_is_not(client, department, lead, query):
    _user, own = lacking(department)
    far = own.pk + 1_000
    address = f"{reverse('admin:training_new')}?{query.format(own=own.pk, far=far)}"
    assert client.get(address).status_code == 404


def test_another_departments_need_is_not_there(client, lead):
    _user, theirs = lacking(DepartmentFactory())
    address = f"{reverse('admin:training_new')}?appraisal={theirs.pk}&need=quality:1"
    assert client.get(address).status_code == 404


@pytest.mark.parametrize(
    "wrong",
    [
        {"title": ""}, {"title": "x" * 500}, {"starts_at": "x"}, {"starts_at": "9999-12-31T23:59"},
        {"starts_at": "2020-01-01T10:00"}, {"metric": "complaint_rate"}, {"trainer": "0"}, {"minutes": "1e9"},
        {"department": "0"}, {"place": ""}, {"link": "javascript:alert(1)"}, {"material": "//x"},
        {"notes": "a\x00"}, {"weeks": "99"},
    ],
)  # fmt: skip
def test_what_is_typed_wrong_is_said(client, department, lead, at_work, wrong):
    answer = client.post(reverse("admin:training_new"), filled(department, lead, **wrong))
    assert answer.status_code == 400
    assert 'role="alert"' in answer.content.decode()
    assert not Training.objects.exists()


def test_changed_on_its_page(client, department, lead, at_work):
    found = training(department, trainer=lead)
    address = reverse("admin:training_edit", args=[found.pk])
    assert 'value="2026-03-17T10:00"' in client.get(address).content.decode()
    assert client.post(address, filled(department, lead, title="新题目")).status_code == 302
    found.refresh_from_db()
    assert (found.title, found.changes) == ("新题目", 1)
    assert client.post(address, filled(department, lead, link="ftp://x")).status_code == 400
    assert act(client, found, "cancel", reason=HOSTILE).status_code == 302
    assert HOSTILE not in page_of(client, found).content.decode()
    assert client.post(address, filled(department, lead)).status_code == 400


def test_the_result_with_its_numbers_and_what_to_think_of_it(client, department, lead, much_later):
    taught = [person(department).agent for _each in range(3)]
    others = [person(department).agent for _each in range(3)]
    for number in range(3):
        course(taught[number], 3, 4 + number / 10)
        course(others[number], 3.4, 3.5 + number / 10)
    found = held(department, agents=taught)
    shown = page_of(client, found)
    assert shown.context["finding"]
    assert shown.context["result"].may_be_by_itself
    text = shown.content.decode()
    assert "+0.90" in text
    assert text.count('class="banner is-warn"') == 1
    assert "2026-02-17" in text
    assert "2026-04-14" in text


def test_before_the_weeks_are_over_nothing_is_told(client, department, lead, on_the_day):
    user = person(department)
    found = held(department, agents=[user.agent])
    course(user.agent, 3, 5)
    shown = page_of(client, found)
    assert shown.context["result"].told is None
    assert shown.context["chart"] is None


def test_narrowed_by_the_address(client, department, lead):
    planned, over = training(department, title="甲"), held(department, title="乙")
    elsewhere = training(title="丙")

    def titles(**query):
        answer = client.get(reverse("admin:trainings"), query)
        return (
            [one.title for one in answer.context["rows"]] if answer.status_code == 200 else answer.status_code
        )

    assert titles() == ["乙", "甲"]
    assert titles(state="held") == [over.title]
    assert titles(state="planned", department=department.pk, metric="csat") == [planned.title]
    assert titles(need_kind="quality") == []
    assert titles(state="x") == titles(department=elsewhere.department_id) == titles(metric="x") == 400
    assert titles(after="x") == 404
    after = f"{over.starts_at.isoformat()}~{over.pk}"
    assert titles(after=after) == ["甲"]


def test_what_waits_is_counted(client, department, lead, monkeypatch):
    training(department)
    training(department, starts_at=STARTS + timedelta(days=1))
    held(department)
    monkeypatch.setattr("django.utils.timezone.now", lambda: STARTS)
    assert to_note(lead).count() == 1
    assert to_note(person(DepartmentFactory(), "team_lead")).count() == 0


def test_records_of_an_agent(client, department, lead):
    user = person(department)
    one, two = user.agent, person(department).agent
    held(department, agents=[one, two], title="甲")
    found = training(department, agents=[one, two], title="乙")
    commands.hold(
        training_id=found.pk, attendance=there(two) | there(one, presence="absent"), actor=None, at=STARTS
    )
    training(department, agents=[one], title="丙")
    rows = {row.pk: row for row in client.get(reverse("admin:training_people")).context["rows"]}
    row = rows[one.pk]
    assert (row.taught, row.missed, row.coming, row.last_at) == (1, 1, 1, STARTS)
    shown = client.get(reverse("admin:training_person", args=[one.pk])).content.decode()
    assert all(title in shown for title in "甲乙丙")
    assert client.get(reverse("admin:training_person", args=[0])).status_code == 404


def test_a_training_elsewhere_is_on_record_without_a_way_to_it(client, department, lead):
    user = person(department)
    far = DepartmentFactory()
    user.agent.memberships.create(department=far)
    found = training(far, agents=[user.agent])
    shown = client.get(reverse("admin:training_person", args=[user.agent.pk])).content.decode()
    assert found.title in shown
    assert reverse("admin:training", args=[found.pk]) not in shown


def test_as_many_queries_for_three_as_for_one(client, department, lead, much_later):
    user, appraisal = lacking(department)
    counts = []
    for number in (1, 3):
        agents = [user.agent] if number == 1 else [user.agent, *(person(department).agent for _ in range(2))]
        need = Need("quality", "1", "礼貌", appraisal)
        for _each in range(number):
            found = held(department, agents=agents, need=need, trainer=lead)
        planned = training(department, agents=agents, trainer=lead, need=need)
        addresses = [
            reverse("admin:trainings"),
            reverse("admin:trainings_mine"),
            reverse("admin:training_people"),
            reverse("admin:training_person", args=[user.agent.pk]),
            reverse("admin:training", args=[found.pk]),
            reverse("admin:training", args=[planned.pk]),
            reverse("admin:appraisal", args=[appraisal.pk]),
        ]
        for address in addresses:
            client.get(address)
            with CaptureQueriesContext(connection) as caught:
                assert client.get(address).status_code == 200
            counts.append(len(caught))
    assert counts[:7] == counts[7:]


def test_the_form_offers_what_one_may(client, department, lead, at_work):
    far = DepartmentFactory()
    answer = client.post(reverse("admin:training_new"), filled(far, lead))
    assert answer.status_code == 400
