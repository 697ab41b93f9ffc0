"""Secrets that an installation makes for itself and keeps in files that only it may read."""

import secrets
import tempfile
from contextlib import suppress
from pathlib import Path


def kept(path: Path, length: int) -> str:
    """The secret in the file, of some `length` bytes, made when there is none; the same for all who ask."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=path.parent) as whole:  # private from the start
            whole.write(secrets.token_urlsafe(length))
            whole.flush()
            with suppress(FileExistsError):  # another process was first
                path.hardlink_to(whole.name)
    return path.read_text()
