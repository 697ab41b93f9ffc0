"""The programme at work: every occasion is found once and carried out once, or held back for a reason."""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from compensation.care import acting, finding, occasions
from compensation.care import commands as care
from compensation.consents import commands as consents
from compensation.defaults import care as defaults
from compensation.defaults import segments as segment_defaults
from compensation.defaults import tiers as tier_defaults
from compensation.ledger import commands as ledger
from compensation.ledger.queries import balance
from compensation.ledger.rules import LotTerms, given
from compensation.members import commands as members
from compensation.models import (
    DAILY,
    Budget,
    CareAct,
    CareRule,
    CareRun,
    CareStatus,
    CareTerms,
    ConsentNeed,
    Coupon,
    CouponTemplate,
    Festival,
    Grant,
    GrantStatus,
    HeldReason,
    Member,
    Notice,
    Order,
    OrderStatus,
    Purpose,
    Trigger,
    Unit,
)
from compensation.segments import figures
from compensation.tiers import commands as tiers
from config.common.errors import Invalid
from config.common.models import Bookmark, Event, OutboxMessage
from tests.factories.care import (
    AT,
    DAY,
    HOUR,
    QUIET,
    OfferFactory,
    RuleFactory,
    SegmentFactory,
    bought,
    seed_money,
    willing,
)
from tests.factories.compensation import (
    CouponTemplateFactory,
    MemberFactory,
    OrderFactory,
    OrderLineFactory,
    ShipmentFactory,
    TierFactory,
)
from tests.threads import at_once, behind, refused

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.req("C11")]
NOON = datetime(2026, 11, 22, 4, tzinfo=UTC)


def run(at=AT):
    """What beat wakes, all of it."""
    finding.find(at=at)
    while acting.act_due(at=at):
        pass


def keys(**narrow):
    return sorted(CareAct.objects.filter(**narrow).values_list("key", flat=True))


def said():
    return [(notice.title, notice.body) for notice in Notice.objects.order_by("pk")]


# --- every trigger -------------------------------------------------------------------------------------


def test_joining():
    OfferFactory()
    member = willing()
    willing(registered_at=AT - 10 * DAY)
    run()
    assert keys() == ["registered"]
    act = CareAct.objects.get()
    assert (act.member, act.status, act.is_sent) == (member, CareStatus.DONE, True)
    assert said() == [("Welcome", "")]
    assert OutboxMessage.objects.filter(kind="member").count() == 1


def test_somebody_who_only_wrote_to_us_has_not_joined():
    OfferFactory(consent=ConsentNeed.TO_SEND)
    TierFactory()
    members.guest(phone="13900000009", at=AT)
    run()
    assert not CareAct.objects.exists()


def test_an_order_paid_names_the_order_and_what_was_bought():
    RuleFactory(body="{product}", body_en="{product}")
    order = OrderFactory(paid_at=AT - HOUR, member=MemberFactory(language="zh-hans"))
    OrderLineFactory(order=order)
    run()
    assert keys() == [f"order:{order.pk}"]
    assert said() == [(f"订单{order.external_id}已确认", "纯棉衬衫")]
    assert Notice.objects.get().path == f"/portal/orders/{order.pk}/"


def test_each_order_is_confirmed_but_the_first_is_first_once():
    RuleFactory()
    RuleFactory(trigger=Trigger.FIRST_ORDER, title="谢谢 {order}", title_en="Thanks for {order}")
    member = MemberFactory(language="en")
    first = OrderFactory(member=member, paid_at=AT - 2 * HOUR, external_id="A1")
    OrderFactory(member=member, paid_at=AT - HOUR, external_id="A2")
    run()
    OrderFactory(member=member, paid_at=AT, external_id="A3")
    run(AT + HOUR)
    assert keys(rule__trigger=Trigger.FIRST_ORDER) == ["first_order"]
    assert ("Thanks for A1", "") in said()
    assert len(keys(rule__trigger=Trigger.ORDER_PAID)) == 3
    assert first.member_id == member.pk


