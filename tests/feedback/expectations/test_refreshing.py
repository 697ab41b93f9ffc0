"""What members care about is counted in what they did and said, and kept up."""

import time
from datetime import timedelta

import pytest
from django.utils import timezone

from compensation.consents import profiling
from compensation.models import ConsentSource, Segment
from feedback.defaults.expectations import seed_expectations
from feedback.expectations import counting, queries, refreshing, setup
from feedback.models import (
    BehaviourDay,
    BehaviourEvent,
    ExpectationDue,
    ExpectationSetup,
    Gap,
    GroupMean,
    MemberExpectation,
    Promise,
)
from tests.factories.behaviour import take, told
from tests.factories.compensation import MemberFactory, OrderFactory, OrderLineFactory, ShipmentFactory
from tests.factories.expectations import cares, spoken
from tests.factories.feedback import CaseFactory, ReviewFactory
from tests.threads import at_once, behind, refused

pytestmark = [pytest.mark.django_db, pytest.mark.req("F24")]
DAY = timedelta(days=1)


@pytest.fixture
def now():
    return timezone.now()


@pytest.fixture(autouse=True)
def seeded(db):
    seed_expectations(timezone.now())


@pytest.fixture
def member(db):
    return MemberFactory()


def signs(member, now):
    found = counting.signs_of([member.pk], setup.current(), at=now)
    return {sign: (one.n, one.of) for sign, one in found[member.pk].items()}


def late(order, at, **more):
    line = OrderLineFactory(order=order)
    promise = Promise.objects.create(line=line, aspect="delivery", due_at=at)
    return Gap.objects.create(
        member=order.member, order=order, promise=promise, aspect="delivery", expected_at=at, days=-1,
        severity=2, detected_at=at, changed_at=at, **more,
    )  # fmt: skip


def test_cases_and_reviews_are_counted_by_what_they_speak_of(member, now):
    for aspects in (["logistics"], ["logistics", "packaging"], ["app"]):
        spoken(CaseFactory(member=member, opened_at=now - DAY), aspects=aspects)
    spoken(CaseFactory(member=member, opened_at=now - 800 * DAY))
    spoken(
        review=ReviewFactory(member=member, written_at=now - DAY), aspects=["price"], tones={"price": -0.5}
    )
    spoken(review=ReviewFactory(member=member, written_at=now - DAY), aspects=["price"], tones={"price": 0.5})
    spoken(CaseFactory(opened_at=now - DAY))
    assert signs(member, now) == {
        "case_speed": (2, 3), "case_quality": (1, 3), "blame_price": (1, 2), "review_price": (1, 2),
    }  # fmt: skip


def test_late_parcels_count_where_the_member_came_about_them(member, now):
    first, second, third = (OrderFactory(member=member, placed_at=now - 9 * DAY) for _n in range(3))
    late(first, now - 5 * DAY)
    CaseFactory(member=member, order=first, opened_at=now - 4 * DAY)
    late(second, now - 5 * DAY)
    ours = CaseFactory(member=member, order=second, opened_at=now - 4 * DAY, key="gap:1")
    late(third, now - 5 * DAY, withdrawn_at=now)
    assert signs(member, now) == {"gap_speed": (1, 2)}
    ours.messages.create(author="member", body="到哪了", at=now, is_public=True)
    Gap.objects.filter(order=second).update(case=ours)
    assert signs(member, now) == {"gap_speed": (2, 2)}


def test_returns_and_behaviour_count(member, now):
    OrderFactory(member=member, placed_at=now - 9 * DAY, status="returned")
    OrderFactory(member=member, placed_at=now - 9 * DAY)
    for what, n in (("says_price", 7), ("browse", 50)):
        BehaviourDay.objects.create(member=member, day=now.date() - DAY, what=what, n=n)
    assert signs(member, now) == {"returned": (1, 2), "says_price": (7, None)}


def test_what_is_older_counts_less(member, now):
    half = setup.current().half_life_days
    spoken(CaseFactory(member=member, opened_at=now - half * DAY))
    assert counting.signs_of([member.pk], setup.current(), at=now)[member.pk]["case_speed"].aged == 0.5


def test_a_member_is_reckoned_with_what_speaks_for_it(member, now):
    for _n in range(4):
        spoken(CaseFactory(member=member, opened_at=now - DAY))
    assert refreshing.refresh([member.pk], at=now) == 1
    found = queries.of_member(member.pk)
    assert (found.first, found.row.group, queries.cares_of(member.pk)) == ("speed", "tier:ordinary", "speed")
    told = found.evidence[0]
    assert (told.sign, told.n, told.of) == ("case_speed", 4, 4)
    assert "4" in queries.in_words(told)


def test_usual_delivery_is_kept(member, now):
    for days in (1, 2, 2, 3, 9):
        order = OrderFactory(member=member, placed_at=now - 20 * DAY, paid_at=now - 20 * DAY)
        ShipmentFactory(order=order, delivered_at=now - (20 - days) * DAY)
    refreshing.refresh([member.pk], at=now)
    row = MemberExpectation.objects.get()
    assert (float(row.usual_days), row.usual_of) == (3, 5)


