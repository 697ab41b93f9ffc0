"""`python -m config.pg PROGRAM …`: psql, pg_dump and the like, on the database that Huiyin uses."""

import os
import subprocess
import sys
from typing import Any

from django.conf import settings

from config import embedded

PROGRAMS = ("psql", "pg_dump", "pg_restore", "pg_isready", "pgbench")
VARIABLES = {
    "PGHOST": "HOST",
    "PGPORT": "PORT",
    "PGUSER": "USER",
    "PGPASSWORD": "PASSWORD",
    "PGDATABASE": "NAME",
}


def main(arguments: list[str]) -> int:
    """Run one of the programs with libpq's variables set; returns what it returned."""
    if not arguments or arguments[0] not in PROGRAMS:
        sys.stderr.write(f"Say one of {', '.join(PROGRAMS)}, and its arguments.\n")
        return 2
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    program, *rest = arguments
    try:
        embedded.use()
        command = [str(embedded.server().program(program)), *rest]
    except embedded.EmbeddedError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    database: dict[str, Any] = {**settings.DATABASES["default"]}
    if program == "pg_restore":
        command.insert(
            1, f"--dbname={database['NAME']}"
        )  # the one program that does not take it from PGDATABASE
    given = {variable: str(database[name]) for variable, name in VARIABLES.items() if database[name]}
    done = subprocess.run(command, env={**os.environ, **given}, check=False)  # noqa: S603 -- one of PROGRAMS
    return done.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