def test_parcels_are_told_of_with_their_tracking_number():
    RuleFactory(trigger=Trigger.SHIPPED, title="发货", title_en="Sent", body_en="{carrier}\n{tracking}")
    order = OrderFactory(member=MemberFactory(language="en"), status=OrderStatus.SHIPPED)
    known = ShipmentFactory(order=order, shipped_at=AT - HOUR, carrier="SF", tracking_number="SF1")
    ShipmentFactory(order=order, shipped_at=AT - HOUR, carrier="", tracking_number="SF2")
    ShipmentFactory(order=order, shipped_at=None)
    run()
    assert len(keys()) == 2
    assert f"shipment:{known.pk}" in keys()
    assert {body for _title, body in said()} == {"SF\nSF1", "SF2"}


def test_an_order_received_is_followed_up_a_day_later():
    RuleFactory(trigger=Trigger.DELIVERED, delay_hours=24)
    order = OrderFactory(status=OrderStatus.DELIVERED)
    ShipmentFactory(order=order, shipped_at=AT - DAY, delivered_at=AT - HOUR)
    run()
    assert CareAct.objects.get().status == CareStatus.WAITING
    run(AT + 22 * HOUR)
    assert not said()
    run(AT + 23 * HOUR)
    assert CareAct.objects.get().status == CareStatus.DONE


def birthday_rule(**changes):
    return OfferFactory(trigger=Trigger.BIRTHDAY, active_since=datetime(2020, 1, 1, tzinfo=UTC), **changes)


@pytest.mark.parametrize(
    ("born", "today", "found"),
    [
        (date(1990, 11, 22), datetime(2026, 11, 22, 4, tzinfo=UTC), True),
        (date(1990, 11, 22), datetime(2026, 11, 21, 16, tzinfo=UTC), True),  # midnight in Shanghai
        (date(1990, 11, 22), datetime(2026, 11, 21, 15, 59, tzinfo=UTC), False),
        (date(2000, 2, 29), datetime(2027, 2, 28, 4, tzinfo=UTC), True),
        (date(2000, 2, 29), datetime(2027, 2, 27, 4, tzinfo=UTC), False),
        (date(2000, 2, 29), datetime(2028, 2, 28, 4, tzinfo=UTC), False),
        (date(2000, 2, 29), datetime(2028, 2, 29, 4, tzinfo=UTC), True),
    ],
)
def test_birthdays(born, today, found):
    birthday_rule()
    willing(birthday=born)
    willing(birthday=None)
    run(today)
    assert keys() == ([f"birthday:{today.year}"] if found else [])


def test_a_birthday_comes_once_a_year_and_again_the_next():
    birthday_rule()
    willing(birthday=date(2000, 2, 29))
    for day in range(-2, 4):
        run(datetime(2027, 2, 28, 4, tzinfo=UTC) + day * DAY)
    run(datetime(2028, 2, 29, 4, tzinfo=UTC))
    assert keys() == ["birthday:2027", "birthday:2028"]


def test_a_birthday_may_be_told_of_before():
    birthday_rule(days=7)
    willing(birthday=date(1990, 11, 29))
    run()
    assert keys() == ["birthday:2026"]


@pytest.mark.parametrize(
    ("festival", "today"),
    [
        (Festival.SPRING, date(2027, 2, 6)),
        (Festival.MID_AUTUMN, date(2027, 9, 15)),
        (Festival.NATIONAL, date(2027, 10, 1)),
    ],
)
def test_festivals(festival, today):
    OfferFactory(trigger=Trigger.FESTIVAL, festival=festival, title="{festival}", title_en="{festival}")
    willing()
    noon = datetime.combine(today, time(4), UTC)
    run(noon - DAY)
    assert not keys()
    run(noon)
    run(noon + DAY)
    assert keys() == [f"festival:{festival}:{today.year}"]
    assert said() == [(str(Festival(festival).label), "")] or Notice.objects.count() == 1


def test_a_tier_reached():
    tier_defaults.seed(AT)
    RuleFactory(trigger=Trigger.TIER_UP, title="升级为{tier}", title_en="You are {tier}")
    member = willing(tier=tiers.lowest())
    tiers.start(member_ids=[member.pk], at=AT - DAY)
    OrderFactory(member=member, total_fen=60_000, placed_at=AT - HOUR)
    tiers.reassess(member_ids=[member.pk], at=AT)
    run()
    assert said() == [("You are Silver", "")]
    run(AT + HOUR)
    assert len(keys()) == 1


