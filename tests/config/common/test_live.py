"""Signals between processes, and waiting for them: real connections, no clock is measured."""

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import psycopg
import pytest
from django.db import connection, transaction

from config.common import live
from config.common.events import Happening, record, record_all
from tests.factories.common import UserFactory
from tests.factories.compensation import T0

pytestmark = pytest.mark.django_db(transaction=True)
LONG = 30.0  # nobody waits that long unless a signal was lost


@pytest.fixture(autouse=True)
def stopped():
    live.stop()
    yield
    live.stop()


@contextmanager
def waiting(*topics, look=lambda: None, timeout=LONG, owner="user:1", slow=()):
    """A future of somebody who waits by now: has looked once and sleeps."""
    looked = threading.Event()
    looks = []

    def seen():
        looks.append(1)
        looked.set()
        return look() if len(looks) > 1 else None

    def run():
        try:
            return live.wait(topics, seen, timeout=timeout, owner=owner, slow=slow)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(run)
        assert looked.wait(10)
        future.looks = looks
        yield future
        live._hub()._send_all_away()


def hear():
    """Have the line up: a first waiting opens it, and its answer comes from a signal."""
    with waiting("start", look=lambda: "heard") as future:
        publish("start")
        assert future.result(10).found == "heard"


def publish(*topics):
    with transaction.atomic():
        live.publish(*topics)


def test_who_waits_is_woken_by_a_topic_and_finds_what_is_new():
    with waiting("chat:1", look=lambda: "message") as future:
        publish("chat:1")
        assert future.result(10) == live.Answer("message", 0)


def test_what_is_there_already_is_found_without_waiting():
    assert live.wait(["chat:1"], lambda: "old", timeout=LONG, owner="user:1") == live.Answer("old", 0)


def test_another_topic_wakes_nobody():
    with waiting("chat:1", look=lambda: "message", timeout=LONG) as future:
        publish("chat:2", "user:1")
        publish("chat:1")
        assert future.result(10).found == "message"


def test_what_is_rolled_back_is_never_rung():
    rung = []
    with psycopg.connect(**params(), autocommit=True) as line:
        line.execute(f"LISTEN {live.CHANNEL}")
        with transaction.atomic():
            live.publish("chat:1")
            transaction.set_rollback(True)
        publish("chat:2")
        rung += [signal.payload for signal in line.notifies(timeout=10, stop_after=1)]
    assert rung == ["chat:2"]


def params():
    given = connection.get_connection_params()
    return {name: value for name, value in given.items() if name not in {"cursor_factory", "context"}}


def test_a_signal_outside_a_transaction_is_a_mistake():
    with pytest.raises(RuntimeError):
        live.publish("chat:1")


@pytest.mark.parametrize("topic", ["", "two words", "x" * 101])
def test_a_topic_is_a_short_word(topic):
    with pytest.raises(ValueError, match="not a topic"), transaction.atomic():
        live.publish(topic)


def test_every_event_rings_what_it_is_about_and_the_case_that_it_names():
    user = UserFactory()
    with psycopg.connect(**params(), autocommit=True) as line:
        line.execute(f"LISTEN {live.CHANNEL}")
        with transaction.atomic():
            record("user.seen", user, actor=None, at=T0, case=12)
            record("user.seen", user, actor=None, at=T0, case=12)
        with transaction.atomic():
            record("user.seen", user, actor=None, at=T0, case="no number")
        rung = [signal.payload for signal in line.notifies(timeout=10, stop_after=2)]
    assert rung == [f"case:12 user:{user.pk}", f"user:{user.pk}"]


def test_very_many_events_ring_everything_once():
    user = UserFactory()
    with psycopg.connect(**params(), autocommit=True) as line:
        line.execute(f"LISTEN {live.CHANNEL}")
        with transaction.atomic():
            record_all(Happening("user.seen", user, T0, None, {"case": number}) for number in range(2_000))
        rung = [signal.payload for signal in line.notifies(timeout=10, stop_after=1)]
    assert rung == [live.EVERYTHING]


def test_everything_wakes_everybody():
    with waiting("chat:1", look=lambda: "message") as future:
        publish(live.EVERYTHING)
        assert future.result(10).found == "message"


