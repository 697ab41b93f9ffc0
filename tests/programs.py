"""Programs that only some machines have, and what tests that start programs need."""

import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


def program(*names: str) -> str:
    """The path of the first of these programs; else the test is skipped, in `make test-all` it fails."""
    for name in names:
        if path := shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/usr/lib/rabbitmq/bin"):
            return path
    missing = f"{names[0]} is not installed: make test-all installs it"
    if os.environ.get("TEST_ALL"):
        pytest.fail(missing)
    pytest.skip(missing)


def free_port() -> int:
    """A port of the loopback address that nobody uses just now."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


@contextmanager
def data_folder() -> Iterator[Path]:
    """A folder that the database's account can enter, thrown away afterwards: pytest's own are private."""
    folder = Path(tempfile.mkdtemp(prefix="data-", dir="/tmp"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