def test_points_about_to_expire():
    seed_money()
    RuleFactory(
        trigger=Trigger.POINTS_EXPIRING,
        days=7,
        title="{expiring_points}",
        title_en="{expiring_points} points",
    )
    member, other = willing(), willing()
    for who, amount, days in ((member, 30, 7), (member, 12, 7), (member, 99, 9), (other, 50, 8)):
        terms = LotTerms(expires_at=AT + days * DAY)
        moves = given(Unit.POINTS, amount, member_id=who.pk)
        ledger.post(
            key=f"{who.pk}:{amount}", kind="points.earned", moves=moves, actor=None, at=AT, terms=terms
        )
    run()
    assert said() == [("42 points", "")]
    run(AT + DAY)
    assert CareAct.objects.filter(member=other, key="points:2026-11-30").count() == 1


def test_no_order_for_some_time():
    rule = OfferFactory(trigger=Trigger.NO_ORDER, days=90)
    gone, before, back = willing(), willing(), willing()
    bought(gone, 90)
    bought(before, 200)
    bought(back, 90)
    finding.find(at=AT)
    assert {act.member for act in CareAct.objects.all()} == {gone, back}
    bought(back, 0)
    run()
    assert CareAct.objects.get(member=gone).status == CareStatus.DONE
    assert CareAct.objects.get(member=back).reason == HeldReason.OVER
    for day in range(1, 40):
        finding.find(at=AT + day * DAY)
    assert CareAct.objects.filter(rule=rule, member=gone).count() == 1
    bought(gone, 0)
    finding.find(at=AT + 91 * DAY)
    assert CareAct.objects.filter(rule=rule, member=gone).count() == 2


# --- once, and nothing lost ------------------------------------------------------------------------------


def test_old_orders_that_come_in_are_nobodys_occasion():
    RuleFactory()
    OrderFactory(paid_at=AT - 5 * DAY)
    run()
    assert not keys()


def test_a_rule_takes_up_what_happens_since_it_is_in_force():
    rule = RuleFactory(is_active=False, active_since=None)
    OrderFactory(paid_at=AT - HOUR)
    rule.is_active = True
    care.save_rule(rule=rule, actor=None, at=AT)
    run()
    assert not keys()
    OrderFactory(paid_at=AT + HOUR)
    run(AT + HOUR)
    assert len(keys()) == 1


def test_running_again_changes_nothing():
    OfferFactory(coupon=CouponTemplateFactory(), points=5)
    seed_money()
    RuleFactory()
    OrderFactory(paid_at=AT - HOUR, member=willing())
    for minute in range(5):
        run(AT + minute * timedelta(minutes=1))
    assert CareAct.objects.count() == 2
    assert Notice.objects.count() == 2
    assert Grant.objects.count() == 2
    assert Event.objects.filter(kind="care.done").count() == 2


def test_days_that_were_missed_are_made_up_for():
    birthday_rule()
    willing(birthday=date(1990, 11, 22))
    run(AT + 2 * DAY)
    assert keys() == ["birthday:2026"]


def test_chunks_go_on_where_the_last_one_stopped():
    birthday_rule()
    for _ in range(7):
        willing(birthday=date(1990, 11, 22))
    steps = []
    while (step := finding.find_by_day(at=AT, chunk=3)) is not None:
        steps.append(step)
    assert sum(steps) == 7
    assert steps.count(3) == 2
    assert not CareRun.objects.filter(finished_at=None).exists()


@pytest.mark.parametrize("pass_", range(2))
def test_a_beat_that_comes_twice_at_once_doubles_nothing(pass_):
    seed_money()
    OfferFactory(coupon=CouponTemplateFactory(), points=10)
    birthday_rule()
    RuleFactory()
    for _ in range(12):
        OrderFactory(member=willing(birthday=date(1990, 11, 22)), paid_at=AT - HOUR)
    CareTerms.objects.create(most=9)
    assert not refused(at_once(*[run] * 4))
    run()
    assert CareAct.objects.filter(status=CareStatus.DONE).count() == 36
    assert Notice.objects.count() == 36
    assert OutboxMessage.objects.filter(kind="member").count() == 36
    assert Coupon.objects.count() == 12
    assert [balance(member) for member in Member.objects.all()] == [10] * 12


def test_the_orders_that_somebody_else_looks_at_are_left_to_them():
    RuleFactory()
    finding.find(at=AT - DAY)
    OrderFactory(member=willing(), paid_at=AT - HOUR)
    found = behind(
        lambda: Bookmark.objects.select_for_update().get(reader=finding.READER),
        lambda: finding.find_by_orders(at=AT),
        lambda: None,
    )
    assert found == 0
    assert not CareAct.objects.exists()
    assert finding.find_by_orders(at=AT) == 1


