import threading
from datetime import UTC, datetime

import pytest
from django.db import connection, transaction

from config.common.events import Position, _since, position_of, read_since, record
from config.common.models import Event
from tests.factories.common import make_subject
from tests.plans import in_order

AT = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)


@pytest.fixture
def subject():
    return make_subject()


def happen(subject, *kinds):
    with transaction.atomic():
        for kind in kinds:
            record(kind, subject, actor=None, at=AT)


def by_id(position, limit=1000):
    """The reader that one would write first."""
    return list(Event.objects.filter(id__gt=position.id).order_by("id")[:limit])


def read_all(read, position=None, limit=2):
    """Kinds in pages, and where the reader then stands."""
    position = position or Position()
    kinds = []
    while page := read(position, limit):
        kinds += [event.kind for event in page]
        position = position_of(page[-1])
    return kinds, position


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("read", "complete"), [(read_since, True), (by_id, False)])
def test_an_event_committed_late_is_read_by_transactions_and_missed_by_ids(subject, read, complete):
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
    assert written.wait(20)
    happen(subject, "quick")
    early, position = read_all(read)
    commit.set()
    thread.join()
    late, _position = read_all(read, position)
    assert (sorted(early + late) == ["quick", "slow"]) is complete


@pytest.mark.django_db(transaction=True)
def test_pages_give_every_event_once_also_inside_a_transaction(subject):
    happen(subject, *"abcde")
    happen(subject, *"fg")
    kinds, position = read_all(read_since, limit=2)
    assert kinds == list("abcdefg")
    assert read_since(position) == []
    happen(subject, "h")
    assert read_all(read_since, position)[0] == ["h"]


@pytest.mark.django_db(transaction=True)
def test_a_transaction_does_not_read_its_own_events(subject):
    with transaction.atomic():
        record("mine", subject, actor=None, at=AT)
        assert read_since(Position()) == []
    assert len(read_since(Position())) == 1


@pytest.mark.django_db(transaction=True)
def test_the_reader_goes_by_its_index(subject):
    happen(subject, *("a" * 300))
    with transaction.atomic():
        in_order()
        plan = _since(Position(1, 1))[:10].explain()
    assert "event_txid" in plan
    assert "Index Cond: ((ROW(txid, id) > ROW(" in plan
    assert "Sort" not in plan


@pytest.mark.django_db(transaction=True)
def test_an_event_outside_a_transaction_is_refused(subject):
    with pytest.raises(RuntimeError):
        record("a", subject, actor=None, at=AT)
