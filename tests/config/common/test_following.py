import pytest

from config.common.events import record
from config.common.following import follow
from config.common.models import Bookmark
from tests.factories.common import make_subject
from tests.factories.compensation import T0
from tests.threads import at_once, refused


def happen(*kinds):
    from django.db import transaction

    subject = make_subject()
    for kind in kinds:
        with transaction.atomic():
            record(kind, subject, actor=None, at=T0)


@pytest.mark.django_db(transaction=True)
def test_each_event_is_taken_up_once_and_in_order():
    happen("one", "two", "three")
    seen = []
    assert follow("reader", lambda events: seen.extend(e.kind for e in events), limit=2) == 2
    assert follow("reader", lambda events: seen.extend(e.kind for e in events), limit=2) == 1
    assert follow("reader", lambda events: seen.extend(e.kind for e in events), limit=2) == 0
    assert seen == ["one", "two", "three"]


@pytest.mark.django_db(transaction=True)
def test_a_reader_that_fails_is_given_the_same_events_again():
    happen("one")

    def fail(events):
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        follow("reader", fail)
    seen = []
    follow("reader", lambda events: seen.extend(e.kind for e in events))
    assert seen == ["one"]


@pytest.mark.django_db(transaction=True)
def test_two_runs_of_one_reader_share_nothing():
    happen(*(f"event {n}" for n in range(20)))
    seen = []

    def run():
        while follow("reader", lambda events: seen.extend(e.kind for e in events), limit=3):
            pass

    assert not refused(at_once(run, run))
    assert seen == [f"event {n}" for n in range(20)]
    assert Bookmark.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_readers_do_not_disturb_each_other():
    happen("one")
    for name in ("a", "b"):
        seen = []
        follow(name, lambda events, seen=seen: seen.extend(e.kind for e in events))
        assert seen == ["one"]
