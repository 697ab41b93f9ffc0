"""Programs that only some machines have."""

import os
import shutil
import socket

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
