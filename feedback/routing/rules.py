"""Who gets a case, and who keeps one: the choice among agents, without a database."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from feedback.models import Strategy
from feedback.shifts.rules import SILENT

CHAT_AWAY = timedelta(minutes=2)
"""Whoever is away from an open chat for this long has left it."""

CHAT_KEPT = timedelta(minutes=5)
"""Whoever said something in a chat this recently, and is still there, finishes it after their shift."""

STICKY = timedelta(days=30)
"""A member comes back to the agent of a case that was opened this recently."""


class Why(StrEnum):
    """What decided for an agent."""

    DEDICATED = "dedicated"
    COVER = "cover"
    STICKY = "sticky"
    ROUND_ROBIN = "round_robin"
    LEAST_LOADED = "least_loaded"


class Obstacle(StrEnum):
    """Why an agent cannot be given a case."""

    SHIFT = "shift"
    OFFLINE = "offline"
    BUSY = "busy"
    AWAY = "away"
    SKILL = "skill"
    LANGUAGE = "language"
    FULL = "full"
    GAVE_BACK = "gave_back"


@dataclass(slots=True)
class Seat:
    """An agent who can be given something now, and what they have; the counts grow as cases are given."""

    agent: int
    skills: frozenset[int] = frozenset()
    languages: frozenset[str] = frozenset()
    chats: int = 0
    others: int = 0
    chat_capacity: int = 3
    capacity: int = 10
    turn: int = 0

    def load(self, *, is_chat: bool) -> int:
        """How much they have of this sort."""
        return self.chats if is_chat else self.others

    def limit(self, *, is_chat: bool) -> int:
        """How much they may have of this sort."""
        return self.chat_capacity if is_chat else self.capacity

    def room(self, *, is_chat: bool) -> int:
        """How many more of this sort they may be given."""
        return max(0, self.limit(is_chat=is_chat) - self.load(is_chat=is_chat))

    def take(self, *, is_chat: bool, turn: int) -> None:
        """Count one more case."""
        if is_chat:
            self.chats += 1
        else:
            self.others += 1
        self.turn = turn


@dataclass(frozen=True, slots=True)
class Need:
    """What a case asks of its agent.

    `own` are the member's dedicated agent and then those who cover for them, `recent` who looked after the
    member last, `never` who gave this case back.
    """

    is_chat: bool = False
    skill: int | None = None
    language: str = ""
    strategy: str = Strategy.ROUND_ROBIN
    own: tuple[int, ...] = ()
    recent: int | None = None
    never: int | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """The agent who gets a case, why, what they have with it, and among how many they were chosen."""

    agent: int
    why: Why
    load: int
    limit: int
    among: int


def spoken(language: str) -> str:
    """The language without its script or region: "zh" of "zh-hans"."""
    return language.partition("-")[0].casefold()


def obstacle(seat: Seat, need: Need) -> Obstacle | None:
    """What keeps somebody who is there from being given a case; None where nothing does."""
    if need.never == seat.agent:
        return Obstacle.GAVE_BACK
    if need.skill is not None and need.skill not in seat.skills:
        return Obstacle.SKILL
    if need.language and seat.languages and spoken(need.language) not in seat.languages:
        return Obstacle.LANGUAGE
    return None if seat.room(is_chat=need.is_chat) else Obstacle.FULL


def choose(need: Need, seats: Iterable[Seat]) -> Choice | None:
    """Choose the agent for a case, and count it as theirs; None when nobody can take it.

    First the member's own agent, then their cover in order, then who looked after the member last, then by
    the strategy: whose turn it is, or who has the least to do for what they can.
    """
    able = {seat.agent: seat for seat in seats if obstacle(seat, need) is None}
    if not able:
        return None
    why, seat = _preferred(need, able)
    turn = 1 + max(one.turn for one in able.values())
    seat.take(is_chat=need.is_chat, turn=turn)
    return Choice(
        seat.agent, why, seat.load(is_chat=need.is_chat), seat.limit(is_chat=need.is_chat), len(able)
    )


def _preferred(need: Need, able: dict[int, Seat]) -> tuple[Why, Seat]:
    for place, agent in enumerate(need.own):
        if agent in able:
            return (Why.COVER if place else Why.DEDICATED), able[agent]
    if need.recent in able:
        return Why.STICKY, able[need.recent]
    if need.strategy == Strategy.LEAST_LOADED:
        return Why.LEAST_LOADED, min(able.values(), key=lambda seat: _fullness(seat, is_chat=need.is_chat))
    return Why.ROUND_ROBIN, min(able.values(), key=lambda seat: (seat.turn, seat.agent))


def _fullness(seat: Seat, *, is_chat: bool) -> tuple[float, int, int]:
    return seat.load(is_chat=is_chat) / seat.limit(is_chat=is_chat), seat.turn, seat.agent


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Where the agent of a case is: on duty or not, there or since when gone (None while there)."""

    on_shift: bool
    is_offline: bool
    gone_since: datetime | None

    def has_left(self, at: datetime, patience: timedelta) -> str:
        """Why the agent counts as gone for a department with this patience; "" while they do not."""
        if not self.on_shift:
            return "shift"
        if self.gone_since is None or at - self.gone_since < patience:
            return ""
        return "offline" if self.is_offline else "away"

    def has_left_chat(self, at: datetime) -> str:
        """The same for a chat, which does not wait: offline is gone."""
        return "offline" if self.is_offline else self.has_left(at, CHAT_AWAY)


def keeps(
    *, is_chat: bool, is_offline: bool, last: datetime | None, keep_for: timedelta, at: datetime
) -> bool:
    """Whether somebody who has left keeps a case, `last` being when they did something in it.

    A chat for some minutes, and only while they are still there (who has just done something is); any other
    case for as long as their department says.
    """
    if last is None:
        return False
    silent = at - last
    if is_chat:
        return silent < CHAT_KEPT and not (is_offline and silent > SILENT)
    return silent < keep_for


def chain(over: dict[int, int | None], start: int) -> Sequence[int]:
    """The departments that a case overflows to, one after another; a circle ends before it closes."""
    found: list[int] = []
    one = over.get(start)
    while one is not None and one != start and one not in found:
        found.append(one)
        one = over.get(one)
    return found
