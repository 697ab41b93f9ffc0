"""Plain lists that apps append to in `ready()`, so that lower floors need not import upper ones."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Periodic:
    """A task that beat wakes."""

    name: str
    task: str
    every_seconds: int


@dataclass(frozen=True, slots=True)
class Account:
    """A demo account: who it is, the page to sign in at, the name, and the secret or how to get one."""

    who: str
    page: str
    name: str
    secret: str


DEFAULTS: list[Callable[[datetime], None]] = []
"""What `seed_defaults` runs, lower apps first; each may run again at any time and changes no edits."""

DEMO: list[Callable[[datetime], None]] = []
"""What `seed_demo` runs, lower apps first; accounts get `config.common.demo.password()`."""

ACCOUNTS: list[Callable[[], Sequence[Account]]] = []
"""The demo accounts that `make run` prints at every start."""

PERIODIC: list[Periodic] = []
"""What beat wakes; `seed_defaults` writes it into django-celery-beat's tables."""
