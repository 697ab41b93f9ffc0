"""The demo shop's password and whether it is there: both belong to one installation."""

import os
import secrets
from contextlib import suppress

from django.conf import settings


def password() -> str:
    """The password of every demo account here, made once."""
    path = settings.DATA_DIR / "demo_password"
    with suppress(FileExistsError), open(path, "x", opener=_private) as file:
        file.write(secrets.token_urlsafe(9))
    return str(path.read_text())


def is_seeded() -> bool:
    """Whether the demo shop has been made."""
    return bool((settings.DATA_DIR / "demo_seeded").exists())


def mark_seeded() -> None:
    """Remember that the demo shop has been made."""
    (settings.DATA_DIR / "demo_seeded").touch()


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
