"""Segments: every criterion, what may be typed, figures that follow the orders, and what stops a deletion."""

from datetime import date

import pytest
from django.db import connection
from django.http import QueryDict
from django.utils import translation

from compensation.coupons import commands as coupons
from compensation.defaults import segments as defaults
from compensation.ledger import commands as ledger
from compensation.ledger.rules import given
from compensation.models import Member, MemberFigures, Order, OrderStatus, Segment, Unit
from compensation.models.member import IN_SAMPLE
from compensation.segments import commands, figures, queries
from config.common.errors import InUse, Invalid, NotFound
from config.common.models import Bookmark
from tests.factories.care import AT, DAY, OfferFactory, SegmentFactory, bought, seed_money, willing
from tests.factories.common import UserFactory
from tests.factories.compensation import (
    CouponTemplateFactory,
    MemberFactory,
    OrderFactory,
    OrderLineFactory,
    ProductFactory,
    TierFactory,
)
from tests.threads import at_once, behind, refused

pytestmark = [pytest.mark.django_db, pytest.mark.req("C12")]


def found(**filters):
    return set(queries.narrowed(filters, Member.objects.all(), AT))


@pytest.fixture
def three():
    """One who never bought, one who did a year and more ago, one who does."""
    none, old, new = (willing(registered_at=AT - 500 * DAY) for _ in range(3))
    bought(old, 400, 60_000)
    for days in (2, 20):
        bought(new, days, 15_000)
    return none, old, new


def test_every_member_has_figures_from_the_start():
    member = MemberFactory()
    assert (member.figures.orders, member.figures.year_fen, member.figures.categories) == (0, 0, [])
    Member.objects.bulk_create(
        Member(external_id=f"B{n}", registered_at=AT, tier=member.tier) for n in range(3)
    )
    assert MemberFigures.objects.count() == 4


@pytest.mark.parametrize(
    ("filters", "who"),
    [
        ({}, "none old new"),
        ({"orders_from": "1"}, "old new"),
        ({"orders_to": "0"}, "none"),
        ({"orders_from": "2"}, "new"),
        ({"orders_from": "1", "orders_to": "1"}, "old"),
        ({"last_order_to": "90"}, "new"),
        ({"last_order_from": "91"}, "old"),
        ({"last_order_from": "366"}, "old"),
        ({"year_from": "300"}, "new"),
        ({"year_from": "300.01"}, ""),
        ({"year_to": "0"}, "none old"),
        ({"spent_from": "600"}, "old"),
        ({"spent_to": "599.99"}, "none new"),
        ({"top_percent": "10"}, "new"),
        ({"top_percent": "100"}, "new"),
        ({"registered_from": "500"}, "none old new"),
        ({"registered_to": "499"}, ""),
        ({"consent": "yes", "last_order_to": "30"}, "new"),
        ({"consent": "no"}, ""),
        ({"reachable": "sms"}, "none old new"),
        ({"reachable": "email"}, ""),
        ({"region": "上海、北京"}, "none old new"),
        ({"region": "北京"}, ""),
        ({"points_from": "1"}, ""),
        ({"points_to": "0"}, "none old new"),
        ({"tier": ["ordinary"]}, "none old new"),
    ],
)
def test_criteria_find_whom_they_say(three, filters, who):
    names = dict(zip(("none", "old", "new"), three, strict=True))
    assert found(**filters) == {names[name] for name in who.split()}


def test_by_tier_and_birthday():
    gold = willing(tier=TierFactory(code="gold"), birthday=date(2000, 2, 29))
    willing(birthday=date(1990, 3, 1))
    assert found(tier=["gold", "ordinary"], birthday_month=["2"]) == {gold}
    assert found(tier=["gold"], birthday_month=["3"]) == set()
    assert len(found(birthday_month=["2", "3"])) == 2


def test_by_points():
    seed_money()
    rich, _poor = willing(), willing()
    ledger.post(
        key="x", kind="points.granted", moves=given(Unit.POINTS, 200, member_id=rich.pk), actor=None, at=AT
    )
    assert found(points_from="200", points_to="200") == {rich}
    assert found(points_from="201") == set()
    assert found(points_to="199") == {_poor}


def test_by_what_was_bought_in_the_year():
    lover, past = willing(), willing()
    for member, days in ((lover, 5), (past, 370)):
        order = OrderFactory(member=member, placed_at=AT - days * DAY)
        OrderLineFactory(order=order, product=ProductFactory(category="数码"))
        OrderLineFactory(order=order, product=ProductFactory(category="数码"))
    figures.refresh(member_ids=[lover.pk, past.pk], at=AT)
    assert found(category="服饰，数码") == {lover}


def test_by_coupons_used():
    keen, idle = willing(), willing()
    seed_money()
    template = CouponTemplateFactory()
    for number in range(6):
        member = keen if number % 2 == 0 or number == 1 else idle
        coupon = coupons.issue(template=template, member=member, key=str(number), actor=None, at=AT - 5 * DAY)
        if number < 4:
            basket = coupons.Basket.of(9_900)
            coupons.redeem(
                code=coupon.code, order_ref=f"R{number}", basket=basket, key=f"r{number}", at=AT - DAY
            )
    assert found(coupons_used="3") == {keen}
    assert found(coupons_used="1") == {keen, idle}


