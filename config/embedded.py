"""The private PostgreSQL that starts when DATABASE_URL is unset."""

from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent


def data_dir() -> Path:
    return BASE_DIR / ".data"


def url() -> str:
    return "postgresql://postgres@localhost/huiyin"


def use() -> None:
    """Placeholder until the platform work lands."""