def test_a_kind_of_topic_is_rung_by_each_of_the_kind():
    with waiting("case", look=lambda: "a case") as future:
        publish("case:7")
        assert future.result(10).found == "a case"


def others() -> int:
    """How many connections of this database are neither ours nor the line's."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            " AND query NOT LIKE 'LISTEN%%' AND query <> 'SELECT 1'"
        )
        return cursor.fetchone()[0]


def test_who_waits_holds_no_database_connection():
    hear()
    with waiting("chat:1", look=lambda: connection.connection) as future:
        end = time.monotonic() + 10  # those of earlier tests may still be closing
        while others() and time.monotonic() < end:
            time.sleep(0.1)
        assert others() == 0
        publish("chat:1")
        live.stop()
        assert future.result(10)


def test_inside_a_transaction_nothing_is_waited_for():
    with transaction.atomic():
        answer = live.wait(["chat:1"], lambda: None, timeout=LONG, owner="user:1")
    assert answer == live.Answer(None, live.POLL_SECONDS)


def test_beyond_the_bound_one_polls(settings):
    settings.LIVE_WAITERS = 1
    with waiting("chat:1", look=lambda: "found") as future:
        answer = live.wait(["chat:2"], lambda: "looked all the same", timeout=LONG, owner="user:2")
        assert answer == live.Answer("looked all the same", live.POLL_SECONDS)
        publish("chat:1")
        assert future.result(10).found == "found"
    settings.LIVE_WAITERS = 200


def test_somebody_with_too_many_pages_is_answered_for_the_oldest():
    with waiting("chat:1") as oldest:
        others = [waiting(f"chat:{n}") for n in range(2, 2 + live.WAITS_EACH)]
        for other in others:
            other.__enter__()
        assert oldest.result(10) == live.Answer(None, live.POLL_SECONDS)
        for other in others:
            other.__exit__(None, None, None)


def test_a_stop_answers_everybody():
    with waiting("chat:1") as future:
        live.stop()
        answer = future.result(10)
    assert answer.found is None
    assert answer.again_after > 0


def test_the_line_comes_back_when_the_database_ended_it():
    hear()
    with waiting("chat:1") as future:
        end_lines()
        assert future.result(10).again_after > 0
    wait_for(lambda: live._hub()._hears)
    hear()


def wait_for(condition):
    """Give a thread up to half a minute; it takes a moment."""
    for _try in range(600):
        if condition():
            return
        time.sleep(0.05)
    pytest.fail("it did not happen")


def end_lines():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def test_a_line_that_hears_nothing_is_not_waited_on(settings, monkeypatch):
    settings.LIVE_DATABASE_URL = f"postgresql://{other_database()}"
    monkeypatch.setattr(live, "ECHO_SECONDS", 0.2)
    with waiting("chat:1") as future:
        assert future.result(20).again_after > 0
    answer = live.wait(["chat:1"], lambda: None, timeout=LONG, owner="user:1")
    assert answer.again_after == live.POLL_SECONDS


def other_database():
    """The same server's database `postgres`, to which no signal of ours goes: as deaf as a pooler."""
    known = params()
    host = str(known.get("host") or "").replace("/", "%2F")
    secret = f":{known['password']}" if known.get("password") else ""
    return f"{known['user']}{secret}@{host}:{known.get('port') or 5432}/postgres"


def test_a_slow_topic_wakes_seldom(monkeypatch):
    monkeypatch.setattr(live, "SLOW_SECONDS", 1000.0)
    hear()
    with waiting("chat:1", slow=["chats"], look=lambda: "found") as future:
        publish("chats")
        publish("chats")
        publish("chat:9")
        assert len(future.looks) == 1
        publish("chat:1")
        assert future.result(10).found == "found"
        assert len(future.looks) == 2


def test_a_slow_topic_wakes_in_the_end(monkeypatch):
    monkeypatch.setattr(live, "SLOW_SECONDS", 0.2)
    with waiting("chat:1", slow=["chats"], look=lambda: "found") as future:
        publish("chats")
        assert future.result(10).found == "found"


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_a_forked_child_begins_anew():
    hear()
    with waiting("chat:1", look=lambda: "found") as future:
        child = os.fork()
        if child == 0:
            os._exit(0 if live._current is None else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        publish("chat:1")
        assert future.result(10).found == "found"
