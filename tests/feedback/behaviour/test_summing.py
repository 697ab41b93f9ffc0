"""Sums by day, each event counted once, and visitors who turn out to be members."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from compensation.privacy import commands as privacy
from config.common import retention
from config.common.models import Bookmark
from feedback.behaviour import forgetting, summing
from feedback.models import BehaviourDay, BehaviourEvent, BehaviourVisitor, ExpectationDue, SearchWord
from tests.factories.behaviour import take, told
from tests.factories.common import UserFactory
from tests.factories.compensation import MemberFactory
from tests.threads import at_once

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.req("F24")]
HOUR = timedelta(hours=1)


@pytest.fixture
def member(db):
    return MemberFactory(external_id="M1")


def count():
    """Until all is counted: what runs elsewhere, such as autovacuum, may hold the end back for a moment."""
    for _turn in range(100):
        if not summing.catch_up():
            done = Bookmark.objects.get(reader=summing.READER).txid
            if not BehaviourEvent.objects.filter(txid__gt=done).exists():
                return
            time.sleep(0.05)
    raise AssertionError


def days(member):
    return {(one.day.isoformat(), one.what): one.n for one in BehaviourDay.objects.filter(member=member.pk)}


def test_events_are_summed_by_day_in_shanghai_once(member, settings):
    settings.BEHAVIOUR_KEEP_DAYS = 10**5
    SearchWord.objects.get_or_create(word="打折", cared="price")
    late = datetime(2026, 11, 1, 16, tzinfo=UTC)  # midnight of the second in Shanghai
    take(
        told("search", member="M1", at=late, query="衬衫 打折", hints=["price_sort"]),
        told("search", member="M1", at=late, query="衬衫"),
        told("browse", visitor="v", at=late),
    )
    count()
    expected = {
        ("2026-11-02", "search"): 2, ("2026-11-02", "price_sort"): 1, ("2026-11-02", "says_price"): 1,
    }  # fmt: skip
    assert days(member) == expected
    take(told("search", member="M1", at=late - 90 * 24 * HOUR))
    take(told("search", member="M1", at=late))
    count()
    count()
    assert days(member) == {**expected, ("2026-11-02", "search"): 3, ("2026-08-04", "search"): 1}
    assert set(ExpectationDue.objects.values_list("member_id", flat=True)) == {member.pk}


def test_what_a_visitor_did_before_signing_in_is_theirs(member):
    now = timezone.now()
    take(
        told(visitor="v", at=now - 2 * HOUR),
        told(visitor="v", at=now - timedelta(days=31)),
        told(visitor="w", at=now - 2 * HOUR),
        told("browse", member="M1", visitor="v", at=now - HOUR),
        told(visitor="v", at=now),
    )
    count()
    theirs = BehaviourEvent.objects.filter(member=member)
    assert sorted(one.at for one in theirs) == [now - 2 * HOUR, now - HOUR]
    take(told("add_to_cart", visitor="v", at=now - 3 * HOUR))  # known only now
    count()
    assert theirs.all().count() == 3
    assert summing.sums_of(member.pk) == {"browse": 2, "add_to_cart": 1}


def test_a_device_of_two_belongs_to_who_signs_in_next_and_one_of_many_to_none(member):
    other, now = MemberFactory(external_id="M2"), timezone.now()
    take(
        told(visitor="v", at=now - 5 * HOUR),
        told(visitor="v", member="M1", at=now - 4 * HOUR),
        told(visitor="v", at=now - 3 * HOUR),
        told(visitor="v", member="M2", at=now - 2 * HOUR),
    )
    take(told(visitor="kiosk", at=now - 5 * HOUR))
    for number in range(3, 7):
        MemberFactory(external_id=f"M{number}")
        take(told(visitor="kiosk", member=f"M{number}", at=now - HOUR))
    count()
    whose = BehaviourEvent.objects.filter(visitor="v").order_by("at").values_list("member", flat=True)
    assert list(whose) == [member.pk, member.pk, other.pk, other.pk]
    assert BehaviourEvent.objects.filter(visitor="kiosk", member=None).count() == 1


def test_an_erased_or_refusing_member_gets_nothing_more(member):
    now = timezone.now()
    take(told(visitor="v", member="M1", at=now))
    count()
    member.refused_profiling_at = now
    member.save()
    take(told(visitor="v", at=now - HOUR))
    count()
    assert BehaviourEvent.objects.filter(member=None).count() == 1


def test_two_passes_at_once_count_once(member):
    take(*(told(member="M1") for _n in range(20)))
    at_once(count, count)
    assert summing.sums_of(member.pk) == {"browse": 20}


def test_unnaming_leaves_that_it_happened(member):
    take(told("search", visitor="v", member="M1", query="礼物", page="/me"))
    count()
    assert forgetting.unname(member.pk) == 1
    event = BehaviourEvent.objects.get()
    assert (event.member, event.visitor, event.query, event.page) == (None, "", "", "")
    assert not BehaviourDay.objects.exists()
    assert not BehaviourVisitor.objects.exists()


def test_erasing_lets_go_of_what_was_done_long_before_signing_in_but_on_shared_devices(member):
    MemberFactory(external_id="M2")
    now = timezone.now()
    long_ago = now - timedelta(days=31)
    take(
        told("search", visitor="v", at=long_ago, query="礼物"),
        told(visitor="v", member="M1", at=now - HOUR),
        told("search", visitor="shared", at=long_ago, query="茶"),
        told(visitor="shared", member="M1", at=now - HOUR),
        told(visitor="shared", member="M2", at=now - HOUR),
        told("search", visitor="stranger", at=long_ago, query="书"),
    )
    count()
    privacy.erase(member_id=member.pk, actor=None, at=now)
    left = BehaviourEvent.objects.filter(at=long_ago).order_by("visitor")
    assert [(event.visitor, event.query) for event in left] == [
        ("", ""),
        ("shared", "茶"),
        ("stranger", "书"),
    ]


def test_what_is_old_goes(member):
    now = timezone.now()
    take(told(member="M1", at=now - timedelta(days=399)), told(member="M1"))
    retention.set_period(code="behaviour", days=30, actor=UserFactory(), at=now)
    assert retention.retain(code="behaviour", at=now).rows >= 1
    assert BehaviourEvent.objects.count() == 1
