"""Telling pages at once that something has changed: PostgreSQL's NOTIFY across processes and machines.

The database is the truth, and a signal says only when to look again: who waits looks first, sleeps until a
topic of theirs is rung, and looks again. A signal that is lost costs seconds, never a message.

Topics are short words such as "case:12", "chat:12", "user:3". Whoever waits for "case" is rung by any
"case:…". Every event of the log rings its subject by a trigger (config.common.models.RING); everything else
is rung by `publish`.

A process has one connection that listens, in a thread of its own, from the first waiting on. Who waits holds
a thread and no database connection. Where waiting is not possible (too many wait, the database is away, a
pooler swallows the signals), `wait` answers at once and says when to ask again: short polling.
"""

import atexit
import logging
import os
import secrets
import socket
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import psycopg
from django.conf import settings
from django.db import connection, connections

log = logging.getLogger(__name__)

CHANNEL = "live"
EVERYTHING = "*"  # what rings when there is too much to name
TOPIC_LENGTH = 100
POLL_SECONDS = 1.5  # how often to ask where nobody can wait
SLOW_SECONDS = 2.0  # a slow topic wakes no oftener
WAITS_EACH = 4  # of one owner in one process: a page that was left must not keep the next one out
CHECK_SECONDS = 10.0  # how long the listener hears nothing before it asks whether the line is alive
ECHO_SECONDS = 3.0  # a signal of our own must come back in this time, else the line is deaf
DEAF_SECONDS = 60.0  # then it is tried again
RECONNECT_SECONDS = (0.5, 1.0, 2.0, 5.0)

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Answer(Generic[Found]):
    """What was found, and after how many seconds to ask again: 0 is at once."""

    found: Found | None
    again_after: float = 0


def publish(*topics: str) -> None:
    """Ring these topics when the present transaction commits; never if it is rolled back.

    Raises:
        RuntimeError: called outside a transaction.
        ValueError: a topic that is empty, too long or has a space in it.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("a signal belongs to the transaction of its change")
    for topic in topics:
        if not topic or len(topic) > TOPIC_LENGTH or " " in topic:
            raise ValueError(f"not a topic: {topic!r}")
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, " ".join(topics)])


def wait(
    topics: Collection[str],
    look: Callable[[], Found | None],
    *,
    timeout: float,
    owner: str,
    slow: Collection[str] = (),
) -> Answer[Found]:
    """Give what `look` finds, now or as soon as one of the topics is rung; None after `timeout` seconds.

    `look` asks the database and gives None when there is nothing new. It runs when the waiting begins and at
    every ring; meanwhile the thread's database connection is given back. The `slow` topics, such as those
    of lists that many watch, wake it every SLOW_SECONDS at most. `owner` is who waits, such as "user:3":
    somebody who waits too often at once is answered for the oldest.

    Inside a transaction nothing is waited for.
    """
    hub = _hub()
    waiter = None if timeout <= 0 or connection.in_atomic_block else hub.enter(topics, slow, owner)
    if waiter is None:
        return Answer(look(), POLL_SECONDS)
    try:
        until = time.monotonic() + timeout
        while True:
            waiter.clear()
            looked = time.monotonic()
            found = look()
            if found is not None or time.monotonic() >= until:
                return Answer(found)
            release()
            waiter.sleep(until, looked + SLOW_SECONDS)
            if waiter.sent_away is not None:
                return Answer(None, waiter.sent_away)
    finally:
        hub.leave(waiter)


def release() -> None:
    """Give this thread's database connection back before something that takes long, such as a download."""
    if not connection.in_atomic_block:
        connection.close()


def stop() -> None:
    """Stop listening in this process and answer everybody who waits; the next waiting begins anew."""
    global _current
    hub, _current = _current, None
    if hub is not None and hub.pid == os.getpid():
        hub.stop()


class _Waiter:
    """Somebody who waits, with a bell of their own."""

    def __init__(self, topics: Collection[str], slow: Collection[str], owner: str) -> None:
        self.topics, self.slow, self.owner = frozenset(topics), frozenset(slow), owner
        self.sent_away: float | None = None
        self._bell = threading.Event()
        self._urgent = False

    def clear(self) -> None:
        """Forget what was rung until now: it is looked at next."""
        self._urgent = False
        self._bell.clear()
        if self.sent_away is not None:
            self.ring()

    def ring(self, *, urgent: bool = True) -> None:
        """Wake them, at once if it is urgent."""
        self._urgent = self._urgent or urgent
        self._bell.set()

    def send_away(self, again_after: float) -> None:
        """End the waiting."""
        self.sent_away = again_after
        self.ring()

    def sleep(self, until: float, slowly: float) -> None:
        """Sleep until something urgent or `until`; for something slow until `slowly` at least."""
        if not self._bell.wait(max(until - time.monotonic(), 0)):
            return
        while not self._urgent and (left := min(slowly, until) - time.monotonic()) > 0:
            self._bell.clear()
            if not self._urgent:
                self._bell.wait(left)