def test_the_day_that_somebody_else_goes_through_is_left_to_them():
    birthday_rule()
    willing(birthday=date(1990, 11, 22))
    finding._begin_runs(finding._rules(DAILY), AT)
    found = behind(
        lambda: list(CareRun.objects.select_for_update()),
        lambda: finding.find_by_day(at=AT),
        lambda: None,
    )
    assert found is None
    assert not CareAct.objects.exists()


def test_the_cap_holds_with_two_workers_at_once():
    for _ in range(6):
        OfferFactory()
    CareTerms.objects.create(most=2, days=7)
    for _ in range(6):
        willing()
    finding.find(at=AT)
    assert CareAct.objects.count() == 36

    def work():
        while acting.act_due(at=AT, limit=3):
            pass

    assert not refused(at_once(*[work] * 4))
    work()
    for member in Member.objects.all():
        acts = CareAct.objects.filter(member=member)
        assert acts.filter(status=CareStatus.DONE).count() == 2
        assert acts.filter(status=CareStatus.HELD, reason=HeldReason.CAP).count() == 4


def test_the_cap_counts_the_days_before():
    CareTerms.objects.create(most=1, days=7)
    OfferFactory()
    member = willing()
    run()
    festive = OfferFactory(trigger=Trigger.FESTIVAL, festival=Festival.NEW_YEAR, active_since=AT)
    for day, reason in ((6, HeldReason.CAP), (7, "")):
        CareAct.objects.create(
            rule=festive, version=1, member=member, key=f"festival:new_year:{day}",
            happened_at=AT, due_at=AT + day * DAY,
        )  # fmt: skip
        run(AT + day * DAY)
        assert CareAct.objects.get(key=f"festival:new_year:{day}").reason == reason


def test_a_kill_in_between_leaves_everything_as_it_was(monkeypatch):
    seed_money()
    OfferFactory(coupon=CouponTemplateFactory(), points=10)
    willing()
    finding.find(at=AT)

    def die(*_args, **_more):
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(acting, "record_all", die)
        with pytest.raises(KeyboardInterrupt):
            acting.act_due(at=AT)
    assert CareAct.objects.get().status == CareStatus.WAITING
    assert not Notice.objects.exists()
    assert not Coupon.objects.exists()
    run()
    assert (Notice.objects.count(), Coupon.objects.count(), Grant.objects.count()) == (1, 1, 2)


def test_a_kill_while_looking_loses_nothing(monkeypatch):
    RuleFactory()
    birthday_rule()
    OrderFactory(paid_at=AT - HOUR, member=willing(birthday=date(1990, 11, 22)))
    write = finding._write

    def die_after(*args):
        write(*args)
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(finding, "_write", die_after)
        for look in (finding.find_by_orders, finding.find_by_day):
            with pytest.raises(KeyboardInterrupt):
                look(at=AT)
    assert not CareAct.objects.exists()
    run()
    assert CareAct.objects.count() == 2


# --- held back, postponed, given ---------------------------------------------------------------------------


def test_quiet_hours_put_off_and_lose_nothing():
    OfferFactory(**QUIET)
    night = datetime(2026, 11, 22, 15, tzinfo=UTC)
    willing(registered_at=night)
    run(night)
    act = CareAct.objects.get()
    assert (act.status, act.postponed) == (CareStatus.WAITING, 1)
    assert act.due_at == datetime(2026, 11, 23, 1, tzinfo=UTC)
    run(act.due_at)
    act.refresh_from_db()
    assert act.status == CareStatus.DONE


def test_consent_withdrawn_in_between_is_honoured():
    OfferFactory()
    member = willing()
    finding.find(at=AT)
    no = {("marketing", "email"): False, ("marketing", "sms"): False}
    consents.choose(member=member, wanted=no, source="portal", at=AT)
    run()
    act = CareAct.objects.get()
    assert (act.status, act.reason) == (CareStatus.HELD, HeldReason.CONSENT)
    assert not Notice.objects.exists()


def test_without_consent_there_is_no_occasion_for_an_offer():
    OfferFactory()
    willing(consent_marketing=False)
    run()
    assert not keys()


