"""Counted days: the same whenever they are counted, complete however late facts come, and lasting."""

from datetime import date, timedelta
from threading import Thread

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from compensation.consents import profiling
from compensation.models import ConsentSource, Segment
from compensation.privacy import commands as privacy
from config.common import retention
from config.common.errors import Invalid
from config.common.models import Event
from feedback.behaviour import summing
from feedback.models import BehaviourEvent
from kpis.funnels import commands, keeping, late, queries
from kpis.funnels.held import kept_since
from kpis.funnels.queries import Part
from kpis.models import FunnelCohort, FunnelDay, FunnelKept, FunnelTerms
from tests.factories.behaviour import take as take_in
from tests.factories.behaviour import told
from tests.factories.common import UserFactory
from tests.factories.compensation import MemberFactory, OrderFactory
from tests.factories.funnels import happened
from tests.threads import at_once, behind, refused

pytestmark = [pytest.mark.django_db, pytest.mark.req("K4")]
HOUR = timedelta(hours=1)
DAYS = timedelta(days=1)


@pytest.fixture
def now():
    return timezone.now()


@pytest.fixture
def noon(now):
    return timezone.localtime(now).replace(hour=12, minute=0) - 5 * DAYS


def take(day, now, **more):
    commands.take(first=day, last=more.get("last", day), at=now)


def way(who, start, depth, device="ios"):
    names = ("browse", "add_to_cart", "order", "pay", "receive")[:depth]
    happened(*((name, start + n * HOUR, {**who, "device": device}) for n, name in enumerate(names)))


def counts(**of):
    rows = FunnelDay.objects.filter(**{"segment": "", **of}).order_by("day", "device", "payment")
    return [(row.browsed, row.carted, row.ordered, row.paid, row.received) for row in rows]


def settle(now):
    late.note(at=now)
    while late.take_stale(at=now):
        pass


def test_a_day_is_told_apart_by_device_payment_and_segment(now, noon):
    Segment.objects.create(code="buyers", name="买过", filters={"region": "上海"})
    ours, other = MemberFactory(region="上海"), MemberFactory(region="北京")
    for member, depth in ((ours, 5), (other, 3)):
        way({"member": member}, noon, depth)
        OrderFactory(member=member, placed_at=noon + 2 * HOUR, paid_at=None, payment_method="alipay")
    way({"visitor": "v"}, noon, 1, device="Android")
    take(noon.date(), now)
    rows = FunnelDay.objects.order_by("segment", "device")
    assert [
        (row.segment, row.device, row.payment, row.browsed, row.ordered, row.received) for row in rows
    ] == [
        ("", "android", "", 1, 0, 0), ("", "ios", "alipay", 2, 2, 1), ("buyers", "ios", "alipay", 1, 1, 1),
    ]  # fmt: skip
    ios = rows[1]
    assert (ios.cart_seconds, ios.pay_seconds, ios.receive_seconds) == (7200, 3600, 3600)
    assert ios.paid_after == [1] + [0] * 14


def test_counting_again_changes_nothing(now, noon):
    way({"visitor": "v"}, noon, 4)
    for _again in range(2):
        take(noon.date(), now)
        assert counts() == [(1, 1, 1, 1, 0)]
    BehaviourEvent.objects.filter(name="pay").delete()
    take(noon.date(), now)
    assert counts() == [(1, 1, 1, 0, 0)]


def test_the_cost_does_not_grow_with_the_facts(now, noon):
    way({"visitor": "v"}, noon, 4)
    with CaptureQueriesContext(connection) as one:
        take(noon.date(), now)
    for number in range(5):
        way({"visitor": f"w{number}"}, noon, number)
    with CaptureQueriesContext(connection) as many:
        take(noon.date(), now)
    assert len(one) == len(many)


def test_days_that_are_not_kept_whole_any_more_stay(now, noon):
    way({"visitor": "v"}, noon, 2)
    take(noon.date(), now)
    retention.set_period(code="behaviour", days=3, actor=UserFactory(), at=now)
    retention.retain(code="behaviour", at=now)
    assert not BehaviourEvent.objects.exists()
    take(noon.date(), now)
    assert counts() == [(1, 1, 0, 0, 0)]
    retention.set_period(code="behaviour", days=300, actor=UserFactory(), at=now)  # what is gone stays gone
    take(noon.date(), now)
    assert counts() == [(1, 1, 0, 0, 0)]
    assert kept_since(now) > noon.date()