def test_the_erased_are_in_no_segment(three):
    Member.objects.filter(pk=three[2].pk).update(erased_at=AT)
    assert three[2] not in found()


@pytest.mark.parametrize(
    "typed",
    [
        {"phone__startswith": "138"},
        {"orders_from": "x"},
        {"orders_from": "-1"},
        {"orders_from": "1.5"},
        {"orders_from": "9" * 30},
        {"orders_from": "nan"},
        {"orders_from": "3", "orders_to": "2"},
        {"last_order_from": "99999999"},
        {"top_percent": "0"},
        {"top_percent": "101"},
        {"tier": ["platinum"]},
        {"birthday_month": ["13"]},
        {"consent": "maybe"},
        {"year_from": "1e400"},
        {"region": "x" * 200},
        {"city": "a\x00b"},
        {"reachable": "fax"},
    ],
)
def test_what_makes_no_sense_is_refused_in_words(typed):
    with translation.override("en"), pytest.raises(Invalid) as refusal:
        queries.clean(typed)
    assert str(refusal.value)
    with pytest.raises(Invalid):
        commands.save(segment=SegmentFactory.build(), filters=typed, actor=None, at=AT)


def test_what_is_kept_is_what_was_filled_in():
    TierFactory(code="gold")
    typed = QueryDict("tier=gold&tier=gold&orders_from=+2+&orders_to=&region=上海，+北京,&consent=yes")
    kept = queries.clean(typed)
    assert kept == {"tier": ["gold"], "orders_from": "2", "region": "上海,北京", "consent": "yes"}
    assert queries.clean(kept) == kept


def test_a_criterion_that_is_gone_refuses_rather_than_find_too_many():
    segment = SegmentFactory(filters={"shoe_size": "42", "orders_from": "1"})
    with pytest.raises(Invalid):
        queries.members(segment, AT).count()


def test_saving_counts_and_another_filter_is_another_version(three):
    user = UserFactory()
    segment = commands.save(segment=SegmentFactory.build(), filters={"orders_from": "1"}, actor=user, at=AT)
    assert (segment.version, segment.counted, segment.counted_at) == (1, 2, AT)
    segment.note = "x"
    commands.save(segment=segment, filters={"orders_from": " 1"}, actor=user, at=AT)
    assert segment.version == 1
    commands.save(segment=segment, filters={"orders_from": "2"}, actor=user, at=AT)
    assert (segment.version, segment.counted) == (2, 1)
    kept = Segment.pgh_event_model.objects.order_by("pgh_id").values_list("version", "filters")
    assert (1, {"orders_from": "1"}) in kept
    assert (2, {"orders_from": "2"}) in kept


def test_a_segment_in_use_is_not_deleted_and_the_user_is_named():
    segment = SegmentFactory()
    OfferFactory(segment=segment, name="欢迎", name_en="Welcome")
    with translation.override("en"), pytest.raises(InUse, match="Welcome"):
        commands.delete(segment_id=segment.pk, actor=None, at=AT)
    assert Segment.objects.filter(pk=segment.pk).exists()


def test_one_that_nothing_goes_by_is_deleted_once():
    segment = SegmentFactory()
    commands.delete(segment_id=segment.pk, actor=None, at=AT)
    with pytest.raises(NotFound):
        commands.delete(segment_id=segment.pk, actor=None, at=AT)


def test_which_of_some_are_inside(three):
    segment = SegmentFactory(filters={"orders_from": "1"})
    ids = [member.pk for member in three]
    assert queries.inside(segment, ids[:2], AT) == {ids[1]}
    assert queries.inside(None, ids[:2], AT) == set(ids[:2])


@pytest.mark.django_db(transaction=True)
def test_figures_follow_the_orders_that_change():
    member = willing()
    order = OrderFactory(member=member, total_fen=5_000, placed_at=AT - DAY)
    assert figures.follow(at=AT) == 1
    assert MemberFigures.objects.get(member=member).spent_fen == 5_000
    assert figures.follow(at=AT) == 0
    Order.objects.filter(pk=order.pk).update(status=OrderStatus.RETURNED)
    figures.follow(at=AT)
    again = MemberFigures.objects.get(member=member)
    assert (again.orders, again.spent_fen, again.last_order_at) == (0, 0, None)


def test_figures_forget_what_leaves_the_year():
    member = willing()
    bought(member, 300, 7_000)
    bought(member, 100, 5_000)
    later = AT + 66 * DAY
    assert figures.refresh_stale(at=AT) == 0
    assert figures.refresh_stale(at=later) == 1
    now = MemberFigures.objects.get(member=member)
    assert (now.year_fen, now.spent_fen, now.orders) == (5_000, 12_000, 2)
    assert figures.refresh_stale(at=later) == 0