def test_a_benefit_reaches_who_does_not_consent_in_the_portal_only():
    seed_money()
    OfferFactory(consent=ConsentNeed.TO_SEND, coupon=CouponTemplateFactory())
    willing(consent_marketing=False)
    run()
    act = CareAct.objects.get()
    assert (act.status, act.is_sent) == (CareStatus.DONE, False)
    assert Coupon.objects.count() == Notice.objects.count() == 1
    assert not OutboxMessage.objects.filter(kind="member").exists()


def test_who_left_the_segment_is_left_alone():
    segment = SegmentFactory(filters={"region": "上海"})
    OfferFactory(segment=segment)
    member, _elsewhere = willing(region="上海"), willing(region="北京")
    finding.find(at=AT)
    assert CareAct.objects.get().member == member
    Member.objects.filter(pk=member.pk).update(region="北京")
    run()
    assert CareAct.objects.get().reason == HeldReason.SEGMENT


def test_a_rule_that_was_switched_off_holds_back_what_waits():
    rule = OfferFactory()
    willing()
    finding.find(at=AT)
    rule.is_active = False
    care.save_rule(rule=rule, actor=None, at=AT)
    run()
    assert CareAct.objects.get().reason == HeldReason.RULE_OFF


def test_the_erased_hear_nothing():
    OfferFactory()
    member = willing()
    finding.find(at=AT)
    Member.objects.filter(pk=member.pk).update(erased_at=AT)
    run()
    assert CareAct.objects.get().reason == HeldReason.ERASED
    assert not Notice.objects.exists()


def test_an_order_cancelled_meanwhile_is_not_spoken_of():
    RuleFactory(delay_hours=2)
    order = OrderFactory(paid_at=AT - HOUR)
    finding.find(at=AT)
    Order.objects.filter(pk=order.pk).update(status=OrderStatus.CANCELLED, cancelled_at=AT)
    run(AT + 2 * HOUR)
    assert CareAct.objects.get().reason == HeldReason.OVER


def test_coupon_and_points_are_grants_with_the_rule_as_their_cause():
    seed_money()
    rule = OfferFactory(
        coupon=CouponTemplateFactory(), points=50, title_en="{coupon} {coupon_value} {points}"
    )
    member = willing()
    run()
    act = CareAct.objects.get()
    assert act.coupon_grant.cause == f"care:{rule.code}:{act.pk}:coupon"
    assert {grant.status for grant in Grant.objects.all()} == {GrantStatus.CONFIRMED}
    assert {grant.reason_code for grant in Grant.objects.all()} == {"care"}
    assert balance(member) == 50
    assert said() == [("5 yuan off ¥5.00 50", "")]


def test_what_cannot_be_given_is_not_promised_either():
    seed_money()
    template = CouponTemplateFactory(is_active=False)
    OfferFactory(coupon=template, points=50)
    member = willing()
    run()
    act = CareAct.objects.get()
    assert (act.reason, act.detail) == (HeldReason.REFUSED, "coupon_not_given")
    assert (Notice.objects.count(), Grant.objects.count(), balance(member)) == (0, 0, 0)


def test_an_empty_budget_is_waited_for_and_fills_no_inbox():
    seed_money()
    budget = Budget.objects.create(
        reason_code="care", starts_at=AT - DAY, ends_at=AT + 9 * DAY, amount_fen=550
    )
    OfferFactory(coupon=CouponTemplateFactory(), points=100)
    willing()
    willing()
    run()
    assert not Notice.objects.exists()
    assert not Grant.objects.exists()  # neither the coupon alone nor a request for each
    acts = CareAct.objects.all()
    assert {(act.status, act.due_at) for act in acts} == {(CareStatus.WAITING, AT + acting.ASK_AGAIN)}
    Budget.objects.filter(pk=budget.pk).update(amount_fen=700)
    run(AT + HOUR)
    assert sorted(act.status for act in acts.all()) == [CareStatus.DONE, CareStatus.WAITING]
    assert (Grant.objects.count(), Notice.objects.count(), balance(acts[0].member)) == (2, 1, 100)
    for hour in range(2, 50):
        run(AT + hour * HOUR)
    left = acts.get(status=CareStatus.HELD)
    assert (left.reason, left.detail) == (HeldReason.REFUSED, "budget_empty")
    budget.refresh_from_db()
    assert (budget.spent_fen, budget.reserved_fen) == (600, 0)


