"""`make install` on machines that lack something. Stand-ins for the programs note what they were asked."""

import shutil
import subprocess
from pathlib import Path

import pytest
from django.conf import settings

PYTHON = """#!/bin/sh
echo "python $*" >>"$LOG"
case "$*" in
"-m venv .venv") [ -z "${NO_VENV:-}" ] || { mkdir -p .venv/bin; exit 1; }
    mkdir -p .venv/bin; cp "$0" .venv/bin/python;;
*"pip install"*) [ -z "${NO_INDEX:-}" ] || exit 1;;
*version_info*) [ -z "${TOO_OLD:-}" ] || exit 1;;
esac
"""


@pytest.fixture
def project(tmp_path):
    """A project of a lock file and the script, with stand-ins for Python and no uv."""
    (tmp_path / "requirements").mkdir()
    shutil.copy(settings.BASE_DIR / "requirements" / "install.sh", tmp_path / "requirements")
    (tmp_path / "requirements" / "base.txt").write_text("django==5.2\n")
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "python3").write_text(PYTHON)
    (programs / "python3").chmod(0o755)
    for name in ("sh", "cmp", "rm", "cp", "touch", "df", "awk", "mkdir"):
        (programs / name).symlink_to(shutil.which(name))
    return tmp_path


def install(project: Path, **env: str) -> tuple[int, str, list[str]]:
    log = project / "log"
    log.write_text("")
    done = subprocess.run(
        ["sh", "requirements/install.sh", "base"],
        cwd=project,
        env={"PATH": str(project / "bin"), "PYTHON": "python3", "LOG": str(log), **env},
        capture_output=True,
        text=True,
        check=False,
    )
    installs = [line for line in log.read_text().splitlines() if "pip install" in line]
    return done.returncode, done.stdout + done.stderr, installs


def test_it_installs_once_with_hashes(project):
    assert install(project)[0] == 0
    code, said, installs = install(project)
    assert (code, said, installs) == (0, "", [])


def test_it_installs_again_when_the_lock_has_changed(project):
    _code, _said, installs = install(project)
    assert "--require-hashes -r requirements/base.txt" in installs[0]
    (project / "requirements" / "base.txt").write_text("django==5.3\n")
    assert len(install(project)[2]) == 1


def test_a_half_made_environment_is_made_again(project):
    install(project)
    (project / ".venv" / "installing").touch()
    (project / ".venv" / "rest").touch()
    code, said, installs = install(project)
    assert code == 0
    assert "half-made: making it again" in said
    assert len(installs) == 1
    assert not (project / ".venv" / "rest").exists()


def test_an_environment_whose_python_is_gone_is_made_again(project):
    install(project)
    (project / ".venv" / "bin" / "python").unlink()
    assert "half-made" in install(project)[1]


def test_without_the_venv_module_it_names_the_package(project):
    code, said, _installs = install(project, NO_VENV="1")
    assert code == 1
    assert "apt-get install python3-venv" in said
    assert not (project / ".venv").exists()


def test_an_old_python_is_refused(project):
    code, said, _installs = install(project, TOO_OLD="1")
    assert code == 1
    assert "needs Python 3.11 or later" in said


def test_no_python_at_all(project):
    (project / "bin" / "python3").unlink()
    code, said, _installs = install(project)
    assert code == 1
    assert "Python is missing" in said


def test_a_failed_installation_says_so_and_is_tried_again(project):
    code, said, _installs = install(project, NO_INDEX="1")
    assert code == 1
    assert "could not be installed" in said
    assert (project / ".venv" / "installing").exists()
    assert install(project)[0] == 0
