import threading
from contextlib import contextmanager
from datetime import UTC, datetime
from io import StringIO

import pgtrigger
import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from config.common import seals
from config.common.events import position_of, read_since, record
from config.common.models import Event, EventOffset, Seal
from config.common.seals import Flaw
from tests.factories.common import make_subject

AT = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
TAMPER = ("common.Event:append_only", "common.Seal:append_only")
NO_TRUNCATE = ("common.Event:no_truncate", "common.Seal:no_truncate")
pytestmark = pytest.mark.django_db(transaction=True)


@contextmanager
def as_in_production():
    """Tests empty tables by TRUNCATE, so the test database has these triggers switched off."""
    pgtrigger.enable(*NO_TRUNCATE)
    try:
        yield
    finally:
        pgtrigger.disable(*NO_TRUNCATE)


@pytest.fixture
def subject():
    return make_subject()


def happen(subject, *kinds, **data):
    """One transaction with an event of each kind."""
    with transaction.atomic():
        return [record(kind, subject, actor=None, at=AT, **data) for kind in kinds]


def test_what_was_recorded_is_sealed_once_and_fits(subject):
    happen(subject, "a", "b", text="张三", n=0.1)
    assert seals.seal(AT) == 2
    assert seals.seal(AT) == 0
    happen(subject, "c")
    assert seals.seal(AT) == 1
    verdict = seals.verify()
    assert (verdict.seals, verdict.events, verdict.flaw) == (2, 3, None)
    assert verdict.head == bytes(Seal.objects.latest("upto_txid").signature).hex()


def test_an_empty_log_fits():
    assert seals.seal(AT) == 0
    assert seals.verify().flaw is None


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "x"},
        {"at": datetime(2020, 1, 1, tzinfo=UTC)},
        {"recorded_at": datetime(2020, 1, 1, tzinfo=UTC)},
        {"actor": "user:1"},
        {"subject_type": "case"},
        {"subject_id": 0},
        {"data": {"fen": 5001}},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_changed_event_is_named(subject, change):
    _first, second, third = happen(subject, "a", "b", "c", fen=5000)
    seals.seal(AT)
    with pgtrigger.ignore(*TAMPER):
        Event.objects.filter(pk=second.pk).update(**change)
        Event.objects.filter(pk=third.pk).update(**change)
    verdict = seals.verify()
    assert (verdict.flaw, verdict.event_id) == (Flaw.CHANGED, second.pk)


def test_a_number_changed_beyond_a_float_is_seen(subject):
    (event,) = happen(subject, "a", n=1)
    seals.seal(AT)
    with pgtrigger.ignore(*TAMPER), connection.cursor() as cursor:
        cursor.execute("UPDATE common_event SET data = '{\"n\": 1.00000000000000000001}'")
    assert seals.verify().event_id == event.pk


@pytest.mark.parametrize("which", [0, 1, 2, 3])
def test_a_missing_event_is_named_wherever_it_was(subject, which):
    events = [*happen(subject, "a", "b", "c"), *happen(subject, "d")]
    seals.seal(AT)
    with pgtrigger.ignore(*TAMPER):
        Event.objects.filter(pk=events[which].pk).delete()
    verdict = seals.verify()
    assert (verdict.flaw, verdict.event_id) == (Flaw.MISSING, events[which].pk)


def test_an_event_inserted_after_the_fact_is_named(subject):
    first, _second = happen(subject, "a", "b")
    seals.seal(AT)
    first.refresh_from_db()
    for inserted in (first.pk - 1_000_000, first.pk + 1_000_000):
        with transaction.atomic():
            Event.objects.create(
                id=inserted, txid=first.txid, kind="x", at=AT, actor="system", subject_type="u", subject_id=1
            )
            verdict = seals.verify()
            transaction.set_rollback(True)
        assert (verdict.flaw, verdict.event_id) == (Flaw.INSERTED, inserted)


def test_an_event_moved_to_another_transaction_is_seen(subject):
    (event,) = happen(subject, "a")
    happen(subject, "b")
    seals.seal(AT)
    with pgtrigger.ignore(*TAMPER):
        Event.objects.filter(pk=event.pk).update(txid=1)
    assert seals.verify().event_id == event.pk


