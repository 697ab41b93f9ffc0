"""Everything breaks while clocks run, one after the other, and nothing is lost or done twice.

Two workers sweep side by side. One is killed, then the broker, then the database is restarted, and the mail
server refuses all the while. Afterwards each rung has fired once, as of the moment that it was due, and each
letter has arrived once. FAULT_SECONDS=60 keeps the broker away for a minute.
"""

import os
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller

from config import embedded
from tests.machine import Machine, installed, wait_for
from tests.programs import free_port, program

CASES = 10
AWAY = int(os.environ.get("FAULT_SECONDS", "6"))
SETUP = f"""
from datetime import timedelta
from django.utils import timezone
from compensation.models import Member, Tier
from config.common.models import User
from feedback.models import Agent, Calendar, Department, Ladder, Membership, Policy, PolicyTarget, Rung
from feedback.sops.commands import publish_ladder, publish_policy
now = timezone.now()
for number in range({CASES}):
    Member.objects.create(
        external_id=str(number), email=f"m{{number}}@faults.example", registered_at=now,
        tier=Tier.objects.order_by("rank")[0],
    )
service = Department.objects.get(takes_new=True)
for name, lead in (("agent", False), ("lead", True)):
    user = User.objects.create_user(name, f"{{name}}@faults.example", None, is_staff=True)
    Membership.objects.create(agent=Agent.objects.create(user=user), department=service, is_lead=lead)
ladder = Ladder.objects.create(code="seconds", name="seconds")
for when, action in (
    ({{"percent": 50}}, "notify_agent"),
    ({{"percent": 100}}, "notify_lead"),
    ({{"after": timedelta(seconds=4)}}, "reassign_lead"),
    ({{"after": timedelta(seconds=8)}}, "escalate"),
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
OPEN = """
from django.utils import timezone
from compensation.models import Member
from feedback.cases.commands import open_case
for member in Member.objects.exclude(email=""):
    open_case(
        member=member, kind="complaint", channel="portal", subject="箱子破了", body="?", actor=member,
        at=timezone.now(),
    )
"""
RUNGS = [("notify_agent", 10), ("notify_lead", 20), ("reassign_lead", 24), ("escalate", 28)]


class Post:
    """A mail server that refuses until it is told not to."""

    def __init__(self) -> None:
        self.refuses = True
        self.refused = 0
        self.taken: list[str] = []

    async def handle_DATA(self, _server, _session, envelope) -> str:  # noqa: N802 -- aiosmtpd's name
        if self.refuses:
            self.refused += 1
            return "451 not now"
        lines = envelope.content.decode(errors="replace").splitlines()
        self.taken += [line for line in lines if line.lower().startswith("message-id:")]
        return "250 taken"


@pytest.fixture
def post() -> Iterator[Post]:
    post = Post()
    controller = Controller(post, hostname="127.0.0.1", port=free_port())
    controller.start()
    post.port = controller.port
    yield post
    controller.stop()


class Redis:
    """The broker, which can go away and come back with nothing of what it held."""

    def __init__(self, folder: Path) -> None:
        self.port, self.folder = free_port(), folder
        self.start()

    def start(self) -> None:
        command = [program("redis-server"), "--port", str(self.port), "--save", "", "--dir", str(self.folder)]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Redis]:
    redis = Redis(tmp_path)
    yield redis
    redis.kill()


@pytest.fixture
def machine(monkeypatch, post: Post, broker: Redis) -> Iterator[Machine]:
    with installed(
        monkeypatch,
        SETUP,
        BROKER_URL=f"redis://127.0.0.1:{broker.port}/0",
        EMAIL_BACKEND="django.core.mail.backends.smtp.EmailBackend",
        EMAIL_HOST="127.0.0.1",
        EMAIL_PORT=str(post.port),
        OUTBOX_MAX_ATTEMPTS="100",
    ) as machine:
        yield machine


def restart(server) -> None:
    """What an upgrade of the database looks like from here: everybody is thrown out."""
    server.stop()
    time.sleep(1)
    server.ensure_running()


@pytest.mark.long
@pytest.mark.broker
@pytest.mark.req("F3")
def test_nothing_is_lost_or_doubled_whatever_breaks(machine: Machine, post: Post, broker: Redis) -> None:
    machine.start("celery", "--app=config.celery", "--quiet", "beat", "--pidfile=")
    first, _second = machine.worker(), machine.worker()
    machine.manage("shell", "--verbosity=0", text=OPEN)
    [[opened]] = machine.rows("SELECT max(started_at) FROM feedback_clock WHERE milestone = 'first_reply'")

    def until(seconds: int) -> None:
        time.sleep(max(0, (opened + timedelta(seconds=seconds) - datetime.now(UTC)).total_seconds()))

    def fired() -> int:
        return machine.rows("SELECT count(*) AS n FROM feedback_firing")[0].n

    wait_for(lambda: fired() >= CASES)
    os.killpg(first.pid, signal.SIGKILL)
    until(14)
    broker.kill()
    time.sleep(AWAY)
    broker.start()
    machine.worker()
    until(22)
    restart(embedded.server())
    wait_for(lambda: fired() >= len(RUNGS) * CASES, 120)
    assert post.refused, "the mail server had nothing to refuse"
    post.refuses = False
    machine.manage(
        "shell",
        "--verbosity=0",
        text="from django.utils import timezone; from config.common.models import OutboxMessage;"
        "OutboxMessage.objects.filter(status='pending').update(next_attempt_at=timezone.now())",
    )
    wait_for(lambda: not machine.rows("SELECT id FROM common_outboxmessage WHERE status = 'pending'"), 120)
    time.sleep(11)  # two more beats, which find nothing

    clocks = machine.rows("SELECT * FROM feedback_clock WHERE milestone = 'first_reply'")
    assert len(clocks) == CASES
    for clock in clocks:
        assert clock.breached_at == clock.due_at == clock.started_at + timedelta(seconds=20)
        firings = machine.rows(
            f"SELECT action, due_at FROM feedback_firing WHERE clock_id = {clock.id} ORDER BY rung"
        )
        assert [(row.action, (row.due_at - clock.started_at).total_seconds()) for row in firings] == RUNGS
    events = machine.rows(
        "SELECT kind, subject_id FROM common_event WHERE data ->> 'milestone' = 'first_reply'"
    )
    counted = Counter((row.kind, row.subject_id) for row in events)
    assert {counted["clock.breached", clock.case_id] for clock in clocks} == {1}
    cases = machine.rows(
        "SELECT d.code FROM feedback_case JOIN feedback_department d ON d.id = department_id"
    )
    assert [row.code for row in cases] == ["management"] * CASES
    assert not machine.rows("SELECT id FROM common_outboxmessage WHERE status = 'dead'")
    assert Counter(post.taken).most_common(1)[0][1] == 1, "a letter came twice"
    sent = machine.rows("SELECT count(*) AS n FROM common_outboxmessage WHERE status = 'sent'")[0].n
    assert len(post.taken) == sent > CASES
    machine.manage("verify_audit")
