"""The whole machine at work: web, worker and beat as processes, a complaint by API, and nobody answers.

Rungs are held to the second by what they were due at; when a worker got to them is only held to its order.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.error import URLError
from urllib.request import Request, urlopen

import jwt
import psycopg
import pytest
from django.conf import settings
from psycopg.rows import namedtuple_row

from config import embedded
from tests.programs import free_port

KEY = "the-key-that-the-shop-of-this-test-signs-with"
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


class Machine:
    """One installation: its data, its processes, its database seen from outside."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.env = {
            **{
                name: value
                for name, value in os.environ.items()
                if name not in {"DATABASE_URL", "BROKER_URL"}
            },
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "DATA_DIR": str(folder),
            "PORT": str(self.port),
            "HOST": "127.0.0.1",
            "SHOP_JWT_KEY": KEY,
        }
        self.processes: list[subprocess.Popen[bytes]] = []

    def manage(self, *words: str, text: str = "") -> None:
        subprocess.run([sys.executable, "manage.py", *words], **self._how(), input=text.encode(), check=True)

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        process = subprocess.Popen([sys.executable, "-m", *words], **self._how(), start_new_session=True)
        self.processes.append(process)
        return process

    def worker(self) -> subprocess.Popen[bytes]:
        return self.start(
            "celery", "--app=config.celery", "--quiet", "worker", "--concurrency=1", "--without-mingle"
        )

    def stop(self) -> None:
        for process in self.processes:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    def rows(self, query: str) -> list:
        with psycopg.connect(embedded.url(), row_factory=namedtuple_row) as connection:
            return connection.execute(query).fetchall()

    def post(self, path: str, body: object, token: str = "") -> dict:
        headers = {"Content-Type": "application/json", "Idempotency-Key": "complaint-0001"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        request = Request(f"http://127.0.0.1:{self.port}{path}", json.dumps(body).encode(), headers)
        with urlopen(request, timeout=30) as response:
            return json.load(response)

    def _how(self) -> dict:
        return {"cwd": settings.BASE_DIR, "env": self.env, "stdout": subprocess.DEVNULL}


def wait_for(what: Callable[[], object], seconds: int = 60) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.2)


def removed() -> bool:
    """Throw the data away, unless a killed process still holds it."""
    try:
        embedded.remove()
    except embedded.EmbeddedError:
        return False
    return True


@pytest.fixture
def machine(monkeypatch) -> Iterator[Machine]:
    # not below pytest's folder, which only its owner may enter: as root the database is another account's
    folder = Path(tempfile.mkdtemp(prefix="huiyin-live-"))
    folder.chmod(0o755)
    monkeypatch.setenv("DATA_DIR", str(folder))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    machine = Machine(folder)
    machine.manage("migrate", "--verbosity=0")
    machine.manage("seed_defaults")
    machine.manage("shell", "--verbosity=0", text=SETUP)
    yield machine
    machine.stop()
    wait_for(removed)
    shutil.rmtree(folder)


def complain(machine: Machine) -> None:
    """Sign in as the shop's member and open a complaint."""
    now = datetime.now(UTC)
    ticket = {"sub": "live", "aud": "huiyin", "iat": now, "exp": now + timedelta(minutes=5), "jti": "1"}
    token = machine.post("/api/v1/auth/shop/", {"token": jwt.encode(ticket, KEY, "HS256")})["token"]
    machine.post("/api/v1/cases/", {"kind": "complaint", "body": "箱子破了。"}, token)


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