def test_a_budget_holds_with_workers_at_once():
    seed_money()
    Budget.objects.create(reason_code="care", starts_at=AT - DAY, ends_at=AT + 9 * DAY, amount_fen=2_500)
    OfferFactory(coupon=CouponTemplateFactory())
    for _ in range(12):
        willing()
    finding.find(at=AT)

    def work():
        while acting.act_due(at=AT, limit=2):
            pass

    assert not refused(at_once(*[work] * 4))
    work()
    assert Coupon.objects.count() == Notice.objects.count() == 5
    assert CareAct.objects.filter(status=CareStatus.WAITING).count() == 7


def test_the_birthday_coupon_is_that_of_the_tier():
    for seed in (tier_defaults.seed, defaults_money, tier_defaults.seed_benefits):
        seed(AT)
    birthday_rule(coupon_of_tier=True, body_en="Yours: {coupon}")
    gold = willing(birthday=date(1990, 11, 22), tier=TierFactory(code="gold"))
    plain = willing(birthday=date(1990, 11, 22), tier=TierFactory(code="ordinary"))
    run()
    assert Coupon.objects.get().member == gold
    bodies = {notice.member: notice.body for notice in Notice.objects.all()}
    assert bodies[plain] == ""
    assert "¥50 birthday coupon" in bodies[gold]


def defaults_money(at):
    seed_money()


# --- one broken thing stops nothing else -------------------------------------------------------------------


def broken_segment(**filters):
    """A segment with a criterion that no longer makes sense."""
    return SegmentFactory(filters=filters or {"tier": ["gone"]})


def test_a_segment_that_no_longer_makes_sense_stops_no_other_rule():
    segment = broken_segment()
    for narrow in ({"segment": segment}, {}):
        OfferFactory(**narrow)
        RuleFactory(**narrow)
        birthday_rule(**narrow)
    OrderFactory(paid_at=AT - HOUR, member=willing(birthday=date(1990, 11, 22)))
    run()
    assert CareAct.objects.filter(status=CareStatus.DONE).count() == CareAct.objects.count() == 3
    segment.filters = {}
    segment.save()
    run()
    assert keys(rule__segment=segment) == ["birthday:2026", "registered"]


def test_what_waits_for_a_broken_segment_is_asked_again_and_then_held():
    segment = SegmentFactory(filters={"region": "上海"})
    OfferFactory(segment=segment)
    OfferFactory()
    willing()
    finding.find(at=AT)
    segment.filters = {"tier": ["gone"]}
    segment.save()
    for hour in range(60):
        run(AT + hour * HOUR)
    act = CareAct.objects.get(rule__segment=segment)
    assert (act.status, act.reason, act.detail) == (CareStatus.HELD, HeldReason.SEGMENT, "invalid")
    assert CareAct.objects.get(rule__segment=None).status == CareStatus.DONE


def test_a_rule_stays_with_its_occasion_once_members_had_it():
    rule = OfferFactory()
    rule.trigger = Trigger.ORDER_PAID
    care.save_rule(rule=rule, actor=None, at=AT)
    rule.trigger = Trigger.REGISTERED
    care.save_rule(rule=rule, actor=None, at=AT - 2 * HOUR)
    willing()
    finding.find(at=AT)
    rule.trigger = Trigger.POINTS_EXPIRING
    rule.days = 7
    with pytest.raises(Invalid) as refusal:
        care.save_rule(rule=rule, actor=None, at=AT)
    assert refusal.value.details == {"field": "trigger"}


def test_an_occasion_that_fails_is_held_and_stops_no_other():
    seed_money()
    rule = OfferFactory(coupon=CouponTemplateFactory(), points=5)
    willing()
    OfferFactory(is_capped=False)
    finding.find(at=AT)
    CareRule.objects.filter(pk=rule.pk).update(trigger=Trigger.POINTS_EXPIRING, days=7)
    run()
    act = CareAct.objects.get(rule=rule)
    assert (act.status, act.reason, act.detail) == (CareStatus.HELD, HeldReason.REFUSED, "ValueError")
    assert not Grant.objects.exists()
    assert Notice.objects.count() == CareAct.objects.filter(status=CareStatus.DONE).count() == 1


