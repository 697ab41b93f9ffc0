"""PostgreSQL's programs on the database, and the backup and restore that the operations guide promises."""

import os
import subprocess
import sys

import pytest
from django.conf import settings

from config import embedded
from tests.programs import data_folder


def pg(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "config.pg", *arguments],
        cwd=settings.BASE_DIR,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_backup_restores_into_an_empty_installation(monkeypatch, tmp_path):
    monkeypatch.delenv("DATABASE_URL", raising=False)
    dump = tmp_path / "huiyin.dump"
    with data_folder() as old, data_folder() as new:
        monkeypatch.setenv("DATA_DIR", str(old))
        pg("psql", "-qc", "CREATE TABLE kept AS SELECT 7 AS n")
        pg("pg_dump", "--format=custom", f"--file={dump}")
        embedded.remove()
        monkeypatch.setenv("DATA_DIR", str(new))
        pg("pg_restore", "--clean", "--if-exists", "--no-owner", str(dump))
        assert pg("psql", "-Atc", "SELECT n FROM kept").strip() == "7"
        embedded.remove()


@pytest.mark.parametrize("arguments", [[], ["rm"]])
def test_other_programs_are_refused(arguments):
    done = subprocess.run(
        [sys.executable, "-m", "config.pg", *arguments],
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "Say one of psql" in done.stderr
