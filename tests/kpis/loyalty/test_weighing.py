"""Weights hold from a month on, in versions; what a month was reckoned by stays."""

from datetime import date

import pytest
from django.db import connection

from config.common.errors import Invalid, MoveNotAllowed, NotPermitted
from config.common.events import timeline
from kpis.loyalty import taking, weighing
from kpis.loyalty.reckoning import preview
from kpis.loyalty.rules import Input, Part, Ruler, Scheme
from kpis.loyalty.taking import take
from kpis.loyalty.weighing import SHIPPED, content_of, made_of, scheme_of, set_weights, weights_for
from kpis.models import LoyaltyMonth, LoyaltyWeights
from tests.factories.feedback import DepartmentFactory
from tests.factories.improvements import staff
from tests.factories.loyalty import AT, NEWEST, shop
from tests.threads import at_once, refused

pytestmark = [pytest.mark.django_db, pytest.mark.req("K9")]
DECEMBER = date(2026, 12, 1)


@pytest.fixture
def weights():
    weighing.seed(AT)


def other(**parts):
    return Scheme({**SHIPPED.parts, **{Part(name): value for name, value in parts.items()}}, SHIPPED.inputs)


def test_what_is_kept_is_what_was_set():
    assert scheme_of(content_of(SHIPPED)) == SHIPPED


def test_the_newest_that_began_by_then_holds(weights):
    weighing.seed(AT)
    assert LoyaltyWeights.objects.count() == 1
    made = set_weights(scheme=other(belief=0), since=date(2026, 12, 9), actor=None, at=AT)
    assert (made.version, made.since) == (2, DECEMBER)
    assert weights_for(NEWEST).version == 1
    assert weights_for(DECEMBER) == weights_for(date(2027, 3, 1)) == made
    assert [event.data["since"] for event in timeline([made])] == ["2026-12"]


def test_those_of_the_same_month_are_replaced_until_it_is_taken(weights):
    set_weights(scheme=other(belief=0), since=NEWEST, actor=None, at=AT)
    again = set_weights(scheme=other(belief=9), since=NEWEST, actor=None, at=AT)
    assert list(LoyaltyWeights.objects.filter(since=NEWEST)) == [again]
    assert again.version == 3
    take(month=NEWEST, at=AT)
    for since in (NEWEST, date(2026, 2, 1)):
        with pytest.raises(MoveNotAllowed):
            set_weights(scheme=SHIPPED, since=since, actor=None, at=AT)
    set_weights(scheme=SHIPPED, since=DECEMBER, actor=None, at=AT)


def test_only_with_the_right(weights):
    department = DepartmentFactory()
    with pytest.raises(NotPermitted):
        set_weights(scheme=SHIPPED, since=DECEMBER, actor=staff(department, "team_lead"), at=AT)
    gone = staff(department, "supervisor")
    gone.is_active = False
    with pytest.raises(NotPermitted):
        set_weights(scheme=SHIPPED, since=DECEMBER, actor=gone, at=AT)
    assert LoyaltyWeights.objects.count() == 1
    made = set_weights(scheme=SHIPPED, since=DECEMBER, actor=staff(department, "supervisor"), at=AT)
    assert made.made_by is not None


@pytest.mark.parametrize(
    ("parts", "inputs"),
    [
        ({}, {Input.AMOUNT: (1, 5, 5)}),
        (dict.fromkeys(Part, 0), {}),
        ({}, {Input.SATISFACTION: (0, 1, 5), Input.TRUST: (0, 0, 100)}),
        ({}, {Input.AMOUNT: (-1, 0, 5)}),
        ({}, {Input.AMOUNT: (1, 0, float("inf"))}),
    ],
)
def test_what_measures_nothing_is_refused(parts, inputs):
    rulers = {name: (one.weight, one.zero, one.full) for name, one in SHIPPED.inputs.items()}
    with pytest.raises(Invalid):
        made_of({**SHIPPED.parts, **parts}, {**rulers, **inputs})


def test_a_preview_is_what_it_would_be_and_keeps_nothing(weights):
    shop(9, leaves=False)
    take(month=NEWEST, at=AT)
    before = list(LoyaltyMonth.objects.order_by("pk").values())
    tried = Scheme(
        {Part.BEHAVIOUR: 1, Part.FEELING: 0, Part.BELIEF: 0},
        {**SHIPPED.inputs, Input.FREQUENCY: Ruler(100, 0, 50), Input.AMOUNT: Ruler(0, 0, 1)},
    )
    ((tier, n, was, now),) = preview(NEWEST, tried)
    assert (tier, n) == (before[0]["tier"], 9)
    middle = sorted(one["value"] for one in before)[4]
    assert was == pytest.approx(middle)
    assert now == pytest.approx(sorted(min(one["frequency"], 50) * 2 for one in before)[4])
    assert list(LoyaltyMonth.objects.order_by("pk").values()) == before


@pytest.mark.django_db(transaction=True)
def test_set_while_the_month_is_taken_they_wait_and_are_refused(weights, monkeypatch):
    gather, asked = taking.gather, []

    def while_gathered(last):
        gather(last)
        asked.extend(at_once(_set_soon))

    monkeypatch.setattr(taking, "gather", while_gathered)
    assert take(month=NEWEST, at=AT).weights.version == 1
    assert len(refused(asked)) == 1
    assert LoyaltyWeights.objects.count() == 1


def _set_soon():
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '500ms'")
    set_weights(scheme=SHIPPED, since=NEWEST, actor=None, at=AT)


@pytest.mark.django_db(transaction=True)
def test_set_twice_at_once_one_version_each(weights):
    results = at_once(*[lambda: set_weights(scheme=SHIPPED, since=DECEMBER, actor=None, at=AT)] * 3)
    assert not refused(results)
    assert sorted(one.version for one in results) == [2, 3, 4]
    assert LoyaltyWeights.objects.filter(since=DECEMBER).count() == 1
