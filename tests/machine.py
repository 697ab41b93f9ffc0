"""A whole installation for tests: its own data, its processes, its database seen from outside."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import Request, urlopen

import psycopg
import pytest
from django.conf import settings
from psycopg.rows import namedtuple_row

from config import embedded
from config.pgserver import Server
from tests import schema
from tests.programs import free_port

KEY = "the-key-that-the-shop-of-this-test-signs-with"


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


@contextmanager
def installed(monkeypatch: pytest.MonkeyPatch, setup: str = "", **env: str) -> Iterator[Machine]:
    """A machine with the defaults and what `setup` makes in a shell; thrown away afterwards."""
    # not below pytest's folder, which only its owner may enter: as root the database is another account's
    folder = Path(tempfile.mkdtemp(prefix="huiyin-live-"))
    folder.chmod(0o755)
    monkeypatch.setenv("DATA_DIR", str(folder))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    machine = Machine(folder)
    machine.env.update(env)
    try:
        server = Server(folder)
        server.ensure_running()
        schema.fill(server, lambda: machine.manage("migrate", "--verbosity=0"))
        machine.manage("seed_defaults")
        machine.manage("shell", "--verbosity=0", text=setup)
        yield machine
    finally:
        machine.stop()
        wait_for(removed)
        shutil.rmtree(folder)
