"""Rules, skills, departments, agents and own agents, as administrators edit them."""

import pytest
from django.test import Client
from django.urls import reverse

from config.common.models import Event
from feedback.models import Agent, Cover, DedicatedService, Dedication, Department, DepartmentRule, Skill
from tests.factories.compensation import MemberFactory, TierFactory
from tests.factories.feedback import AgentFactory, DepartmentFactory, StaffFactory
from tests.factories.routing import make_skill

pytestmark = [pytest.mark.django_db, pytest.mark.req("F5")]


@pytest.fixture
def client():
    client = Client(HTTP_ACCEPT_LANGUAGE="en")
    client.force_login(StaffFactory(is_superuser=True), backend="django.contrib.auth.backends.ModelBackend")
    return client


def page(model, verb="changelist", *args):
    return reverse(f"admin:feedback_{model}_{verb}", args=args)


def rule(department, code, **more):
    return {
        "name": code, "code": code, "position": "10", "is_active": "on", "department": department.pk, **more
    }  # fmt: skip


def test_a_rule_is_saved_as_people_write_it(client):
    department = DepartmentFactory()
    data = rule(department, "app", words="App，闪退 、 App; 登录 不了", languages="en", kinds=["complaint"])
    assert client.post(page("departmentrule", "add"), data).status_code == 302
    saved = DepartmentRule.objects.get()
    assert (saved.words, saved.languages, saved.kinds) == (
        ["App", "闪退", "登录 不了"],
        ["en"],
        ["complaint"],
    )
    assert "App, 闪退, 登录 不了" in client.get(page("departmentrule", "change", saved.pk)).content.decode()
    assert "App / 闪退" in client.get(page("departmentrule")).content.decode()


def test_a_word_that_is_too_long_comes_back(client):
    answer = client.post(page("departmentrule", "add"), rule(DepartmentFactory(), "x", words="长" * 41))
    assert answer.status_code == 200
    assert not DepartmentRule.objects.exists()


def test_saving_tells_of_rules_that_never_decide(client):
    department = DepartmentFactory()
    client.post(page("departmentrule", "add"), rule(department, "all"))
    late = rule(department, "late", position="20", kinds=["refund"])
    told = client.post(page("departmentrule", "add"), late, follow=True).content.decode()
    assert "late never decides: all comes first" in told


def department_form(one, **more):
    return {
        "name": one.name, "code": one.code, "calendar": one.calendar_id, "is_active": "on",
        "close_after_days": "7", "reopen_within_days": "30", "strategy": "round_robin",
        "away_after": "0:15:00", "keep_for": "24:00:00", "memberships-TOTAL_FORMS": "0",
        "memberships-INITIAL_FORMS": "0", **more,
    }  # fmt: skip


def test_overflow_never_goes_round(client):
    one, two, three = (DepartmentFactory() for _ in range(3))
    for here, there in ((one, two), (two, three)):
        form = department_form(here, overflow_to=there.pk, overflow_after="0:30:00")
        assert client.post(page("department", "change", here.pk), form).status_code == 302
    form = department_form(three, overflow_to=one.pk, overflow_after="0:30:00")
    assert "round in a circle" in client.post(page("department", "change", three.pk), form).content.decode()
    assert Department.objects.get(pk=three.pk).overflow_to is None


def test_an_overflow_without_a_time_comes_back(client):
    one, two = DepartmentFactory(), DepartmentFactory()
    form = department_form(one, overflow_to=two.pk)
    told = client.post(page("department", "change", one.pk), form).content.decode()
    assert "Say both where cases overflow to and after how long." in told
    assert Department.objects.get(pk=one.pk).overflow_to is None


def agent_form(agent, *, places=(), covers=()):
    form = {
        "user": agent.user_id, "is_active": "on", "languages": "ZH-hans, en", "capacity": "5",
        "chat_capacity": "2", "memberships-TOTAL_FORMS": len(places), "memberships-INITIAL_FORMS": "0",
        "covers-TOTAL_FORMS": len(covers), "covers-INITIAL_FORMS": "0",
    }  # fmt: skip
    for n, place in enumerate(places):
        form[f"memberships-{n}-department"] = place.pk
    for n, cover in enumerate(covers):
        form |= {f"covers-{n}-cover": cover.pk, f"covers-{n}-position": n + 1}
    if "extension" in {field.name for field in Agent._meta.get_fields()}:
        form["extension"] = ""
    return form


def test_an_agent_has_skills_languages_and_cover(client):
    place = DepartmentFactory()
    agent, cover = AgentFactory(), AgentFactory(departments=[place])
    form = agent_form(agent, places=[place], covers=[cover]) | {"skills": [make_skill("x").pk]}
    answer = client.post(page("agent", "change", agent.pk), form)
    assert answer.status_code == 302, answer.context["errors"]
    agent.refresh_from_db()
    assert (agent.languages, agent.capacity) == (["zh-hans", "en"], 5)
    assert Cover.objects.get().cover == cover


def test_who_could_never_step_in_is_no_cover(client):
    place = DepartmentFactory()
    agent, elsewhere = AgentFactory(), AgentFactory(departments=[DepartmentFactory()])
    gone, above = (
        AgentFactory(departments=[place], is_active=False),
        AgentFactory(leads=[DepartmentFactory()]),
    )
    for cover in (elsewhere, gone, above):
        answer = client.post(
            page("agent", "change", agent.pk), agent_form(agent, places=[place], covers=[cover])
        )
        assert answer.status_code == 200, cover
        assert str(cover) in answer.content.decode()
    assert not Cover.objects.exists()
    Department.objects.filter(pk=place.pk).update(parent=above.departments.get())
    answer = client.post(page("agent", "change", agent.pk), agent_form(agent, places=[place], covers=[above]))
    assert answer.status_code == 302, answer.context["errors"]
    assert Cover.objects.get().cover == above


@pytest.mark.req("C3")
def test_an_own_agent_is_chosen_and_taken_back_with_events(client):
    agent, member = AgentFactory(), MemberFactory()
    client.post(page("dedication", "add"), {"member": member.pk, "agent": agent.pk})
    row = Dedication.objects.get()
    assert (row.agent, row.by_hand) == (agent, True)
    other = AgentFactory()
    client.post(page("dedication", "change", row.pk), {"agent": other.pk})
    assert Dedication.objects.get().agent == other
    client.post(page("dedication", "delete", row.pk), {"post": "yes"})
    assert not Dedication.objects.exists()
    kinds = Event.objects.filter(subject_type="member").order_by("id").values_list("kind", flat=True)
    assert list(kinds) == ["member.dedicated", "member.dedicated", "member.dedication_ended"]


@pytest.mark.req("C3")
def test_the_benefit_says_when_nobody_is_there(client):
    service = DedicatedService.objects.create(tier=TierFactory(code="gold"), department=DepartmentFactory())
    assert "in all, first from" in client.get(page("dedicatedservice")).content.decode()
    AgentFactory(departments=[service.department])
    assert "always somebody there" in client.get(page("dedicatedservice")).content.decode()


@pytest.mark.parametrize("model", [Skill, DepartmentRule, DedicatedService, Dedication])
def test_the_lists_open(client, model):
    assert client.get(page(model._meta.model_name)).status_code == 200
