"""How gunicorn serves Huiyin: `gunicorn -c python:config.gunicorn config.wsgi`."""

import os
import signal
from typing import Any

from prometheus_client import multiprocess

from config.common import live

bind = f"{os.environ.get('HOST', '127.0.0.1')}:{os.environ.get('PORT', '8000')}"
worker_class = "gthread"
workers = int(os.environ.get("WEB_WORKERS", "2"))
waiters = int(os.environ.setdefault("LIVE_WAITERS", "200"))  # asleep: a thread each, and no connection
threads = int(os.environ.get("WEB_THREADS", "8")) + waiters
worker_connections = waiters + 16  # who is nearly full leaves the next connection to another worker
os.environ.setdefault("DATABASE_POOL", "10")  # the threads of a process share so many connections
timeout = 60
graceful_timeout = 4
max_requests = 20_000
max_requests_jitter = 2_000
control_socket_disable = True
accesslog = None  # config.logs writes a line a request


def post_worker_init(_worker: Any) -> None:
    """Answer who waits for news before a stop, so that it need not wait for them."""
    ends: Any = signal.getsignal(signal.SIGTERM)

    def end(signum: int, frame: Any) -> None:
        live.stop()
        ends(signum, frame)

    signal.signal(signal.SIGTERM, end)
    signal.siginterrupt(signal.SIGTERM, False)


def worker_exit(_server: Any, _worker: Any) -> None:
    """The same for a worker that has answered its number of requests: threads that sleep would hold it."""
    live.stop()


def child_exit(_server: Any, worker: Any) -> None:
    """Take a worker that has gone out of the figures."""
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        multiprocess.mark_process_dead(worker.pid)
