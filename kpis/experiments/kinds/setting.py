"""What can be done with a kind of setting that experiments test."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.functional import Promise

from config.common.models import User
from config.common.variants import Content
from kpis.experiments.met import Trace
from kpis.models import Tested


@dataclass(frozen=True, slots=True)
class Asked:
    """Something that is asked of whoever plans a variant; `choices` where it is one of some."""

    name: str
    label: str | Promise
    now: str
    is_long: bool = False
    is_needed: bool = True
    choices: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True, slots=True)
class SettingKind:
    """A kind of setting. Keys are those of config.common.variants."""

    kind: Tested
    listed: Callable[[], list[tuple[str, str]]]
    """The keys of the settings that can be tested, and what they are called."""
    now: Callable[[str], Content | None]
    """What a setting says now, as published; None where there is no such setting."""
    asks: Callable[[Content], list[Asked]]
    """What is asked for a variant of one that says so."""
    parse: Callable[[Content, Mapping[str, Any]], Content]
    """What was answered as a variant. Raises Invalid with the name of what is wrong."""
    said: Callable[[Content], str]
    """What it says, for people."""
    trace: Callable[[str], Trace]
    """What it leaves of the members who meet it."""
    hold: Callable[[str], object]
    """Lock it until the transaction ends, as whoever edits it does."""
    write: Callable[[str, Content, str, User | None, datetime], str]
    """Write it as a new version by the command of its app, which asks for the right; names the version."""