def test_runs_of_days_that_are_over_do_not_come_back():
    rule = birthday_rule()
    willing(birthday=date(1990, 10, 23))
    willing(birthday=date(1990, 11, 21))
    for day in (date(2026, 10, 23), date(2026, 11, 21)):
        CareRun.objects.create(rule=rule, day=day)
    rule.is_active = False
    care.save_rule(rule=rule, actor=None, at=AT)
    rule.is_active = True
    care.save_rule(rule=rule, actor=None, at=AT)
    run()
    assert not keys()
    assert not CareRun.objects.filter(finished_at=None).exists()


def test_an_order_counts_for_its_own_occasion():
    rich = SegmentFactory(filters={"spent_from": "100"})
    RuleFactory(segment=rich)
    OrderFactory(paid_at=AT - HOUR, placed_at=AT - HOUR, total_fen=50_000)
    OrderFactory(paid_at=AT - HOUR, placed_at=AT - HOUR, total_fen=5_000)
    assert finding.find_by_orders(at=AT) == 1
    run()
    assert len(said()) == 1


def test_a_first_order_after_a_cancelled_one_is_the_first():
    RuleFactory(trigger=Trigger.FIRST_ORDER, title="谢谢 {order}", title_en="Thanks for {order}")
    member = MemberFactory(language="en")
    OrderFactory(
        member=member, paid_at=AT - 30 * DAY, status=OrderStatus.CANCELLED, cancelled_at=AT - 29 * DAY
    )
    OrderFactory(member=member, paid_at=AT - HOUR, external_id="A2")
    run()
    assert said() == [("Thanks for A2", "")]


def test_an_order_that_came_back_is_not_cheered():
    RuleFactory(trigger=Trigger.DELIVERED, delay_hours=72)
    order = OrderFactory(status=OrderStatus.DELIVERED, changed_at=AT - HOUR)
    finding.find(at=AT)
    Order.objects.filter(pk=order.pk).update(status=OrderStatus.RETURNED, returned_at=AT + DAY)
    run(AT + 4 * DAY)
    assert CareAct.objects.get().reason == HeldReason.OVER


def test_what_stood_in_the_portal_only_does_not_count_towards_the_cap():
    CareTerms.objects.create(most=1, days=7)
    OfferFactory(consent=ConsentNeed.TO_SEND)
    member = willing(consent_marketing=False)
    run()
    Member.objects.filter(pk=member.pk).update(consent_marketing=True)
    OfferFactory()
    run(AT + HOUR)
    OfferFactory()
    run(AT + 2 * HOUR)
    acts = CareAct.objects.order_by("pk").values_list("status", "is_sent")
    assert list(acts) == [("done", False), ("done", True), ("held", False)]


def test_a_title_without_its_values_is_neutral():
    OfferFactory(title="{name}，好久不见", title_en="It has been a while, {name}", name_en="Internal rule")
    willing(name="")
    run()
    assert said() == [("A message for you", "")]


def test_a_gift_is_told_by_what_it_is_worth_and_its_last_day():
    kinds = {"ten": {"kind": "percent", "percent_off": 10}, "post": {"kind": "shipping"}}
    ends = datetime(2026, 11, 30, 16, tzinfo=UTC)  # midnight in Shanghai
    for code, facts in kinds.items():
        template = CouponTemplateFactory(
            code=code, valid_from=AT - DAY, valid_until=ends, value_fen=5_000, **facts
        )
        OfferFactory(coupon=template, is_capped=False, title_en="{coupon_value} until {coupon_until}")
    willing()
    run()
    assert {title for title, _body in said()} == {
        "10% off until 30 Nov 2026",
        "Free shipping until 30 Nov 2026",
    }


def test_points_that_end_at_midnight_are_told_of_by_their_last_day():
    seed_money()
    RuleFactory(
        trigger=Trigger.POINTS_EXPIRING,
        days=7,
        title_en="{expiring_points} until {expires_on}",
        active_since=AT,
    )
    midnight = datetime(2026, 11, 28, 16, tzinfo=UTC)
    member = willing()
    for amount, ends in ((9, midnight), (30, midnight + DAY)):
        ledger.post(
            key=str(amount), kind="points.earned", moves=given(Unit.POINTS, amount, member_id=member.pk),
            actor=None, at=AT, terms=LotTerms(expires_at=ends),
        )  # fmt: skip
    run()
    assert said() == [("30 until 29 Nov 2026", "")]


# --- what ships --------------------------------------------------------------------------------------------


