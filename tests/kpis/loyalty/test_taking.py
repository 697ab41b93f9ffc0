"""A month is taken once, of those who let us, and a warning has to earn its voice."""

from datetime import date, timedelta

import numpy as np
import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from compensation.consents import profiling
from compensation.models import ConsentSource, Order, Segment, TierPeriod
from config.common.errors import Invalid
from config.common.events import timeline
from kpis import tasks
from kpis.loyalty import leaving, taking, traits, weighing
from kpis.loyalty.leaving import Model
from kpis.loyalty.reckoning import months_before
from kpis.loyalty.taking import due, forget, learnt, take
from kpis.models import LoyaltyMonth, LoyaltyRun
from tests.factories.compensation import MemberFactory
from tests.factories.loyalty import AT, NEWEST, TODAY, order, shop, taken
from tests.threads import at_once, refused

pytestmark = [pytest.mark.django_db, pytest.mark.req("K9")]


@pytest.fixture
def weights():
    weighing.seed(AT)


def bought(member, *days):
    Order.objects.bulk_create(order(member, AT - timedelta(one)) for one in days)
    return member


def test_the_last_twelve_months_are_due_then_what_came_since(weights):
    months = due(TODAY)
    assert (len(months), months[0], months[-1]) == (12, date(2025, 11, 1), NEWEST)
    take(month=date(2026, 8, 1), at=AT)
    assert due(TODAY) == [date(2026, 9, 1), NEWEST]
    take(month=NEWEST, at=AT)
    assert due(TODAY) == []
    assert due(date(2026, 12, 1)) == [date(2026, 11, 1)]


@pytest.mark.parametrize(
    ("month", "number", "found"),
    [
        (date(2026, 3, 1), 3, date(2025, 12, 1)),
        (date(2026, 1, 1), 1, date(2025, 12, 1)),
        (date(2026, 12, 1), 12, date(2025, 12, 1)),
    ],
)
def test_months_are_counted_over_new_year(month, number, found):
    assert months_before(month, number) == found


def test_a_month_is_taken_once_with_its_event(weights):
    member = bought(MemberFactory(), 10, 40)
    run = take(month=NEWEST, at=AT)
    assert run.members == 1
    one = LoyaltyMonth.objects.get()
    assert (one.member, one.month, one.frequency, one.recency) == (member, NEWEST, 2, 8)
    assert (one.trust, one.feeling) == (100, 100)  # no gap is known
    assert one.value == pytest.approx((40 * one.behaviour + 35 * 100) / 75)
    assert (one.belief, one.chance, one.change) == (None, None, None)
    assert take(month=NEWEST, at=AT + timedelta(1)) is None
    assert LoyaltyRun.objects.count() == LoyaltyMonth.objects.count() == 1
    assert [event.kind for event in timeline([run])] == ["loyalty.taken"]


def test_a_month_that_is_not_over_or_has_no_weights_is_refused():
    with pytest.raises(Invalid):
        take(month=NEWEST, at=AT)
    weighing.seed(AT)
    with pytest.raises(Invalid):
        take(month=date(2026, 11, 1), at=AT)
    with pytest.raises(Invalid):
        take(month=date(2026, 10, 1), at=timezone.make_aware(timezone.datetime(2026, 10, 31, 23, 59)))
    assert take(month=date(2026, 10, 1), at=timezone.make_aware(timezone.datetime(2026, 11, 1, 0, 1)))


def test_a_month_in_which_nothing_is_known_is_empty_and_not_taken_again(weights):
    assert take(month=NEWEST, at=AT).members == 0
    assert LoyaltyRun.objects.get().summary == {}
    assert take(month=NEWEST, at=AT) is None


