"""The private PostgreSQL, tried with processes of its own in data folders of its own."""

import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg.pq import Ping

from config import embedded
from config.pgserver import Server
from tests.programs import data_folder

ROOT = Path(embedded.__file__).resolve().parent.parent
USE = """
import os, sys
from config import embedded
embedded.use()
print(embedded.server().home, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def data(monkeypatch: pytest.MonkeyPatch):
    """A folder for the data, thrown away with its server afterwards."""
    monkeypatch.delenv("DATABASE_URL", raising=False)
    with data_folder() as folder:
        monkeypatch.setenv("DATA_DIR", str(folder))
        yield folder
        embedded.remove()


def user(code: str = USE) -> subprocess.Popen[str]:
    """Start a process that uses the database until it is told to leave."""
    return subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def up(process: subprocess.Popen[str]) -> Path:
    """Wait until the process has its database; returns where it is."""
    if line := process.stdout.readline().strip():
        return Path(line)
    raise AssertionError(process.stderr.read())


def leave(process: subprocess.Popen[str]) -> None:
    process.communicate("", timeout=60)
    assert process.returncode == 0


@contextmanager
def using():
    process = user()
    home = up(process)
    try:
        yield home
    finally:
        leave(process)


def answers() -> bool:
    return embedded.server().ping() == Ping.OK


def number_of_server(home: Path) -> int:
    return int((home / "postgres" / "postmaster.pid").read_text().splitlines()[0])


def run(sql: str):
    with psycopg.connect(embedded.url()) as connection:
        return connection.execute(sql).fetchone()


def test_one_process_starts_it_makes_the_database_and_stops_it(data):
    with using():
        assert run("SELECT current_database()") == ("huiyin",)
        assert run("SELECT current_setting('listen_addresses')") == ("",)
    assert not answers()
    assert not embedded.server().socket_dir.exists()


def test_the_last_process_out_stops_it(data):
    first, second = user(), user()  # both at once: one makes and starts it, the other waits
    assert up(first) == up(second)
    leave(first)
    assert answers()
    leave(second)
    assert not answers()


def test_data_outlive_a_stop(data):
    with using(), psycopg.connect(embedded.url()) as connection:
        connection.execute("CREATE TABLE kept (n int)")
    with using():
        assert run("SELECT count(*) FROM kept") == (0,)


def test_a_killed_process_leaves_a_server_that_the_next_one_uses_and_stops(data):
    killed = user()
    home = up(killed)
    server = number_of_server(home)
    killed.kill()
    killed.wait()
    assert answers()
    with using():
        assert number_of_server(home) == server
    assert not answers()


def test_a_killed_server_is_started_again(data):
    with using() as home, psycopg.connect(embedded.url()) as connection:
        connection.execute("SET synchronous_commit = on")
        connection.execute("CREATE TABLE kept AS SELECT 1 AS n")
        connection.commit()
        os.kill(number_of_server(home), signal.SIGKILL)
    assert (home / "postgres" / "postmaster.pid").exists()
    with using():
        assert run("SELECT n FROM kept") == (1,)


def test_a_stale_pid_file_that_names_another_program_does_not_hinder(data):
    with using() as home:
        pass
    lines = [str(os.getpid()), str(home / "postgres"), "1", "5432", "", "", "", "ready"]
    (home / "postgres" / "postmaster.pid").write_text("\n".join(lines) + "\n")
    with using():
        assert answers()


def test_a_server_whose_socket_was_removed_is_replaced(data):
    orphan = user()
    home = up(orphan)
    server = number_of_server(home)
    orphan.kill()
    orphan.wait()
    for file in embedded.server().socket_dir.iterdir():
        file.unlink()
    embedded.server().socket_dir.rmdir()
    with using():
        assert number_of_server(home) != server


def test_a_forked_child_does_not_stop_it(data):
    forking = USE.replace(
        "sys.stdin", "os.fork() or sys.exit(); os.wait(); print('alone', flush=True); sys.stdin"
    )
    process = user(forking)
    up(process)
    assert process.stdout.readline().strip() == "alone"
    assert answers()
    leave(process)
    assert not answers()


def test_a_first_start_that_was_cut_short_is_done_again(data):
    half = data / "postgres.new"
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n")
    with using():
        assert answers()
    assert not half.exists()


@pytest.mark.parametrize("name", ["with a space 'and' (more) 数据", "/".join(["long" * 12] * 8)])
def test_any_path_will_do(data, monkeypatch, name):
    monkeypatch.setenv("DATA_DIR", str(data / name))
    with using():
        assert answers()
        assert len(str(embedded.server().socket_dir)) < 80
    embedded.remove()


def test_nobody_else_can_reach_the_socket(data):
    with using():
        found = embedded.server().socket_dir.stat()
        assert found.st_mode & 0o777 == 0o700


def test_damaged_data_say_so(data):
    with using() as home:
        pass
    (home / "postgres" / "global" / "pg_control").write_bytes(b"")
    process = user()
    _out, err = process.communicate("", timeout=60)
    assert process.returncode != 0
    assert "The database does not start. PostgreSQL says:" in err
    assert "restore a backup" in err


def test_a_folder_that_cannot_be_made_says_so(data, monkeypatch):
    (data / "file").write_text("")
    monkeypatch.setenv("DATA_DIR", str(data / "file" / "below"))
    process = user()
    _out, err = process.communicate("", timeout=60)
    assert process.returncode != 0
    assert f"The database's folder {data / 'file' / 'below'} cannot be used" in err
    monkeypatch.setenv("DATA_DIR", str(data))


def test_a_socket_folder_of_another_account_is_refused(data, monkeypatch):
    other = data / "other"
    other.mkdir()
    (data / "link").symlink_to(other)
    with pytest.raises(embedded.EmbeddedError, match="another account"):
        embedded.server()._make_private(data / "link")


def test_it_is_not_thrown_away_while_in_use(data):
    with using(), pytest.raises(embedded.EmbeddedError, match="in use"):
        embedded.remove()


def test_it_does_nothing_with_another_database(data, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://localhost/other")
    leave(user())
    assert list(data.iterdir()) == []
    monkeypatch.delenv("DATABASE_URL")


def test_a_full_disk_says_so():
    text = Server(Path("data"))._explain(
        "The database does not start", "FATAL: could not write: No space left on device"
    )
    assert "the disk is full" in text
