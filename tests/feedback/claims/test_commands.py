"""Claims: kept under their key, ended as they were, promising what people confirm."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError

from config.common.errors import Invalid, NotFound
from config.common.models import Event
from feedback.claims import commands
from feedback.models import Claim, ClaimValue, LinesDue
from tests.factories.claims import BEGIN, claim, confirm, promise, values
from tests.factories.common import UserFactory
from tests.factories.shop import ProductFactory
from tests.threads import at_once

pytestmark = [pytest.mark.django_db, pytest.mark.req("F10")]
DAY = timedelta(days=1)


def test_a_claim_suggests_what_it_promises():
    made = claim("纯棉，48小时送达")
    assert [(one.measure, one.number, one.text, one.state) for one in values(made)] == [
        ("composition", None, "棉 100%", "suggested"),
        ("delivery", 48, "", "suggested"),
    ]


def test_the_same_key_is_the_same_claim():
    one = claim()
    assert claim() == one
    assert Event.objects.filter(kind="claim.made").count() == 1
    assert not Event.objects.filter(kind="claim.changed").exists()
    changed = claim("羊毛")
    assert changed.pk == one.pk
    assert [one.measure for one in values(changed)] == []


def test_what_it_promised_until_now_stays_when_it_says_something_else():
    made = claim("48小时送达")
    confirm(values(made)[0])
    now = BEGIN + 9 * DAY
    fresh = claim("72小时送达", at=now)
    made.refresh_from_db()
    assert (made.valid_to, made.key != "c1", values(made)[0].state) == (now, True, "confirmed")
    assert (fresh.pk != made.pk, fresh.key, fresh.valid_from) == (True, "c1", now)
    assert values(fresh)[0].state == "suggested"


def test_only_what_a_person_confirms_is_a_promise_and_orders_are_looked_at():
    product = ProductFactory()
    made = claim("48小时送达", product_id=product.pk)
    assert not LinesDue.objects.exists()
    user = UserFactory()
    value = commands.decide_value(
        value_id=values(made)[0].pk, state="confirmed", number=Decimal(36), actor=user, at=BEGIN
    )
    assert (value.number, value.decided_by) == (36, user)
    assert (LinesDue.objects.get().product_id, LinesDue.objects.get().since) == (product.pk, BEGIN)
    event = Event.objects.get(kind="claim.value_decided")
    assert (event.data["before"], event.data["after"], event.actor) == (
        "suggested",
        "confirmed",
        f"user:{user.pk}",
    )


def test_refusing_a_suggestion_looks_at_nothing():
    made = claim("48小时送达")
    commands.decide_value(value_id=values(made)[0].pk, state="refused", actor=UserFactory(), at=BEGIN)
    assert not LinesDue.objects.exists()
    assert values(claim("48小时送达！"))[0].state == "refused"


@pytest.mark.parametrize(
    "given",
    [
        {"text": ""}, {"text": "\0"}, {"text": "x" * 5_001}, {"channel": "radio"},
        {"url": "javascript:alert(1)"},
        {"valid_to": BEGIN}, {"key": ""}, {"key": "x" * 121}, {"product_id": 10**9}, {"source": "x" * 201},
    ],
)  # fmt: skip
def test_nonsense_is_refused(given):
    with pytest.raises(Invalid):
        claim(**{"text": "x", **given})
    assert not Claim.objects.exists()


def test_a_product_and_a_category_are_too_much():
    with pytest.raises(Invalid):
        claim(product_id=ProductFactory().pk, category="x")
    with pytest.raises(IntegrityError):
        Claim.objects.create(
            key="x",
            product=ProductFactory(),
            category="x",
            channel="advert",
            text="x",
            valid_from=BEGIN,
            made_at=BEGIN,
        )


@pytest.mark.parametrize(
    ("measure", "number", "text"),
    [("fate", 1, ""), ("delivery", None, ""), ("delivery", -1, ""), ("quality", 6, ""),
     ("percent_off", 101, ""), ("composition", None, ""), ("price", Decimal(10) ** 12, ""),
     ("size", None, "x" * 201)],
)  # fmt: skip
def test_a_promise_has_a_value_that_its_measure_can_have(measure, number, text):
    made = claim("x")
    with pytest.raises(Invalid):
        commands.add_value(
            claim_id=made.pk, measure=measure, number=number, text=text, actor=UserFactory(), at=BEGIN
        )
    assert not ClaimValue.objects.exists()


def test_what_is_not_there_and_what_is_there_already():
    user = UserFactory()
    with pytest.raises(NotFound):
        commands.add_value(claim_id=0, measure="price", number=Decimal(1), actor=user, at=BEGIN)
    with pytest.raises(NotFound):
        commands.decide_value(value_id=0, state="confirmed", actor=user, at=BEGIN)
    with pytest.raises(NotFound):
        commands.end(claim_id=0, actor=user, at=BEGIN)
    made = promise("price", 99)
    with pytest.raises(Invalid):
        commands.add_value(claim_id=made.pk, measure="price", number=Decimal(99), actor=user, at=BEGIN)
    with pytest.raises(Invalid):
        commands.decide_value(value_id=values(made)[0].pk, state="suggested", actor=user, at=BEGIN)


def test_an_ended_claim_holds_no_longer():
    made = claim()
    commands.end(claim_id=made.pk, actor=None, at=BEGIN + DAY)
    commands.end(claim_id=made.pk, actor=None, at=BEGIN + 2 * DAY)
    made.refresh_from_db()
    assert made.valid_to == BEGIN + DAY
    with pytest.raises(Invalid):
        commands.end(claim_id=claim(key="c2", valid_from=BEGIN + 9 * DAY).pk, actor=None, at=BEGIN)


@pytest.mark.django_db(transaction=True)
def test_one_key_at_once_is_one_claim():
    results = at_once(*[lambda: claim("48小时送达") for _ in range(3)])
    assert Claim.objects.count() == 1
    assert ClaimValue.objects.count() == 1
    assert [one for one in results if not isinstance(one, Exception)]