def test_tiers_are_those_of_the_time_and_of_few_members_there_is_no_percentile(weights):
    members = [bought(MemberFactory(), *range(10, 10 + 30 * number, 30)) for number in (1, 2, 3)]
    tier = members[0].tier
    for member in members:
        TierPeriod.objects.create(member=member, tier=tier, starts_at=AT - timedelta(400), reason="start")
    take(month=NEWEST, at=AT)
    rows = LoyaltyMonth.objects.order_by("value")
    assert [row.member_id for row in rows] == [member.pk for member in members]
    assert [row.percentile for row in rows] == [None, None, None]
    assert {row.tier for row in rows} == {tier.code}
    summary = LoyaltyRun.objects.get().summary
    assert summary[""]["n"] == summary[f"tier:{tier.code}"]["n"] == sum(summary[""]["bands"]) == 3
    assert summary[""]["known"] == [3, 3, 0]


def test_segments_are_summed_too(weights):
    for days in ((10,), (10, 40, 70)):
        bought(MemberFactory(region="west" if len(days) > 1 else "east"), *days)
    segment = Segment.objects.create(code="west", name="西", filters={"region": "west"})
    take(month=NEWEST, at=AT)
    found = LoyaltyRun.objects.get().summary[f"segment:{segment.code}"]
    assert found["n"] == 1
    assert (
        found["cuts"][0]
        == found["cuts"][-1]
        == pytest.approx(LoyaltyMonth.objects.get(member__region="west").value)
    )


def test_change_is_told_where_the_same_parts_were_known(weights):
    member = bought(MemberFactory(), 10, 150, 160, 170)
    take(month=date(2026, 7, 1), at=AT)
    take(month=NEWEST, at=AT)
    before, now = LoyaltyMonth.objects.order_by("month")
    assert now.change == pytest.approx(now.value - before.value)
    assert before.change is None
    LoyaltyRun.objects.filter(month=NEWEST).delete()
    now.delete()
    LoyaltyMonth.objects.filter(member=member).update(feeling=None)
    take(month=NEWEST, at=AT)
    assert LoyaltyMonth.objects.get(month=NEWEST).change is None


def test_who_refuses_has_no_months_and_gets_none(weights):
    member, other = (bought(MemberFactory(), 10) for _each in range(2))
    take(month=date(2026, 9, 1), at=AT)
    bought(member, 50)
    bought(other, 50)
    profiling.choose(member_id=member.pk, is_allowed=False, source=ConsentSource.PORTAL, actor=None, at=AT)
    take(month=NEWEST, at=AT)
    assert set(LoyaltyMonth.objects.values_list("member", flat=True)) == {other.pk}
    forget(other.pk)
    assert not LoyaltyMonth.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_taken_twice_at_once_it_is_taken_once(weights):
    shop(30, leaves=False)
    results = at_once(*[lambda: take(month=NEWEST, at=AT)] * 3)
    assert sum(isinstance(one, LoyaltyRun) for one in results) == 1
    assert not refused(results)
    assert LoyaltyRun.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_who_refuses_while_it_is_taken_has_no_month(weights, monkeypatch):
    member = bought(MemberFactory(), 10)
    gather = taking.gather

    def while_gathered(last):
        gather(last)
        at_once(
            lambda: profiling.choose(
                member_id=member.pk, is_allowed=False, source=ConsentSource.PORTAL, actor=None, at=AT
            )
        )

    monkeypatch.setattr(taking, "gather", while_gathered)
    assert take(month=NEWEST, at=AT).members == 0
    assert not LoyaltyMonth.objects.exists()


def test_sql_gives_the_chances_of_the_model(weights):
    shop(40, leaves=True)
    take(month=date(2026, 4, 1), at=AT)
    _rows, left = traits.rows(date(2026, 4, 1))
    assert set(left) <= {0.0, 1.0}
    chance = np.random.default_rng(1)
    number = len(traits.TRAITS)
    means, spreads, pulls = (
        chance.normal(size=number),
        chance.uniform(1, 9, number),
        chance.normal(size=number),
    )
    model = Model(tuple(means), tuple(spreads), tuple(pulls), 0.3, 100, 50)
    sql, params = traits.chance(model)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT id, {sql} FROM kpis_loyaltymonth WHERE month = %s",
            [*params, date(2026, 4, 1)],
        )
        found = dict(cursor.fetchall())
    given = traits.of_rows(list(found))
    assert list(found.values()) == pytest.approx(
        [float(model.chances([given[pk]])[0]) for pk in found], rel=1e-9
    )
    wild = Model(model.means, model.spreads, tuple(one * 1e6 for one in model.weights), 0.0, 100, 50)
    sql, params = traits.chance(wild)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {sql} chance FROM kpis_loyaltymonth", params)
        assert all(0 <= row[0] <= 1 for row in cursor.fetchall())


