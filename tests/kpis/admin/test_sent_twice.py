"""Forms that add something: sent twice, by two clicks or over a slow line, they add it once."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from config.common.models import OutboxMessage
from feedback.models import Claim
from kpis.models import (
    Experiment,
    Improvement,
    ImprovementTask,
    ReportNote,
    Resolve,
    TaskForce,
    Training,
    Why,
)
from surveys.models import Need
from tests.factories.appraisals import person
from tests.factories.compensation import T0
from tests.factories.experiments import KEY, before
from tests.factories.feedback import DepartmentFactory
from tests.factories.improvements import improvement, staff
from tests.factories.knowledge import make_playbook
from tests.factories.reports import weekly
from tests.factories.task_forces import begun, force, leader_of, member_of
from tests.kpis.admin import test_experiments, test_trainings

pytestmark = [pytest.mark.django_db]


@pytest.fixture
def department():
    return DepartmentFactory()


@pytest.fixture
def boss(department, client):
    user = staff(department, "administrator")
    client.force_login(user)
    return user


def keys(client, page, to):
    """The keys of the forms on a page that send to an address, the page's own unless told."""
    shown = client.get(page).content.decode()
    forms = re.findall(r"<form\b([^>]*)>(.*?)</form>", shown, re.DOTALL)
    found = [inside for about, inside in forms if 'method="post"' in about and (to is None or to in about)]
    return [key for inside in found for key in re.findall(r'name="once" value="(\w{32})"', inside)]


def sent_twice(client, model, data, *, page, to=None, form=0):
    """Send one form of a page twice, and tell how many rows there were after each."""
    data = {**data, "once": keys(client, page, to)[form]}
    counts, places = [], set()
    for _time in range(2):
        answer = client.post(to or page, data)
        assert answer.status_code == 302, answer.content.decode()
        counts.append(model.objects.count())
        places.add(answer.url)
    assert len(places) == 1
    return counts


def test_an_improvement_is_proposed_once(client, boss, department):
    data = {"title": "少丢件", "kind": "supplier", "department": department.pk, "window": 28}
    new = reverse("admin:improvement_new")
    assert sent_twice(client, Improvement, data, page=new) == [1, 1]
    assert sent_twice(client, Improvement, data, page=new) == [2, 2]  # the page anew: meant so


@pytest.mark.parametrize(("name", "model"), [("why", Why), ("task", ImprovementTask)])
def test_a_why_and_a_task_are_added_once(client, boss, department, name, model):
    found = improvement(department)
    page, to = (
        reverse("admin:improvement", args=[found.pk]),
        reverse("admin:improvement_act", args=[found.pk, name]),
    )
    assert sent_twice(client, model, {"text": "爆仓"}, page=page, to=to) == [1, 1]
    if name == "why":  # below the first, from its own form
        below = {"text": "人少", "parent": found.whys.get().pk}
        assert len(set(keys(client, page, to))) == 2
        assert sent_twice(client, model, below, page=page, to=to, form=1) == [2, 2]


def test_a_task_is_told_to_its_owner_once(client, boss, department):
    found, owner = improvement(department), staff(department)
    page, to = (
        reverse("admin:improvement", args=[found.pk]),
        reverse("admin:improvement_act", args=[found.pk, "task"]),
    )
    data = {"text": "改合同", "owner": owner.pk}
    assert sent_twice(client, ImprovementTask, data, page=page, to=to) == [1, 1]
    assert OutboxMessage.objects.count() == 1


def test_a_comment_stands_once_below_a_report(client, boss, department):
    found = weekly(department)
    page, to = reverse("admin:report", args=[found.pk]), reverse("admin:report_act", args=[found.pk, "note"])
    assert sent_twice(client, ReportNote, {"text": "再看"}, page=page, to=to) == [1, 1]


def test_a_task_force_is_put_together_once(client, boss, department):
    head = staff(department)
    data = {"name": "满意度小组", "weekday": 1, "seat-0-user": head.pk, "seat-0-part": "leader"}
    data |= {"seat-0-department": department.pk}
    assert sent_twice(client, TaskForce, data, page=reverse("admin:task_force_new")) == [1, 1]


def test_a_meeting_decides_once(client, department):
    found = begun(force(department))
    client.force_login(leader_of(found.task_force))
    data = {
        "decision-text": "留一人值班", "decision-owner": member_of(found.task_force).pk,
        "decision-due_on": f"{timezone.localdate() + timedelta(7)}", "minutes": "一", "was-minutes": "",
    }  # fmt: skip
    page = reverse("admin:task_force_meeting", args=[found.pk])
    key = keys(client, page, to=reverse("admin:task_force_meeting_act", args=[found.pk, "keep"]))
    for _time in range(2):
        to = reverse("admin:task_force_meeting_act", args=[found.pk, "decide"])
        assert client.post(to, {**data, "once": key[0]}).status_code == 302
    assert Resolve.objects.count() == 1


def test_a_training_is_planned_once(client, department, monkeypatch):
    lead = person(department, "team_lead", is_lead=True)
    client.force_login(lead)
    monkeypatch.setattr("django.utils.timezone.now", lambda: test_trainings.AT)
    data = test_trainings.filled(department, lead)
    assert sent_twice(client, Training, data, page=reverse("admin:training_new")) == [1, 1]


@time_machine.travel(T0)
def test_an_experiment_is_planned_once(client, boss, department):
    make_playbook(remedies=[100])
    before()
    data = {**test_experiments.FORM, "department": department.pk}
    page = f"{reverse('admin:experiment_new')}?kind=compensation&key={KEY}"
    assert sent_twice(client, Experiment, data, page=page) == [1, 1]


def test_a_claim_and_a_need_are_entered_once(client, boss):
    data = {"channel": "advert", "text": "48小时送达", "valid_from": "2026-01-01T00:00"}
    assert sent_twice(client, Claim, data, page=reverse("admin:claim_new")) == [1, 1]
    page, to = reverse("admin:needs"), reverse("admin:need_new")
    assert sent_twice(client, Need, {"name": "盖子"}, page=page, to=to) == [1, 1]
