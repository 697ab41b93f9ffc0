"""What many are given at once: the same as one alone is given, within caps, budgets and limits."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from compensation.budgets.check import differences as budget_differences
from compensation.budgets.stops import BudgetEmpty, CapReached
from compensation.care import acting, finding
from compensation.grants import commands as grants
from compensation.grants import many
from compensation.grants.rules import Content
from compensation.ledger.check import differences
from compensation.ledger.queries import balance
from compensation.models import (
    Budget,
    Cap,
    CapCount,
    CareAct,
    CareStatus,
    Coupon,
    Festival,
    Grant,
    HeldReason,
    Notice,
    Trigger,
)
from config.common.errors import Invalid
from tests.factories.batches import approver
from tests.factories.care import AT, DAY, OfferFactory, seed_money, willing
from tests.factories.compensation import CouponTemplateFactory, MemberFactory
from tests.threads import at_once, refused

pytestmark = [pytest.mark.django_db, pytest.mark.req("C11")]
TOLD = ("status", "reason", "detail")


def run(at=AT):
    finding.find(at=at)
    while acting.act_due(at=at):
        pass


def became():
    return dict(CareAct.objects.values_list("member", "status"))


def same(grant):
    """A grant without what is its own."""
    own = {"id", "key", "cause", "problem", "member_id", "content_hash", "_state"}
    return {name: value for name, value in vars(grant).items() if name not in own}


def test_many_get_what_one_gets_alone():
    template = CouponTemplateFactory()
    alone, *others = MemberFactory.create_batch(3)
    content = Content(kind="coupon", template=template)
    one = grants.request(
        key="care:a", cause="care:a", problem="care", member=alone, content=content, reason="节日",
        reason_code="care", actor=None, at=AT,
    )  # fmt: skip
    asked = [many.Asked(member.pk, f"care:{member.pk}", "care") for member in others]
    made = many.give_alike(asked=asked, content=content, reason="节日", reason_code="care", at=AT)
    one.refresh_from_db()
    for grant in made.values():
        grant.refresh_from_db()
        assert same(grant) == same(one)
        assert grant.coupon.value_fen == one.coupon.value_fen
        assert len(grant.content_hash) == 64
        grants.reverse(grant_id=grant.pk, actor=approver(), note="wrong", at=AT)
    assert list(differences()) == []


def test_a_festival_for_all_takes_as_many_statements_for_three_as_for_twelve():
    seed_money()

    def statements(number):
        CareAct.objects.all().delete()
        people = [willing(registered_at=AT - 9 * DAY) for _n in range(number)]
        for member in people:
            CareAct.objects.create(
                rule=rule, version=1, member=member, key="festival:mid_autumn:2026", happened_at=AT, due_at=AT
            )
        with CaptureQueriesContext(connection) as asked:
            assert acting.act_due(at=AT) == number
        assert set(became().values()) == {CareStatus.DONE}
        return len(asked)

    rule = OfferFactory(
        trigger=Trigger.FESTIVAL, festival=Festival.MID_AUTUMN, coupon=CouponTemplateFactory()
    )
    statements(2)  # makes what is made once
    assert statements(3) == statements(12)
    assert Coupon.objects.count() == Notice.objects.count() == 17
    assert list(differences()) == []


def test_points_for_many():
    seed_money()
    OfferFactory(points=30)
    people = [willing() for _n in range(3)]
    run()
    assert [balance(one) for one in people] == [30, 30, 30]
    assert {act.points_grant.member_id for act in CareAct.objects.all()} == {one.pk for one in people}
    assert list(differences()) == []


def test_who_is_at_a_cap_is_put_off_and_the_others_get_theirs():
    seed_money()
    template = CouponTemplateFactory()
    OfferFactory(coupon=template)
    full, *free = [willing() for _n in range(4)]
    cap = Cap.objects.create(scope="member", period="month", limit_count=1)
    Cap.objects.create(scope="member", period="day", kind="points", limit_count=0)
    content = Content(kind="coupon", template=template)
    grants.request(key="k", cause="c", member=full, content=content, reason="r", actor=None, at=AT)
    run()
    assert became() == {full.pk: "waiting", **{one.pk: "done" for one in free}}
    assert {one.used_count for one in CapCount.objects.filter(cap=cap)} == {1}
    assert Grant.objects.count() == 4
    assert list(budget_differences()) == []
    run(AT + 3 * DAY)
    left = CareAct.objects.get(member=full)
    assert (left.reason, left.detail) == (HeldReason.REFUSED, "cap_reached")


def test_a_budget_gives_as_many_as_it_has():
    seed_money()
    budget = Budget.objects.create(
        reason_code="care", starts_at=AT - DAY, ends_at=AT + 9 * DAY, amount_fen=1_700
    )
    OfferFactory(coupon=CouponTemplateFactory())
    for _n in range(5):
        willing()
    run()
    assert sorted(became().values()) == ["done", "done", "done", "waiting", "waiting"]
    budget.refresh_from_db()
    assert (budget.reserved_fen, budget.spent_fen) == (0, 1_500)
    assert list(budget_differences()) == list(differences()) == []


def test_caps_and_the_budget_stop_those_beyond_them_and_nobody_else_in_one_go():
    template = CouponTemplateFactory()
    content = Content(kind="coupon", template=template)
    full, *others = MemberFactory.create_batch(4)
    Cap.objects.create(scope="member", period="month", limit_count=1)
    grants.request(key="k", cause="c", member=full, content=content, reason="r", actor=None, at=AT)
    Budget.objects.create(
        reason_code="care", starts_at=AT - DAY, ends_at=AT + DAY, amount_fen=2 * template.value_fen
    )
    asked = [many.Asked(one.pk, f"care:{one.pk}", "care") for one in (full, *others)]
    made = many.give_alike(asked=asked, content=content, reason="r", reason_code="care", at=AT)
    assert isinstance(made[full.pk], CapReached)
    assert [type(made[one.pk]) for one in others] == [Grant, Grant, BudgetEmpty]
    assert Grant.objects.count() == Coupon.objects.count() == 3
    assert list(budget_differences()) == []


def test_who_has_as_many_as_there_may_be_stops_nobody():
    seed_money()
    template = CouponTemplateFactory(member_limit=1)
    OfferFactory(coupon=template)
    had, *free = [willing() for _n in range(5)]
    content = Content(kind="coupon", template=template)
    grants.request(key="k", cause="c", member=had, content=content, reason="r", actor=None, at=AT)
    run()
    left = CareAct.objects.get(member=had)
    assert (left.status, left.reason) == (CareStatus.HELD, HeldReason.REFUSED)
    assert Coupon.objects.count() == 1 + len(free)
    assert list(differences()) == []


def test_a_kind_that_is_switched_off_is_given_to_nobody():
    seed_money()
    OfferFactory(coupon=CouponTemplateFactory(is_active=False))
    for _n in range(3):
        willing()
    run()
    assert set(CareAct.objects.values_list(*TOLD)) == {("held", "refused", "coupon_not_given")}
    assert not Grant.objects.exists()


@pytest.mark.parametrize(
    "wrong",
    [
        {"content": Content(kind="gift", gift="x", amount_fen=1)},
        {"asked": [many.Asked(1, "a", "a"), many.Asked(1, "b", "b")]},
    ],
)
def test_another_kind_and_a_member_twice_are_refused(wrong):
    given = {"asked": [], "content": Content(kind="points", points=1), "reason": "r", "reason_code": "care"}
    with pytest.raises(Invalid):
        many.give_alike(**{**given, **wrong}, at=AT)


@pytest.mark.django_db(transaction=True)
def test_workers_at_once_hold_a_cap_and_give_once():
    seed_money()
    OfferFactory(coupon=CouponTemplateFactory())
    OfferFactory(points=5, is_capped=False)
    Cap.objects.create(scope="member", period="month", limit_count=1)
    for _n in range(12):
        willing()
    finding.find(at=AT)

    def work():
        while acting.act_due(at=AT, limit=4):
            pass

    assert not refused(at_once(*[work] * 4))
    work()
    assert Grant.objects.count() == Grant.objects.values("member").distinct().count() == 12
    assert list(budget_differences()) == list(differences()) == []
