"""At the end of its period a tier is kept by spending or lost, and never without a warning."""

from datetime import UTC, datetime, timedelta

import pytest

from compensation.defaults import tiers as defaults
from compensation.models import Member, Notice, Order, Tier, TierPeriod, TierRule
from compensation.tiers import commands, queries
from compensation.tiers.reviewing import review_due, warn_due
from config.common.models import Event
from tests.factories.compensation import MemberFactory
from tests.factories.shop import OrderFactory
from tests.threads import at_once, refused

AT = datetime(2026, 3, 10, tzinfo=UTC)
DAY = timedelta(days=1)
pytestmark = [pytest.mark.django_db, pytest.mark.req("C2")]


@pytest.fixture
def silver():
    """A member who has become silver at AT by one order placed nine days before."""
    defaults.seed(AT)
    return make_silver()


def make_silver():
    member = MemberFactory(tier=Tier.objects.get(code="ordinary"), registered_at=AT - 90 * DAY, language="en")
    OrderFactory(member=member, total_fen=60_000)
    commands.reassess(member_ids=[member.pk], at=AT)
    return member


def tiers(member):
    return list(queries.history(member).values_list("tier__code", "reason"))


def test_nothing_happens_before_the_end(silver):
    assert review_due(at=AT + 365 * DAY - timedelta(seconds=1)) == 0
    assert tiers(silver) == [("silver", "spending"), ("ordinary", "start")]


def test_who_no_longer_reaches_it_comes_down_and_is_told(silver):
    warn_due(at=AT + 335 * DAY)
    assert review_due(at=AT + 365 * DAY) == 1
    assert tiers(silver)[0] == ("ordinary", "review")
    assert Member.objects.get(pk=silver.pk).tier.code == "ordinary"
    assert TierPeriod.objects.get(member=silver, ends_at=None).review_at is None
    assert Notice.objects.get(member=silver, kind="tier.changed").title == "You are now Ordinary"
    assert review_due(at=AT + 400 * DAY) == 0


def test_who_still_reaches_it_keeps_it_for_another_period(silver):
    OrderFactory(member=silver, total_fen=60_000, placed_at=AT + 200 * DAY)
    assert review_due(at=AT + 365 * DAY) == 1
    assert tiers(silver) == [("silver", "spending"), ("ordinary", "start")]
    assert TierPeriod.objects.get(member=silver, ends_at=None).review_at == AT + 730 * DAY
    assert Event.objects.filter(kind="tier.kept", subject_id=silver.pk).count() == 1
    assert not Notice.objects.exists()


def test_old_orders_count_no_longer(silver):
    OrderFactory(member=silver, total_fen=50_000, placed_at=AT + 370 * DAY)
    commands.reassess(member_ids=[silver.pk], at=AT + 371 * DAY)
    assert tiers(silver)[0] == ("silver", "spending")
    standing = queries.progress(silver, AT + 371 * DAY)
    assert (standing.spending_fen, standing.next_tier.code) == (50_000, "silver")


def test_a_warning_comes_in_time_and_once(silver):
    assert warn_due(at=AT + 335 * DAY - timedelta(seconds=1)) == 0
    assert warn_due(at=AT + 335 * DAY) == 1
    assert warn_due(at=AT + 336 * DAY) == 0
    warning = Notice.objects.get(member=silver)
    assert (warning.kind, warning.title) == ("tier.ending", "Keep your Silver")
    assert "500.01" in warning.body


def test_who_will_keep_it_is_not_warned(silver):
    OrderFactory(member=silver, total_fen=60_000, placed_at=AT + 200 * DAY)
    assert warn_due(at=AT + 340 * DAY) == 0
    assert not Notice.objects.exists()


def test_who_no_longer_keeps_it_is_warned_though_looked_at_before(silver):
    order = OrderFactory(member=silver, total_fen=60_000, placed_at=AT + 200 * DAY)
    assert warn_due(at=AT + 340 * DAY) == 0
    Order.objects.filter(pk=order.pk).update(status="returned")
    assert warn_due(at=AT + 341 * DAY) == 1
    assert warn_due(at=AT + 342 * DAY) == 0


def test_nobody_comes_down_unwarned(silver):
    order = OrderFactory(member=silver, total_fen=60_000, placed_at=AT + 200 * DAY)
    warn_due(at=AT + 364 * DAY)
    Order.objects.filter(pk=order.pk).update(status="returned")
    assert review_due(at=AT + 365 * DAY) == 1
    assert tiers(silver)[0] == ("silver", "spending")
    assert Notice.objects.get(member=silver).kind == "tier.ending"
    assert review_due(at=AT + 394 * DAY) == 0
    assert review_due(at=AT + 395 * DAY) == 1
    assert tiers(silver)[0] == ("ordinary", "review")


def test_where_nobody_is_warned_nobody_waits_for_a_warning(silver):
    TierRule.objects.update(notice_days=0)
    assert review_due(at=AT + 365 * DAY) == 1
    assert tiers(silver)[0] == ("ordinary", "review")


def test_warnings_go_through_all_in_steps():
    defaults.seed(AT)
    kept = [make_silver() for _ in range(3)]
    for member in kept:
        OrderFactory(member=member, total_fen=60_000, placed_at=AT + 200 * DAY)
    short = [make_silver() for _ in range(3)]
    assert warn_due(at=AT + 340 * DAY, limit=2) == 3
    assert {notice.member for notice in Notice.objects.all()} == set(short)


def test_an_extended_period_is_warned_of_anew(silver):
    OrderFactory(member=silver, total_fen=60_000, placed_at=AT + 200 * DAY)
    warn_due(at=AT + 340 * DAY)
    review_due(at=AT + 365 * DAY)
    assert warn_due(at=AT + 700 * DAY) == 1
    assert Notice.objects.filter(member=silver, kind="tier.ending").count() == 1


@pytest.mark.parametrize(("fen", "code"), [(0, "ordinary"), (60_000, "silver"), (200_000, "gold")])
def test_after_a_time_by_hand_spending_decides(silver, fen, code):
    TierPeriod.objects.filter(member=silver).delete()
    silver.orders.all().delete()
    gold = Tier.objects.get(code="gold")
    until = AT + 30 * DAY
    commands.set_by_hand(member_id=silver.pk, tier_id=gold.pk, note="x", until=until, actor=None, at=AT)
    if fen:
        OrderFactory(member=silver, total_fen=fen)
    commands.reassess(member_ids=[silver.pk], at=AT + DAY)
    assert tiers(silver)[0] == ("gold", "manual")
    assert warn_due(at=until - DAY) == (code != "gold")
    assert review_due(at=until) == 1
    assert tiers(silver)[0] == (code, "review")


def test_an_erased_member_is_left_alone(silver):
    Member.objects.filter(pk=silver.pk).update(erased_at=AT)
    assert warn_due(at=AT + 340 * DAY) == review_due(at=AT + 365 * DAY) == 0


@pytest.mark.django_db(transaction=True)
def test_passes_at_once_share_the_work():
    defaults.seed(AT)
    members = [make_silver() for _ in range(12)]
    assert warn_due(at=AT + 340 * DAY) == 12
    results = at_once(*[lambda: review_due(at=AT + 365 * DAY, limit=4) for _ in range(4)])
    assert not refused(results)
    while review_due(at=AT + 365 * DAY):
        pass
    assert all(tiers(member)[0] == ("ordinary", "review") for member in members)
    assert Event.objects.filter(kind="tier.changed", data__reason="review").count() == 12
