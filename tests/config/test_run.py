"""`make run`: what it says when it cannot, and that it starts, stops and recovers."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from django.conf import settings
from psycopg.pq import Ping

from config import embedded, run
from tests.programs import data_folder, free_port


def run_it(folder: Path, port: int) -> subprocess.Popen[str]:
    # What other tests of this process have set is not what somebody new has.
    inherited = {key: value for key, value in os.environ.items() if key in {"PATH", "HOME", "LANG", "TMPDIR"}}
    inherited["DJANGO_SETTINGS_MODULE"] = "config.settings"
    return subprocess.Popen(
        [sys.executable, "-m", "config.run"],
        cwd=settings.BASE_DIR,
        env={**inherited, "DATA_DIR": str(folder), "PORT": str(port)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def wait_until(what: Callable[[], bool], seconds: int = 300) -> bool:
    end = time.monotonic() + seconds
    while not what():
        if time.monotonic() > end:
            return False
        time.sleep(0.1)
    return True


def answers(port: int) -> bool:
    try:
        with urlopen(f"http://127.0.0.1:{port}/admin/login/", timeout=5) as page:
            return b"static/" in page.read()
    except (URLError, OSError):
        return False


def database_is_up() -> bool:
    return embedded.server().ping() == Ping.OK


@pytest.fixture
def folder(monkeypatch):
    """A data folder; the demo shop is another test's matter."""
    monkeypatch.delenv("DATABASE_URL", raising=False)
    with data_folder() as made:
        (made / "demo_seeded").touch()
        monkeypatch.setenv("DATA_DIR", str(made))
        yield made
        embedded.remove()


@pytest.mark.long
@pytest.mark.req("P5")
def test_it_runs_survives_being_killed_and_stops(folder):
    port = free_port()
    killed = run_it(folder, port)
    assert wait_until(lambda: answers(port))
    killed.kill()
    killed.wait()
    assert wait_until(lambda: not answers(port))  # what it started went with it

    process = run_it(folder, port)
    assert wait_until(lambda: answers(port))
    assert database_is_up()
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert f"Huiyin is at http://localhost:{port}/" in said
    assert "Traceback" not in said
    assert not answers(port)
    assert wait_until(lambda: not database_is_up())


def test_a_port_in_use_is_named_with_the_way_out(folder):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        process = run_it(folder, port)
        said, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    assert f"Port {port} on 127.0.0.1 cannot be used: Address already in use." in said
    assert f"make run PORT={port + 1}" in said
    assert "Traceback" not in said


def test_a_full_disk_is_named_before_anything_is_made(monkeypatch):
    monkeypatch.setattr(run, "PORT", str(free_port()))
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: SimpleNamespace(free=12_000_000))
    with pytest.raises(SystemExit, match="The disk is full: 12 MB are free"):
        run._check_machine()


@pytest.mark.parametrize("port", ["eight", "", "-1", "99999999"])
def test_a_port_that_is_none_is_refused(monkeypatch, port):
    monkeypatch.setattr(run, "PORT", port)
    with pytest.raises(SystemExit, match="make run PORT="):
        run._check_machine()


def test_our_words_are_compiled_before_django_reads_them_and_the_seeds_write_them(monkeypatch):
    done = []
    for name in ("DJANGO_SETTINGS_MODULE", "PUBLIC_URL", "PYTHONUNBUFFERED", "PYTHONWARNINGS"):
        monkeypatch.setenv(name, os.environ.get(name, "x"))  # what `main` sets is taken back
    monkeypatch.setattr(run, "signal", SimpleNamespace(signal=lambda *_: None, SIGTERM=0, SIGHUP=0))
    monkeypatch.setattr(run, "embedded", SimpleNamespace(use=int, EmbeddedError=embedded.EmbeddedError))
    monkeypatch.setattr(run, "django", SimpleNamespace(setup=lambda: done.append("setup")))
    for name in ("_check_machine", "compile_changed", "_prepare", "_serve"):
        monkeypatch.setattr(run, name, lambda name=name: done.append(name))
    with pytest.raises(SystemExit):
        run.main()
    assert done == ["_check_machine", "compile_changed", "setup", "_prepare", "_serve"]