class _Hub:
    """Everybody who waits in this process, and the thread that listens for them."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self._lock = threading.Lock()
        self._rooms: dict[str, set[_Waiter]] = defaultdict(set)
        self._owners: dict[str, deque[_Waiter]] = defaultdict(deque)
        self._count = 0
        self._hears = True  # until it is known to be otherwise: the first to wait need not poll
        self._stopped = threading.Event()
        self._line: psycopg.Connection[Any] | None = None
        self._thread = threading.Thread(target=self._listen, name="live", daemon=True)
        self._thread.start()

    def enter(self, topics: Collection[str], slow: Collection[str], owner: str) -> _Waiter | None:
        """Begin to wait; None where that is not possible now."""
        waiter = _Waiter(topics, slow, owner)
        with self._lock:
            if not self._hears or self._stopped.is_set():
                return None
            mine = self._owners[owner]
            if len(mine) >= WAITS_EACH:
                mine[0].send_away(POLL_SECONDS)
                self._remove(mine[0])
            if self._count >= settings.LIVE_WAITERS:
                if not mine:
                    del self._owners[owner]
                return None
            self._owners[owner].append(waiter)
            for topic in (*waiter.topics, *waiter.slow):
                self._rooms[topic].add(waiter)
            self._count += 1
        return waiter

    def leave(self, waiter: _Waiter) -> None:
        """End a waiting."""
        with self._lock:
            self._remove(waiter)

    def _remove(self, waiter: _Waiter) -> None:
        mine = self._owners.get(waiter.owner, ())
        if waiter not in mine:
            return
        self._owners[waiter.owner].remove(waiter)
        if not self._owners[waiter.owner]:
            del self._owners[waiter.owner]
        for topic in (*waiter.topics, *waiter.slow):
            if room := self._rooms.get(topic):
                room.discard(waiter)
                if not room:
                    del self._rooms[topic]
        self._count -= 1

    @property
    def count(self) -> int:
        """How many wait."""
        return self._count

    def stop(self) -> None:
        """Answer everybody and close the line."""
        self._stopped.set()
        self._send_all_away()
        if line := self._line:
            _cut(line)
        if self._thread is not threading.current_thread():
            self._thread.join(timeout=1)

    def _ring(self, topics: str) -> None:
        with self._lock:
            if topics == EVERYTHING:
                waiters = {waiter for room in self._rooms.values() for waiter in room}
                for waiter in waiters:
                    waiter.ring()
                return
            for topic in topics.split():
                for name in {topic, topic.partition(":")[0]}:
                    for waiter in self._rooms.get(name, ()):
                        waiter.ring(urgent=name in waiter.topics)

    def _send_all_away(self) -> None:
        with self._lock:
            for waiters in self._owners.values():
                for place, waiter in enumerate(waiters):
                    waiter.send_away(POLL_SECONDS * (0.5 + place / WAITS_EACH))

    # the listener's thread

    def _listen(self) -> None:
        failed = 0
        while not self._stopped.is_set():
            pause = RECONNECT_SECONDS[min(failed, len(RECONNECT_SECONDS) - 1)]
            try:
                with _connect() as line:
                    self._line = line
                    line.execute(f"LISTEN {CHANNEL}")
                    if _echoes(line):
                        failed = 0
                        self._hears = True
                        self._ring(EVERYTHING)  # what was said meanwhile, nobody has heard
                        self._follow(line)
                    else:
                        pause = DEAF_SECONDS
                        log.warning(
                            "live: signals do not come through; set LIVE_DATABASE_URL to a direct address"
                        )
            except (psycopg.Error, OSError) as error:
                if not self._stopped.is_set():
                    log.warning("live: the line is down: %s", type(error).__name__)
            self._line = None
            self._hears = False
            failed += 1
            self._send_all_away()
            self._stopped.wait(pause)

    def _follow(self, line: "psycopg.Connection[Any]") -> None:
        """Pass on what comes, until the line breaks."""
        while not self._stopped.is_set():
            heard = False
            for signal in line.notifies(timeout=CHECK_SECONDS):
                heard = True
                self._ring(signal.payload)
            if not heard:
                line.execute("SELECT 1")


def _connect() -> "psycopg.Connection[Any]":
    """A connection of its own; LIVE_DATABASE_URL goes past a pooler."""
    if settings.LIVE_DATABASE_URL:
        return psycopg.connect(settings.LIVE_DATABASE_URL, autocommit=True, connect_timeout=5)
    return _ordinary()


def _cut(line: "psycopg.Connection[Any]") -> None:
    """End a connection that another thread sleeps on: to close it would not wake that thread."""
    with suppress(psycopg.Error, OSError), socket.socket(fileno=os.dup(line.fileno())) as end:
        end.shutdown(socket.SHUT_RDWR)


def _ordinary() -> "psycopg.Connection[Any]":
    given = connections["default"].get_connection_params()
    known = {name: value for name, value in given.items() if name not in {"cursor_factory", "context"}}
    return psycopg.connect(**{**known, "connect_timeout": 5}, autocommit=True)


def _echoes(line: "psycopg.Connection[Any]") -> bool:
    """Whether what the application notifies is heard here: behind a transaction pooler it is not."""
    token = f"echo:{secrets.token_hex(8)}"
    with _ordinary() as other:
        other.execute("SELECT pg_notify(%s, %s)", [CHANNEL, token])
    until = time.monotonic() + ECHO_SECONDS
    while (left := until - time.monotonic()) > 0:
        for signal in line.notifies(timeout=left, stop_after=1):
            if signal.payload == token:
                return True
    return False


_current: _Hub | None = None
_making = threading.Lock()


def _hub() -> _Hub:
    """The hub of this process."""
    global _current  # noqa: PLW0603 -- see stop
    with _making:
        if _current is None:
            _current = _Hub()
        return _current


def _forget() -> None:
    """A forked child has neither the thread nor the line of its parent: it begins anew."""
    global _current, _making
    _current, _making = None, threading.Lock()


os.register_at_fork(after_in_child=_forget)
atexit.register(stop)
