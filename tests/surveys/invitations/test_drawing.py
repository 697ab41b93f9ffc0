from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from compensation.models import OrderStatus, TierPeriod, TierReason
from surveys.campaigns import chance, commands
from surveys.invitations.commands import ask, draw, find
from surveys.models import Campaign, Invitation, Occasion, Skip, Waiting, Wave
from tests.factories.care import SegmentFactory
from tests.factories.compensation import T0, MemberFactory, OrderFactory, ShipmentFactory, TierFactory
from tests.factories.surveys import NOW, drafted, questionnaire, running
from tests.threads import at_once, refused

pytestmark = [pytest.mark.django_db, pytest.mark.req("S1")]

DAY = timedelta(days=1)


def drawn() -> set[int]:
    return set(Waiting.objects.values_list("member", flat=True))


def test_a_wave_draws_each_stratum_at_its_share_and_every_member_once():
    north, south = SegmentFactory(filters={"region": "北京"}), SegmentFactory(filters={"region": "上海,北京"})
    members = [MemberFactory(region=region) for region in ["北京", "上海", "广州"] * 30]
    campaign = running(strata=[(north, 100), (south, 50)])
    while draw(at=NOW, step=20):
        pass
    wave = Wave.objects.get()
    assert wave.drawn_at == NOW
    expected = {
        one.pk
        for one in members
        if one.region == "北京"
        or (one.region == "上海" and chance.place("wave", wave.label, one.pk) < chance.limit(50))
    }
    assert drawn() == expected
    assert len(expected) > 30
    first = campaign.strata.get(position=1)
    assert set(Waiting.objects.filter(stratum=first).values_list("member__region", flat=True)) == {"北京"}
    assert not Skip.objects.exists()  # whom chance left out has no row


def test_a_drawing_that_stops_goes_on_where_it_was():
    for _ in range(7):
        MemberFactory()
    campaign = running()
    assert draw(at=NOW, step=3) == 3
    assert Waiting.objects.count() == 3
    commands.pause(campaign_id=campaign.pk, actor=None, at=NOW)
    assert draw(at=NOW, step=3) == 0
    commands.launch(campaign_id=campaign.pk, actor=None, at=NOW)
    assert [draw(at=NOW, step=3) for _ in range(3)] == [3, 1, 0]
    assert Waiting.objects.count() == 7
    MemberFactory()
    assert draw(at=NOW) == 0  # the wave is drawn


def test_drawing_takes_as_many_queries_for_three_as_for_one():
    running(strata=[(SegmentFactory(filters={"region": "北京"}), 50), (None, 50)])
    draw(at=T0, step=1)
    counts = []
    for members in (1, 3):
        for _ in range(members):
            MemberFactory()
        Wave.objects.update(drawn_at=None)
        with CaptureQueriesContext(connection) as made:
            assert draw(at=NOW) == members
        counts.append(len(made))
    assert counts[0] == counts[1]


def test_the_holdout_is_the_same_in_all_waves_and_would_have_been_drawn():
    members = [MemberFactory() for _ in range(60)]
    running(occasion=Occasion.RECURRING, rhythm="month", holdout=50, strata=[(None, 60)])
    for at in (NOW, NOW + 31 * DAY):
        while draw(at=at):
            pass
    first, second = Wave.objects.order_by("opens_at")
    assert (first.label, second.label) == ("2026-11", "2026-12")

    def taken(label):
        return {m.pk for m in members if chance.place("wave", label, m.pk) < chance.limit(60)}

    never = {m.pk for m in members if chance.place("wave", chance.HOLDOUT, m.pk) < chance.limit(50)}
    for wave in (first, second):
        held = set(Skip.objects.filter(wave=wave, reason="holdout").values_list("member", flat=True))
        asked = set(Waiting.objects.filter(wave=wave).values_list("member", flat=True))
        assert held == taken(wave.label) & never
        assert asked == taken(wave.label) - never
        assert held
        assert asked


def test_a_segment_that_makes_no_sense_any_more_stops_no_other_campaign():
    MemberFactory()
    running("broken", segment=SegmentFactory(filters={"shoe_size": "42"}))
    running("sound")
    while draw(at=NOW):
        pass
    assert Waiting.objects.get().wave.campaign.code == "sound"


