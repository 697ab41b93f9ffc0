"""Plain lists that apps append to in `ready()`, so that lower floors need not import upper ones."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.http.response import HttpResponseBase
from django.utils.functional import Promise


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


@dataclass(frozen=True, slots=True)
class Page:
    """A page of our own on the admin site, below /admin/; only staff who have signed in get to its view."""

    path: str
    view: Callable[..., HttpResponseBase]
    name: str


@dataclass(frozen=True, slots=True)
class MenuItem:
    """A page in the menu of staff who have one of the permissions; without any, of everybody."""

    title: str | Promise
    page: str
    icon: str
    permissions: tuple[str, ...] = ()
    waiting: Callable[[Any], QuerySet[Any]] | None = None
    """What waits there for a person; every page counts it, so it has to lie in an index."""
    group: str = "work"
    """The heading it stands below: a key of `config.common.menu.GROUPS`."""
    rank: int = 0
    """How much it is used: the highest that a person may open stand in the bar as well, 0 never does."""


DEFAULTS: list[Callable[[datetime], None]] = []
"""What `seed_defaults` runs, lower apps first; each may run again at any time and changes no edits."""

DEPARTMENTS: list[Callable[[], Mapping[str, str]]] = []
"""Who knows the names of departments by their codes, for floors that know the codes alone."""

DEMO: list[Callable[[datetime], None]] = []
"""What `seed_demo` runs, lower apps first; accounts get `config.common.demo.password()`."""

ACCOUNTS: list[Callable[[], Sequence[Account]]] = []
"""The demo accounts that `make run` prints at every start."""

PERIODIC: list[Periodic] = []
"""What beat wakes; `seed_defaults` writes it into django-celery-beat's tables."""

PAGES: list[Page] = []
"""Pages of our own on the admin site; their names are reversed as "admin:NAME"."""

MENU: list[MenuItem] = []
"""What stands in the menu of staff, in this order."""

BESIDE_WORDS: list[Callable[[Any, str, int], str]] = []
"""Addresses of the cards that apps show somebody beside a "review" or "post", by its number; "": none."""


def department_names() -> dict[str, str]:
    """The departments' names by their codes, in the language of the moment."""
    return {code: name for find in DEPARTMENTS for code, name in find().items()}
