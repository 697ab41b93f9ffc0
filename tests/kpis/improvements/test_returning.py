from datetime import timedelta

import pytest

from config.common.events import timeline
from config.common.models import OutboxMessage
from kpis.improvements import commands, returning
from kpis.improvements.commands import Spot
from kpis.models import Improvement, ImprovementStatus, Snapshot
from tests.factories.compensation import T0
from tests.factories.improvements import proved
from tests.threads import at_once

pytestmark = [pytest.mark.django_db, pytest.mark.req("K6")]

AFTER = T0.date() + timedelta(30)  # the first day that was not compared


def come_back(hits):
    """From then on so many of a hundred are late."""
    Snapshot.objects.filter(key="沪", day__gte=AFTER).update(total=hits, squares=hits)


def test_what_stays_better_stays_proved():
    proved()
    assert returning.look(at=T0 + timedelta(days=60)) == 0


@pytest.mark.parametrize("close", [False, True])
def test_a_gap_that_comes_back_reopens_it_once(close):
    found = proved()
    if close:
        commands.close(improvement_id=found.pk, actor=None, at=T0 + timedelta(days=32))
    come_back(20)
    at = T0 + timedelta(days=60)
    assert [returning.look(at=at) for _each in range(2)] == [1, 0]
    found.refresh_from_db()
    assert (found.status, found.round) == (ImprovementStatus.REOPENED, 2)
    event = timeline([found]).last()
    assert (event.kind, event.data["why"]) == ("improvement.reopened", returning.FIGURE)
    assert OutboxMessage.objects.filter(key__contains=":reopened:2:").count() == 1


def test_worse_again_but_not_as_before_is_left():
    proved()
    come_back(12)
    assert returning.look(at=T0 + timedelta(days=60)) == 0


def test_as_many_days_as_were_compared_have_to_be_over():
    proved()
    come_back(30)
    assert returning.look(at=T0 + timedelta(days=40)) == 0
    assert returning.look(at=T0 + timedelta(days=59)) == 1


def test_its_hot_spot_that_grows_again_reopens_it(monkeypatch):
    proved(spot=Spot("delivery", "region", "沪"))

    class Found:
        class Grown:
            value = "沪"

        grown = (Grown,)

    monkeypatch.setattr(returning.hot_spots, "search", lambda *_given, **_more: Found)
    monkeypatch.setattr(returning.hot_spots, "latest_week", lambda _aspect, until: until)
    assert returning.look(at=T0 + timedelta(days=33)) == 0  # the week was compared in part
    assert returning.look(at=T0 + timedelta(days=38)) == 1
    assert timeline([Improvement.objects.get()]).last().data["why"] == returning.SPOT


@pytest.mark.django_db(transaction=True)
def test_two_who_look_at_once_reopen_it_once():
    proved()
    come_back(20)
    results = at_once(*[lambda: returning.look(at=T0 + timedelta(days=60))] * 2)
    assert sum(results) == 1