@pytest.mark.parametrize("ending", ["erase", "refuse"])
def test_who_is_erased_or_refuses_counts_on_without_a_name(now, noon, ending):
    Segment.objects.create(code="here", name="本地", filters={"region": "上海"})
    member = MemberFactory()
    way({"member": member}, noon, 4)
    way({"visitor": "another"}, noon, 2)
    take(noon.date(), now)
    before, inside = counts(), counts(segment="here")
    if ending == "erase":
        privacy.erase(member_id=member.pk, actor=None, at=now)
        assert BehaviourEvent.objects.count() == 2
    else:
        asked = {"source": ConsentSource.values[0], "actor": None, "at": now}
        profiling.choose(member_id=member.pk, is_allowed=False, **asked)
    assert (counts(), counts(segment="here")) == (before, inside)
    take(noon.date(), now)
    assert (counts(), counts(segment="here")) == (before, inside) == ([(2, 2, 1, 1, 0)], [(1, 1, 1, 1, 0)])
    assert FunnelKept.objects.get().segments == ["here"]
    commands.let_go(at=now + 600 * DAYS)
    assert not FunnelKept.objects.exists()


def test_a_cohort_is_told_no_further_than_it_was_counted(now, noon):
    way({"visitor": "v"}, noon, 4)
    for at, known in ((noon + 3 * DAYS, 3), (now, 5)):
        take(noon.date(), at)
        assert [len(one.paid) for one in queries.weeks(noon.date(), noon.date(), Part())] == [known]


def test_the_terms_say_how_long_a_way_may_take(now, noon):
    happened(("browse", noon, {"visitor": "v"}), ("add_to_cart", noon + 3 * DAYS, {"visitor": "v"}))
    take(noon.date(), now)
    assert counts() == [(1, 1, 0, 0, 0)]
    boss = UserFactory()
    commands.set_terms(terms=FunnelTerms(window_days=2, lost_cart=80), actor=boss, at=now)
    assert Event.objects.get(kind="funnel.terms_set").data == {"window_days": 2, "lost_cart": 80}
    assert FunnelCohort.objects.exclude(stale_at=None).count() == 1
    late.take_stale(at=now)
    assert counts() == [(1, 0, 0, 0, 0)]
    commands.set_terms(terms=FunnelTerms(window_days=2, lost_cart=80), actor=boss, at=now)
    assert Event.objects.filter(kind="funnel.terms_set").count() == 1
    with pytest.raises(Invalid):
        commands.set_terms(terms=FunnelTerms(window_days=61), actor=boss, at=now)