def test_who_refused_or_was_erased_has_no_row(member, now):
    erased = MemberFactory(erased_at=now)
    refreshing.refresh([member.pk, erased.pk], at=now)
    assert MemberExpectation.objects.get().member == member
    choice = {"member_id": member.pk, "source": ConsentSource.PORTAL, "actor": member, "at": now}
    profiling.choose(is_allowed=False, **choice)
    assert not MemberExpectation.objects.exists()
    assert refreshing.refresh([member.pk], at=now) == 0
    profiling.choose(is_allowed=True, **choice)
    assert refreshing.refresh([member.pk], at=now) == 1


def test_what_is_new_has_its_member_reckoned(member, now):
    ExpectationDue.objects.all().delete()
    spoken(CaseFactory(member=member))
    late(OrderFactory(member=member), now)
    refreshing.due({member.pk})
    assert set(ExpectationDue.objects.values_list("member_id", flat=True)) == {member.pk}
    assert refreshing.refresh_due(at=now) >= 2
    assert MemberExpectation.objects.count() == 1
    assert refreshing.refresh_due(at=now) == 0


def test_by_night_who_was_not_reckoned_for_long_is_due(member, now):
    ExpectationDue.objects.all().delete()
    fresh, old, new = (MemberFactory() for _n in range(3))
    cares(fresh)
    cares(old, computed_at=now - 31 * DAY)
    OrderFactory(member=new)
    new.figures.__class__.objects.filter(member=new).update(orders=1)
    refreshing.by_night(at=now)
    assert set(ExpectationDue.objects.values_list("member_id", flat=True)) == {old.pk, new.pk}


def test_averages_go_by_how_much_members_said(now):
    for cares_for, n in (("speed", 3), ("price", 1)):
        for _n in range(n):
            cares(cares_for=cares_for, signs={f"case_{cares_for}": [5, 5, 5.0]})
    cares(signs={})
    refreshing.means(at=now)
    everybody = GroupMean.objects.get(group="all")
    assert (everybody.members, float(everybody.speed), float(everybody.price)) == (4, 75, 25)
    assert GroupMean.objects.get(group="tier:ordinary").members == 4
    assert setup.means() == {}  # of too few
    refreshing.means(at=now)
    assert GroupMean.objects.count() == 2


def test_a_group_lends_its_average_to_who_says_nothing(member, now):
    means = {"quality": 10, "speed": 20, "price": 60, "service": 10}
    GroupMean.objects.create(group="tier:ordinary", members=99, computed_at=now, **means)
    refreshing.refresh([member.pk], at=now)
    row = MemberExpectation.objects.get()
    assert (float(row.price), row.cares_for) == (60, "")


def test_the_first_segment_that_holds_a_member_is_their_group(member, now):
    chosen = ExpectationSetup.objects.get()
    for code, region in (("a", "北京"), ("b", "上海"), ("c", "上海")):
        chosen.segments.add(Segment.objects.create(code=code, name=code, filters={"region": region}))
    refreshing.refresh([member.pk], at=now)
    assert MemberExpectation.objects.get().group == "segment:b"


def test_many_take_as_many_queries_as_one(now, django_assert_num_queries):
    members = [MemberFactory() for _n in range(3)]
    for some in (members[:1], members):
        with django_assert_num_queries(15):
            refreshing.refresh([one.pk for one in some], at=now)


@pytest.mark.django_db(transaction=True)
def test_two_workers_take_each_note_once(now):
    seed_expectations(now)
    members = [MemberFactory() for _n in range(6)]
    refreshing.due({one.pk for one in members})
    found = at_once(*[lambda: refreshing.refresh_due(at=now)] * 2)
    assert not refused(found)
    assert sum(found) == 6
    assert MemberExpectation.objects.count() == 6


@pytest.mark.django_db(transaction=True)
def test_changed_orders_have_their_members_reckoned(now):
    member = OrderFactory().member
    for _turn in range(100):
        refreshing.follow_orders()
        if ExpectationDue.objects.exists():
            break
        time.sleep(0.05)
    assert set(ExpectationDue.objects.values_list("member_id", flat=True)) == {member.pk}
    assert refreshing.follow_orders() == 0


@pytest.mark.django_db(transaction=True)
def test_whoever_refuses_just_now_is_left_with_nothing(member, now):
    seed_expectations(now)

    def refuse():
        profiling.choose(
            member_id=member.pk, is_allowed=False, source=ConsentSource.PORTAL, actor=member, at=now
        )

    assert behind(refuse, lambda: refreshing.refresh([member.pk], at=now), lambda: None) == 0
    assert not MemberExpectation.objects.exists()
    profiling.choose(member_id=member.pk, is_allowed=True, source=ConsentSource.PORTAL, actor=member, at=now)
    assert behind(refuse, lambda: take(told(member=member.external_id)), lambda: None) == ["taken"]
    assert BehaviourEvent.objects.get().member is None


def test_nothing_is_counted_that_a_person_is_born_with():
    """Only what members did and said: no statement reads the member's own row."""
    read = " ".join(
        value for name, value in vars(counting).items() if name.isupper() and isinstance(value, str)
    )
    assert "compensation_order" in read
    for column in ("compensation_member", "birthday", "region", "city", "language", "name", "phone"):
        assert column not in read.replace("coupon", "").split()
        assert f".{column}" not in read
