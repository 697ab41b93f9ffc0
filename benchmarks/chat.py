"""Chat under load: 200 open chats against a real gunicorn, members and agents waiting as their pages do.

    PYTHONPATH=. .venv/bin/python benchmarks/chat.py

A message's time is from the moment its sender posts it to the moment the other side's waiting request has
answered with it. Then what waiting costs while nobody says anything, and what signals cost intake.
The clients run in this process and share the machine with the servers.
"""

import http.client
import json
import os
import random
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlencode

CHATS, AGENTS, SECONDS, A_SECOND, IDLE = 200, 67, 30, 5, 20  # a chat says something every 40 seconds
PORT = int(os.environ.get("PORT", "8771"))
FOLDER = Path(tempfile.mkdtemp(prefix="chat-", dir="/tmp"))
FOLDER.chmod(0o755)
os.environ.update(
    DATA_DIR=str(FOLDER), DJANGO_SETTINGS_MODULE="config.settings", LOG_LEVEL="WARNING", PORT=str(PORT)
)
os.environ.pop("DATABASE_URL", None)

from config import embedded

embedded.use()

import django

django.setup()

from datetime import timedelta

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.models import Group
from django.contrib.sessions.backends.db import SessionStore
from django.core.management import call_command
from django.core.signing import get_cookie_signer
from django.db import connection
from django.utils import timezone

from compensation.members import rules as members
from compensation.models import Member, MemberSession, Tier
from compensation.portal.base import COOKIE, SALT
from config.common.models import User
from feedback.cases import commands as cases
from feedback.channels.chat import commands as chats
from feedback.defaults.roles import ROLES
from feedback.models import Agent, ChatSetup, Department, Membership


class Side:
    """One person's page: a cookie, and what its waiting request says next."""

    def __init__(self, cookie: str) -> None:
        self.cookie = cookie
        self.token = uuid.uuid4().hex[:16] * 2
        self.query: dict[str, object] = {}
        self.path = ""

    def headers(self) -> dict[str, str]:
        return {"Cookie": f"{self.cookie}; csrftoken={self.token}", "Accept": "application/json"}


def member_side(member: Member, case_id: int) -> Side:
    token, now = members.new_token(), timezone.now()
    MemberSession.objects.create(
        member=member, digest=members.token_digest(token), created_at=now, expires_at=now + timedelta(days=1)
    )
    side = Side(f"{COOKIE}={get_cookie_signer(salt=COOKIE + SALT).sign(token)}")
    side.path, side.query = f"/portal/chat/{case_id}/wait/", {"after": 0, "mark": ""}
    return side


def agent_side(user: User, case_id: int) -> Side:
    session = SessionStore()
    session[SESSION_KEY], session[HASH_SESSION_KEY] = str(user.pk), user.get_session_auth_hash()
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[1]
    session.create()
    side = Side(f"sessionid={session.session_key}")
    side.path, side.query = "/admin/chats/wait/", {"chat": case_id, "after": 0, "mark": "", "list": ""}
    return side


def furnish() -> list[tuple[int, Side, Side]]:
    """Open chats, three an agent; each agent looks at one of them, whose messages are timed."""
    call_command("migrate", verbosity=0)
    call_command("seed_defaults", verbosity=0)
    ChatSetup.objects.update(calendar=None, answers=False)
    service, tier, now = (
        Department.objects.get(takes_new=True),
        Tier.objects.order_by("rank")[0],
        timezone.now(),
    )
    Department.objects.update(strategy="off")
    users = [
        User.objects.create_user(f"a{n}", f"a{n}@x.invalid", None, is_staff=True, is_superuser=False)
        for n in range(AGENTS)
    ]
    role = Group.objects.get(name=ROLES["agent"].name)
    for user in users:
        user.groups.add(role)
        Membership.objects.create(agent=Agent.objects.create(user=user), department=service)
    talks = []
    seats: dict[int, Side] = {}
    for number in range(CHATS):
        member = Member.objects.create(
            external_id=f"m{number}", registered_at=now, tier=tier, name=f"会员{number}"
        )
        chat = chats.start(member=member, body="我的包裹在哪里？", at=timezone.now())
        user = users[number % AGENTS]
        chats.say(case_id=chat.case_id, body="您好，正在为您查询。", actor=user, at=timezone.now())
        side = member_side(member, chat.case_id)
        first = user.pk not in seats
        agent = seats.setdefault(user.pk, agent_side(user, chat.case_id) if first else seats.get(user.pk))
        talks.append((chat.case_id, side, agent if first else None))
    return talks


