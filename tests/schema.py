"""The empty database that the tests begin with: migrated once for each state of the migrations, then copied.

The first process that needs it migrates and keeps a dump; the others, and the whole installations that some
tests start, are made from the dump in seconds.
"""

import fcntl
import hashlib
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psycopg

from config import embedded
from config.pgserver import DATABASE, Server

ROOT = Path(__file__).resolve().parent.parent
KEPT = ROOT / ".data" / "tests-schema"


def digest() -> str:
    """What the database's shape depends on: our migrations, and the locked libraries with theirs."""
    files = [*ROOT.glob("*/migrations/*.py"), *ROOT.glob("config/*/migrations/*.py")]
    found = hashlib.sha256()
    for file in sorted([*files, ROOT / "requirements" / "base.txt"]):
        found.update(f"{file.relative_to(ROOT)}\n".encode() + file.read_bytes())
    return found.hexdigest()[:16]


def prepare() -> None:
    """Have this process's server hold the database that test databases are copied from."""
    server, wanted = embedded.server(), digest()
    mark = server.data / "schema"
    if mark.exists() and mark.read_text() == wanted:
        return
    mark.unlink(missing_ok=True)
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {DATABASE}")
    fill(
        server, lambda: subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], cwd=ROOT, check=True)
    )
    mark.write_text(wanted)


def fill(server: Server, migrate: Callable[[], object]) -> None:
    """Fill an empty database from the dump, or by `migrate` where there is none yet, which is then kept."""
    KEPT.mkdir(parents=True, exist_ok=True)
    dump = KEPT / f"{digest()}.dump"
    with (KEPT / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not dump.exists():
            migrate()
            half = dump.with_suffix(".half")
            _program(server, "pg_dump", "--format=custom", "--no-owner", f"--file={half}")
            for old in KEPT.glob("*.dump"):
                old.unlink()
            half.rename(dump)
            return
    _program(server, "pg_restore", "--no-owner", "--exit-on-error", dump)


def _program(server: Server, name: str, *words: str | Path) -> None:
    subprocess.run([server.program(name), f"--dbname={server.url(DATABASE)}", *words], check=True)
