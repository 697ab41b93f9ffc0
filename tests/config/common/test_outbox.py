import threading
import uuid
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
import time_machine
from django.core.management import call_command
from django.db import connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from config.common import outbox
from config.common.models import OutboxMessage, OutboxStatus
from config.common.outbox import LONGEST_DELAY, SENDERS, Dropped, Refused, delay, relay
from tests.plans import in_order

AT = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
LATER = timedelta(hours=2)


@pytest.fixture
def sent(monkeypatch):
    """What a well-behaved sender of the kind "test" has sent."""
    messages = []
    monkeypatch.setitem(SENDERS, "test", messages.append)
    return messages


def put(key="1", kind="test", **payload):
    with transaction.atomic():
        outbox.put(kind, key=key, recipient="member:1", payload=payload, at=AT)
    return OutboxMessage.objects.get(key=key)


def failing(monkeypatch, error):
    def send(_message):
        raise error

    monkeypatch.setitem(SENDERS, "test", send)


@pytest.mark.django_db
def test_a_message_is_sent_once(sent):
    put()
    assert relay(AT).sent == 1
    assert relay(AT + LATER).total == 0
    row = OutboxMessage.objects.get()
    assert (row.status, row.attempts) == (OutboxStatus.SENT, 1)
    assert AT <= row.sent_at < AT + timedelta(seconds=5)
    assert len(sent) == 1


@pytest.mark.django_db
def test_a_message_is_not_sent_before_its_time(sent):
    put()
    assert relay(AT - timedelta(seconds=1)).total == 0
    assert not sent


@pytest.mark.django_db
def test_the_same_key_is_written_once(sent):
    put(text="a")
    put(text="b")
    assert OutboxMessage.objects.get().payload == {"text": "a"}


@pytest.mark.django_db(transaction=True)
def test_outside_a_transaction_nothing_is_written():
    with pytest.raises(RuntimeError):
        outbox.put("test", key="1", recipient="", payload={}, at=AT)


@pytest.mark.django_db
def test_a_failure_is_tried_again_later_under_the_same_request_id(monkeypatch):
    ids = []

    def send(message):
        ids.append(message.request_id)
        if len(ids) == 1:
            raise OSError("connection refused")

    monkeypatch.setitem(SENDERS, "test", send)
    put()
    assert relay(AT).postponed == 1
    row = OutboxMessage.objects.get()
    assert (row.status, row.last_error) == (OutboxStatus.PENDING, "OSError: connection refused")
    assert row.next_attempt_at >= AT + timedelta(seconds=5)
    assert relay(AT + timedelta(seconds=1)).total == 0
    assert relay(AT + LATER).sent == 1
    assert ids[0] == ids[1]
    assert OutboxMessage.objects.get().last_error == ""


@pytest.mark.django_db
def test_after_so_many_attempts_it_is_a_dead_letter(monkeypatch, settings):
    settings.OUTBOX_MAX_ATTEMPTS = 3
    failing(monkeypatch, TimeoutError("slow"))
    put()
    assert [relay(AT + n * LATER).dead for n in range(4)] == [0, 0, 1, 0]
    row = OutboxMessage.objects.get()
    assert (row.status, row.attempts, row.last_error) == (OutboxStatus.DEAD, 3, "TimeoutError: slow")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("error", "status"), [(Refused("HTTP 410"), "dead"), (Dropped("the member was erased"), "dropped")]
)
def test_what_will_never_go_is_not_tried_again(monkeypatch, error, status):
    failing(monkeypatch, error)
    put()
    relay(AT)
    assert relay(AT + LATER).total == 0
    row = OutboxMessage.objects.get()
    assert (row.status, row.last_error, row.sent_at) == (status, str(error), None)


@pytest.mark.django_db
def test_an_unknown_kind_is_a_dead_letter_at_once():
    put(kind="pigeon")
    assert relay(AT).dead == 1
    assert OutboxMessage.objects.get().last_error == "nothing sends messages of the kind 'pigeon'"


@pytest.mark.django_db
@pytest.mark.parametrize("error", [None, Dropped("late"), Refused("no")])
def test_a_code_is_blanked_once_the_message_is_done_with(monkeypatch, error):
    def send(message):
        assert message.payload["code"] == "123456"
        if error:
            raise error

    monkeypatch.setitem(SENDERS, "test", send)
    put(code="123456", contact="phone")
    relay(AT)
    assert OutboxMessage.objects.get().payload == {"code": "", "contact": "phone"}


@pytest.mark.django_db
def test_errors_keep_no_secrets_and_no_personal_data(monkeypatch):
    failing(
        monkeypatch, OSError("123456 to zhang.san@example.com and +86 138-0000-0001 refused " + "x" * 900)
    )
    put(code="123456")
    relay(AT)
    error = OutboxMessage.objects.get().last_error
    assert error.startswith("OSError: ••• to ••• and ••• refused xxx")
    assert len(error) == 500


