"""How gunicorn serves Huiyin: `gunicorn -c python:config.gunicorn config.wsgi`."""

import os
from typing import Any

from prometheus_client import multiprocess

bind = f"{os.environ.get('HOST', '127.0.0.1')}:{os.environ.get('PORT', '8000')}"
worker_class = "gthread"
workers = int(os.environ.get("WEB_WORKERS", "2"))
threads = int(os.environ.get("WEB_THREADS", "4"))
timeout = 60
graceful_timeout = 4
max_requests = 20_000
max_requests_jitter = 2_000
control_socket_disable = True
accesslog = None  # config.logs writes a line a request


def child_exit(_server: Any, worker: Any) -> None:
    """Take a worker that has gone out of the figures."""
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        multiprocess.mark_process_dead(worker.pid)
