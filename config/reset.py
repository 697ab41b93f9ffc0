"""`make reset`: throw this machine's data away."""

import os
import shutil
import sys

from config import embedded


def main() -> None:
    """Ask, then remove the database and the data folder."""
    if os.environ.get("DATABASE_URL"):
        sys.exit("DATABASE_URL is set: this only throws away what the private database holds.")
    folder = embedded.data_dir()
    if not folder.exists():
        sys.exit("There is no data here.")
    if not os.environ.get("YES"):
        answer = input(f"Throw away everything in {folder}: members, cases, files? Type yes: ")
        if answer.strip().lower() != "yes":
            sys.exit("Nothing was changed.")
    try:
        embedded.remove()
    except embedded.EmbeddedError as error:
        sys.exit(str(error))
    shutil.rmtree(folder)
    sys.stdout.write("Done. `make run` starts afresh.\n")


if __name__ == "__main__":
    main()