@pytest.mark.django_db
def test_one_that_fails_holds_no_other_up(monkeypatch):
    def send(message):
        if message.payload["n"] == 0:
            raise ValueError

    monkeypatch.setitem(SENDERS, "test", send)
    for n in range(3):
        put(str(n), n=n)
    result = relay(AT)
    assert (result.sent, result.postponed) == (2, 1)


@pytest.mark.django_db
def test_a_slow_channel_gives_the_rest_back(monkeypatch, sent):
    clock = iter([0.0, 1.0, 60.0])
    monkeypatch.setattr(outbox.time, "monotonic", lambda: next(clock))
    for n in range(3):
        put(str(n))
    assert relay(AT).total == 1
    rest = OutboxMessage.objects.filter(status=OutboxStatus.PENDING)
    assert [(row.attempts, row.next_attempt_at) for row in rest] == [(0, AT + timedelta(seconds=60))] * 2


@pytest.mark.django_db
def test_the_messages_of_a_killed_worker_are_sent_after_its_lease(monkeypatch, sent):
    def killed(_message):
        raise KeyboardInterrupt

    monkeypatch.setitem(SENDERS, "test", killed)
    put()
    with pytest.raises(KeyboardInterrupt):
        relay(AT)
    monkeypatch.setitem(SENDERS, "test", sent.append)
    assert relay(AT + outbox.LEASE - timedelta(seconds=1)).total == 0
    assert relay(AT + outbox.LEASE).sent == 1
    assert OutboxMessage.objects.get().attempts == 2


@pytest.mark.django_db
def test_who_lost_its_lease_does_not_spoil_what_the_next_one_did(monkeypatch):
    def slow(message):
        """While this one sends, its lease ends, and another one sends the message."""
        monkeypatch.setitem(SENDERS, "test", lambda _message: None)
        assert relay(AT + outbox.LEASE).sent == 1
        raise Refused

    monkeypatch.setitem(SENDERS, "test", slow)
    put()
    relay(AT)
    assert OutboxMessage.objects.get().status == OutboxStatus.SENT


@pytest.mark.django_db(transaction=True)
def test_two_relays_never_send_one_message_both(monkeypatch):
    sent = []
    together = threading.Barrier(2)
    monkeypatch.setitem(SENDERS, "test", lambda message: sent.append(message.key))
    for n in range(40):
        put(str(n))

    def work():
        try:
            together.wait(20)
            while relay(AT, limit=3).total:
                pass
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(sent, key=int) == [str(n) for n in range(40)]


@pytest.mark.django_db(transaction=True)
def test_a_message_that_another_relay_is_claiming_is_passed_over(sent):
    put("1")
    put("2")
    with transaction.atomic():
        OutboxMessage.objects.select_for_update().get(key="1")
        thread = threading.Thread(target=lambda: (relay(AT), connection.close()))
        thread.start()
        thread.join(20)
        assert not thread.is_alive()
    assert [message.key for message in sent] == ["2"]


@pytest.mark.django_db(transaction=True)
def test_nothing_is_sent_inside_a_transaction(monkeypatch):
    monkeypatch.setitem(SENDERS, "test", lambda _message: inside.append(connection.in_atomic_block))
    inside = []
    put()
    relay(AT)
    assert inside == [False]


@given(attempts=st.integers(1, 10_000), request_id=st.uuids())
def test_delays_grow_to_an_hour_and_spread(attempts, request_id):
    assert timedelta(seconds=5) <= delay(attempts, request_id) <= LONGEST_DELAY
    if attempts < 8:
        assert delay(attempts + 1, request_id) >= delay(attempts, request_id)


def test_what_failed_together_does_not_come_back_together():
    assert len({delay(3, uuid.uuid4()) for _ in range(20)}) == 20


@pytest.mark.django_db
def test_the_command_sends_all_that_is_due(sent):
    for n in range(60):
        put(str(n))
    put("x", kind="pigeon")
    out = StringIO()
    with time_machine.travel(AT, tick=False):
        call_command("relay", stdout=out)
    assert out.getvalue() == "60 sent, 0 no longer needed, 0 postponed, 1 dead letters.\n"


@pytest.mark.django_db
def test_claiming_goes_by_its_index(django_assert_num_queries, sent):
    put()
    in_order()
    due = OutboxMessage.objects.filter(status="pending", next_attempt_at__lte=AT)
    plan = due.order_by("next_attempt_at")[:50].explain()
    assert "outbox_due" in plan
    assert "Sort" not in plan


@pytest.mark.django_db
def test_a_message_that_is_to_go_later_loses_no_attempt(monkeypatch):
    put()
    failing(monkeypatch, outbox.Later(AT + LATER))
    assert relay(AT).postponed == 1
    row = OutboxMessage.objects.get()
    assert (row.status, row.attempts, row.next_attempt_at) == (OutboxStatus.PENDING, 0, AT + LATER)