def test_leaving_is_ninety_days_without_an_order(weights):
    end = timezone.make_aware(timezone.datetime(2026, 5, 1))
    stays, late, gives_up = MemberFactory(), MemberFactory(), MemberFactory()
    cancelled = order(gives_up, end + timedelta(5))
    cancelled.status = "cancelled"
    Order.objects.bulk_create(
        [
            *(order(one, end - timedelta(20)) for one in (stays, late, gives_up)),
            order(stays, end + timedelta(89, hours=23)),
            order(late, end + traits.AWAY),
            cancelled,
        ]
    )
    take(month=date(2026, 4, 1), at=AT)
    members = LoyaltyMonth.objects.order_by("pk").values_list("member", flat=True)
    left = dict(zip(members, traits.rows(date(2026, 4, 1))[1], strict=True))
    assert left == {stays.pk: 0, late.pk: 1, gives_up.pk: 1}


def test_what_teaches_was_known_before_the_month_that_judges(weights, monkeypatch):
    shop(40, leaves=True)
    taken()
    asked = []
    rows = traits.rows
    monkeypatch.setattr(traits, "rows", lambda month: asked.append(month) or rows(month))
    learnt(NEWEST)
    held_back, *taught = asked
    assert held_back == date(2026, 7, 1)  # its ninety days are over on 29 October
    assert taught[-1] == date(2026, 4, 1)
    assert len(taught) == taking.TAUGHT
    assert all(traits.last_day(one) + traits.AWAY <= traits.last_day(held_back) for one in taught)


def test_where_leaving_can_be_foreseen_it_warns(weights):
    shop(800, leaves=True)
    run = taken()[-1]
    assert run.may_warn
    assert run.auc > run.low > 0.6
    assert run.top_left > run.left / run.judged
    rows = LoyaltyMonth.objects.filter(month=NEWEST)
    assert (
        rows.filter(recency__lt=90, chance=None).count()
        == rows.filter(recency__gte=90).exclude(chance=None).count()
        == 0
    )
    above = rows.filter(chance__gte=run.warn_from).count()
    assert above >= rows.exclude(chance=None).count() / 10 - 1
    model = Model(**run.model)
    one = rows.exclude(chance=None).order_by("-chance").first()
    assert "recency" in traits.told(model, traits.of_rows([one.pk])[one.pk])


def test_where_it_is_chance_it_warns_of_nobody(weights):
    shop(400, leaves=False, seed=2)
    run = taken()[-1]
    assert run.model is None or not run.may_warn
    assert not LoyaltyMonth.objects.exclude(chance=None).exists()


def test_a_run_that_warns_without_being_better_than_chance_can_not_be_kept(weights):
    run = take(month=NEWEST, at=AT)
    run.may_warn = True
    with pytest.raises(IntegrityError, match="warns_of_what"), transaction.atomic():
        run.save()


def test_of_the_tenth_most_likely_the_share_that_left():
    chances = np.arange(400) / 400
    assert leaving.top_left(chances, chances >= 0.95) == pytest.approx(0.5)
    assert leaving.top_left(chances[:100], chances[:100] > 0) is None


def test_beat_takes_what_is_due(weights, monkeypatch):
    bought(MemberFactory(), 10)
    monkeypatch.setattr(timezone, "now", lambda: AT)
    tasks.take_loyalty()
    assert LoyaltyRun.objects.count() == 12
    tasks.take_loyalty()
    assert LoyaltyRun.objects.count() == 12
