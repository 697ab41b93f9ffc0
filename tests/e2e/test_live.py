"""The whole machine at work: web, worker and beat as processes, a complaint by API, and nobody answers.

Rungs are held to the second by what they were due at; when a worker got to them is only held to its order.
"""

import os
import signal
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.error import URLError
from urllib.request import urlopen

import jwt
import pytest

from tests.machine import KEY, Machine, installed, wait_for

SETUP = """
from datetime import timedelta
from django.utils import timezone
from compensation.models import Member, Tier
from config.common.models import User
from feedback.models import Agent, Calendar, Department, Ladder, Membership, Policy, PolicyTarget, Rung
from feedback.sops.commands import publish_ladder, publish_policy
now = timezone.now()
Member.objects.create(external_id="live", registered_at=now, tier=Tier.objects.order_by("rank")[0])
service = Department.objects.get(takes_new=True)
for name, lead in (("agent", False), ("lead", True)):
    user = User.objects.create_user(name, f"{name}@live.invalid", None, is_staff=True)
    Membership.objects.create(agent=Agent.objects.create(user=user), department=service, is_lead=lead)
ladder = Ladder.objects.create(code="seconds", name="seconds")
for when, action in (
    ({"percent": 50}, "notify_agent"),
    ({"percent": 100}, "notify_lead"),
    ({"after": timedelta(seconds=4)}, "reassign_lead"),
    ({"after": timedelta(seconds=8)}, "escalate"),
):
    Rung.objects.create(ladder=ladder, action=action, **when)
publish_ladder(ladder=ladder, actor=None, at=now)
policy = Policy.objects.create(code="seconds", name="seconds", position=0)
PolicyTarget.objects.create(
    policy=policy, milestone="first_reply", within=timedelta(seconds=20), ladder=ladder,
    calendar=Calendar.objects.get(code="always"),
)
publish_policy(policy=policy, actor=None, at=now)
"""


@pytest.fixture
def machine(monkeypatch) -> Iterator[Machine]:
    with installed(monkeypatch, SETUP) as machine:
        yield machine


def complain(machine: Machine) -> None:
    """Sign in as the shop's member and open a complaint."""
    now = datetime.now(UTC)
    ticket = {"sub": "live", "aud": "huiyin", "iat": now, "exp": now + timedelta(minutes=5), "jti": "1"}
    token = machine.post("/api/v1/auth/shop/", {"token": jwt.encode(ticket, KEY, "HS256")})["token"]
    machine.post("/api/v1/cases/", {"kind": "complaint", "body": "箱子破了。"}, token)


@pytest.mark.long
@pytest.mark.req("F2")
@pytest.mark.req("F3")
@pytest.mark.parametrize("killed", [False, True], ids=["undisturbed", "worker killed in the middle"])
def test_a_complaint_that_nobody_answers_climbs_the_ladder(machine: Machine, killed: bool) -> None:
    machine.start("gunicorn", "--config=python:config.gunicorn", "config.wsgi")
    machine.start("celery", "--app=config.celery", "--quiet", "beat", "--pidfile=")
    worker = machine.worker()

    def is_up() -> bool:
        try:
            return urlopen(f"http://127.0.0.1:{machine.port}/healthz", timeout=5).status == 200
        except (URLError, OSError):
            return False

    def fired() -> list:
        return machine.rows("SELECT * FROM feedback_firing ORDER BY fired_at, rung")

    wait_for(is_up)
    complain(machine)
    if killed:
        wait_for(fired)  # the warning
        os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()
        [clock] = machine.rows("SELECT due_at FROM feedback_clock WHERE milestone = 'first_reply'")
        wait_for(lambda: datetime.now(UTC) > clock.due_at + timedelta(seconds=5))
        assert len(fired()) == 1, "nobody was there to fire another"
        machine.worker()
    wait_for(lambda: len(fired()) >= 4)

    [clock] = machine.rows("SELECT * FROM feedback_clock WHERE milestone = 'first_reply'")
    assert clock.due_at - clock.started_at == timedelta(seconds=20)
    assert clock.breached_at == clock.due_at
    assert [(row.action, row.due_at - clock.started_at) for row in fired()] == [
        ("notify_agent", timedelta(seconds=10)),
        ("notify_lead", timedelta(seconds=20)),
        ("reassign_lead", timedelta(seconds=24)),
        ("escalate", timedelta(seconds=28)),
    ]
    assert all(row.fired_at >= row.due_at for row in fired())
    [case] = machine.rows(
        "SELECT c.*, d.code FROM feedback_case c JOIN feedback_department d ON d.id = department_id"
    )
    assert (case.code, case.agent_id) == ("management", None)
    time.sleep(11)  # two more beats
    assert len(fired()) == 4
    kinds = [
        row.kind
        for row in machine.rows("SELECT kind FROM common_event WHERE subject_type = 'case' ORDER BY id")
    ]
    assert kinds.count("clock.breached") == 1
    assert kinds.count("case.assigned") + kinds.count("case.reassigned") == 1
