"""The demo shop's password and whether it is there: both belong to one installation."""

from django.conf import settings

from config.common.kept import kept


def password() -> str:
    """The password of every demo account here, made once."""
    return kept(settings.DATA_DIR / "demo_password", 9)


def is_seeded() -> bool:
    """Whether the demo shop has been made."""
    return bool((settings.DATA_DIR / "demo_seeded").exists())


def mark_seeded() -> None:
    """Remember that the demo shop has been made."""
    (settings.DATA_DIR / "demo_seeded").touch()
