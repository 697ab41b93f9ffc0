"""`make run`: everything on one machine, first the database and what is in it, then web, workers and beat."""

import errno
import hashlib
import os
import shlex
import shutil
import signal
import socket
import sys
import threading
import time
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import django
import honcho.manager
from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command

from config import broker, embedded
from config.attached import end_with_parent
from config.common import demo, registry
from config.common.translations import compile_changed

HOST = os.environ.setdefault("HOST", "127.0.0.1")
PORT = os.environ.setdefault("PORT", "8000")
LEAST_FREE = 500_000_000  # bytes that a fresh installation needs
CELERY = (sys.executable, "-m", "celery", "--app=config.celery", "--quiet")
WORKER = (*CELERY, "worker", "--without-mingle", "--without-gossip")
PROCESSES = {
    "web": (sys.executable, "-m", "gunicorn", "--config=python:config.gunicorn", "config.wsgi"),
    "worker": (*WORKER, "--queues=celery", "--concurrency=2", "--hostname=worker@%h"),
    "clocks": (*WORKER, "--queues=clocks,outbox", "--concurrency=3", "--hostname=clocks@%h"),
    "beat": (*CELERY, "beat", "--pidfile="),
}


def main() -> None:
    """Make everything ready, run it until Ctrl-C, and stop it."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    os.environ.setdefault("PUBLIC_URL", f"http://localhost:{PORT}")
    os.environ["PYTHONUNBUFFERED"] = "1"
    os.environ["PYTHONWARNINGS"] = "ignore:You're running the worker"  # as root: messages are JSON, not code
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # from here on leave through atexit
    signal.signal(signal.SIGHUP, lambda *_: os.kill(os.getpid(), signal.SIGTERM))  # the terminal was closed
    try:
        _check_machine()
        _say("Starting the database.")
        embedded.use()
        compile_changed()  # before Django reads them, and the seeds write words of ours into the database
        django.setup()
        _prepare()
    except (embedded.EmbeddedError, ImproperlyConfigured) as error:
        sys.exit(f"\n{error}")
    except KeyboardInterrupt:
        sys.exit("\nStopped.")
    sys.exit(_serve())


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _check_machine() -> None:
    if not PORT.isdecimal():
        sys.exit(f"\nPORT is {PORT}, and it must be a number: make run PORT=8001")
    try:
        with socket.create_server((HOST, int(PORT))):
            pass
    except (OSError, OverflowError) as error:
        reason = os.strerror(getattr(error, "errno", None) or errno.EINVAL)
        sys.exit(
            f"\nPort {PORT} on {HOST} cannot be used: {reason}.\n"
            f"Stop what uses it, or choose another one: make run PORT={int(PORT) + 1}"
        )
    folder = embedded.data_dir()
    while not folder.exists():
        folder = folder.parent
    if (free := shutil.disk_usage(folder).free) < LEAST_FREE:
        sys.exit(f"\nThe disk is full: {free // 1_000_000} MB are free at {folder}, 500 MB are needed.")


def _prepare() -> None:
    """Migrate, seed and build; what is done already takes no time."""
    call_command("migrate", verbosity=0, interactive=False)
    call_command("seed_defaults")
    if settings.LAPTOP and not demo.is_seeded():
        _say("Filling the demo shop.")
        call_command("seed_demo")
    _collect_static()
    if not settings.BROKER_URL:
        broker.clear(settings.DATA_DIR / "broker")
    figures = settings.DATA_DIR / "metrics"
    shutil.rmtree(figures, ignore_errors=True)
    figures.mkdir()
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(figures)


def _collect_static() -> None:
    """Collect the static files when one of them is new or has changed."""
    files = sorted(
        (path, Path(storage.path(path)).stat().st_mtime_ns)
        for finder in get_finders()
        for path, storage in finder.list([])
    )
    digest = hashlib.sha256(repr(files).encode()).hexdigest()
    stamp: Path = settings.DATA_DIR / "static.stamp"
    if stamp.exists() and stamp.read_text() == digest and settings.STATIC_ROOT.exists():
        return
    _say("Collecting the pages' static files.")
    call_command("collectstatic", verbosity=0, interactive=False, clear=True)
    stamp.write_text(digest)


def _serve() -> int:
    """Run the processes together until one of them ends or we are told to stop."""
    honcho.manager.KILL_WAIT = 15  # seconds; a worker takes up to six to stop
    manager = honcho.manager.Manager()
    for name, command in PROCESSES.items():
        attached = f"{shlex.quote(sys.executable)} -m config.attached $PPID {shlex.join(command)}"
        manager.add_process(name, f"exec {attached}", cwd=str(settings.BASE_DIR))
    here = os.getpid()
    os.register_at_fork(after_in_child=lambda: end_with_parent(here, signal.SIGKILL))
    threading.Thread(target=_announce, daemon=True).start()
    manager.loop()
    stopped = manager.returncode in {128 + signal.SIGINT, 128 + signal.SIGTERM}
    return 0 if stopped else manager.returncode or 1


def _announce() -> None:
    """Wait for the first page, then say where it is and who may sign in."""
    url = f"http://{'localhost' if HOST in {'127.0.0.1', '0.0.0.0', '::'} else HOST}:{PORT}"  # noqa: S104 -- compared
    while True:
        try:
            urlopen(f"{url}/healthz", timeout=5).close()  # noqa: S310 -- our own address
            break
        except (URLError, TimeoutError):
            time.sleep(0.1)
    lines = ["", f"Huiyin is at {url}/", ""]
    if demo.is_seeded():
        lines += [
            f"  {account.who:<34} {url}{account.page:<10} {account.name:<16} {account.secret}"
            for accounts in registry.ACCOUNTS
            for account in accounts()
        ]
    lines += ["", "Ctrl-C stops it.", ""]
    _say("\n".join(lines))


if __name__ == "__main__":
    main()
