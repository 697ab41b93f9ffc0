"""A backfill goes on where it was, ends once, and can be stopped."""

from datetime import UTC, date, datetime, timedelta
from threading import Barrier, Thread

import pytest
from django.db import connection

from config.common.errors import Invalid, MoveNotAllowed
from config.common.models import Event
from kpis.models import Backfill, BackfillState, FigureDay, Snapshot
from kpis.snapshots import backfilling
from tests.factories.feedback import CaseFactory
from tests.threads import at_once, refused

AT = datetime(2026, 11, 20, 4, tzinfo=UTC)
TODAY = date(2026, 11, 20)
pytestmark = pytest.mark.django_db


def ask(first=date(2026, 9, 1), last=date(2026, 11, 10)):
    return backfilling.ask(first=first, last=last, actor=None, at=AT, today=TODAY)


@pytest.mark.req("P6")
def test_it_goes_on_month_by_month_to_the_end():
    CaseFactory(opened_at=datetime(2026, 9, 15, tzinfo=UTC))
    backfill = ask()
    seen = []
    while backfilling.go_on(at=AT):
        backfill.refresh_from_db()
        seen.append((backfill.done_until, backfill.state))
    assert seen == [
        (date(2026, 10, 1), "running"), (date(2026, 11, 1), "running"), (date(2026, 11, 10), "done"),
    ]  # fmt: skip
    assert FigureDay.objects.filter(taken_at=AT).count() == 71
    assert Snapshot.objects.filter(day=date(2026, 9, 15)).exists()


def test_asked_twice_it_waits_once():
    assert ask() == ask()
    assert Backfill.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_who_ask_at_once_ask_for_one():
    found = at_once(*[ask] * 4)
    assert refused(found) == []
    assert len({one.pk for one in found}) == Backfill.objects.count() == 1
    assert Event.objects.filter(kind="figures.backfill_asked").count() == 1


@pytest.mark.django_db(transaction=True)
def test_while_a_worker_is_at_one_another_begins_no_other(monkeypatch):
    first, second, taken = ask(), ask(last=date(2026, 11, 9)), []
    monkeypatch.setattr(backfilling, "take", lambda **_days: taken.append(at_work()))

    def at_work():
        thread = Thread(target=lambda: (taken.append(backfilling.go_on(at=AT)), connection.close()))
        monkeypatch.setattr(backfilling, "take", lambda **_days: None)
        thread.start()
        thread.join(timeout=10)

    assert backfilling.go_on(at=AT)
    assert taken == [False, None]
    for one, state in ((first, "running"), (second, "waiting")):
        one.refresh_from_db()
        assert one.state == state


@pytest.mark.parametrize(
    ("first", "last"),
    [
        (date(2026, 2, 2), date(2026, 2, 1)),
        (TODAY, TODAY + timedelta(1)),
        (date(2000, 1, 1), TODAY),
    ],
)
def test_nonsense_is_refused(first, last):
    with pytest.raises(Invalid):
        ask(first, last)


def test_it_can_be_stopped_once():
    backfill = ask()
    backfilling.go_on(at=AT)
    backfilling.stop(backfill_id=backfill.pk, actor=None, at=AT)
    assert not backfilling.go_on(at=AT)
    with pytest.raises(MoveNotAllowed):
        backfilling.stop(backfill_id=backfill.pk, actor=None, at=AT)
    assert Backfill.objects.get().state == BackfillState.STOPPED


@pytest.mark.django_db(transaction=True)
def test_two_workers_never_take_the_same_days_of_it(monkeypatch):
    ask(date(2026, 9, 1), date(2026, 11, 1))
    start, taken = Barrier(2), []
    monkeypatch.setattr(backfilling, "take", lambda *, first, last, at: taken.append((first, last)))

    def work():
        start.wait()
        while backfilling.go_on(at=AT):
            pass
        connection.close()

    threads = [Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    while backfilling.go_on(at=AT):  # a worker that found it locked went away
        pass
    assert len(taken) == len(set(taken)) == 2
