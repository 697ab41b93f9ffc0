"""Plain lists that apps append to in `ready()`, so that lower floors need not import upper ones."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from config.common.models import OutboxMessage


@dataclass(frozen=True, slots=True)
class Periodic:
    """A task that beat wakes."""

    name: str
    task: str
    every_seconds: int


DEFAULTS: list[Callable[[datetime], None]] = []
"""What `seed_defaults` runs, lower apps first; each may run again at any time and changes no edits."""

DEMO: list[Callable[[datetime], None]] = []
"""What `seed_demo` runs, lower apps first."""

PERIODIC: list[Periodic] = []
"""What beat wakes; `seed_defaults` writes it into django-celery-beat's tables."""

SENDERS: dict[str, Callable[[OutboxMessage], None]] = {}
"""Who sends an outbox message, by its kind; raises when it could not."""