@pytest.mark.django_db(transaction=True)
class TestLateFacts:
    def test_every_day_that_a_fact_may_belong_to_is_counted_again(self, now, noon):
        FunnelTerms.objects.create(window_days=2)
        way({"visitor": "v"}, noon, 1)
        settle(now)
        assert counts() == [(1, 0, 0, 0, 0)]
        assert set(FunnelCohort.objects.values_list("day", flat=True)) == {
            noon.date() - n * DAYS for n in range(3)
        }
        settle(now)
        happened(("add_to_cart", noon + 2 * DAYS, {"visitor": "v"}))
        assert late.note(at=now) == 3
        settle(now)
        assert counts() == [(1, 1, 0, 0, 0)]

    def test_orders_that_change_are_facts_too(self, now, noon):
        member = MemberFactory()
        way({"member": member}, noon, 2)
        settle(now)
        order = OrderFactory(member=member, placed_at=noon + 2 * HOUR, paid_at=None, payment_method="card")
        settle(now)
        assert counts() == [(1, 1, 1, 0, 0)]
        order.paid_at = noon + 3 * HOUR
        order.save()
        settle(now)
        assert counts(payment="card") == [(1, 1, 1, 1, 0)]

    def test_a_day_is_counted_once_more_when_its_window_is_over(self, now, noon):
        way({"visitor": "v"}, noon, 1)
        settle(now)
        later = now + 30 * DAYS
        assert late.note(at=later) > 0
        late.take_stale(at=later)
        assert late.note(at=later) == 0

    def test_a_visitor_who_signs_in_later_is_one_person(self, now, noon):
        member = MemberFactory(external_id="M1")
        take_in(
            told("browse", visitor="v", at=noon),
            told("add_to_cart", visitor="v", at=noon + HOUR),
            told("order", member="M1", at=noon + 2 * HOUR),
        )
        settle(now)
        assert counts() == [(1, 1, 0, 0, 0)]
        take_in(told("browse", member="M1", visitor="v", at=noon + 10 * HOUR))
        while summing.catch_up():
            pass
        settle(now)
        assert counts() == [(1, 1, 1, 0, 0)]
        assert set(BehaviourEvent.objects.values_list("member", flat=True)) == {member.pk}

    def test_two_workers_at_once_leave_one_count(self, now, noon):
        for number in range(20):
            way({"visitor": f"v{number}"}, noon, 3)
        calls = [lambda: take(noon.date(), now)] * 4 + [lambda: settle(now)] * 2
        assert not refused(at_once(*calls))
        assert counts() == [(20, 20, 20, 0, 0)]

    def test_terms_set_while_a_day_begins_to_be_counted_hold_for_it(self, now, noon):
        way({"visitor": "v"}, noon, 1)
        happened(("add_to_cart", noon + 3 * DAYS, {"visitor": "v"}))
        boss, terms = UserFactory(), FunnelTerms(window_days=2)
        behind(
            lambda: commands.set_terms(terms=terms, actor=boss, at=now),
            lambda: take(noon.date(), now),
            lambda: None,
        )
        assert counts() == [(1, 0, 0, 0, 0)]
        assert FunnelCohort.objects.get().window_days == 2

    def test_terms_set_while_a_day_is_counted_have_it_counted_again(self, now, noon, monkeypatch):
        way({"visitor": "v"}, noon, 1)
        happened(("add_to_cart", noon + 3 * DAYS, {"visitor": "v"}))
        boss, real, begun = UserFactory(), commands.find_segments, []

        def meanwhile(cursor, members):
            thread = Thread(target=other_terms)
            thread.start()
            begun.append(thread)
            thread.join(timeout=1)
            real(cursor, members)

        def other_terms():
            commands.set_terms(terms=FunnelTerms(window_days=2), actor=boss, at=now)
            connection.close()

        monkeypatch.setattr(commands, "find_segments", meanwhile)
        take(noon.date(), now)
        begun[0].join()
        assert FunnelCohort.objects.exclude(stale_at=None).count() == 1
        monkeypatch.setattr(commands, "find_segments", real)
        late.take_stale(at=now)
        assert counts() == [(1, 0, 0, 0, 0)]

    def test_who_is_erased_while_a_day_is_counted_counts_once(self, now, noon, monkeypatch):
        member = MemberFactory()
        way({"member": member}, noon, 2)
        real, begun = commands.find_segments, []

        def meanwhile(cursor, members):
            thread = Thread(target=forget)
            thread.start()
            begun.append(thread)
            thread.join(timeout=1)
            real(cursor, members)

        def forget():
            with transaction.atomic():
                keeping.keep(member.pk)
                BehaviourEvent.objects.all().delete()
            connection.close()

        monkeypatch.setattr(commands, "find_segments", meanwhile)
        take(noon.date(), now)
        begun[0].join()
        assert counts() == [(1, 1, 0, 0, 0)]
        monkeypatch.setattr(commands, "find_segments", real)
        take(noon.date(), now)
        assert counts() == [(1, 1, 0, 0, 0)]

    def test_a_whole_month_is_the_same_as_its_days(self, now, noon):
        for number in range(6):
            way({"visitor": f"v{number}"}, noon - number * 3 * DAYS, 1 + number % 5)
        first, last = noon.date() - 20 * DAYS, noon.date()
        commands.take(first=first, last=last, at=now)
        rows = FunnelDay.objects.order_by("day").values_list("day", "browsed", "carted", "paid")
        whole = list(rows)
        FunnelDay.objects.all().delete()
        for back in range(21):
            take(date.fromordinal(last.toordinal() - back), now)
        assert whole == list(
            FunnelDay.objects.order_by("day").values_list("day", "browsed", "carted", "paid")
        )
