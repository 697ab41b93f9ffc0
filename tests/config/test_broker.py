"""Tasks go through every kind of broker to a real worker and are done."""

import os
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

from config import broker, embedded
from config.common.models import Heartbeat
from tests.programs import free_port, program

SEND = """
from config.celery import app
app.send_task("common.heartbeat")
app.send_task("common.heartbeat_clocks")
"""


@contextmanager
def started(command, **kwargs):
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT, **kwargs)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def accepts(port: int, seconds: int = 60) -> None:
    """Wait until somebody listens there."""
    for _ in range(seconds * 10):
        with socket.socket() as client:
            if client.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    pytest.fail(f"nothing listens on port {port}")


def is_done_by_a_worker(broker_url: str, folder: Path) -> bool:
    """Whether tasks of two queues sent by one process are done by a worker that serves all, in another."""
    server = (os.environ.get("DATABASE_URL") or embedded.url()).rpartition("/")[0]
    env = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DATABASE_URL": f"{server}/{connection.settings_dict['NAME']}",
        "BROKER_URL": broker_url,
        "SECRET_KEY": "k" * 60,
        "AUDIT_KEY": "a" * 60,
        "DATA_DIR": str(folder),
    }
    worker = [sys.executable, "-m", "celery", "--app=config.celery", "worker", "--concurrency=1"]
    with started(worker, cwd=settings.BASE_DIR, env=env):
        subprocess.run([sys.executable, "-c", SEND], cwd=settings.BASE_DIR, env=env, check=True)
        for _ in range(600):
            if Heartbeat.objects.filter(name__in=["worker", "clocks"]).count() == 2:
                return True
            time.sleep(0.1)
    return False


@pytest.mark.req("P5")
@pytest.mark.django_db(transaction=True)
def test_a_folder_will_do(tmp_path):
    assert is_done_by_a_worker("", tmp_path)
    assert not list((tmp_path / "broker" / "messages").iterdir())


@pytest.mark.req("P5")
@pytest.mark.broker
@pytest.mark.django_db(transaction=True)
def test_redis(tmp_path):
    port = free_port()
    where = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(tmp_path)]
    with started([program("redis-server"), *where]):
        accepts(port)
        assert is_done_by_a_worker(f"redis://127.0.0.1:{port}/0", tmp_path)


@pytest.mark.req("P5")
@pytest.mark.broker
@pytest.mark.django_db(transaction=True)
def test_rabbitmq(tmp_path):
    wrapper = program("rabbitmq-server")
    server = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")  # Debian's wrapper changes the account
    port, epmd = free_port(), str(free_port())
    (tmp_path / "plugins").write_text("[].")
    (tmp_path / "rabbitmq.conf").write_text("loopback_users = none\n")
    env = {
        **os.environ,
        "HOME": str(tmp_path),
        "RABBITMQ_NODENAME": f"test{port}@localhost",
        "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODE_PORT": str(port),
        "RABBITMQ_DIST_PORT": str(free_port()),
        "RABBITMQ_MNESIA_BASE": str(tmp_path / "data"),
        "RABBITMQ_LOG_BASE": str(tmp_path / "log"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(tmp_path / "plugins"),
        "RABBITMQ_CONFIG_FILE": str(tmp_path / "rabbitmq"),
        "RABBITMQ_PID_FILE": str(tmp_path / "pid"),
        "ERL_EPMD_PORT": epmd,
        "ERL_EPMD_ADDRESS": "127.0.0.1",
    }
    try:
        with started([str(server) if server.exists() else wrapper], env=env):
            accepts(port)
            assert is_done_by_a_worker(f"amqp://guest:guest@127.0.0.1:{port}//", tmp_path)
    finally:
        subprocess.run([program("epmd"), "-port", epmd, "-kill"], check=False, capture_output=True)


def test_a_reader_never_finds_half_a_message(tmp_path, monkeypatch):
    """What is being written is not a message yet: it becomes one by its name, whole."""
    from kombu import Connection

    names = []
    write, rename = Path.write_text, Path.rename
    monkeypatch.setattr(Path, "write_text", lambda self, text: names.append(self.name) or write(self, text))
    monkeypatch.setattr(Path, "rename", lambda self, new: names.append(new.name) or rename(self, new))
    with Connection(transport="config.broker:Transport", transport_options=broker.options(tmp_path)) as link:
        queue = link.SimpleQueue("jobs")
        queue.put({"n": 1})
        assert queue.get(timeout=5).payload == {"n": 1}
    assert not names[0].endswith(".msg")
    assert names[1].endswith(".jobs.msg")


def test_old_messages_and_bindings_are_forgotten(tmp_path):
    broker.options(tmp_path)
    (tmp_path / "messages" / "1.celery.msg").write_text("{}")
    (tmp_path / "control" / "celery.exchange").write_text("[]")
    broker.clear(tmp_path)
    assert not list(tmp_path.glob("*/*"))