def seed_all():
    for seed in (tier_defaults.seed, defaults_money, tier_defaults.seed_benefits, segment_defaults.seed):
        seed(AT)
    defaults.seed(AT - DAY)


def test_the_programme_ships_whole_and_holds_together():
    seed_all()
    for rule in CareRule.objects.all():
        care.check(rule)
        assert rule.name_en
        assert rule.title_en
        assert bool(rule.body) == bool(rule.body_en)
    assert set(CareRule.objects.values_list("trigger", flat=True)) == set(Trigger.values)
    CareRule.objects.get(code="welcome").delete()
    defaults.seed(AT + DAY)
    assert not CareRule.objects.filter(code="welcome").exists()


@pytest.mark.long
def test_a_members_first_year_in_both_languages():
    seed_all()
    zh, en = (
        willing(language=language, birthday=date(1990, 12, 24), tier=tiers.lowest(), name=name)
        for language, name in (("zh-hans", "王女士"), ("en", "Ann"))
    )
    tiers.start(member_ids=[zh.pk, en.pk], at=AT)
    run(AT + HOUR)
    for member in (zh, en):
        order = OrderFactory(member=member, placed_at=AT, paid_at=AT, external_id=f"N{member.pk}")
        OrderLineFactory(order=order)
    figures.refresh(member_ids=[zh.pk, en.pk], at=AT)
    for hour in range(12, 100 * 24, 12):
        run(AT + hour * HOUR)
    zh_titles, en_titles = (
        list(Notice.objects.filter(member=member).order_by("created_at").values_list("title", flat=True))
        for member in (zh, en)
    )
    assert zh_titles[0] == "王女士，欢迎加入"
    assert en_titles[0] == "Welcome, Ann"
    assert f"Order N{en.pk} is confirmed" in en_titles
    assert "Happy birthday, Ann" in en_titles
    assert "Happy Spring Festival, Ann" in en_titles
    assert "It has been a while, Ann" in en_titles
    assert len(zh_titles) == len(en_titles)
    assert not any("{" in title for title in zh_titles + en_titles)


@pytest.mark.parametrize(
    "changes",
    [
        {"trigger": "whenever"},
        {"trigger": Trigger.FESTIVAL},
        {"trigger": Trigger.BIRTHDAY, "festival": Festival.SPRING},
        {"trigger": Trigger.NO_ORDER},
        {"trigger": Trigger.SHIPPED, "days": 3},
        {"trigger": Trigger.NO_ORDER, "days": 5_000},
        {"quiet_from": time(21)},
        {"quiet_from": time(21), "quiet_until": time(21)},
        {"purpose": Purpose.MARKETING},
        {"title": " "},
        {"title": "{password}"},
        {"body_en": "{tracking}"},
        {"body": "{name.__class__}"},
    ],
)
def test_a_rule_that_does_not_hold_together_is_refused(changes):
    rule = RuleFactory.build(**changes)
    with pytest.raises(Invalid):
        care.save_rule(rule=rule, actor=None, at=AT)
    assert not CareRule.objects.exists()


def test_every_edit_is_a_version_and_an_act_names_the_one_it_went_by():
    rule = OfferFactory()
    willing()
    finding.find(at=AT)
    rule.title_en = "Hello"
    care.save_rule(rule=rule, actor=None, at=AT)
    care.save_rule(rule=CareRule.objects.get(), actor=None, at=AT)
    assert CareRule.objects.get().version == 2
    run()
    assert CareAct.objects.get().version == 2
    assert said() == [("Hello", "")]
    kept = CareRule.pgh_event_model.objects.filter(version=1).values_list("title_en", flat=True)
    assert list(kept) == ["Welcome"]


@pytest.mark.parametrize("number", [1, 3])
def test_carrying_out_takes_as_many_queries_however_many_there_are(number, django_assert_num_queries):
    RuleFactory(body="{product}")
    for _ in range(number):
        OrderLineFactory(order=OrderFactory(paid_at=AT - HOUR))
    finding.find(at=AT)
    with django_assert_num_queries(16):
        acting.act_due(at=AT)
    assert Notice.objects.count() == number


def test_coupon_templates_are_those_of_the_defaults():
    seed_all()
    assert CouponTemplate.objects.filter(code__in=["welcome-10", "back-20", "back-50"]).count() == 3
    assert occasions.zone().key == "Asia/Shanghai"
