"""The private PostgreSQL that runs when DATABASE_URL is unset.

Every process that calls `use` holds a shared lock on one file; the last one to leave takes it for itself
alone and stops the server. A process that was killed leaves the server running; the next one finds it and
uses it.
"""

import atexit
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from config.pgserver import DATABASE, EmbeddedError, Server

__all__ = ["EmbeddedError", "data_dir", "leave", "remove", "server", "url", "use"]

BASE_DIR = Path(__file__).resolve().parent.parent

_held: tuple[int, int] | None = None  # the process that holds the shared lock, and the lock's file


def data_dir() -> Path:
    """The folder of everything this installation keeps: `.data` in the project, or DATA_DIR."""
    return Path(os.environ.get("DATA_DIR") or BASE_DIR / ".data").resolve()


def server() -> Server:
    """The server of this installation, running or not."""
    return Server(data_dir())


def url() -> str:
    """The database's address; starts nothing."""
    return server().url(DATABASE)


def use() -> None:
    """Have the database up for as long as this process lives. Does nothing when DATABASE_URL is set.

    Raises:
        EmbeddedError: it cannot be started.
    """
    global _held  # noqa: PLW0603 -- one lock a process is what this module is about
    if os.environ.get("DATABASE_URL") or (_held and _held[0] == os.getpid()):
        return
    try:
        data_dir().mkdir(parents=True, exist_ok=True)
        with _starting():
            users = _open("users.lock")
            fcntl.flock(users, fcntl.LOCK_SH)
            server().ensure_running()
    except OSError as error:
        raise EmbeddedError(f"The database's folder {data_dir()} cannot be used: {error}.") from error
    _held = (os.getpid(), users)
    atexit.register(leave)


def leave() -> None:
    """Stop using the database; the last process to do so stops it. A forked child only forgets it."""
    global _held
    if not _held:
        return
    (pid, users), _held = _held, None
    if pid != os.getpid():
        return
    with suppress(OSError, EmbeddedError), _starting():
        try:
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        finally:
            os.close(users)
        server().stop()


def remove() -> None:
    """Throw the whole database away.

    Raises:
        EmbeddedError: another process uses it.
    """
    if not data_dir().exists():
        return
    with _starting():
        users = _open("users.lock")
        try:
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise EmbeddedError(
                "The database is in use: stop `make run` and what else uses it first."
            ) from None
        finally:
            os.close(users)
        server().stop()
        server().remove()


def _open(name: str) -> int:
    return os.open(data_dir() / name, os.O_RDONLY | os.O_CREAT, 0o644)


@contextmanager
def _starting() -> Iterator[None]:
    """Let one process at a time start or stop the server."""
    lock = _open("start.lock")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)