@pytest.mark.req("S2")
def test_what_happened_is_taken_up_once_by_its_moment():
    order = OrderFactory(status=OrderStatus.PAID, paid_at=NOW - DAY)
    OrderFactory(status=OrderStatus.CANCELLED, paid_at=NOW - DAY)
    OrderFactory(status=OrderStatus.PAID, paid_at=NOW - 8 * DAY)
    OrderFactory(status=OrderStatus.PLACED, paid_at=None)
    OrderFactory(status=OrderStatus.PAID, paid_at=NOW - DAY, member=MemberFactory(erased_at=T0))
    running("paid", occasion=Occasion.ORDERED, delay_hours=48)
    assert find(at=NOW) == 1
    assert find(at=NOW) == 0
    waiting = Waiting.objects.get()
    assert (waiting.order, waiting.key) == (order, f"order:{order.pk}")
    assert waiting.due_at == NOW + DAY
    assert ask(at=NOW + DAY).asked == 1
    assert find(at=NOW + DAY) == 0  # in whatever table it is now
    assert Invitation.objects.get().order == order


@pytest.mark.req("S2")
def test_an_order_that_changes_again_in_the_next_quarter_is_not_asked_about_twice():
    end = NOW.replace(year=2026, month=12, day=31, hour=10)
    order = OrderFactory(status=OrderStatus.DELIVERED, paid_at=end - DAY, changed_at=end)
    running("arrived", occasion=Occasion.DELIVERED)
    assert find(at=end) == 1
    type(order).objects.update(changed_at=end + DAY)
    assert find(at=end + DAY) == 0
    assert Waiting.objects.get().wave.label == "2026-Q4"


@pytest.mark.req("S2")
def test_an_order_has_arrived_when_its_last_parcel_has():
    order = OrderFactory(status=OrderStatus.DELIVERED, paid_at=NOW - 3 * DAY, changed_at=NOW)
    for days in (2, 1):
        ShipmentFactory(order=order, delivered_at=NOW - days * DAY)
    running("arrived", occasion=Occasion.DELIVERED)
    find(at=NOW)
    assert Waiting.objects.get().happened_at == NOW - DAY


@pytest.mark.req("S2")
def test_a_tier_that_changed_is_taken_up_and_the_first_is_not():
    member, tier = MemberFactory(), TierFactory()
    TierPeriod.objects.create(
        member=member, tier=tier, starts_at=NOW - 3 * DAY, ends_at=NOW - DAY, reason=TierReason.START
    )
    TierPeriod.objects.create(member=MemberFactory(), tier=tier, starts_at=NOW - DAY, reason=TierReason.START)
    now = TierPeriod.objects.create(member=member, tier=tier, starts_at=NOW - DAY, reason=TierReason.SPENDING)
    running("tier", occasion=Occasion.TIER_CHANGED)
    find(at=NOW)
    assert Waiting.objects.get().key == f"tier:{now.pk}"


@pytest.mark.req("S2")
def test_whom_chance_leaves_out_of_what_happened_has_a_row():
    for _ in range(40):
        OrderFactory(status=OrderStatus.PAID, paid_at=NOW - DAY)
    segment = SegmentFactory(filters={"region": "无"})
    running("paid", occasion=Occasion.ORDERED, holdout=30, strata=[(segment, 100), (None, 50)])
    find(at=NOW)
    reasons = set(Skip.objects.values_list("reason", flat=True))
    assert reasons == {"holdout", "not_drawn"}
    assert Skip.objects.count() + Waiting.objects.count() == 40
    assert find(at=NOW) == 0


@pytest.mark.django_db(transaction=True)
def test_two_who_look_at_once_write_each_down_once():
    for _ in range(10):
        OrderFactory(status=OrderStatus.PAID, paid_at=NOW - DAY)
    running("paid", occasion=Occasion.ORDERED, survey=questionnaire())
    results = at_once(*[lambda: (find(at=NOW), ask(at=NOW)) for _ in range(4)])
    assert not refused(results)
    ask(at=NOW)
    assert Invitation.objects.count() == 10
    assert not Waiting.objects.exists()


def test_a_draft_and_a_campaign_whose_time_is_over_ask_nobody():
    MemberFactory()
    drafted("draft")
    running("over", ends_at=NOW - timedelta(hours=1))
    assert draw(at=NOW) == 0
    assert commands.end_due(at=NOW) == 1
    assert Campaign.objects.get(code="over").state == "ended"
