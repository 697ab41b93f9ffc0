"""What the settings make of the environment, in processes of their own."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from config import settings as module

ROOT = Path(module.__file__).resolve().parent.parent
SERVER = {
    "DATABASE_URL": "postgresql://huiyin@localhost/huiyin",
    "SECRET_KEY": "k" * 60,
    "AUDIT_KEY": "a" * 60,
    "ALLOWED_HOSTS": "huiyin.example",
}


def started(code: str, tmp_path: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """What `manage.py shell`-like code prints under this environment alone."""
    return subprocess.run(
        [sys.executable, "-c", f"from config import settings\n{code}"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "DATA_DIR": str(tmp_path), **env},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("name", ["SECRET_KEY", "AUDIT_KEY"])
def test_production_without_a_key_refuses_to_start(tmp_path, name):
    env = {key: value for key, value in SERVER.items() if key != name}
    done = subprocess.run(
        [sys.executable, "manage.py", "migrate"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "DATA_DIR": str(tmp_path), **env},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.strip() == f"{name} must be set when DATABASE_URL is set."


def test_production_is_shut_unless_told_otherwise(tmp_path):
    code = "print(s.DEBUG, s.LAPTOP, s.SECURE_SSL_REDIRECT, s.SESSION_COOKIE_SECURE, s.ALLOWED_HOSTS)"
    done = started(f"s = settings\n{code}", tmp_path, **SERVER)
    assert done.stdout.strip() == "False False True True ['huiyin.example']"


def test_a_laptop_makes_its_keys_once_and_keeps_them_private(tmp_path):
    first = started("print(settings.SECRET_KEY, settings.AUDIT_KEY, settings.DEBUG)", tmp_path)
    second = started("print(settings.SECRET_KEY, settings.AUDIT_KEY, settings.DEBUG)", tmp_path)
    assert first.stdout == second.stdout
    secret, audit, debug = first.stdout.split()
    assert len({secret, audit}) == 2
    assert debug == "False"
    assert {(tmp_path / name).stat().st_mode & 0o777 for name in ("secret_key", "audit_key")} == {0o600}


def test_debug_is_on_only_when_asked_for(tmp_path):
    assert started("print(settings.DEBUG)", tmp_path, DEBUG="1").stdout.strip() == "True"
    assert started("print(settings.DEBUG)", tmp_path, DEBUG="0").stdout.strip() == "False"


def test_importing_the_settings_starts_nothing(tmp_path):
    started("", tmp_path)
    assert not (tmp_path / "postgres").exists()


@pytest.mark.req("P5")
def test_a_broker_and_a_cache_elsewhere(tmp_path):
    code = "print(settings.CELERY_BROKER_URL, settings.CACHES['default']['LOCATION'])"
    done = started(code, tmp_path, BROKER_URL="amqp://b", CACHE_URL="redis://c", **SERVER)
    assert done.stdout.split() == ["amqp://b", "redis://c"]


READS = re.compile(r'(?:environ\.get\(|environ\.setdefault\(|environ\[|_flag\(|_list\(|_secret\()"([A-Z_]+)"')
NOT_SETTINGS = {"DJANGO_SETTINGS_MODULE", "PYTHONUNBUFFERED", "PYTHONWARNINGS", "PATH", "YES"}


def test_every_variable_is_in_the_table_of_the_operations_guide():
    sources = "".join(path.read_text() for path in (ROOT / "config").glob("*.py"))
    guide = (ROOT / "docs" / "operations.md").read_text()
    told = set(re.findall(r"^\| `([A-Z_]+)`", guide, re.MULTILINE))
    assert told == set(READS.findall(sources)) - NOT_SETTINGS