@pytest.mark.parametrize(
    ("filters", "who"),
    [
        ({"points_from": "20", "points_to": "30"}, [20, 30]),
        ({"points_from": "31"}, [40]),
        ({"points_to": "20"}, [0, 10, 20]),
        ({"points_from": "0", "points_to": "0"}, [0]),
    ],
)
def test_both_ends_of_points_are_looked_at_at_once(filters, who):
    seed_money()
    held = {MemberFactory().pk: 0}
    for number in (10, 20, 30, 40):
        member = MemberFactory()
        moves = given(Unit.POINTS, number, member_id=member.pk)
        ledger.post(key=f"k{number}", kind="points.granted", moves=moves, actor=None, at=AT)
        held[member.pk] = number
    assert sorted(held[one.pk] for one in found(**filters)) == who
    assert str(queries.narrowed(filters, Member.objects.all(), AT).query).count("compensation_account") <= 2


def test_what_is_slow_to_count_is_estimated_by_one_in_a_hundred(monkeypatch):
    people = [MemberFactory(consent_marketing=True) for _n in range(3)]
    fields = {"consent_marketing": True, "registered_at": AT, "tier": people[0].tier}
    Member.objects.bulk_create(Member(external_id=f"S{n}", **fields) for n in range(400))
    in_sample = Member.objects.filter(IN_SAMPLE).count()
    assert 0 < in_sample < 20
    yes = {"consent": "yes"}
    assert queries.about(yes, AT) == queries.Counted(403)
    monkeypatch.setattr(queries, "CHEAP", -1)
    estimate = queries.about(yes, AT)
    assert (estimate.number, estimate.give_or_take % 100) == (in_sample * 100, 0)
    assert estimate.give_or_take > 0
    assert queries.about({"city": "x"}, AT) == queries.Counted(0, 200)
    segment = commands.save(segment=Segment(code="s", name="s"), filters=yes, actor=UserFactory(), at=AT)
    assert (segment.counted, segment.counted_at) == (None, None)
    assert commands.recount(segment_id=segment.pk, at=AT) == 403


def test_the_sample_is_read_by_its_index():
    rows = queries.narrowed({"consent": "yes"}, Member.objects.all(), AT).filter(IN_SAMPLE).order_by()
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    assert "member_sample" in rows.values("pk").explain()


@pytest.mark.parametrize("members", [1, 3])
def test_counting_takes_as_many_queries_however_many_are_found(members, django_assert_num_queries):
    for _ in range(members):
        bought(willing())
    with django_assert_num_queries(1):
        assert queries.count({"orders_from": "1", "consent": "yes", "points_to": "5"}, AT) == members


def test_the_lifecycle_ships_and_what_was_taken_away_stays_away():
    defaults.seed(AT)
    assert Segment.objects.count() == len(defaults.SEGMENTS)
    Segment.objects.get(code="lost").delete()
    defaults.seed(AT)
    assert not Segment.objects.filter(code="lost").exists()
    for segment in Segment.objects.all():
        commands.recount(segment_id=segment.pk, at=AT)
    assert not Segment.objects.filter(counted=None).exists()


@pytest.mark.django_db(transaction=True)
def test_two_refreshes_at_once_end_with_all_orders():
    member = willing()
    OrderFactory.create_batch(4, member=member, total_fen=1_000, placed_at=AT - DAY)

    def refresh():
        figures.refresh(member_ids=[member.pk], at=AT)

    assert not refused(at_once(*[refresh] * 6))
    assert MemberFigures.objects.get().spent_fen == 4_000


def test_a_segment_that_no_longer_makes_sense_is_not_counted_anew():
    broken, whole = SegmentFactory(filters={"tier": ["gone"]}), SegmentFactory()
    willing()
    counted = [commands.recount(segment_id=one.pk, at=AT) for one in (broken, whole)]
    assert counted == [None, 1]
    broken.refresh_from_db()
    assert broken.counted_at is None


@pytest.mark.django_db(transaction=True)
def test_figures_that_had_to_wait_go_by_the_orders_of_now():
    member = willing()

    def refresh():
        figures.refresh(member_ids=[member.pk], at=AT)

    refused_ = behind(
        lambda: MemberFigures.objects.select_for_update().get(member=member),
        refresh,
        lambda: OrderFactory(member=member, total_fen=1_000, placed_at=AT - DAY),
    )
    assert refused_ is None
    assert MemberFigures.objects.get().spent_fen == 1_000


@pytest.mark.django_db(transaction=True)
def test_of_two_who_follow_the_orders_the_second_goes_on_where_the_first_stopped():
    figures.follow(at=AT)
    OrderFactory(member=willing())
    order = Order.objects.get()

    def the_first_is_through():
        Bookmark.objects.filter(reader=figures.READER).update(txid=order.changed_txid, event_id=order.pk)

    took = behind(
        lambda: Bookmark.objects.select_for_update().get(reader=figures.READER),
        lambda: figures.follow(at=AT),
        the_first_is_through,
    )
    assert took == 0
    assert figures.follow(at=AT) == 0
