"""Answering under load: a real gunicorn, links of 1,200 people, and a quota that 200 run for at once.

    PYTHONPATH=. .venv/bin/python benchmarks/surveys_answering.py

How long the page takes at a sensible load; then 1,000 answers sent at the same moment, each of which has to
be there afterwards; then 200 on a quota of 50. The clients run in this process and share the machine with the
server.
"""

import http.client
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode

MANY, RACE, QUOTA, LOOKS, CLIENTS = 1_000, 200, 50, 1_000, 4
PORT = int(os.environ.get("PORT", "8773"))
FOLDER = Path(tempfile.mkdtemp(prefix="answering-", dir="/tmp"))
FOLDER.chmod(0o755)
os.environ.update(
    DATA_DIR=str(FOLDER), DJANGO_SETTINGS_MODULE="config.settings", LOG_LEVEL="WARNING", PORT=str(PORT)
)
os.environ.pop("DATABASE_URL", None)

from config import embedded

embedded.use()

import django

django.setup()

from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from compensation.defaults import tiers
from compensation.models import Member, Tier
from surveys.campaigns import commands as campaigns
from surveys.campaigns.waves import wave_at
from surveys.invitations import links
from surveys.models import Campaign, Invitation, Occasion, QuestionKind, Response, Survey, WaveCell
from surveys.questionnaires import commands as questionnaires


def furnish(code: str, people: list[Member], quota: int | None) -> list[str]:
    """A campaign of five questions, and the links of those whom it asks."""
    at = timezone.now()
    version = questionnaires.create(survey=Survey(code=code, name=code), title=code, actor=None, at=at)
    for kind, name in (
        (QuestionKind.CSAT, "csat"), (QuestionKind.NPS, "nps"), (QuestionKind.CES, "ces"),
        (QuestionKind.STARS, "stars"), (QuestionKind.TEXT, "words"),
    ):  # fmt: skip
        fields = {"kind": kind, "code": name, "text": name, "is_required": name == "csat"}
        questionnaires.add_question(version_id=version.pk, actor=None, at=at, **fields)
    version = questionnaires.publish(version_id=version.pk, actor=None, at=at)
    campaign = Campaign(code=code, name=code, survey=version.survey, occasion=Occasion.ONCE, quota=quota)
    campaign = campaigns.save_campaign(campaign=campaign, actor=None, at=at)
    campaign = campaigns.launch(campaign_id=campaign.pk, actor=None, at=at)
    wave = wave_at(campaign, at)
    made = [
        Invitation(
            wave=wave, version=version, member=one, key=f"member:{one.pk}", invited_at=at,
            expires_at=at + timedelta(days=14),
        )
        for one in people
    ]  # fmt: skip
    for one in made:
        one.digest = links.digest(links.token(one.nonce))
    Invitation.objects.bulk_create(made)
    return [links.page(one) for one in made]


def ask(method: str, path: str, body: str = "") -> tuple[int, float]:
    began = time.perf_counter()
    server = http.client.HTTPConnection("127.0.0.1", PORT, timeout=120)
    server.request(method, path, body, {"Content-Type": "application/x-www-form-urlencoded"} if body else {})
    answer = server.getresponse()
    answer.read()
    server.close()
    return answer.status, time.perf_counter() - began


def told(name: str, taken: list[float]) -> None:
    cuts = [1000 * cut for cut in statistics.quantiles(taken, n=100)]
    print(f"{name}: median {cuts[49]:.0f} ms, p95 {cuts[94]:.0f} ms, most {1000 * max(taken):.0f} ms")


def at_once(paths: list[str]) -> list[tuple[int, float]]:
    """All of them sent at the same moment, a thread each."""
    body = urlencode({"q-csat": "4", "q-nps": "9", "q-words": "快"})
    barrier, found = threading.Barrier(len(paths)), []

    def send(path: str) -> None:
        barrier.wait()
        try:
            found.append(ask("POST", path, body))
        except OSError:
            found.append((0, 0.0))

    threads = [threading.Thread(target=send, args=(path,)) for path in paths]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def main() -> None:
    call_command("migrate", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    tiers.seed(timezone.now())
    tier = Tier.objects.order_by("rank").first()
    people = Member.objects.bulk_create(
        Member(external_id=f"B{n}", name=f"B{n}", tier=tier, registered_at=timezone.now())
        for n in range(MANY)
    )
    paths, few = furnish("many", people, None), furnish("few", people[:RACE], QUOTA)
    connection.close()
    command = [sys.executable, "-m", "gunicorn", "--config=python:config.gunicorn", "config.wsgi"]
    server = subprocess.Popen(command, env={**os.environ, "WEB_WORKERS": "2"})
    threading.stack_size(256 * 1024)
    try:
        while True:
            try:
                ask("GET", "/healthz")
                break
            except OSError:
                time.sleep(0.2)
        with ThreadPoolExecutor(CLIENTS) as pool:
            list(pool.map(lambda path: ask("GET", path), paths[:100]))
        one = [ask("GET", path)[1] for path in paths[:200]]
        told("the page, to one person after another", one)
        with ThreadPoolExecutor(CLIENTS) as pool:
            looked = list(pool.map(lambda n: ask("GET", paths[n % MANY]), range(LOOKS)))
        told(f"the page, to {CLIENTS} at once", [taken for _status, taken in looked])
        began = time.perf_counter()
        sent = at_once(paths)
        refused = sum(status != 302 for status, _taken in sent)
        print(f"{MANY} answers at once: {time.perf_counter() - began:.1f} s, refused {refused}")
        told("each", [taken for _status, taken in sent])
        print(f"kept: {Response.objects.filter(wave__campaign__code='many').count()} of {MANY}")
        taken = sum(status == 302 for status, _taken in at_once(few))
        kept, cell = Response.objects.filter(wave__campaign__code="few").count(), WaveCell.objects.get()
        print(f"{RACE} on a quota of {QUOTA}: taken {taken}, kept {kept}, counted {cell.answered}")
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(30)
        connection.close()
        shutil.rmtree(FOLDER, ignore_errors=True)


if __name__ == "__main__":
    main()
