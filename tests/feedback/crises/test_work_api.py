"""Opening and changing crises by API, and what is done to all cases of one."""

import json
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from compensation.models import Batch
from feedback.crises import joining, running
from feedback.models import BulkRun, Case, Crisis, CrisisBatch, CrisisRun, Message
from tests.factories.crises import HOUR, ProposalFactory, department_of, opened, supervisor
from tests.factories.feedback import CaseFactory, DepartmentFactory
from tests.factories.money import PointsRuleFactory
from tests.factories.shop import ProductFactory
from tests.threads import at_once

pytestmark = [pytest.mark.django_db, pytest.mark.req("F22")]


@pytest.fixture
def now():
    return timezone.now()


@pytest.fixture
def boss():
    return supervisor()


@pytest.fixture
def crisis(boss, now):
    made = opened(boss, at=now, since=now - HOUR)
    for _one in range(2):
        CaseFactory(department=department_of(boss), opened_at=now - timedelta(minutes=30))
    joining.join_all(at=now)
    return made


def call(user, path="", key="k" * 200, **given):
    client = Client()
    client.force_login(user)
    headers = {"Idempotency-Key": key} if key else {}
    address = f"/api/v1/staff/crises/{path}"
    return client.post(address, json.dumps(given), content_type="application/json", headers=headers)


def plan_of(user, now, **more):
    return {
        "name": "暴雨延误", "severity": 2, "department": department_of(user).code, "owner": user.username,
        "since": (now - HOUR).isoformat(), "conditions": {"kinds": ["complaint"]}, **more,
    }  # fmt: skip


def test_a_crisis_is_opened_and_changed(boss, now):
    product = ProductFactory()
    case = CaseFactory(department=department_of(boss), kind="enquiry", opened_at=now)
    made = call(boss, **plan_of(boss, now))
    assert (made.status_code, made.json()["status"]) == (201, "open")
    pk, version = made.json()["id"], made.json()["version"]
    other = plan_of(
        boss, now, conditions={"kinds": ["enquiry"], "products": []}, raises_to=4, version=version
    )
    assert call(boss, f"{pk}/change/", **other).json()["version"] == version + 1
    assert call(boss, f"{pk}/change/", **other).status_code == 409
    assert joining.join_all(at=now) == 1
    case.refresh_from_db()
    assert case.priority == 4
    named = plan_of(boss, now, conditions={"products": [product.external_id]})
    assert Crisis.objects.get(pk=call(boss, **named).json()["id"]).products == [product.pk]
    assert call(boss, f"{pk}/learn/", lessons="备货").status_code == 200
    assert Crisis.objects.get(pk=pk).lessons == "备货"


def test_a_proposal_is_opened_once(boss, now):
    proposal = ProposalFactory()
    assert call(boss, f"{proposal.pk}/open/", **plan_of(boss, now)).json()["status"] == "open"
    assert call(boss, f"{proposal.pk}/open/", **plan_of(boss, now)).status_code == 409


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"severity": 9},
        {"department": "none"},
        {"owner": "nobody"},
        {"since": "yesterday"},
        {"since": "1990-01-01T00:00:00Z"},
        {"answer": "none"},
        {"conditions": {}},
        {"conditions": {"kinds": ["x"]}},
        {"conditions": {"products": ["none"]}},
        {"conditions": {"words": ["\0"]}},
        {"conditions": {"words": ["x"] * 51}},
        {"conditions": [1]},
    ],
)
def test_a_plan_that_is_not_whole_is_refused(boss, now, wrong):
    assert call(boss, **{**plan_of(boss, now), **wrong}).status_code == 400
    assert not Crisis.objects.exists()


def test_nobody_gives_a_crisis_to_a_department_that_is_none_of_theirs(boss, now):
    given = plan_of(boss, now, department=DepartmentFactory().code)
    assert call(boss, **given).status_code == 403


def test_all_are_answered_and_resolved_once(boss, crisis, now):
    for _again in range(2):
        put = call(boss, f"{crisis.pk}/answer/", message="明天送到")
        assert put.status_code == 202
    assert (put.json()["total"], put.json()["left"]) == (2, 2)
    running.go_on_all(now=lambda: now)
    assert Message.objects.filter(body="明天送到").count() == 2
    assert BulkRun.objects.count() == 1
    found = call(boss, f"{crisis.pk}/answer/", message="明天送到").json()
    assert (found["done"], found["left"], found["refused"]) == (2, 0, [])
    asked = {"message": "已送达", "resolution": "solved"}
    assert call(boss, f"{crisis.pk}/resolve/", key="resolve-all", **asked).status_code == 202
    running.go_on_all(now=lambda: now)
    assert set(Case.objects.values_list("status", flat=True)) == {"resolved"}
    client = Client()
    client.force_login(boss)
    runs = client.get(f"/api/v1/staff/crises/{crisis.pk}/runs/").json()
    assert [(one["doing"], one["done"]) for one in runs] == [("resolve", 2), ("reply", 2)]


def test_what_is_done_to_all_needs_a_key_that_is_of_this_crisis(boss, crisis, now):
    assert call(boss, f"{crisis.pk}/answer/", key="", message="x").status_code == 400
    assert call(boss, f"{crisis.pk}/answer/", key="k" * 201, message="x").status_code == 400
    assert call(boss, f"{crisis.pk}/answer/", message="x").status_code == 202
    assert call(boss, f"{crisis.pk}/answer/", message="y").status_code == 422
    other = opened(boss, at=now, since=now - HOUR, conditions={"kinds": ["complaint"]})
    assert call(boss, f"{other.pk}/answer/", message="x").status_code == 422
    assert CrisisRun.objects.count() == 1


@pytest.mark.parametrize(
    ("step", "given"),
    [
        ("answer", {"message": " "}),
        ("answer", {"message": "{{ nonsense }}"}),
        ("answer", {"message": "x" * 5_001}),
        ("resolve", {"message": "x"}),
        ("resolve", {"message": "x", "resolution": "nonsense"}),
        ("make-good", {"name": "x", "reason": "x"}),
        ("make-good", {"name": "x", "reason": "x", "points": 0}),
        ("make-good", {"name": "x", "reason": "x", "template": "none"}),
    ],
)
def test_what_cannot_be_done_to_all_is_refused(boss, crisis, step, given):
    assert call(boss, f"{crisis.pk}/{step}/", **given).status_code == 400
    assert not BulkRun.objects.exists()
    assert not Batch.objects.exists()


def test_a_batch_is_begun_for_its_members(boss, crisis):
    PointsRuleFactory()
    made = call(boss, f"{crisis.pk}/make-good/", name="停电", reason="仓库停电", points=100)
    assert made.status_code == 201
    assert (made.json()["members"], made.json()["status"]) == (2, "counted")
    assert CrisisBatch.objects.get().crisis == crisis


def test_another_departments_crisis_is_theirs(crisis):
    other = supervisor()
    for step, given in (
        ("answer", {"message": "x"}),
        ("resolve", {"message": "x", "resolution": "solved"}),
        ("make-good", {"name": "x", "reason": "x", "points": 1}),
        ("learn", {"lessons": "x"}),
    ):
        assert call(other, f"{crisis.pk}/{step}/", **given).status_code == 403
    assert not BulkRun.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_the_same_answer_at_once_is_one_run(boss, crisis):
    def answer():
        return call(boss, f"{crisis.pk}/answer/", message="明天送到").status_code

    assert set(at_once(answer, answer)) == {202}
    assert BulkRun.objects.count() == CrisisRun.objects.count() == 1