HEARD: dict[tuple[str, int], float] = {}
STOP = threading.Event()
POLLS = [0, 0, 0]  # answers with something, without, and that said to poll


def follow(side: Side) -> None:
    """Do what the page's script does."""
    line = None
    while not STOP.is_set():
        try:
            line = line or http.client.HTTPConnection("127.0.0.1", PORT, timeout=70)
            line.request("GET", f"{side.path}?{urlencode(side.query)}", headers=side.headers())
            answer = line.getresponse()
            body = answer.read()
            news = json.loads(body)
        except (OSError, ValueError, http.client.HTTPException):
            line = None
            time.sleep(1)
            continue
        heard = time.perf_counter()
        news |= news.get("talks", {}).get(str(side.query.get("chat")), {})  # an agent's page may hold several
        for message in re.findall(r'data-id="(\d+)"', news.get("lines", "")):
            HEARD.setdefault((side.path, int(message)), heard)
        if news.get("last"):
            side.query["after"] = news["last"]
        for name, key in (("mark", "mark"), ("list", "list")):
            if key in news:
                side.query[name] = news[key]
        POLLS[2 if news.get("again") else (0 if len(news) > 1 else 1)] += 1
        if news.get("again"):
            time.sleep(news["again"])


def send(side: Side, path: str) -> int:
    line = http.client.HTTPConnection("127.0.0.1", PORT, timeout=30)
    body = urlencode({"body": "明天上午送达。", "key": str(uuid.uuid4()), "csrfmiddlewaretoken": side.token})
    headers = {**side.headers(), "Content-Type": "application/x-www-form-urlencoded"}
    line.request("POST", path, body, headers)
    answer = line.getresponse()
    text = answer.read()
    line.close()
    if answer.status != 200:
        raise OSError(answer.status, text[:200])
    return json.loads(text)["id"]


def say(case_id: int, member: Side, agent: Side, by_member: bool) -> tuple[str, tuple[str, int], float]:
    began = time.perf_counter()
    if by_member:
        message, other = send(member, f"/portal/chat/{case_id}/write/"), agent
    else:
        message, other = send(agent, f"/admin/chats/{case_id}/say/"), member
    return ("member→agent" if by_member else "agent→member"), (other.path, message), began


def processes(parent: int) -> list[int]:
    return [parent, *(int(pid) for pid in Path(f"/proc/{parent}/task/{parent}/children").read_text().split())]


def cpu(pids: list[int]) -> float:
    ticks = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def memory(pids: list[int]) -> list[tuple[int, int]]:
    found = []
    for pid in pids:
        text = Path(f"/proc/{pid}/status").read_text()
        found.append(tuple(int(re.search(rf"{name}:\s+(\d+)", text)[1]) for name in ("VmRSS", "Threads")))
    return found


def table(name: str, times: list[float]) -> None:
    ordered = sorted(1000 * one for one in times)
    p50, p95 = (ordered[min(len(ordered) - 1, int(share * len(ordered)))] for share in (0.5, 0.95))
    print(f"{name:14} n={len(ordered):4}  p50 {p50:6.0f} ms  p95 {p95:6.0f} ms  max {ordered[-1]:6.0f} ms")