@pytest.mark.parametrize(
    "change",
    [
        {"digests": b""},
        {"count": 3},
        {"sealed_at": datetime(2020, 1, 1, tzinfo=UTC)},
        {"signature": bytes(32)},
        {"from_txid": 1},
        {"previous": b"x" * 32},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_tampered_seal_is_named(subject, change):
    happen(subject, "a")
    seals.seal(AT)
    happen(subject, "b")
    seals.seal(AT)
    second = Seal.objects.latest("upto_txid")
    with pgtrigger.ignore(*TAMPER):
        Seal.objects.filter(pk=second.pk).update(**change)
    verdict = seals.verify()
    assert (verdict.flaw, verdict.seal_id, verdict.events) == (Flaw.SEAL, second.pk, 1)


def test_an_event_and_its_seal_removed_from_the_middle_are_seen(subject):
    for kind in "abc":
        happen(subject, kind)
        seals.seal(AT)
    _first, second, third = Seal.objects.order_by("upto_txid")
    with pgtrigger.ignore(*TAMPER):
        Event.objects.filter(txid__gte=second.from_txid, txid__lt=second.upto_txid).delete()
        second.delete()
    verdict = seals.verify()
    assert (verdict.flaw, verdict.seal_id) == (Flaw.SEAL, third.pk)


def test_the_newest_seals_removed_are_seen_by_a_head_noted_elsewhere(subject):
    for kind in "ab":
        happen(subject, kind)
        seals.seal(AT)
    head = seals.verify().head
    assert seals.verify(expect=head).flaw is None
    with pgtrigger.ignore(*TAMPER):
        last = Seal.objects.latest("upto_txid")
        Event.objects.filter(txid__gte=last.from_txid).delete()
        last.delete()
    assert seals.verify().flaw is None
    assert seals.verify(expect=head).flaw is Flaw.HEAD


def test_another_key_does_not_fit(subject, settings):
    happen(subject, "a")
    seals.seal(AT)
    settings.AUDIT_KEY = "somebody else's"
    assert seals.verify().flaw is Flaw.SEAL


def test_the_session_s_time_zone_changes_nothing(subject):
    happen(subject, "a")
    with transaction.atomic(), connection.cursor() as cursor:
        digests = list(seals._digests(Event.objects.all()))
        cursor.execute("SET LOCAL TIME ZONE 'Asia/Shanghai'")
        assert list(seals._digests(Event.objects.all())) == digests


def test_long_logs_are_sealed_in_pieces_between_transactions(subject, monkeypatch):
    monkeypatch.setattr(seals, "CHUNK", 3)
    for kinds in ("ab", "cd", "efghi", "j"):
        happen(subject, *kinds)
    assert seals.seal(AT) == 10
    assert [seal.count for seal in Seal.objects.order_by("upto_txid")] == [2, 2, 5, 1]
    assert seals.verify().flaw is None


def test_two_who_seal_at_once_make_one_chain(subject):
    for kind in "abcdefgh":
        happen(subject, kind)
    together = threading.Barrier(4)
    sealed = []

    def work():
        try:
            together.wait()
            sealed.append(seals.seal(AT))
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(sealed) == 8
    assert (seals.verify().events, seals.verify().flaw) == (8, None)


def test_an_event_still_uncommitted_is_sealed_when_it_is(subject):
    written, commit = threading.Event(), threading.Event()

    def slow():
        try:
            with transaction.atomic():
                record("slow", subject, actor=None, at=AT)
                written.set()
                commit.wait(20)
        finally:
            connection.close()

    thread = threading.Thread(target=slow)
    thread.start()
    written.wait(20)
    happen(subject, "quick")
    assert seals.seal(AT) == 0
    commit.set()
    thread.join()
    assert seals.seal(AT) == 2
    assert seals.verify().flaw is None


RESTORED = 10**12


def restore_elsewhere(subject):
    """A sealed log whose transactions are far ahead of this server's count, as after a restored dump."""
    EventOffset.objects.create(id=1, ahead=RESTORED)
    happen(subject, "before")
    seals.seal(AT)
    position = position_of(Event.objects.get(kind="before"))
    EventOffset.objects.update(ahead=0)
    return position


def test_the_log_goes_on_after_a_restore_on_a_server_that_counts_lower(subject):
    position = restore_elsewhere(subject)
    happen(subject, "after", "too")
    happen(subject, "last")
    assert [event.kind for event in read_since(position)] == ["after", "too", "last"]
    assert seals.seal(AT) == 3
    assert (seals.verify().events, seals.verify().flaw) == (4, None)


def test_without_the_guard_a_restored_log_would_lose_events(subject):
    position = restore_elsewhere(subject)
    with pgtrigger.ignore("common.Event:keep_order"):
        happen(subject, "after")
    assert read_since(position) == []


def test_after_a_restore_two_writers_at_once_both_land_behind(subject):
    position = restore_elsewhere(subject)
    together = threading.Barrier(2)

    def write(kind):
        try:
            with transaction.atomic():
                together.wait(20)
                record(kind, subject, actor=None, at=AT)
        finally:
            connection.close()

    threads = [threading.Thread(target=write, args=[kind]) for kind in "xy"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {event.kind for event in read_since(position)} == {"x", "y"}
    assert seals.seal(AT) == 2
    assert seals.verify().flaw is None


def test_a_server_that_counts_on_is_left_alone(subject):
    for _ in range(3):
        happen(subject, "a", "b")
    assert not EventOffset.objects.exists()


@pytest.mark.parametrize("table", ["common_event", "common_seal"])
@pytest.mark.parametrize(
    "statement", ["UPDATE {} SET id = id", "DELETE FROM {}", "TRUNCATE {}", "TRUNCATE {} CASCADE"]
)
def test_the_database_refuses_to_change_log_and_seals(subject, table, statement):
    happen(subject, "a")
    seals.seal(AT)
    with as_in_production(), pytest.raises(DatabaseError, match="Cannot"), transaction.atomic():
        connection.cursor().execute(statement.format(table))
    assert seals.verify().events == 1


def test_the_command_tells_the_head_and_what_is_young(subject):
    happen(subject, "a")
    seals.seal(AT)
    happen(subject, "b")
    out = StringIO()
    call_command("verify_audit", stdout=out, stderr=StringIO())
    assert out.getvalue() == (f"1 events fit their 1 seals; 1 not sealed yet.\nHead: {seals.verify().head}\n")
    call_command("verify_audit", expect=seals.verify().head.upper(), stdout=out, stderr=StringIO())


def test_the_command_names_the_event_and_fails(subject):
    (event,) = happen(subject, "a")
    seals.seal(AT)
    with pgtrigger.ignore(*TAMPER):
        Event.objects.update(kind="b")
    with pytest.raises(CommandError, match=f"Event {event.pk} was changed") as raised:
        call_command("verify_audit", stderr=StringIO())
    assert raised.value.returncode == 1