def report(said: list[tuple[str, tuple[str, int], float]]) -> None:
    for name in ("member→agent", "agent→member"):
        mine = [(where, began) for kind, where, began in said if kind == name and where in HEARD]
        table(name, [HEARD[where] - began for where, began in mine])
    lost = sum(where not in HEARD for _kind, where, _began in said)
    print(f"lost: {lost} · answers with news, without, told to poll: {POLLS}")


def open_connections() -> int:
    """Besides our own."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) - 1 FROM pg_stat_activity WHERE datname = current_database()")
        found: int = cursor.fetchone()[0]
    connection.close()
    return found


def main() -> None:
    talks = furnish()
    pairs = [(case_id, member, agent) for case_id, member, agent in talks if agent]
    connection.close()
    command = [sys.executable, "-m", "gunicorn", "--config=python:config.gunicorn", "config.wsgi"]
    server = subprocess.Popen(command, env={**os.environ, "WEB_WORKERS": "2"})
    try:
        while True:
            try:
                http.client.HTTPConnection("127.0.0.1", PORT).request("GET", "/healthz")
                break
            except OSError:
                time.sleep(0.2)
        time.sleep(2)
        before = memory(processes(server.pid)[1:])
        threading.stack_size(256 * 1024)
        sides = [member for _case, member, _agent in talks] + [agent for *_more, agent in pairs]
        for side in sides:
            threading.Thread(target=follow, args=(side,), daemon=True).start()
            time.sleep(0.02)
        time.sleep(5)
        print(f"{len(talks)} chats, {len(sides)} pages waiting")
        pids = processes(server.pid)[1:]
        print("memory of the workers, kB and threads: before", before, "now", memory(pids))
        with ThreadPoolExecutor(64) as pool:
            random.seed(7)
            done = []
            used = cpu(pids)
            for number in range(SECONDS * A_SECOND):
                case_id, member, agent = random.choice(pairs)
                done.append(pool.submit(say, case_id, member, agent, number % 2 == 0))
                time.sleep(1 / A_SECOND)
            said = [one.result() for one in done]
        time.sleep(3)
        report(said)
        print(f"{1000 * (cpu(pids) - used) / len(said):.0f} ms of a core in the web processes a message")
        used, POLLS[:] = cpu(pids), [0, 0, 0]
        time.sleep(IDLE)
        print(f"idle: {100 * (cpu(pids) - used) / IDLE:.1f} % of a core in both workers, polls {POLLS}")
        print("database connections while all wait:", open_connections())
        STOP.set()
        began = time.perf_counter()
        server.send_signal(signal.SIGTERM)
        server.wait(30)
        print(f"stopped with all waiting in {time.perf_counter() - began:.1f} s")
    finally:
        STOP.set()
        server.kill()
    intake()


def intake() -> None:
    """Cases opened by four threads at once, with the trigger that rings and without."""
    member = Member.objects.first()

    def work(count: int) -> None:
        for _ in range(count):
            cases.open_case(
                member=member, kind="complaint", channel="app", subject="x", body="x", actor=member,
                at=timezone.now(),
            )  # fmt: skip
        connection.close()

    def rate() -> float:
        began = time.perf_counter()
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(work, [60] * 4))
        return 240 / (time.perf_counter() - began)

    found: dict[str, list[float]] = {"with": [], "without": []}
    rate()
    for _ in range(3):
        for name, verb in (("without", "DISABLE"), ("with", "ENABLE")):
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT tgname, tgrelid::regclass::text FROM pg_trigger"
                    " WHERE tgname LIKE 'pgtrigger_ring%'"
                )
                for trigger, relation in cursor.fetchall():
                    cursor.execute(f"ALTER TABLE {relation} {verb} TRIGGER {trigger}")
            connection.close()
            found[name].append(rate())
    print(
        "cases opened a second by four threads:", {k: round(statistics.median(v)) for k, v in found.items()}
    )


if __name__ == "__main__":
    try:
        main()
    finally:
        connection.close()
        embedded.leave()
        shutil.rmtree(FOLDER, ignore_errors=True)
